//! Rule: a name in `auto_sections` matches no AUTO block.

use std::collections::HashSet;

use super::{Context, Rule, RuleCheck};
use crate::document::nodes::MarkdownNodeKind;
use crate::document::{BlockMode, Declared, Document, fields, names};
use crate::finding::{Finding, Severity};
use crate::text::{Span, lines, slug};

pub(super) const RULE: Rule = Rule {
    slug: "missing-auto-section",
    severity: Severity::Error,
    summary: "a name in `auto_sections` matches no AUTO block",
    page: include_str!("missing_auto_section.md"),
    options: &[],
    checks: &[RuleCheck::Document(check)],
};

fn check(context: &Context<'_>) -> Vec<Finding> {
    let document = context.document;
    let matched: HashSet<&str> =
        document.blocks_of(BlockMode::Auto).filter(|block| block.declared).map(|block| block.name.as_str()).collect();
    let declared = document.governance.auto_sections.iter();
    let missing_names: Vec<&Declared> = declared.filter(|name| !matched.contains(name.value.as_str())).collect();
    if missing_names.is_empty() {
        return Vec::new();
    }
    let names: Vec<&str> = missing_names.iter().map(|name| name.value.as_str()).collect();
    let sections = document.match_sections(&names, &sections_without_blocks(document));
    let to_finding = |(index, name): (usize, &&Declared)| {
        let section = sections.iter().find(|(matched, _)| *matched == index).map(|(_, section)| *section);
        missing(context, name, section)
    };
    missing_names.iter().enumerate().map(to_finding).collect()
}

fn missing(context: &Context<'_>, name: &Declared, section: Option<usize>) -> Finding {
    let document = context.document;
    let name_text = &name.value;
    let key = document.dialect.written("auto_sections");
    if let Some(section) = section {
        let line = document.line(document.outline.sections[section].heading.start);
        let message =
            format!("`{name_text}` is declared in `{key}`, but the section at line {line} has no AUTO marker");
        return context.finding_as(&RULE, Severity::Warning, name.span, name_text, message).help(
            "add `<!-- AUTO-GENERATED - DO NOT EDIT -->` before its text and `<!-- END AUTO-GENERATED -->` after it",
        );
    }
    let labels = labels(document, name_text);
    if let Some(first) = labels.first() {
        let line = document.line(first.start);
        let message = match labels.len() {
            1 => format!("`{name_text}` is declared in `{key}`, but the field at line {line} is not an AUTO block"),
            count => format!(
                "`{name_text}` is declared in `{key}`, but {count} fields (first at line {line}) are not an AUTO block"
            ),
        };
        return context
            .finding_as(&RULE, Severity::Warning, name.span, name_text, message)
            .help(format!("remove the name from `{key}`, or add AUTO markers"));
    }
    context
        .finding(
            &RULE,
            name.span,
            name_text,
            format!("`{name_text}` is declared in `{key}`, but no AUTO block matches"),
        )
        .help(format!("add an AUTO block with this name, or remove the name from `{key}`"))
}

/// Returns the indices of sections that contain no block at any depth.
fn sections_without_blocks(document: &Document) -> Vec<usize> {
    let sections = &document.outline.sections;
    let contains_block = |span: Span| {
        let first = document.blocks.partition_point(|block| block.opener.start < span.start);
        document.blocks.get(first).is_some_and(|block| block.opener.start < span.end)
    };
    (0..sections.len()).filter(|index| !contains_block(sections[*index].content)).collect()
}

/// Returns the spans of field labels with a name.
fn labels(document: &Document, name: &str) -> Vec<Span> {
    let expected = slug(name);
    let mut found = Vec::new();
    for node in &document.nodes {
        if !matches!(node.kind, MarkdownNodeKind::Paragraph) {
            continue;
        }
        for line in lines::of(&document.text, node.span) {
            let fields = fields::bold_of_line(&document.text, line);
            let named = fields
                .iter()
                .filter(|field| names::same_in_singular(&slug(field.label.slice(&document.text)), &expected));
            found.extend(named.map(|field| field.label));
        }
    }
    found
}
