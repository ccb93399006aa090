//! Rule: a document contains conflict markers of Git.

use super::{Context, Rule, RuleCheck};
use crate::corpus::reviews::STAMP;
use crate::document::{SyntaxError, SyntaxErrorKind};
use crate::finding::{Finding, Severity};

pub(super) const RULE: Rule = Rule {
    slug: "unresolved-conflict",
    severity: Severity::Error,
    summary: "the document contains conflict markers of Git",
    page: include_str!("unresolved_conflict.md"),
    options: &[],
    checks: &[RuleCheck::Document(check)],
};

fn check(context: &Context<'_>) -> Vec<Finding> {
    let document = context.document;
    let path = context.quoted_path();
    let conflicts = document.syntax_errors.iter().filter(|syntax_error| syntax_error.kind == SyntaxErrorKind::Conflict);
    let to_finding = |syntax_error: &SyntaxError| {
        let text = document.slice(syntax_error.span);
        let stamp = STAMP.iter().any(|key| text.contains(document.dialect.written(key)));
        let help = if stamp || text.contains(" reviewed:") {
            format!(
                "keep one side of these lines (not of the whole file), then run `phx review {path}` to stamp the merged document"
            )
        } else if text.contains("END AUTO-GENERATED") {
            format!("run `phx regen {path}` to resolve a conflict inside one AUTO block")
        } else {
            "merge both sides, and remove the lines that start with `<`, `=` and `>`".to_owned()
        };
        context.finding(&RULE, syntax_error.span, "", &syntax_error.message).help(help)
    };
    conflicts.map(to_finding).collect()
}
