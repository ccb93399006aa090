//! `phx audit`: validates commits again, for example in CI, and verifies the ledger.

use serde_json::json;

use super::program;
use super::session::Session;
use crate::cli::{AuditArgs, AuditCommand, ListFormat};
use crate::failure::{CLEAN, FINDINGS, Failure};
use crate::hooks::audit::{Audited, Auditor};
use crate::hooks::verify;
use crate::report::{audit as report, json_text};
use crate::system::disk;
use crate::system::git::git_dirs;
use crate::text::printable;
use crate::workspace::Origin;

pub(super) fn run(session: &Session, arguments: &AuditArgs) -> Result<u8, Failure> {
    if let Some(AuditCommand::Verify { range }) = &arguments.what {
        return verified(session, range.as_deref());
    }
    let range = arguments.range.as_deref().ok_or_else(|| {
        Failure::usage("nothing to audit").hint("run `phx audit --range origin/main..HEAD` or `phx audit verify`")
    })?;
    if !range.contains("..") || range.starts_with("..") {
        return Err(
            Failure::usage(format!("`{range}` is not a valid range")).hint("write a range such as `origin/main..HEAD`")
        );
    }
    let audited = auditor(session)?.commits(&["--end-of-options", range])?;
    let failing = audited.iter().filter(|one| !one.passes()).count();
    let overrides = audited.iter().filter(|one| !one.overrides.is_empty()).count();
    match arguments.output {
        ListFormat::Text => {
            let is_shown = |one: &&Audited| !one.passes() || !one.overrides.is_empty() || !one.warnings.is_empty();
            let shown = audited.iter().filter(is_shown);
            Session::show(&text(shown))?;
        }
        ListFormat::Json => {
            let commits: Vec<_> = audited.iter().map(|one| report::json(&line(one))).collect();
            Session::print(&json_text(&json!({ "version": 1, "commits": commits })))?;
        }
    }
    let plural = |count: usize, word: &str| if count == 1 { format!("1 {word}") } else { format!("{count} {word}s") };
    session.notice(&format!(
        "{}; {} failed validation; {} with an override",
        plural(audited.len(), "commit"),
        failing,
        overrides
    ));
    Ok(if failing > 0 { FINDINGS } else { CLEAN })
}

/// Creates an auditor for the repository of the working directory.
pub(super) fn auditor(session: &Session) -> Result<Auditor, Failure> {
    let cwd = disk::working_directory()
        .map_err(|error| Failure::usage(format!("cannot access the working directory: {}", disk::explain(&error))))?;
    let root = git_dirs::repository(&cwd).ok_or_else(|| Failure::usage("not in a Git repository"))?;
    Ok(Auditor { root, config: session.config.clone(), program: program::facts })
}

/// Renders audited commits as text.
pub(super) fn text<'a>(audited: impl Iterator<Item = &'a Audited>) -> String {
    audited.map(|one| report::text(&line(one))).collect()
}

fn line(one: &Audited) -> report::AuditLine<'_> {
    report::AuditLine {
        id: &one.commit.id,
        at: one.commit.at,
        author: &one.commit.author,
        subject: one.commit.subject(),
        passes: one.passes(),
        problem: one.problem.as_deref(),
        findings: &one.findings,
        warnings: &one.warnings,
        omitted_stale: one.omitted_stale,
        overrides: one.overrides.iter().map(|found| found.text.as_str()).collect(),
    }
}

fn verified(session: &Session, range: Option<&str>) -> Result<u8, Failure> {
    let revision = |name: &str| session.project_from(&Origin::Revision(name.to_owned()));
    let project = if let Some(range) = range {
        let end = range.split_once("..").map_or("HEAD", |(_, end)| end);
        revision(if end.is_empty() || end.starts_with('.') { "HEAD" } else { end })?
    } else {
        let project = session.project_from(&Origin::Worktree)?;
        // A bare repository has records only in revisions.
        if project.is_bare() { revision("HEAD")? } else { project }
    };
    let (count, problems) = verify::ledger(&project.root, &project, range)?;
    for (path, problem) in &problems {
        Session::print(&format!("{}: {}\n", printable::line(path), printable::line(problem)))?;
    }
    let plural = if count == 1 { "" } else { "s" };
    session.notice(&format!("{count} record{plural}, {} invalid", problems.len()));
    Ok(if problems.is_empty() { CLEAN } else { FINDINGS })
}
