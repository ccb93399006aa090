//! Filters of templates, for items, rows and words.

use std::collections::HashMap;

use minijinja::value::{Kwargs, Rest};
use minijinja::{Environment, Error, ErrorKind, State, Value};

use super::access_log::Blocker;
use super::items::ItemValue;
use super::scope::{SELF, Scope};
use super::{dependencies, values};
use crate::document::shape;
use crate::text::{Folder, slug};

/// Levels of priority, impact and fidelity, highest first. Other values follow, and `None` is last.
const LEVELS: &[&str] = &["critical", "high", "medium", "low"];

/// All filters that templates can use, including built-in ones of the template language.
pub const NAMES: &[&str] = &[
    "total",
    "mean",
    "having",
    "not_having",
    "exactly",
    "levels",
    "has_word",
    "groups",
    "effort",
    "rows",
    "dependencies",
    "cell",
    "plain",
    "number",
    "within",
    "named",
    "relative_to",
    "length",
    "count",
    "default",
    "join",
    "sort",
    "first",
    "last",
    "min",
    "max",
    "sum",
    "round",
    "int",
    "float",
    "list",
    "map",
    "select",
    "reject",
    "selectattr",
    "rejectattr",
    "unique",
    "groupby",
    "lower",
    "upper",
    "title",
    "trim",
    "replace",
    "split",
    "lines",
    "string",
    "items",
    "reverse",
    "indent",
];

/// Adds the filters to an environment.
pub fn register(environment: &mut Environment<'_>) {
    environment.add_filter("total", total);
    environment.add_filter("mean", mean);
    environment.add_filter("having", having);
    environment.add_filter("not_having", not_having);
    environment.add_filter("exactly", exactly);
    environment.add_filter("levels", levels);
    environment.add_filter("has_word", has_word);
    environment.add_filter("groups", groups);
    environment.add_filter("effort", effort);
    environment.add_filter("rows", rows);
    environment.add_filter("dependencies", dependencies::read);
    environment.add_filter("cell", |text: String| text.replace('|', "\\|").replace(['\n', '\r'], " "));
    environment.add_filter("plain", |value: Value| values::plain_value(&value));
    environment.add_filter("number", |value: Value| values::number(&value).map(values::of_number));
    environment.add_filter("within", within);
    environment.add_filter("named", named);
    environment.add_filter("relative_to", relative_to);
}

/// `adr.path|relative_to(document.path)`: the path of a file as a link target in another document.
fn relative_to(path: &str, from: &str) -> String {
    let folder = from.rsplit_once('/').map_or("", |(folder, _)| folder);
    Folder::new(folder).display_path(path).into_owned()
}

/// Returns a field of an item or an entry of a mapping.
fn part(value: &Value, key: &str) -> Option<Value> {
    if let Some(item) = value.downcast_object_ref::<ItemValue>() {
        return item.field(key);
    }
    let is_present = |value: &Value| !value.is_undefined() && !value.is_none();
    let own = value.get_item(&Value::from(key)).ok().filter(is_present);
    let by_id = || {
        let id = slug(key);
        let found = value.try_iter().ok()?.find(|known| known.as_str().is_some_and(|known| slug(known) == id))?;
        value.get_item(&found).ok().filter(is_present)
    };
    own.or_else(|| {
        // The value may be an item of another document.
        let fields = value.get_attr("fields").ok().filter(|fields| !fields.is_undefined())?;
        fields.get_attr(key).ok().filter(is_present)
    })
    .or_else(by_id)
}

/// Calls a function with the scope of the rendering.
fn scope<T>(state: &State<'_, '_>, note: impl FnOnce(&Scope) -> T) -> Option<T> {
    let scope = state.lookup(SELF)?;
    scope.downcast_object_ref::<Scope>().map(note)
}

/// Logs the problems because of which a field of an item cannot be read.
fn depend_on(state: &State<'_, '_>, value: &Value, key: &str) {
    if let Some(item) = value.downcast_object_ref::<ItemValue>() {
        scope(state, |scope| scope.depend_on_field(item, key));
    } else if let Some(problem) = unreadable(value, key) {
        scope(state, |scope| scope.blocked(problem));
    }
}

/// Returns the problem in a field of an item of another document.
fn unreadable(value: &Value, key: &str) -> Option<Blocker> {
    let problems = value.get_attr("unreadable").ok().filter(|problems| !problems.is_undefined())?;
    let problem = problems.get_attr(&slug(key)).ok()?;
    let text = |key: &str| problem.get_attr(key).ok()?.as_str().map(str::to_owned);
    Some(Blocker { location: text("location")?, message: text("message")? })
}

/// Returns the number in a field of an item or an entry of a mapping.
fn number(value: &Value, key: &str) -> Option<f64> {
    match value.downcast_object_ref::<ItemValue>() {
        Some(item) => item.number(key),
        None => values::number(&part(value, key)?),
    }
}

