//! The reader of lines: what a front matter seems to have been, where its YAML cannot be read.
//!
//! A careless updater loses keys and values, not lines. So each line is held against the keys that must be
//! there: one with a known key against what its value looks like, one without a key against the keys that
//! are missing, by position and shape.

use super::dialect::Dialect;
use super::governance::{GovernanceKey, KEYS, KeyType, Spanned, Time};
use super::syntax_error::{SyntaxError, SyntaxErrorKind};
use super::values::{self, ValueProblem};
use crate::text::{Span, slug};

/// A line of the governance block that is neither empty nor a comment.
struct SalvagedLine<'a> {
    span: Span,
    text: &'a str,
    indent: usize,
    key: Option<&'a str>,
    value: Span,
}

/// Values that can be read from a governance block whose YAML cannot be parsed.
#[derive(Debug, Default)]
pub struct Salvaged {
    /// An error for each line that explains itself.
    pub syntax_errors: Vec<SyntaxError>,
    /// An error for each other line without a key.
    pub keyless: Vec<SyntaxError>,
    /// The time of the last update.
    pub last_updated: Option<Time>,
    /// The deadline.
    pub update_required_by: Option<Time>,
}

/// Reads each line of the governance block in `text[region]`.
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
                salvaged.take_time(dialect.canonical(written), line.value, bare(line.value.slice(text)));
                salvaged.syntax_errors.extend(check_value(text, line, written, dialect));
            }
            None if !continues && !list_item => {
                if let Some((key, value)) = guess(line, &mut missing) {
                    salvaged.take_time(key.name, line.span, &value);
                    salvaged.syntax_errors.push(seems(line, key, &value, dialect));
                } else {
                    salvaged.keyless.push(keyless(line));
                }
            }
            _ => {}
        }
    }
    salvaged
}

impl Salvaged {
    /// Keeps a time of the stamp.
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
        // A line at the margin is not in the block below `governance:`.
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

/// Splits `key: value`; a key is one word of letters, digits, `_` and `-`.
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

/// Holds the value of a known key against what it should look like.
fn check_value(text: &str, line: &SalvagedLine<'_>, written: &str, dialect: &Dialect) -> Option<SyntaxError> {
    let name = dialect.canonical(written);
    let key = KEYS.iter().find(|key| key.name == name)?;
    let value = bare(line.value.slice(text));
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

/// A scalar without its quotes or the comment behind it.
fn bare(value: &str) -> &str {
    let value = value.split(" #").next().unwrap_or(value).trim();
    let quoted = value.len() >= 2
        && (value.starts_with('"') && value.ends_with('"') || value.starts_with('\'') && value.ends_with('\''));
    if quoted { &value[1..value.len() - 1] } else { value }
}

/// The missing key that a line without a key seems to have held, and its value. The first missing key of its shape is
/// taken: documents write their keys in one order.
fn guess<'k>(line: &SalvagedLine<'_>, missing: &mut Vec<&'k GovernanceKey>) -> Option<(&'k GovernanceKey, String)> {
    let index = missing.iter().position(|key| restore(line.text, key.key_type).is_some())?;
    let key = missing.remove(index);
    Some((key, restore(line.text, key.key_type)?))
}

fn keyless(line: &SalvagedLine<'_>) -> SyntaxError {
    let message = "a line without a key in the governance block";
    SyntaxError::new(SyntaxErrorKind::FrontMatter, line.span, message, "write it as `key: value`, or remove it")
}

fn seems(line: &SalvagedLine<'_>, key: &GovernanceKey, value: &str, dialect: &Dialect) -> SyntaxError {
    let written = dialect.written(key.name);
    SyntaxError::new(
        SyntaxErrorKind::FrontMatter,
        line.span,
        format!("a line without a key; it seems to have been `{written}`"),
        format!("write `{written}: {value}` if that is right"),
    )
}

/// The value that a ruined line still holds, if it has the shape.
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

/// The time in a line that has lost its beginning: `P25-08-29T18:50:54Z` was `…20` and `25-08-29T18:50:54Z`.
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
    fn a_ruined_header_is_told_line_by_line() {
        let yaml = "governance:\n  correlation_id: Id(x='c97b0a58-4020-4eb8-a91c-1b5d8ffbc6f2', s=<A.B: 'b'>)\n  \
                    P25-08-29T18:50:54.656947Z\n  P25-09-01T18:50:54.657944Z\n  validation_schema: v1.0\n";
        let syntax_errors = read(yaml, Span::new(0, yaml.len()), &Dialect::default()).syntax_errors;
        let said: Vec<_> = syntax_errors.iter().map(|syntax_error| syntax_error.message.as_str()).collect();
        assert_eq!(
            said,
            [
                "`correlation_id` is not a UUID, but it contains one",
                "a line without a key; it seems to have been `last_updated`",
                "a line without a key; it seems to have been `update_required_by`",
            ]
        );
        assert!(syntax_errors[1].help.contains("last_updated: 2025-08-29T18:50:54.656947Z"));
    }

    #[test]
    fn lists_comments_and_continued_values_are_no_faults() {
        let yaml = "title: x\ngovernance:\n  # note\n  auto_sections:\n  - a\n  - b\n  owner: >\n    some\n    text\n";
        let syntax_errors = read(yaml, Span::new(0, yaml.len()), &Dialect::default()).syntax_errors;
        assert!(syntax_errors.is_empty(), "{syntax_errors:?}");
    }
}
