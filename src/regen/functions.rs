//! Functions that templates call.

use std::sync::Arc;

use chrono::SecondsFormat;
use minijinja::value::{Kwargs, ValueKind, from_args};
use minijinja::{Error, ErrorKind, Value};

use super::access_log::FactInput;
use super::items::{self as document_items, ItemValue};
use super::library::Measured;
use super::merge::DELETED_LINE;
use super::scope::Scope;
use crate::document::ProblemKind;
use crate::text::slug;

/// Returns `block`: `name`, `sum`, `heading` (the `#` characters of a sub-heading in this section) and `item`, the item
/// that contains the block.
pub fn block(scope: &Arc<Scope>) -> Value {
    let block = scope.block();
    let enclosing = scope.document.item_around(block.section);
    let at = enclosing.and_then(|enclosing| scope.document.items.iter().position(|item| std::ptr::eq(item, enclosing)));
    let item = at.map_or(Value::from(()), |at| Value::from_object(ItemValue::new(&scope.document, at)));
    Value::from_pairs([
        ("name", Value::from(block.name.as_str())),
        ("sum", Value::from(block.sum.clone())),
        ("heading", Value::from("#".repeat(6.min(1 + scope.level())))),
        ("item", item),
    ])
}

/// `fact("facts.sprint.capacity", keep="Team Capacity")`: the fact. If it is unavailable, the previous value of the
/// label; if the label does not exist, the line is removed. `value=` is a value that the template derived from the
/// fact.
pub fn fact(scope: &Arc<Scope>, arguments: &[Value]) -> Result<Value, Error> {
    let (path, options): (&str, Kwargs) = from_args(arguments)?;
    let keep_label: Option<String> = options.get("keep")?;
    // A derived value of none counts as unavailable.
    let derived: Option<Value> = if options.has("value") { Some(options.get("value")?) } else { None };
    options.assert_all_used()?;
    let mut steps = path.split('.');
    let root = steps.next().unwrap_or_default();
    let known = Measured::ALL.iter().find(|(name, _)| *name == root && *name != "now");
    let base = match (root, known) {
        ("facts", _) => Some(scope.facts.config.clone()),
        (_, Some((_, fact))) => scope.measured(*fact)?,
        _ => {
            let message = format!("unknown fact `{path}`; facts start with `facts`, `coverage`, `doctor` or `git`");
            return Err(Error::new(ErrorKind::InvalidOperation, message));
        }
    };
    if let Some(label) = keep_label.as_deref() {
        scope.source(label, path);
        if known.is_none() {
            scope.by_hand(label);
        }
    }
    let is_available = |value: &Value| !value.is_undefined() && !value.is_none();
    let found = steps.try_fold(base.unwrap_or_default(), |value, step| {
        let next = if is_available(&value) { value.get_attr(step).ok() } else { None };
        next.filter(is_available)
    });
    if let Some(found) = found.filter(is_available) {
        let value = derived.unwrap_or(found);
        if is_available(&value) {
            return scope.has_available_fact(if keep_label.is_some() { one_line(path, value) } else { Ok(value) });
        }
        return Ok(previous_or_nothing(scope, keep_label.as_deref()));
    }
    let source = known.map_or_else(|| format!("set `{path}` in phx.toml"), |(_, fact)| fact.source().to_owned());
    scope.unavailable_facts(keep_label.as_deref().unwrap_or_default(), &source);
    Ok(match keep_label {
        Some(label) => previous_or_nothing(scope, Some(&label)),
        None => Value::from(()),
    })
}

/// Returns the text between and after the two numbers of `1 of 5` or `1/5` at the start of a text.
fn of_many<'t>(text: &'t str, first: &str) -> Option<(&'t str, &'t str)> {
    let rest = text.strip_prefix(first)?;
    let end = rest.find(|c: char| c.is_ascii_digit())?;
    let (between, total) = rest.split_at(end);
    let digits = total.find(|c: char| !c.is_ascii_digit()).unwrap_or(total.len());
    matches!(between.trim(), "of" | "/").then(|| (between, &total[digits..]))
}

