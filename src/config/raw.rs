//! Conversion of TOML to nodes with spans.

use serde_json::Number;
use toml::Spanned;
use toml::de::{DeTable, DeValue};

use crate::finding::{Finding, Severity, Source};
use crate::text::{Node, NodeData, NodeEntry, Span};

/// Rule name of findings in the configuration.
pub const RULE: &str = "configuration";

/// Parses TOML. Each part that is not valid is reported as a finding and omitted.
pub fn parse(source: Source<'_>) -> (Node<'static>, Vec<Finding>) {
    let (table, errors) = DeTable::parse_recoverable(source.text);
    let mistakes = errors.iter().map(|error| {
        let span = error.span().map_or(Span::at(0), Span::from);
        let message = error.message().lines().next().unwrap_or("invalid TOML").to_owned();
        Finding::new(RULE, Severity::Error, source, span, "toml", message).help("fix the TOML syntax")
    });
    let mistakes = mistakes.collect();
    let span = Span::new(0, source.text.len());
    (Node::new(span, entries(table.get_ref())), mistakes)
}

fn entries(table: &DeTable<'_>) -> NodeData<'static> {
    let mut entries: Vec<NodeEntry<'static>> = table
        .iter()
        .map(|(key, value)| NodeEntry {
            key: key.get_ref().to_string().into(),
            key_span: key.span().into(),
            value: tree(value),
        })
        .collect();
    entries.sort_by_key(|entry| entry.key_span.start);
    NodeData::Map(entries)
}

fn tree(value: &Spanned<DeValue<'_>>) -> Node<'static> {
    let data = match value.get_ref() {
        DeValue::String(text) => NodeData::Text(text.to_string().into()),
        DeValue::Integer(number) => {
            let parsed = i64::from_str_radix(number.as_str(), number.radix());
            parsed.map_or(NodeData::Null, |number| NodeData::Number(number.into()))
        }
        DeValue::Float(number) => {
            let parsed = number.as_str().parse().ok().and_then(Number::from_f64);
            parsed.map_or(NodeData::Null, NodeData::Number)
        }
        DeValue::Boolean(value) => NodeData::Bool(*value),
        DeValue::Datetime(time) => NodeData::Text(time.to_string().into()),
        DeValue::Array(items) => NodeData::List(items.iter().map(tree).collect()),
        DeValue::Table(table) => entries(table),
    };
    Node::new(value.span().into(), data)
}
