//! Rule: a name in `manual_sections` matches no MANUAL section.

use std::collections::HashSet;

use super::{Context, Rule, RuleCheck};
use crate::document::{BlockMode, Declared};
use crate::finding::{Finding, Severity};
use crate::text::{Edit, lines};

pub(super) const RULE: Rule = Rule {
    slug: "missing-manual-section",
    severity: Severity::Warning,
    summary: "a name in `manual_sections` matches no MANUAL section",
    page: include_str!("missing_manual_section.md"),
    options: &[],
    checks: &[RuleCheck::Document(check)],
};

fn check(context: &Context<'_>) -> Vec<Finding> {
    let document = context.document;
    let matched: HashSet<&str> =
        document.blocks_of(BlockMode::Manual).filter(|block| block.declared).map(|block| block.name.as_str()).collect();
    let declared = document.governance.manual_sections.iter().enumerate();
    let missing_names = declared.filter(|(_, name)| !matched.contains(name.value.as_str()));
    missing_names
        .map(|(index, name)| {
            let unmarked = document.unmarked.iter().find(|(matched, _)| *matched == index);
            missing(context, name, unmarked.map(|(_, section)| *section))
        })
        .collect()
}

fn missing(context: &Context<'_>, name: &Declared, section: Option<usize>) -> Finding {
    let document = context.document;
    let name_text = &name.value;
    let key = document.dialect.written("manual_sections");
    let Some(section) = section else {
        let message = format!("`{name_text}` is declared in `{key}`, but no section matches");
        return context
            .finding(&RULE, name.span, name_text, message)
            .help(format!("add the section with a MANUAL marker, or remove the name from `{key}`"));
    };
    let section = &document.outline.sections[section];
    let line = document.line(section.heading.start);
    let message = format!("`{name_text}` is declared in `{key}`, but the section at line {line} has no MANUAL marker");
    let below = document.line(section.content.start.max(1) - 1);
    let at = document.lines.span(&document.text, below).end;
    let marker = format!("{}<!-- MANUAL - REQUIRES REVIEW -->", lines::ending(&document.text));
    context
        .finding(&RULE, name.span, name_text, message)
        .help("add `<!-- MANUAL - REQUIRES REVIEW -->` below its heading")
        .fix(context.source(), format!("mark the section at line {line} as MANUAL"), vec![Edit::insert(at, marker)])
}
