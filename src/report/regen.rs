//! Output of `phx regen`: diffs, JSON, notices and a summary.

use chrono::{DateTime, Utc};
use serde_json::{Value, json};

use super::{Color, rfc3339};
use crate::regen::block_results::{BlockResult, BlockStatus, Rewritten};
use crate::text::{Folder, printable};

/// Options of the run that affect the report.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Options<'a> {
    /// Whether the run only compared and wrote nothing.
    pub check: bool,
    /// Command-line options that the suggested command must repeat, each preceded by a space.
    pub again: &'a str,
    /// Whether each source of facts is listed.
    pub verbose: bool,
    /// Current time that the run used.
    pub now: DateTime<Utc>,
    /// Working directory, to which shown paths are relative.
    pub folder: &'a Folder,
}

/// Concatenates all diffs, in a form that `patch -p1` accepts.
pub(crate) fn diffs(documents: &[Rewritten], color: Color) -> String {
    let diffs: String = documents.iter().map(|document| document.diff.as_str()).collect();
    colored(&diffs, color)
}

/// Escapes control characters in a diff and adds colors.
pub(crate) fn colored(diff: &str, color: Color) -> String {
    let code = |line: &str| match line.as_bytes() {
        [b'-', b'-', b'-', b' ', ..] | [b'+', b'+', b'+', b' ', ..] => Some("1"),
        [b'-', ..] => Some("31"),
        [b'+', ..] => Some("32"),
        [b'@', ..] => Some("36"),
        _ => None,
    };
    let line = |line: &str| match code(line) {
        Some(code) => format!("\u{1b}[{code}m{line}\u{1b}[0m\n"),
        None => format!("{line}\n"),
    };
    let diff = printable::lines(diff);
    match color {
        Color::Plain => diff.into_owned(),
        Color::Ansi => diff.lines().map(line).collect(),
    }
}

/// Renders one JSON object, version 1 (`schemas/regen.schema.json`).
pub(crate) fn json(documents: &[Rewritten], options: Options<'_>) -> String {
    let value = json!({
        "version": 1,
        "now": rfc3339(options.now),
        "mode": if options.check { "check" } else { "write" },
        "documents": documents.iter().map(document_json).collect::<Vec<_>>(),
    });
    super::json_text(&value)
}

fn document_json(document: &Rewritten) -> Value {
    let blocks: Vec<Value> = document.blocks.iter().map(block_json).collect();
    let diff = (!document.diff.is_empty()).then_some(&document.diff);
    json!({ "path": document.path, "problem": document.problem, "blocks": blocks, "diff": diff })
}

fn block_json(block: &BlockResult) -> Value {
    let kept = block.unavailable_facts.iter().map(|kept| json!({ "label": kept.label, "source": kept.source }));
    json!({
        "name": block.name,
        "line": block.line,
        "outcome": block.what.name(),
        "changes": block.changes,
        "reason": block.what.reason(),
        "warnings": block.warnings,
        "kept": kept.collect::<Vec<_>>(),
    })
}

/// Returns notices about written blocks, warnings and values that were kept because a fact is unavailable.
pub(crate) fn notices(documents: &[Rewritten], options: Options<'_>) -> Vec<String> {
    let mut notices = Vec::new();
    for document in documents {
        for block in &document.blocks {
            let location = format!("{}:{}: `{}`", options.folder.display_path(&document.path), block.line, block.name);
            if block.what == BlockStatus::Written {
                let what = if block.changes.is_empty() { String::new() } else { format!(": {}", block.changes) };
                notices.push(format!("{location} written{what}"));
            }
            if options.verbose
                && matches!(block.what, BlockStatus::Written | BlockStatus::Outdated | BlockStatus::Current)
            {
                notices.extend(
                    block.items.iter().map(|(title, line)| format!("{location} counts `{title}` (line {line})")),
                );
            }
            notices.extend(block.warnings.iter().map(|warning| format!("warning: {location}: {warning}")));
            if options.verbose && block.what == BlockStatus::NoTemplate {
                notices.push(format!("{location} has no template"));
            }
            if options.verbose || !options.check {
                notices.extend(unavailable(&location, block, options.verbose));
            }
        }
    }
    notices
}

/// Returns one notice per block that lists the sources to configure or, if verbose, one notice per unavailable fact.
fn unavailable(location: &str, block: &BlockResult, verbose: bool) -> Vec<String> {
    if block.unavailable_facts.is_empty()
        || matches!(block.what, BlockStatus::Failed(_) | BlockStatus::Edited(_) | BlockStatus::Blocked(_))
    {
        return Vec::new();
    }
    if verbose {
        let notice = |label: &str, source: &str| match label {
            "" => format!("{location} uses an unavailable fact: {source}"),
            label => format!("{location} keeps `{label}`; to update it, {source}"),
        };
        return block.unavailable_facts.iter().map(|kept| notice(&kept.label, &kept.source)).collect();
    }
    let mut sources: Vec<&str> = block.unavailable_facts.iter().map(|kept| kept.source.as_str()).collect();
    sources.dedup();
    vec![format!("{location} keeps values of unavailable facts; to update them, {}", joined(&sources))]
}

/// Joins sources; sources of the form `set X in phx.toml` become `set a, b and c in phx.toml`.
fn joined(sources: &[&str]) -> String {
    let keys: Option<Vec<&str>> =
        sources.iter().map(|source| source.strip_prefix("set ")?.strip_suffix(" in phx.toml")).collect();
    match keys.as_deref() {
        Some([]) | None => sources.join("; "),
        Some([one]) => format!("set {one} in phx.toml"),
        Some([others @ .., last]) => format!("set {} and {last} in phx.toml", others.join(", ")),
    }
}

/// Returns one error per document or block that was not written, with its location and help.
pub(crate) fn problems(documents: &[Rewritten], folder: &Folder) -> Vec<String> {
    let mut problems = Vec::new();
    for document in documents {
        if let Some(problem) = &document.problem {
            problems.push(format!("error: {}: {problem}", folder.display_path(&document.path)));
        }
        for block in &document.blocks {
            if let Some(reason) = block.what.reason() {
                let location = format!("{}:{}", folder.display_path(&document.path), block.line);
                problems.push(format!("error: {location}: AUTO block `{}` was not written: {reason}", block.name));
            }
        }
    }
    problems.iter().map(|problem| printable::line(problem).into_owned()).collect()
}

/// Returns a summary and, if blocks are outdated, the command that updates them.
pub(crate) fn summary(documents: &[Rewritten], options: Options<'_>) -> String {
    let blocks = |count: usize| if count == 1 { "1 AUTO block".to_owned() } else { format!("{count} AUTO blocks") };
    let count = |what: &BlockStatus| documents.iter().map(|document| document.count(what)).sum::<usize>();
    let all = blocks(documents.iter().map(|document| document.blocks.len()).sum());
    let (written, outdated) = (count(&BlockStatus::Written), count(&BlockStatus::Outdated));
    if outdated == 0 && (options.check || written == 0) {
        return format!("no changes to write in {all}");
    }
    if !options.check {
        return format!("{written} of {all} written");
    }
    let paths: Vec<String> = documents
        .iter()
        .filter(|document| document.count(&BlockStatus::Outdated) > 0)
        .map(|document| options.folder.quoted(&document.path))
        .collect();
    let paths = if paths.len() > 5 { String::new() } else { format!(" {}", paths.join(" ")) };
    format!("{outdated} of {all} outdated; run `phx regen{}{paths}` to update", options.again)
}
