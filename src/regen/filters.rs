//! What templates compute with: filters over items, rows and words.

use std::collections::HashMap;

use minijinja::value::{Kwargs, Rest};
use minijinja::{Environment, Error, ErrorKind, State, Value};

use super::items::ItemValue;
use super::scope::{SELF, Scope};
use super::{dependencies, values};
use crate::text::slug;

/// From worst to best, as the levels of priority, impact and fidelity are said; what is none of them comes between.
const LEVELS: &[&str] = &["critical", "high", "medium", "low"];

/// Makes the filters known.
pub fn register(environment: &mut Environment<'_>) {
    environment.add_filter("total", total);
    environment.add_filter("mean", mean);
    environment.add_filter("having", having);
    environment.add_filter("exactly", exactly);
    environment.add_filter("levels", levels);
    environment.add_filter("groups", groups);
    environment.add_filter("effort", effort);
    environment.add_filter("rows", rows);
    environment.add_filter("dependencies", dependencies::read);
    environment.add_filter("cell", |text: String| text.replace('|', "\\|").replace(['\n', '\r'], " "));
    environment.add_filter("plain", |value: Value| values::plain_value(&value));
    environment.add_filter("number", |value: Value| values::number(&value).map(values::of_number));
    environment.add_filter("within", within);
    environment.add_filter("named", named);
}

/// A field of an item, or the entry of a mapping.
fn part(value: &Value, key: &str) -> Option<Value> {
    if let Some(item) = value.downcast_object_ref::<ItemValue>() {
        return item.field(key);
    }
    let there = |value: &Value| !value.is_undefined() && !value.is_none();
    let own = value.get_item(&Value::from(key)).ok().filter(there);
    let alike = || {
        let id = slug(key);
        let found = value.try_iter().ok()?.find(|known| known.as_str().is_some_and(|known| slug(known) == id))?;
        value.get_item(&found).ok().filter(there)
    };
    own.or_else(|| {
        // An item of another document.
        let fields = value.get_attr("fields").ok().filter(|fields| !fields.is_undefined())?;
        fields.get_attr(key).ok().filter(there)
    })
    .or_else(alike)
}

fn numbers(list: &Value, key: &str) -> Result<Vec<f64>, Error> {
    Ok(list.try_iter()?.filter_map(|value| values::number(&part(&value, key)?)).collect())
}

/// `items|total("points")`: the sum of the numbers in a field. What is written there and is no number is told.
fn total(state: &mut State<'_, '_>, list: &Value, key: &str) -> Result<Value, Error> {
    let written: Vec<Value> = list.try_iter()?.filter_map(|value| part(&value, key)).collect();
    let numbers: Vec<f64> = written.iter().filter_map(values::number).collect();
    let unread = written.len() - numbers.len();
    if unread > 0
        && let Some(scope) = state.lookup(SELF)
        && let Some(scope) = scope.downcast_object_ref::<Scope>()
    {
        let are = if unread == 1 { "is no number and is" } else { "are no numbers and are" };
        scope.warn(format!("{unread} of {} `{key}` {are} not counted", written.len()));
    }
    Ok(values::of_number(numbers.iter().sum()))
}

/// `items|mean("coverage")`: the mean of the numbers in a field, to the nearest whole number; none where there is none.
fn mean(list: &Value, key: &str) -> Result<Value, Error> {
    let numbers = numbers(list, key)?;
    if numbers.is_empty() {
        return Ok(Value::from(()));
    }
    #[allow(clippy::cast_precision_loss)]
    let mean = numbers.iter().sum::<f64>() / numbers.len() as f64;
    Ok(Value::from(values::whole(mean)))
}

/// `items|having("status", "Stable")`: those whose field starts with the word.
fn having(list: &Value, key: &str, word: &str) -> Result<Value, Error> {
    choose(list, key, |text| values::starts_with_word(text, word))
}

