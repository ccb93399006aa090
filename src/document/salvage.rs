//! Line-based fallback parser for a governance block whose YAML cannot be parsed.
//!
//! Faulty update scripts damage keys and values, but rarely lose lines. So each line is compared with the required
//! keys: the value of a known key is validated by its type, and a line without a key is matched with the missing keys
//! by position and form.

use super::dialect::Dialect;
use super::governance::{GovernanceKey, KEYS, KeyType, Spanned, Time};
use super::syntax_error::{SyntaxError, SyntaxErrorKind};
use super::values::{self, ValueProblem};
use crate::text::{Span, slug};

/// Line of the governance block that is neither empty nor a comment.
struct SalvagedLine<'a> {
    span: Span,
    text: &'a str,
    indent: usize,
    key: Option<&'a str>,
    value: Span,
}

/// Errors and values of a governance block whose YAML cannot be parsed.
#[derive(Debug, Default)]
pub struct Salvaged {
    /// Errors of lines whose problem is identified.
    pub syntax_errors: Vec<SyntaxError>,
    /// Errors of lines without a key that match no missing key.
    pub keyless: Vec<SyntaxError>,
    pub last_updated: Option<Time>,
    pub update_required_by: Option<Time>,
}

/// Parses each line of the governance block in `text[region]`.
pub fn read(text: &str, region: Span, dialect: &Dialect) -> Salvaged {
    let lines = block_lines(text, region, dialect);
    let present: Vec<&str> = lines.iter().filter_map(|line| line.key.map(|key| dialect.canonical(key))).collect();
    let mut missing: Vec<&GovernanceKey> =
        KEYS.iter().filter(|key| key.required && !present.contains(&key.name)).collect();
    let mut salvaged = Salvaged::default();
    let mut key_indent = None;
    for line in &lines {
        let continues = key_indent.is_some_and(|indent| line.indent > indent);
        let list_item = key_indent.is_some() && is_list_item(line.text);
        match line.key {
            Some(written) if !continues => {
                key_indent = Some(line.indent);
                salvaged.take_time(dialect.canonical(written), line.value, unquoted(line.value.slice(text)));
                salvaged.syntax_errors.extend(check_value(text, line, written, dialect));
            }
            None if !continues && !list_item => {
                if let Some((key, value)) = guess(line, &mut missing) {
                    salvaged.take_time(key.name, line.span, &value);
                    salvaged.syntax_errors.push(probable_key_error(line, key, &value, dialect));
                } else {
                    salvaged.keyless.push(keyless_error(line));
                }
            }
            _ => {}
        }
    }
    salvaged
}

impl Salvaged {
    /// Stores the first valid time of each stamp key; other keys are ignored.
    fn take_time(&mut self, key: &str, span: Span, value: &str) {
        let time = values::timestamp(value).map(|value| Spanned { span, value });
        match key {
            "last_updated" => self.last_updated = self.last_updated.take().or(time),
            "update_required_by" => self.update_required_by = self.update_required_by.take().or(time),
            _ => {}
        }
    }
}

fn block_lines<'a>(text: &'a str, region: Span, dialect: &Dialect) -> Vec<SalvagedLine<'a>> {
    let mut inside = dialect.root.is_empty();
    let mut lines = Vec::new();
    let mut at = region.start;
    for raw in region.slice(text).split_inclusive(['\n', '\r']) {
        let start = at;
        at += raw.len();
        let trimmed = raw.trim();
        if trimmed.is_empty() || trimmed.starts_with('#') {
            continue;
        }
        let indent = raw.len() - raw.trim_start().len();
        let span = Span::new(start + indent, start + indent + trimmed.len());
        let (key, value) = split_key(trimmed, span);
        // A line without indentation is not part of the block below `governance:`.
        if indent == 0 && !dialect.root.is_empty() {
            inside = key == Some(&dialect.root);
            continue;
        }
        if inside {
            lines.push(SalvagedLine { span, text: trimmed, indent, key, value });
        }
    }
    lines
}

/// Splits `key: value`. A key is one word of letters, digits, `_` and `-`.
fn split_key(line: &str, span: Span) -> (Option<&str>, Span) {
    let end = line.find(|c: char| !(c.is_alphanumeric() || c == '_' || c == '-')).unwrap_or(line.len());
    let rest = &line[end..];
    let keyed = end > 0 && (rest == ":" || rest.starts_with(": ") || rest.starts_with(":\t"));
    if !keyed {
        return (None, span);
    }
    let value = rest[1..].trim_start();
    (Some(&line[..end]), Span::new(span.end - value.len(), span.end))
}

fn is_list_item(text: &str) -> bool {
    text == "-" || text.starts_with("- ")
}

