//! `phx trace`: shows the audit trail of a document or correlation ID.

use std::collections::BTreeMap;
use std::path::Path;

use chrono::{DateTime, Utc};

use super::program;
use super::session::Session;
use crate::cli::{ListFormat, TraceArgs};
use crate::failure::{CLEAN, Failure};
use crate::hooks::overrides;
use crate::ledger;
use crate::report::trace::{self as report, IntroducingCommit, TraceStep};
use crate::rules::RuleRunner;
use crate::system::git::history::{self, Commit};
use crate::validation::Validator;
use crate::workspace::{Origin, Project, paths};

pub(super) fn run(session: &Session, arguments: &TraceArgs) -> Result<u8, Failure> {
    let project = session.project_from(&Origin::Worktree)?;
    let subject = arguments.subject.trim();
    let steps = if crate::document::values::uuid_problem(subject).is_none() {
        vec![of_id(session, &project, subject)?]
    } else {
        of_document(session, &project, subject)?
    };
    if steps.iter().all(|step| step.record.is_none() && step.commits.is_empty()) && steps.len() == 1 {
        let message = format!("no record and no commit found for `{subject}`");
        return Err(Failure::usage(message).hint("run `phx trace DOC` to list the correlation IDs of a document"));
    }
    match arguments.output {
        ListFormat::Text => Session::show(&report::text(&steps))?,
        ListFormat::Json => Session::print(&report::json(&steps))?,
    }
    if history::is_shallow(&project.root) {
        let reach = history::commits(&project.root, &["--all"]).ok().and_then(|all| all.into_iter().next_back());
        let reach = reach.map(|commit| format!(" {} of {}", commit.short(), commit.at.format("%Y-%m-%d")));
        session.notice(&format!("shallow clone: history starts at{}", reach.unwrap_or_default()));
    }
    Ok(CLEAN)
}

/// Returns the record of an ID, and the commits with the ID in a trailer or, if there are none, the commit that
/// introduced it.
fn of_id(session: &Session, project: &Project, id: &str) -> Result<TraceStep, Failure> {
    let grep = format!("--grep={id}");
    let named = history::commits(&project.root, &["--all", "--regexp-ignore-case", "--fixed-strings", &grep]);
    let mut commits: Vec<(Commit, IntroducingCommit)> = history_of(project, named)?
        .into_iter()
        .filter(|commit| overrides::stamps(&commit.message).iter().any(|stamp| stamp.eq_ignore_ascii_case(id)))
        .map(|commit| (commit, IntroducingCommit::Trailer))
        .collect();
    if commits.is_empty() {
        let search = format!("-S{id}");
        let found = history::commits(&project.root, &["--all", "--reverse", &search, "--", "*.md", "*.MD"]);
        commits.extend(history_of(project, found)?.into_iter().next().map(|commit| (commit, IntroducingCommit::Text)));
    }
    commits.sort_by(|a, b| (a.0.at, &a.0.id).cmp(&(b.0.at, &b.0.id)));
    Ok(step(session, project, id, commits))
}

/// Returns the commits that Git found, or none if the repository has no commits.
fn history_of<T: Default>(project: &Project, found: Result<T, String>) -> Result<T, Failure> {
    match found {
        Err(why) if history::has_commits(&project.root) => {
            Err(Failure::usage(format!("cannot read the history: {why}"))
                .hint("run `git fsck` to verify the repository"))
        }
        found => Ok(found.unwrap_or_default()),
    }
}

fn step(session: &Session, project: &Project, id: &str, commits: Vec<(Commit, IntroducingCommit)>) -> TraceStep {
    let rule_runner = RuleRunner::default();
    let record = Validator::new(project, &rule_runner, session.now, program::facts).record(id);
    let line = |(commit, introducing_commit): (Commit, IntroducingCommit)| report::CommitLine {
        id: commit.short().to_owned(),
        at: commit.at,
        subject: commit.subject().to_owned(),
        overrides: overrides::overrides(&commit.message).into_iter().map(|found| found.text).collect(),
        author: commit.author,
        introducing_commit,
    };
    TraceStep {
        id: id.to_owned(),
        record: record.map(|record| report::RecordLine {
            at: record.at,
            file: ledger::file_of(id).unwrap_or_default(),
            actor: record.actor,
            operation: record.operation,
            note: record.note,
            documents: record.documents.into_iter().map(|entry| reviewed(entry, record.at)).collect(),
        }),
        commits: commits.into_iter().map(line).collect(),
    }
}

/// Formats a document of a record, with the reviewed sections if not all sections were reviewed.
fn reviewed(entry: ledger::RecordedDocument, at: DateTime<Utc>) -> String {
    let is_reviewed = |section: &ledger::RecordedSection| section.reviewed == at;
    if entry.sections.values().all(is_reviewed) {
        return entry.path;
    }
    let names: Vec<&str> =
        entry.sections.iter().filter(|(_, section)| is_reviewed(section)).map(|(name, _)| name.as_str()).collect();
    format!("{}: {}", entry.path, names.join(", "))
}

/// Returns the correlation IDs of a document, oldest first, each with its record and commits.
fn of_document(session: &Session, project: &Project, subject: &str) -> Result<Vec<TraceStep>, Failure> {
    let path = paths::relative(&project.root, &paths::absolute(&project.cwd, Path::new(subject)));
    let commits = history_of(project, history::follow_history(&project.root, &path))?;
    let mut order: Vec<String> = Vec::new();
    let mut commits_by_id: BTreeMap<String, Vec<(Commit, IntroducingCommit)>> = BTreeMap::new();
    for (commit, id) in project.ids_of(commits) {
        let stamped = overrides::stamps(&commit.message).contains(&id);
        let known = commits_by_id.entry(id.clone()).or_default();
        let introducing_commit = match (stamped, known.is_empty()) {
            (true, _) => IntroducingCommit::Trailer,
            (false, true) => IntroducingCommit::Text,
            // The commit changed the document without a new stamp.
            (false, false) => IntroducingCommit::Unattributed,
        };
        known.push((commit, introducing_commit));
        if !order.contains(&id) {
            order.push(id);
        }
    }
    if let Some(document) = project.load_path(&path)
        && let Some(id) = document.governance.correlation_id()
        && !order.iter().any(|known| known == id.value)
    {
        order.push(id.value.to_owned());
    }
    if order.is_empty() {
        return Err(Failure::usage(format!("`{subject}` is not a correlation ID or a governed document"))
            .hint("run `phx status` to list governed documents"));
    }
    let steps = order.iter().map(|id| step(session, project, id, commits_by_id.remove(id).unwrap_or_default()));
    Ok(steps.collect())
}