/// Converts a fact to one line, for a value after a label.
fn one_line(path: &str, value: Value) -> Result<Value, Error> {
    match value.kind() {
        ValueKind::Number => Ok(value),
        ValueKind::String => Ok(Value::from(value.to_string().split_whitespace().collect::<Vec<_>>().join(" "))),
        ValueKind::Bool => Ok(Value::from(if value.is_true() { "yes" } else { "no" })),
        kind => {
            let message = format!("`{path}`: expected a string, number or boolean, found a {kind}");
            Err(Error::new(ErrorKind::InvalidOperation, message))
        }
    }
}

/// `keep(value, "Label")`: the value or, if it is none, the previous value of the label.
pub fn keep(scope: &Arc<Scope>, arguments: &[Value]) -> Result<Value, Error> {
    let (value, label): (Value, &str) = from_args(arguments)?;
    scope.by_hand(label);
    if value.is_none() || value.is_undefined() {
        return Ok(previous_or_nothing(scope, Some(label)));
    }
    Ok(value)
}

fn previous_or_nothing(scope: &Scope, label: Option<&str>) -> Value {
    let previous = label.and_then(|label| scope.previous_pair(label));
    Value::from(previous.unwrap_or_else(|| DELETED_LINE.to_owned()))
}

/// `label("Total", "Total Components")`: the first of these labels that the body has, otherwise the first one.
pub fn label(scope: &Arc<Scope>, arguments: &[Value]) -> Result<Value, Error> {
    let (labels,): (minijinja::value::Rest<String>,) = from_args(arguments)?;
    let present = labels.iter().find(|label| scope.previous_pair(label).is_some());
    Ok(present.or_else(|| labels.first()).map(|label| Value::from(label.as_str())).unwrap_or_default())
}

/// `now(keep="Last Scan")`: the previous time while the rest of the body is unchanged, otherwise the current time. If
/// the body does not have the label, the line is removed.
pub fn now(scope: &Arc<Scope>, arguments: &[Value]) -> Result<Value, Error> {
    let (options,): (Kwargs,) = from_args(arguments)?;
    let label: String = options.get("keep")?;
    options.assert_all_used()?;
    if !scope.needs.contains(&Measured::Now) {
        let message = "`now` is a measured fact; declare it in the first line: `{# needs: now #}`";
        return Err(Error::new(ErrorKind::InvalidOperation, message));
    }
    scope.note().clock = true;
    let Some(previous) = scope.previous_pair(&label) else {
        return Ok(Value::from(DELETED_LINE));
    };
    // Keeps the format: a date remains a date.
    Ok(Value::from(match scope.now {
        None => previous,
        Some(now) if previous.len() == 10 => now.format("%Y-%m-%d").to_string(),
        Some(now) => now.to_rfc3339_opts(SecondsFormat::Secs, true),
    }))
}

/// `items("priority_*")`: the outermost items in the sections that match a pattern.
pub fn items(scope: &Arc<Scope>, arguments: &[Value]) -> Result<Value, Error> {
    let (pattern,): (Option<&str>,) = from_args(arguments)?;
    let document = &scope.document;
    let matched =
        |section: &usize| pattern.is_none_or(|pattern| document_items::section_matches(document, *section, pattern));
    Ok(counted(scope, document_items::within(document, pattern), &matched))
}

/// Converts items to a value. Records the problems in the sections that contain them.
fn counted(scope: &Arc<Scope>, found: Vec<usize>, matched: &dyn Fn(&usize) -> bool) -> Value {
    let document = &scope.document;
    scope.depend_on(|problem| problem.kind == ProblemKind::UnreadItem && problem.within.iter().any(matched));
    let mut names: Vec<&str> = Vec::new();
    for item in found.iter().map(|index| &document.items[*index]) {
        let section = item.within(&document.outline).into_iter().find(matched);
        let name = section.map_or("the document", |section| short(&document.outline.sections[section].id));
        if !names.contains(&name) {
            names.push(name);
        }
    }
    let noun = if found.len() == 1 { "item" } else { "items" };
    let summary = match names.as_slice() {
        [] => format!("{} {noun}", found.len()),
        names => format!("{} {noun} in {}", found.len(), names.join(", ")),
    };
    scope.input(FactInput { summary, items: found.clone() });
    let values = found.into_iter().map(|index| Value::from_object(ItemValue::new(document, index)));
    scope.has_available_fact(Value::from(values.collect::<Vec<_>>()))
}