/// Validates the value of a known UUID or time key.
fn check_value(text: &str, line: &SalvagedLine<'_>, written: &str, dialect: &Dialect) -> Option<SyntaxError> {
    let name = dialect.canonical(written);
    let key = KEYS.iter().find(|key| key.name == name)?;
    let value = unquoted(line.value.slice(text));
    if value.is_empty() {
        return None;
    }
    let problem = match key.key_type {
        KeyType::Uuid => values::uuid_problem(value),
        KeyType::Time => values::timestamp_problem(value),
        _ => None,
    }?;
    let ValueProblem { what, help } = problem;
    Some(SyntaxError::new(SyntaxErrorKind::FrontMatter, line.value, format!("`{written}` {what}"), help))
}

/// Removes quotes and a trailing comment from a scalar.
fn unquoted(value: &str) -> &str {
    let value = value.split(" #").next().unwrap_or(value).trim();
    let quoted = value.len() >= 2
        && (value.starts_with('"') && value.ends_with('"') || value.starts_with('\'') && value.ends_with('\''));
    if quoted { &value[1..value.len() - 1] } else { value }
}

/// Returns the missing key that a line without a key probably had, and its value. The first missing key whose type
/// matches is used, because documents write their keys in a fixed order.
fn guess<'k>(line: &SalvagedLine<'_>, missing: &mut Vec<&'k GovernanceKey>) -> Option<(&'k GovernanceKey, String)> {
    let index = missing.iter().position(|key| restore(line.text, key.key_type).is_some())?;
    let key = missing.remove(index);
    Some((key, restore(line.text, key.key_type)?))
}

fn keyless_error(line: &SalvagedLine<'_>) -> SyntaxError {
    let message = "line without a key in the governance block";
    SyntaxError::new(SyntaxErrorKind::FrontMatter, line.span, message, "write it as `key: value`, or remove it")
}

fn probable_key_error(line: &SalvagedLine<'_>, key: &GovernanceKey, value: &str, dialect: &Dialect) -> SyntaxError {
    let written = dialect.written(key.name);
    SyntaxError::new(
        SyntaxErrorKind::FrontMatter,
        line.span,
        format!("line without a key; probably `{written}`"),
        format!("write `{written}: {value}` if this is correct"),
    )
}

/// Extracts the value of a type from a damaged line.
fn restore(text: &str, key_type: KeyType) -> Option<String> {
    match key_type {
        KeyType::Uuid => values::uuid_inside(text).map(str::to_owned),
        KeyType::Time => time_inside(text),
        KeyType::Version => {
            let rest = text.strip_prefix('v')?;
            rest.starts_with(|c: char| c.is_ascii_digit()).then(|| text.to_owned())
        }
        KeyType::List => (text.starts_with('[') && text.ends_with(']')).then(|| text.to_owned()),
        KeyType::Group => {
            let upper = text.contains('_') && !text.contains(char::is_lowercase);
            (upper && slug(text) == text.to_lowercase()).then(|| text.to_owned())
        }
        KeyType::Number => text.parse::<u64>().ok().map(|number| number.to_string()),
        KeyType::Text => None,
    }
}

/// Extracts a time whose beginning is lost: `P25-08-29T18:50:54Z` becomes `2025-08-29T18:50:54Z`.
fn time_inside(text: &str) -> Option<String> {
    let dash = text.find('-')?;
    let digits = text[..dash].chars().rev().take_while(char::is_ascii_digit).count();
    let tail = &text[dash - digits.min(4)..];
    let year = "2000".get(..4_usize.checked_sub(digits.min(4))?)?;
    let candidate = format!("{year}{tail}");
    values::timestamp(&candidate).map(|_| candidate)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn explains_a_damaged_block_line_by_line() {
        let yaml = "governance:\n  correlation_id: Id(x='c97b0a58-4020-4eb8-a91c-1b5d8ffbc6f2', s=<A.B: 'b'>)\n  \
                    P25-08-29T18:50:54.656947Z\n  P25-09-01T18:50:54.657944Z\n  validation_schema: v1.0\n";
        let syntax_errors = read(yaml, Span::new(0, yaml.len()), &Dialect::default()).syntax_errors;
        let messages: Vec<_> = syntax_errors.iter().map(|syntax_error| syntax_error.message.as_str()).collect();
        assert_eq!(
            messages,
            [
                "`correlation_id` is not a valid UUID, but contains one",
                "line without a key; probably `last_updated`",
                "line without a key; probably `update_required_by`",
            ]
        );
        assert!(syntax_errors[1].help.contains("last_updated: 2025-08-29T18:50:54.656947Z"));
    }

    #[test]
    fn accepts_lists_comments_and_multiline_values() {
        let yaml = "title: x\ngovernance:\n  # note\n  auto_sections:\n  - a\n  - b\n  owner: >\n    some\n    text\n";
        let syntax_errors = read(yaml, Span::new(0, yaml.len()), &Dialect::default()).syntax_errors;
        assert!(syntax_errors.is_empty(), "{syntax_errors:?}");
    }
}
