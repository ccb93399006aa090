//! TOML to a tree with places.

use serde_json::Number;
use toml::Spanned;
use toml::de::{DeTable, DeValue};

use crate::finding::{Finding, Severity, Source};
use crate::text::{Data, Entry, Span, Tree};

/// The rule under which mistakes in the configuration are reported.
pub const RULE: &str = "configuration";

/// Parses TOML. What cannot be read is left out, and a mistake says so.
pub fn parse(source: Source<'_>) -> (Tree<'static>, Vec<Finding>) {
    let (table, errors) = DeTable::parse_recoverable(source.text);
    let mistakes = errors.iter().map(|error| {
        let span = error.span().map_or(Span::at(0), Span::from);
        let message = error.message().lines().next().unwrap_or("not TOML").to_owned();
        Finding::new(RULE, Severity::Error, source, span, "toml", message).help("correct the TOML")
    });
    let mistakes = mistakes.collect();
    let span = Span::new(0, source.text.len());
    (Tree::new(span, entries(table.get_ref())), mistakes)
}

fn entries(table: &DeTable<'_>) -> Data<'static> {
    let mut entries: Vec<Entry<'static>> = table
        .iter()
        .map(|(key, value)| Entry {
            key: key.get_ref().to_string().into(),
            key_span: key.span().into(),
            value: tree(value),
        })
        .collect();
    entries.sort_by_key(|entry| entry.key_span.start);
    Data::Map(entries)
}

fn tree(value: &Spanned<DeValue<'_>>) -> Tree<'static> {
    let data = match value.get_ref() {
        DeValue::String(text) => Data::Text(text.to_string().into()),
        DeValue::Integer(number) => {
            let parsed = i64::from_str_radix(number.as_str(), number.radix());
            parsed.map_or(Data::Null, |number| Data::Number(number.into()))
        }
        DeValue::Float(number) => {
            let parsed = number.as_str().parse().ok().and_then(Number::from_f64);
            parsed.map_or(Data::Null, Data::Number)
        }
        DeValue::Boolean(value) => Data::Bool(*value),
        DeValue::Datetime(time) => Data::Text(time.to_string().into()),
        DeValue::Array(items) => Data::List(items.iter().map(tree).collect()),
        DeValue::Table(table) => entries(table),
    };
    Tree::new(value.span().into(), data)
}
