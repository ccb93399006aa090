//! A conflict that git left in the text.

use super::{Context, Rule, RuleCheck};
use crate::corpus::reviews::STAMP;
use crate::document::{SyntaxError, SyntaxErrorKind};
use crate::finding::{Finding, Severity};

/// The rule.
pub const RULE: Rule = Rule {
    slug: "unresolved-conflict",
    severity: Severity::Error,
    summary: "git left a conflict in the text",
    page: include_str!("unresolved_conflict.md"),
    options: &[],
    checks: &[RuleCheck::Document(check)],
};

fn check(context: &Context<'_>) -> Vec<Finding> {
    let document = context.document;
    let path = context.quoted_path();
    let conflicts = document.syntax_errors.iter().filter(|syntax_error| syntax_error.kind == SyntaxErrorKind::Conflict);
    let say = |syntax_error: &SyntaxError| {
        let text = document.slice(syntax_error.span);
        let stamp = STAMP.iter().any(|key| text.contains(document.dialect.written(key)));
        let help = if stamp || text.contains(" reviewed:") {
            format!(
                "in these lines keep either side (not of the whole file), then `phx review {path}`: it stamps what both made of it"
            )
        } else if text.contains("END AUTO-GENERATED") {
            format!("`phx regen {path}` settles a conflict that lies within one AUTO block")
        } else {
            "keep what is true of both sides, and take the lines with `<`, `=` and `>` out".to_owned()
        };
        context.finding(&RULE, syntax_error.span, "", &syntax_error.message).help(help)
    };
    conflicts.map(say).collect()
}