/// Shortens the id of a section up to its first number, for messages: `priority_1` of
/// `priority_1_critical_path_features`.
fn short(id: &str) -> &str {
    let is_number = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit()) && !part.is_empty();
    let mut end = 0;
    for part in id.split('_') {
        end += part.len();
        if is_number(part) {
            return &id[..end];
        }
        end += 1;
    }
    id
}

/// `tables("system_components")`: the tables in the sections that match a pattern.
pub fn tables(scope: &Arc<Scope>, arguments: &[Value]) -> Result<Value, Error> {
    let (pattern,): (&str,) = from_args(arguments)?;
    Ok(scope.has_available_fact(Value::from(document_items::tables(&scope.document, pattern))))
}

/// `phases_of_group()`: the phases of the group in the front matter if a section has its name, otherwise of all groups.
pub fn phases_of_group(scope: &Arc<Scope>) -> Value {
    let document = &scope.document;
    let group = document.governance.entry("phase_group").and_then(|entry| entry.value.as_text()).map(slug);
    let is_group = |id: &str| id.starts_with("phase_group_") && id != "phase_group_summary";
    let exact = |id: &str| group.as_ref().is_some_and(|group| id.strip_prefix("phase_group_") == Some(group));
    let whole =
        |id: &str| is_group(id) && group.as_ref().is_some_and(|group| format!("{id}_").contains(&format!("_{group}_")));
    let all = document_items::within(document, None);
    let stages: [&dyn Fn(&str) -> bool; 3] = [&exact, &whole, &is_group];
    for is_match in stages {
        let is_matching_section = |section: &usize| is_match(&document.outline.sections[*section].id);
        let inside = |index: &usize| document.items[*index].within(&document.outline).iter().any(is_matching_section);
        let unread = document.problems.iter().any(|problem| problem.within.iter().any(is_matching_section));
        let found: Vec<usize> = all.iter().copied().filter(inside).collect();
        if !found.is_empty() || unread {
            return counted(scope, found, &is_matching_section);
        }
    }
    counted(scope, Vec::new(), &|_| false)
}

/// `current_phase("Current Phase", 2, phases)`: the previous value of the label if it contains the number. Otherwise
/// the number, or the title of the phase if the previous value has letters. In the form `1 of 5` the numbers are
/// replaced.
pub fn current_phase(scope: &Arc<Scope>, arguments: &[Value]) -> Result<Value, Error> {
    let (label, number, phases): (&str, Value, Value) = from_args(arguments)?;
    scope.by_hand(label);
    scope.source(label, "`phase_number` in the front matter");
    let previous = previous_or_nothing(scope, Some(label));
    if number.is_none() || number.is_undefined() {
        return Ok(previous);
    }
    let previous = previous.as_str().unwrap_or_default();
    let first = previous.find(|c: char| c.is_ascii_digit()).map(|at| {
        let digits = &previous[at..];
        &digits[..digits.find(|c: char| !c.is_ascii_digit()).unwrap_or(digits.len())]
    });
    let wanted = number.to_string();
    if let Some((between, suffix)) = first.and_then(|first| of_many(previous, first)) {
        let total = phases.len().unwrap_or_default();
        return Ok(Value::from(format!("{wanted}{between}{total}{suffix}")));
    }
    if first == Some(wanted.as_str()) {
        return Ok(Value::from(previous));
    }
    let titled = previous.contains(char::is_alphabetic);
    let is_current = |phase: &Value| phase.get_attr("number").is_ok_and(|own| own == number);
    let phase = phases.try_iter()?.find(is_current).filter(|_| titled);
    phase.map_or(Ok(number), |phase| phase.get_attr("title"))
}