fn numbers(state: &State<'_, '_>, list: &Value, key: &str) -> Result<Vec<f64>, Error> {
    let mut numbers = Vec::new();
    for value in list.try_iter()? {
        depend_on(state, &value, key);
        numbers.extend(number(&value, key));
    }
    Ok(numbers)
}

/// `items|total("points")`: sum of the numbers in a field. Warns if values are not numbers.
fn total(state: &mut State<'_, '_>, list: &Value, key: &str) -> Result<Value, Error> {
    let numbers = numbers(state, list, key)?;
    let has_part = |value: &Value| match value.downcast_object_ref::<ItemValue>() {
        Some(item) => item.has_field(key),
        None => part(value, key).is_some(),
    };
    let written = list.try_iter()?.filter(has_part).count();
    if written > numbers.len() {
        let message =
            format!("{} of {written} values of `{key}` are not numbers and are not counted", written - numbers.len());
        scope(state, |scope| scope.warn(message));
    }
    Ok(values::of_number(numbers.iter().sum()))
}

/// `items|mean("coverage")`: mean of the numbers in a field, rounded to a whole number; none if there are no numbers.
fn mean(state: &mut State<'_, '_>, list: &Value, key: &str) -> Result<Value, Error> {
    let numbers = numbers(state, list, key)?;
    if numbers.is_empty() {
        return Ok(Value::from(()));
    }
    #[allow(clippy::cast_precision_loss)]
    let mean = numbers.iter().sum::<f64>() / numbers.len() as f64;
    Ok(Value::from(values::whole(mean)))
}

/// `items|having("status", "Stable")`: items whose field has the word, by the vocabulary of the field, or starts with
/// the word if the field has no vocabulary.
fn having(state: &mut State<'_, '_>, list: &Value, key: &str, word: &str) -> Result<Value, Error> {
    by_word(state, list, key, word, true)
}

/// `items|not_having("status", "Migrated")`: the items that [`having`] does not select.
fn not_having(state: &mut State<'_, '_>, list: &Value, key: &str, word: &str) -> Result<Value, Error> {
    by_word(state, list, key, word, false)
}

fn by_word(state: &mut State<'_, '_>, list: &Value, key: &str, word: &str, wanted: bool) -> Result<Value, Error> {
    let mut selected = Vec::new();
    for value in list.try_iter()? {
        depend_on(state, &value, key);
        let known = value.downcast_object_ref::<ItemValue>().and_then(|item| item.word(key));
        let is_match = match known {
            Some(known) => known.is_some_and(|known| known.eq_ignore_ascii_case(word)),
            None => part(&value, key).is_some_and(|part| values::starts_with_word(&part.to_string(), word)),
        };
        if is_match == wanted {
            selected.push(value);
        }
    }
    Ok(Value::from(selected))
}

/// `rows|exactly("Mock/Real", "Real")`: rows whose field equals the word, ignoring case.
fn exactly(list: &Value, key: &str, word: &str) -> Result<Value, Error> {
    select(list, key, |text| values::plain(text).to_lowercase() == word.to_lowercase())
}

fn select(list: &Value, key: &str, is_match: impl Fn(&str) -> bool) -> Result<Value, Error> {
    let selected = list.try_iter()?.filter(|value| part(value, key).is_some_and(|part| is_match(&part.to_string())));
    Ok(Value::from(selected.collect::<Vec<_>>()))
}

/// Name of a level or group, and its items.
type Named = (String, Vec<Value>);

/// Groups in order of their first item. Names are compared without case.
#[derive(Default)]
struct Groups {
    all: Vec<Named>,
    by_name: HashMap<String, usize>,
}

impl Groups {
    fn add(&mut self, name: &str, value: Value) {
        let at = *self.by_name.entry(name.to_lowercase()).or_insert_with(|| {
            self.all.push((name.to_owned(), Vec::new()));
            self.all.len() - 1
        });
        self.all[at].1.push(value);
    }
}

fn of_groups(groups: Vec<Named>) -> Value {
    let group = |(name, items): Named| Value::from_pairs([("name", Value::from(name)), ("items", Value::from(items))]);
    Value::from(groups.into_iter().map(group).collect::<Vec<_>>())
}

/// Returns the level in a text, without a remark in brackets.
fn level_of(text: &str) -> String {
    let text = values::plain(text);
    text.split(" (").next().unwrap_or_default().trim().to_owned()
}