/// `rows|exactly("Mock/Real", "Real")`: those whose field says this and nothing more.
fn exactly(list: &Value, key: &str, word: &str) -> Result<Value, Error> {
    choose(list, key, |text| values::plain(text).to_lowercase() == word.to_lowercase())
}

fn choose(list: &Value, key: &str, fits: impl Fn(&str) -> bool) -> Result<Value, Error> {
    let chosen = list.try_iter()?.filter(|value| part(value, key).is_some_and(|part| fits(&part.to_string())));
    Ok(Value::from(chosen.collect::<Vec<_>>()))
}

/// What one level or group is called, and what belongs to it.
type Named = (String, Vec<Value>);

/// Groups in the order in which they come; names meet without case.
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

/// The level that a text names, without what is added in brackets.
fn level_of(text: &str) -> String {
    let text = values::plain(text);
    text.split(" (").next().unwrap_or_default().trim().to_owned()
}

/// `items|levels("impact")`: groups of `name` and `items`, from critical to low, then others, then none. With
/// `none_without="migration_path"` what has no points in that field has the level None.
#[allow(clippy::needless_pass_by_value)] // minijinja hands options over
fn levels(list: &Value, key: &str, options: Kwargs) -> Result<Value, Error> {
    let none_without: Option<String> = options.get("none_without")?;
    options.assert_all_used()?;
    let mut groups = Groups::default();
    for value in list.try_iter()? {
        let without = none_without.as_ref().is_some_and(|field| points(&value, field).is_none());
        let level = part(&value, key).map_or_else(|| "Unknown".to_owned(), |level| level_of(&level.to_string()));
        groups.add(if without { "None" } else { &level }, value);
    }
    let rank = |name: &str| {
        let name = name.to_lowercase();
        let behind = LEVELS.len() + usize::from(name == "none");
        LEVELS.iter().position(|level| *level == name).unwrap_or(behind)
    };
    groups.all.sort_by_key(|(name, _)| rank(name));
    Ok(of_groups(groups.all))
}

/// `items|groups("component")`: groups of `name` and `items` in the order in which they come; none where an item lacks
/// the field.
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

/// The points that a field gives as `(5 points)`.
fn points(item: &Value, field: &str) -> Option<f64> {
    match item.downcast_object_ref::<ItemValue>() {
        Some(item) => values::points(item.raw(field)?),
        None => values::points(&part(item, field)?.to_string()),
    }
}

/// `item|effort("migration_path")`, `items|effort(…)`: the points in that field, added up; none where there are none.
fn effort(value: &Value, field: &str) -> Result<Value, Error> {
    let found: Vec<f64> = match value.downcast_object_ref::<ItemValue>() {
        Some(_) => points(value, field).into_iter().collect(),
        None => value.try_iter()?.filter_map(|item| points(&item, field)).collect(),
    };
    Ok(if found.is_empty() { Value::from(()) } else { values::of_number(found.iter().sum()) })
}

/// `tables|rows("Status", "Mock/Real")`: the rows of the tables that have all of these columns.
#[allow(clippy::needless_pass_by_value)] // minijinja hands arguments over
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

/// `document.items|within("priority_*")` for items of another document.
fn within(list: &Value, pattern: &str) -> Result<Value, Error> {
    let fits = |value: &Value| -> Result<bool, Error> {
        let around = value.get_attr("within")?;
        Ok(around.try_iter()?.any(|name| name.as_str().is_some_and(|name| super::items::matches(name, pattern))))
    };
    let mut chosen = Vec::new();
    for value in
        list.try_iter().map_err(|_| Error::new(ErrorKind::InvalidOperation, "`within` takes a list of items"))?
    {
        if fits(&value)? {
            chosen.push(value);
        }
    }
    Ok(Value::from(chosen))
}

/// `list|named("Database")`: the first entry of this `name`, or the key; names meet if their ids are equal. None where there
/// is none.
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
