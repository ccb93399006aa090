//! What `phx regen` did or would do: diffs, JSON, and words.

use chrono::{DateTime, Utc};
use serde_json::{Value, json};

use super::{Color, rfc3339};
use crate::regen::block_results::{BlockResult, BlockStatus, Rewritten};
use crate::text::{Folder, printable};

/// What a report needs to know of the run.
#[derive(Clone, Copy, Debug)]
pub struct Options<'a> {
    /// Whether nothing was written.
    pub check: bool,
    /// The options that the command needs again to write what is shown, each with a space before it.
    pub again: &'a str,
    /// Whether each source of facts is named.
    pub verbose: bool,
    /// The time that was used.
    pub now: DateTime<Utc>,
    /// The folder that people read paths from.
    pub folder: &'a Folder,
}

/// All diffs, as `patch -p1` applies them.
pub fn diffs(documents: &[Rewritten], color: Color) -> String {
    let diffs: String = documents.iter().map(|document| document.diff.as_str()).collect();
    colored(&diffs, color)
}

/// A diff as a terminal shows it.
pub fn colored(diff: &str, color: Color) -> String {
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

/// One JSON object, version 1. Its shape is `schemas/regen.schema.json`.
pub fn json(documents: &[Rewritten], options: Options<'_>) -> String {
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
    let kept = block.kept.iter().map(|kept| json!({ "label": kept.label, "source": kept.source }));
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

/// What was written, and what stayed for want of a fact.
pub fn notices(documents: &[Rewritten], options: Options<'_>) -> Vec<String> {
    let mut notices = Vec::new();
    for document in documents {
        for block in &document.blocks {
            let place = format!("{}:{}: `{}`", options.folder.shown(&document.path), block.line, block.name);
            if block.what == BlockStatus::Written {
                let what = if block.changes.is_empty() { String::new() } else { format!(": {}", block.changes) };
                notices.push(format!("{place} written{what}"));
            }
            if options.verbose
                && matches!(block.what, BlockStatus::Written | BlockStatus::Outdated | BlockStatus::Current)
            {
                notices
                    .extend(block.items.iter().map(|(title, line)| format!("{place} counts `{title}` (line {line})")));
            }
            notices.extend(block.warnings.iter().map(|warning| format!("warning: {place}: {warning}")));
            if options.verbose && block.what == BlockStatus::NoTemplate {
                notices.push(format!("{place} has no template"));
            }
            if options.verbose || !options.check {
                notices.extend(kept(&place, block, options.verbose));
            }
        }
    }
    notices
}

/// One notice a block names the sources to configure; each of them has its own where more is to be said.
fn kept(place: &str, block: &BlockResult, verbose: bool) -> Vec<String> {
    if block.kept.is_empty()
        || matches!(block.what, BlockStatus::Failed(_) | BlockStatus::Edited(_) | BlockStatus::Blocked(_))
    {
        return Vec::new();
    }
    if verbose {
        let say = |label: &str, source: &str| match label {
            "" => format!("{place} lacks a fact: {source}"),
            label => format!("{place} keeps `{label}`: to have it written, {source}"),
        };
        return block.kept.iter().map(|kept| say(&kept.label, &kept.source)).collect();
    }
    let mut sources: Vec<&str> = block.kept.iter().map(|kept| kept.source.as_str()).collect();
    sources.dedup();
    vec![format!("{place} keeps what no fact gives: {}", joined(&sources))]
}

/// `set a, b and c in phx.toml` for sources of one form.
fn joined(sources: &[&str]) -> String {
    let keys: Option<Vec<&str>> =
        sources.iter().map(|source| source.strip_prefix("set ")?.strip_suffix(" in phx.toml")).collect();
    match keys.as_deref() {
        Some([]) | None => sources.join("; "),
        Some([one]) => format!("set {one} in phx.toml"),
        Some([most @ .., last]) => format!("set {} and {last} in phx.toml", most.join(", ")),
    }
}

/// What could not be written, with its place and the way out.
pub fn problems(documents: &[Rewritten], folder: &Folder) -> Vec<String> {
    let mut problems = Vec::new();
    for document in documents {
        if let Some(problem) = &document.problem {
            problems.push(format!("error: {}: {problem}", folder.shown(&document.path)));
        }
        for block in &document.blocks {
            if let Some(reason) = block.what.reason() {
                let place = format!("{}:{}", folder.shown(&document.path), block.line);
                problems.push(format!("error: {place}: AUTO block `{}` was not written: {reason}", block.name));
            }
        }
    }
    problems.iter().map(|problem| printable::line(problem).into_owned()).collect()
}

/// What the run came to, and the command that mends what is outdated.
pub fn summary(documents: &[Rewritten], options: Options<'_>) -> String {
    let blocks = |count: usize| if count == 1 { "1 AUTO block".to_owned() } else { format!("{count} AUTO blocks") };
    let count = |what: &BlockStatus| documents.iter().map(|document| document.count(what)).sum::<usize>();
    let all = blocks(documents.iter().map(|document| document.blocks.len()).sum());
    let (written, outdated) = (count(&BlockStatus::Written), count(&BlockStatus::Outdated));
    if outdated == 0 && (options.check || written == 0) {
        return format!("nothing to write in {all}");
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
    format!("{outdated} of {all} outdated: `phx regen{}{paths}` writes what is shown", options.again)
}