/// `items|levels("impact")`: groups of `name` and `items`, from critical to low, then others, then None. Names come
/// from the vocabulary of the field. With `none_if=[["status", "Permanent"]]`, items with this word have the level
/// None.
#[allow(clippy::needless_pass_by_value)] // minijinja passes options by value
fn levels(state: &mut State<'_, '_>, list: &Value, key: &str, options: Kwargs) -> Result<Value, Error> {
    let none_if: Vec<(String, String)> = match options.get::<Option<Vec<Vec<String>>>>("none_if")? {
        Some(pairs) => pairs.into_iter().filter_map(|pair| <[String; 2]>::try_from(pair).ok()).map(<_>::into).collect(),
        None => Vec::new(),
    };
    options.assert_all_used()?;
    let mut groups = Groups::default();
    for value in list.try_iter()? {
        depend_on(state, &value, key);
        if none_if.iter().any(|(field, word)| has_word(state, &value, field, word)) {
            groups.add("None", value);
            continue;
        }
        let word = value.downcast_object_ref::<ItemValue>().and_then(|item| item.word(key)?.map(str::to_owned));
        let level = word.or_else(|| part(&value, key).map(|level| level_of(&level.to_string())));
        groups.add(&level.unwrap_or_else(|| "Unknown".to_owned()), value);
    }
    let rank = |name: &str| {
        let name = name.to_lowercase();
        let end = LEVELS.len() + usize::from(name == "none");
        LEVELS.iter().position(|level| *level == name).unwrap_or(end)
    };
    groups.all.sort_by_key(|(name, _)| rank(name));
    Ok(of_groups(groups.all))
}

/// `item|has_word("status", "Migrated")`: returns whether the field has the word, by the vocabulary of the field.
fn has_word(state: &mut State<'_, '_>, item: &Value, key: &str, word: &str) -> bool {
    let Some(value) = item.downcast_object_ref::<ItemValue>() else {
        return part(item, key).is_some_and(|part| values::starts_with_word(&part.to_string(), word));
    };
    if value.word(key).is_some() {
        depend_on(state, item, key);
    }
    value.has_word(key, word)
}

/// `items|groups("component")`: groups of `name` and `items`, in order of their first item; none if an item does not
/// have the field.
fn groups(list: &Value, key: &str) -> Result<Value, Error> {
    let mut groups = Groups::default();
    for value in list.try_iter()? {
        let Some(name) = part(&value, key) else {
            return Ok(Value::from(()));
        };
        groups.add(&values::plain_value(&name), value);
    }
    Ok(of_groups(groups.all))
}

/// `item|effort("migration_path")`, `items|effort(…)`: sum of the points of the open steps in a field; none if no step
/// has points. `instead="effort"` is a field that is used for an item without steps that have points.
#[allow(clippy::needless_pass_by_value)] // minijinja passes options by value
fn effort(state: &mut State<'_, '_>, value: &Value, field: &str, options: Kwargs) -> Result<Value, Error> {
    let instead: Option<String> = options.get("instead")?;
    options.assert_all_used()?;
    let mut sum: Option<f64> = None;
    let mut add = |item: &Value| {
        depend_on(state, item, field);
        let steps = match item.downcast_object_ref::<ItemValue>() {
            Some(value) => match value.effort(field) {
                Some(effort) => effort.open,
                None => value.raw(field).and_then(values::points),
            },
            None => part(item, field).and_then(|text| values::points(&text.to_string())),
        };
        let points = steps.or_else(|| {
            let field = instead.as_deref()?;
            depend_on(state, item, field);
            number(item, field)
        });
        if let Some(points) = points {
            sum = Some(sum.unwrap_or(0.0) + points);
        }
    };
    match value.downcast_object_ref::<ItemValue>() {
        Some(_) => add(value),
        None => value.try_iter()?.for_each(|item| add(&item)),
    }
    Ok(sum.map_or(Value::from(()), values::of_number))
}

/// `tables|rows("Status", "Mock/Real")`: rows of the tables that have all of these columns.
#[allow(clippy::needless_pass_by_value)] // minijinja passes arguments by value
fn rows(tables: &Value, columns: Rest<String>) -> Result<Value, Error> {
    let mut found = Vec::new();
    for table in tables.try_iter()? {
        let header: Vec<String> = table.get_attr("header")?.try_iter()?.map(|cell| slug(&cell.to_string())).collect();
        if columns.iter().all(|column| header.contains(&slug(column))) {
            found.extend(table.get_attr("rows")?.try_iter()?);
        }
    }
    Ok(Value::from(found))
}

/// `document.items|within("priority_*")`: items of another document in the sections that match a pattern.
fn within(list: &Value, pattern: &str) -> Result<Value, Error> {
    let is_match = |value: &Value| -> Result<bool, Error> {
        let sections = value.get_attr("within")?;
        Ok(sections.try_iter()?.any(|name| name.as_str().is_some_and(|name| shape::matches(name, pattern))))
    };
    let mut selected = Vec::new();
    for value in
        list.try_iter().map_err(|_| Error::new(ErrorKind::InvalidOperation, "`within` expects a list of items"))?
    {
        if is_match(&value)? {
            selected.push(value);
        }
    }
    Ok(Value::from(selected))
}

/// `list|named("Database")`: the first entry whose `name` (or itself, if it is a string) has the same id; none if no
/// entry matches.
fn named(list: &Value, name: &str) -> Result<Value, Error> {
    let id = slug(name);
    for value in list.try_iter()? {
        let own = value.get_attr("name").ok().filter(|name| !name.is_undefined());
        if own.as_ref().unwrap_or(&value).as_str().is_some_and(|name| slug(name) == id) {
            return Ok(value);
        }
    }
    Ok(Value::from(()))
}
