//! Words and numbers as templates compare and add them.

use minijinja::Value;
use serde_json::{Number, Value as Json};

use crate::document::{fields, quantity};
use crate::text::{Node, NodeData, emoji};

/// A tree as a value of a template.
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

/// JSON as a value of a template.
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

/// The number of a value that no kind has a type for: `85%` is 85, `8 points` is 8, `N/A` and `5-8` are none.
pub fn number(value: &Value) -> Option<f64> {
    if let Some(text) = value.as_str() {
        return quantity::with_any_unit(text);
    }
    if value.is_number() { f64::try_from(value.clone()).ok() } else { None }
}

/// A number as a value: an integer if it is whole, else with at most two digits after the point.
pub fn of_number(number: f64) -> Value {
    let rounded = (number * 100.0).round() / 100.0;
    if rounded.fract() == 0.0 { Value::from(whole(rounded)) } else { Value::from(rounded) }
}

/// A measurement as text: an integer if it is whole, else with one digit after the point.
pub fn of_measurement(number: f64) -> String {
    of_number((number * 10.0).round() / 10.0).to_string()
}

/// The nearest whole number, halves away from zero.
pub fn whole(number: f64) -> i64 {
    // Counts, points and percentages; what is larger than a float can hold exactly is none of these.
    #[allow(clippy::cast_possible_truncation)]
    let whole = number.round() as i64;
    whole
}

/// Text without leading emoji, bold and backticks.
pub fn plain(text: &str) -> String {
    let text = fields::plain(text);
    let rest = emoji::split_leading(&text).1;
    if rest.is_empty() { text } else { rest.to_owned() }
}

/// A value as plain text.
pub fn plain_value(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), plain)
}

/// Whether a text is a word, or starts with it: `Stable (since May)` is `stable`, `Unstable` is not.
pub fn starts_with_word(text: &str, word: &str) -> bool {
    let text = plain(text).to_lowercase();
    let rest = text.strip_prefix(&word.to_lowercase());
    rest.is_some_and(|rest| !rest.starts_with(char::is_alphanumeric))
}

/// The points that a text gives as `(5 points)`, added up; `None` where it gives none.
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
    fn points_are_added_up() {
        assert_eq!(points("1. a (5 points)\n2. b (3 points) (see x)\n**Total: 9 points**"), Some(8.0));
        assert_eq!(points("one (1 point), half (0.5 story points)"), Some(1.5));
        assert_eq!(points("No action needed (intentional), (5-8 points)"), None);
    }

    #[test]
    fn a_word_is_a_word() {
        assert!(starts_with_word("✅ Stable (since May)", "stable"));
        assert!(starts_with_word("**Beta**", "Beta"));
        assert!(!starts_with_word("Unstable", "stable"));
        assert!(!starts_with_word("Stability", "stabil"));
    }
}
