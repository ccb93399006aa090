//! A declared AUTO section that no AUTO block is.

use std::collections::HashSet;

use super::{Context, Rule, RuleCheck};
use crate::document::nodes::MarkdownNodeKind;
use crate::document::{BlockMode, Declared, Document, fields, names};
use crate::finding::{Finding, Severity};
use crate::text::{Span, lines, slug};

/// The rule.
pub const RULE: Rule = Rule {
    slug: "missing-auto-section",
    severity: Severity::Error,
    summary: "a declared AUTO section that is not there",
    page: include_str!("missing_auto_section.md"),
    options: &[],
    checks: &[RuleCheck::Document(check)],
};

fn check(context: &Context<'_>) -> Vec<Finding> {
    let document = context.document;
    let met: HashSet<&str> =
        document.blocks_of(BlockMode::Auto).filter(|block| block.declared).map(|block| block.name.as_str()).collect();
    let declared = document.governance.auto_sections.iter();
    let open: Vec<&Declared> = declared.filter(|name| !met.contains(name.value.as_str())).collect();
    if open.is_empty() {
        return Vec::new();
    }
    let names: Vec<&str> = open.iter().map(|name| name.value.as_str()).collect();
    let sections = document.meet_sections(&names, &sections_without_blocks(document));
    let say = |(index, name): (usize, &&Declared)| {
        let section = sections.iter().find(|(met, _)| *met == index).map(|(_, section)| *section);
        missing(context, name, section)
    };
    open.iter().enumerate().map(say).collect()
}

fn missing(context: &Context<'_>, name: &Declared, section: Option<usize>) -> Finding {
    let document = context.document;
    let name_text = &name.value;
    if let Some(section) = section {
        let line = document.line(document.outline.sections[section].heading.start);
        let message = format!("`{name_text}` is declared; the section at line {line} has no AUTO marker");
        return context
            .finding_as(&RULE, Severity::Warning, name.span, name_text, message)
            .help("put `<!-- AUTO-GENERATED - DO NOT EDIT -->` and `<!-- END AUTO-GENERATED -->` around its text");
    }
    let labels = labels(document, name_text);
    if let Some(first) = labels.first() {
        let line = document.line(first.start);
        let message = match labels.len() {
            1 => format!("`{name_text}` is declared and is no block but the field at line {line}"),
            count => format!("`{name_text}` is declared and is no block but {count} fields, the first at line {line}"),
        };
        return context
            .finding_as(&RULE, Severity::Warning, name.span, name_text, message)
            .help("take it out of `auto_sections`, or give the block its markers");
    }
    context
        .finding(&RULE, name.span, name_text, format!("`{name_text}` is declared and no AUTO block is there"))
        .help("add the section with its markers, or take the name out of `auto_sections`")
}

/// The sections in which no block stands, however deep.
fn sections_without_blocks(document: &Document) -> Vec<usize> {
    let sections = &document.outline.sections;
    let holds = |span: Span| {
        let first = document.blocks.partition_point(|block| block.opener.start < span.start);
        document.blocks.get(first).is_some_and(|block| block.opener.start < span.end)
    };
    (0..sections.len()).filter(|index| !holds(sections[*index].content)).collect()
}

/// Where the labels stand that bear a name.
fn labels(document: &Document, name: &str) -> Vec<Span> {
    let wanted = slug(name);
    let mut found = Vec::new();
    for node in &document.nodes {
        if !matches!(node.kind, MarkdownNodeKind::Paragraph) {
            continue;
        }
        for line in lines::of(&document.text, node.span) {
            let fields = fields::bold_of_line(&document.text, line);
            let named = fields
                .iter()
                .filter(|field| names::same_in_singular(&slug(field.label.slice(&document.text)), &wanted));
            found.extend(named.map(|field| field.label));
        }
    }
    found
}
