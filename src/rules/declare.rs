//! Findings for undeclared blocks, and the fix that adds a name to `auto_sections` or `manual_sections`.

use std::collections::HashSet;

use super::{Context, Rule};
use crate::document::{BlockMode, Document};
use crate::finding::Finding;
use crate::text::{Edit, NodeData, Span, lines};

/// Returns edits that add `name` to the list of a key, or `None` if the YAML syntax of the list is not supported.
pub fn edits(document: &Document, key: &str, name: &str) -> Option<Vec<Edit>> {
    let text = &document.text;
    let Some(entry) = document.governance.entry(key) else {
        return new_key(document, key, name);
    };
    let span = entry.value.span;
    match &entry.value.data {
        NodeData::Null => Some(vec![Edit::insert(entry.key_span.end + 1, format!(" [{name}]"))]),
        NodeData::List(items) if span.slice(text).starts_with('[') => {
            let close = span.start + span.slice(text).rfind(']')?;
            let last = items.last().map(|item| item.span.end);
            Some(vec![match last {
                Some(end) => Edit::insert(end, format!(", {name}")),
                None => Edit::insert(close, name),
            }])
        }
        NodeData::List(items) => {
            let last = items.last()?.span;
            let line = document.lines.span(text, document.line(last.start));
            let indent = line.slice(text).split('-').next()?;
            let is_own_line = indent.trim().is_empty() && line.covers(last);
            is_own_line.then(|| vec![Edit::insert(line.end, format!("{}{indent}- {name}", lines::ending(text)))])
        }
        _ => None,
    }
}

/// Returns an edit that adds the key on a new line after the last key of the block.
fn new_key(document: &Document, key: &str, name: &str) -> Option<Vec<Edit>> {
    let text = &document.text;
    let tree = document.governance.tree.as_ref()?;
    let last = tree.entries().last()?;
    let first = tree.entries().first()?;
    let line = document.lines.span(text, document.line(first.key_span.start));
    let indent = Span::new(line.start, first.key_span.start).slice(text);
    if !indent.trim().is_empty() {
        return None;
    }
    let end = last.value.span.end.max(last.key_span.end);
    let line = document.lines.span(text, document.line(end.saturating_sub(1)));
    let written = document.dialect.written(key);
    Some(vec![Edit::insert(line.end, format!("{}{indent}{written}: [{name}]", lines::ending(text)))])
}

/// Returns one finding per name of undeclared blocks of a mode, with a fix if possible.
pub fn undeclared(context: &Context<'_>, rule: &Rule, mode: BlockMode) -> Vec<Finding> {
    let document = context.document;
    if !document.has_governance() {
        return Vec::new();
    }
    let (key, word) = match mode {
        BlockMode::Auto => ("auto_sections", "AUTO block"),
        BlockMode::Manual => ("manual_sections", "MANUAL section"),
    };
    let written = document.dialect.written(key);
    let mut seen = HashSet::new();
    let mut findings = Vec::new();
    for block in document.blocks_of(mode) {
        if block.declared || !seen.insert(block.name.as_str()) {
            continue;
        }
        let name = &block.name;
        let message = format!("{word} `{name}` is not declared");
        let help = format!("add `{name}` to `{written}`");
        let finding = context.finding(rule, block.opener, name, message).help(help);
        findings.push(match edits(document, key, name) {
            Some(edits) => finding.fix(context.source(), format!("declare `{name}`"), edits),
            None => finding,
        });
    }
    findings
}
