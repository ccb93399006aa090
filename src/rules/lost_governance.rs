//! Rule: a file that should be governed has no governance block.

use super::{BrokenFile, GovernanceEvidence, Rule, RuleCheck, UnreadReason};
use crate::finding::{Finding, Severity};

pub(super) const RULE: Rule = Rule {
    slug: "lost-governance",
    severity: Severity::Warning,
    summary: "a file that should be governed has no governance block",
    page: include_str!("lost_governance.md"),
    options: &[],
    checks: &[RuleCheck::File(check)],
};

fn check(file: &BrokenFile<'_>) -> Option<Finding> {
    let UnreadReason::Ungoverned(evidence) = file.reason else {
        return None;
    };
    let path = file.folder.quoted(file.path);
    let exclude = "or add the file to `documents.exclude` in phx.toml";
    let (message, help) = match evidence {
        GovernanceEvidence::GovernedBefore => (
            "the change removes the governance block of the document".to_owned(),
            format!("run `git diff HEAD -- {path}` to show the removed front matter and restore it, {exclude}"),
        ),
        GovernanceEvidence::Markers => (
            "the file has a LIVING marker or a checksum, but no governance block".to_owned(),
            format!("restore the front matter with its key `governance:`, or remove the markers, {exclude}"),
        ),
        GovernanceEvidence::Recorded => (
            "the ledger has a review of this file, but it has no governance block".to_owned(),
            format!("restore the front matter with its key `governance:`, {exclude}"),
        ),
        GovernanceEvidence::FileName(kind) => (
            format!("the file has the name of the kind `{kind}`, but no governance block"),
            format!("add the front matter that `phx new {kind} -` prints, {exclude}"),
        ),
        GovernanceEvidence::Link => (
            "the document was replaced by a symbolic link, which phx does not follow".to_owned(),
            format!("run `git checkout HEAD -- {path}` to restore the document, {exclude}"),
        ),
        GovernanceEvidence::OutOfReach(before) => (
            format!("the change moves the document `{before}` to a path that phx does not search for documents"),
            "use the extension `.md` and a path that matches `documents.include` and not `documents.exclude` in phx.toml"
                .to_owned(),
        ),
        GovernanceEvidence::OtherKind { path, before, now } => (
            format!("moving `{path}` to this path changes its kind from `{before}` to `{now}`"),
            format!("add `kind: {before}` to its governance block"),
        ),
    };
    let mut finding = Finding::of_file(RULE.slug, file.path, message).help(help);
    if matches!(evidence, GovernanceEvidence::Markers | GovernanceEvidence::Recorded | GovernanceEvidence::FileName(_))
    {
        finding.severity = Severity::Warning;
    }
    Some(finding)
}
