//! Conversion of words and numbers for templates.

use minijinja::Value;
use serde_json::{Number, Value as Json};

use crate::document::{fields, quantity};
use crate::text::{Node, NodeData, emoji};

/// Converts a tree to a template value.
pub fn of_tree(tree: &Node<'_>) -> Value {
    match &tree.data {
        NodeData::Null => Value::from(()),
        NodeData::Bool(value) => Value::from(*value),
        NodeData::Number(number) => of_json_number(number),
        NodeData::Text(text) => Value::from(text.as_ref()),
        NodeData::List(items) => items.iter().map(of_tree).collect(),
        NodeData::Map(entries) => {
            Value::from_pairs(entries.iter().map(|entry| (entry.key.as_ref(), of_tree(&entry.value))))
        }
    }
}

/// Converts JSON to a template value.
pub fn of_json(json: &Json) -> Value {
    match json {
        Json::Null => Value::from(()),
        Json::Bool(value) => Value::from(*value),
        Json::Number(number) => of_json_number(number),
        Json::String(text) => Value::from(text.as_str()),
        Json::Array(items) => items.iter().map(of_json).collect(),
        Json::Object(entries) => Value::from_pairs(entries.iter().map(|(key, value)| (key.as_str(), of_json(value)))),
    }
}

fn of_json_number(number: &Number) -> Value {
    match (number.as_u64(), number.as_i64()) {
        (Some(number), _) => Value::from(number),
        (_, Some(number)) => Value::from(number),
        _ => Value::from(number.as_f64().unwrap_or_default()),
    }
}

/// Parses a number with any unit, for fields without a type: `85%` is 85, `8 points` is 8, `N/A` and `5-8` are `None`.
pub fn number(value: &Value) -> Option<f64> {
    if let Some(text) = value.as_str() {
        return quantity::with_any_unit(text);
    }
    if value.is_number() { f64::try_from(value.clone()).ok() } else { None }
}

/// Converts a number: an integer if it is whole, otherwise rounded to two decimal places.
pub fn of_number(number: f64) -> Value {
    let rounded = (number * 100.0).round() / 100.0;
    if rounded.fract() == 0.0 { Value::from(whole(rounded)) } else { Value::from(rounded) }
}

/// Formats a measurement: an integer if it is whole, otherwise with one decimal place.
pub fn of_measurement(number: f64) -> String {
    of_number((number * 10.0).round() / 10.0).to_string()
}

/// Rounds to a whole number, halves away from zero.
pub fn whole(number: f64) -> i64 {
    // The values are counts, points and percentages, which are far below the range in which `f64` is inexact.
    #[allow(clippy::cast_possible_truncation)]
    let whole = number.round() as i64;
    whole
}

/// Removes leading emoji, bold and backticks.
pub fn plain(text: &str) -> String {
    let text = fields::plain(text);
    let rest = emoji::split_leading(&text).1;
    if rest.is_empty() { text } else { rest.to_owned() }
}

/// Converts a value to plain text.
pub fn plain_value(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), plain)
}

/// Returns whether a text starts with a word, ignoring case: `Stable (since May)` starts with `stable`, `Unstable` does
/// not.
pub fn starts_with_word(text: &str, word: &str) -> bool {
    let text = plain(text).to_lowercase();
    let rest = text.strip_prefix(&word.to_lowercase());
    rest.is_some_and(|rest| !rest.starts_with(char::is_alphanumeric))
}

/// Returns the sum of all points such as `(5 points)` in a text; `None` if there are none.
pub fn points(text: &str) -> Option<f64> {
    let mut sum = None;
    for (open, _) in text.match_indices('(') {
        let inside = &text[open + 1..];
        let Some(inside) = inside.find(')').map(|close| &inside[..close]) else { continue };
        let end = inside.find(|c: char| !(c.is_ascii_digit() || c == '.')).unwrap_or(inside.len());
        let unit = inside[end..].trim();
        let is_unit = ["point", "points", "pt", "pts", "story point", "story points", "sp"];
        if let Ok(number) = inside[..end].parse::<f64>()
            && is_unit.contains(&unit.to_lowercase().as_str())
        {
            sum = Some(sum.unwrap_or(0.0) + number);
        }
    }
    sum
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn adds_up_points() {
        assert_eq!(points("1. a (5 points)\n2. b (3 points) (see x)\n**Total: 9 points**"), Some(8.0));
        assert_eq!(points("one (1 point), half (0.5 story points)"), Some(1.5));
        assert_eq!(points("No action needed (intentional), (5-8 points)"), None);
    }

    #[test]
    fn matches_only_whole_words() {
        assert!(starts_with_word("✅ Stable (since May)", "stable"));
        assert!(starts_with_word("**Beta**", "Beta"));
        assert!(!starts_with_word("Unstable", "stable"));
        assert!(!starts_with_word("Stability", "stabil"));
    }
}
