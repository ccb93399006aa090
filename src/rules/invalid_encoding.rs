//! Rule: a document contains invalid UTF-8 or a NUL byte.

use super::{Context, Rule, RuleCheck};
use crate::document::SyntaxErrorKind;
use crate::finding::{Finding, Severity};

pub(super) const RULE: Rule = Rule {
    slug: "invalid-encoding",
    severity: Severity::Error,
    summary: "the document contains invalid UTF-8 or a NUL byte",
    page: include_str!("invalid_encoding.md"),
    options: &[],
    checks: &[RuleCheck::Document(check)],
};

fn check(context: &Context<'_>) -> Vec<Finding> {
    context.syntax_errors(&RULE, SyntaxErrorKind::Encoding)
}
