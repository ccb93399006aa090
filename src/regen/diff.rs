//! Unified diffs of documents, with one hunk per group of changes, in the format of `patch -p1`.

use std::fmt::Write;

use similar::{Algorithm, DiffOp, DiffTag, capture_diff_slices, group_diff_ops};

use crate::document::Document;
use crate::text::{Edits, Span};

/// Number of unchanged lines around each change.
const CONTEXT: usize = 3;

/// Returns the diff between a document and its edited version. Each hunk header names the changed blocks, and the
/// provenance that `source` returns for the index of a block.
pub fn unified(document: &Document, edits: &Edits, source: &dyn Fn(usize) -> Option<String>) -> String {
    let new = edits.apply(&document.text);
    let (old, new) = (DiffSide::new(&document.text), DiffSide::new(&new));
    let ops = operations(edits, &old, &new);
    let name = |side: &str| file_name(&format!("{side}/{}", document.path));
    let mut out = format!("--- {}\n+++ {}\n", name("a"), name("b"));
    for hunk in group_diff_ops(ops, CONTEXT) {
        let (Some(first), Some(last)) = (hunk.first(), hunk.last()) else { continue };
        let (old_start, old_end) = (first.old_range().start, last.old_range().end);
        let (new_start, new_end) = (first.new_range().start, last.new_range().end);
        let names = names(document, &old, &hunk, source).join(", ");
        let title = if names.is_empty() { String::new() } else { format!(" {names}") };
        let _ = writeln!(out, "@@ -{} +{} @@{title}", range(old_start, old_end), range(new_start, new_end));
        for op in &hunk {
            match op.tag() {
                DiffTag::Equal => old.write(&mut out, ' ', op.old_range()),
                DiffTag::Delete | DiffTag::Insert | DiffTag::Replace => {
                    old.write(&mut out, '-', op.old_range());
                    new.write(&mut out, '+', op.new_range());
                }
            }
        }
    }
    out
}

/// Returns the hunks between two texts, without headers.
pub fn texts(old: &str, new: &str) -> String {
    let (old, new) = (DiffSide::new(old), DiffSide::new(new));
    let lines =
        |side: &DiffSide<'_>| (0..side.count()).map(|index| side.line(index).trim_end().to_owned()).collect::<Vec<_>>();
    let (before, after) = (lines(&old), lines(&new));
    let mut out = String::new();
    for hunk in group_diff_ops(capture_diff_slices(Algorithm::Myers, &before, &after), CONTEXT) {
        for op in &hunk {
            let mut write = |sign: char, lines: &[String]| {
                for line in lines {
                    let _ = writeln!(out, "{sign}{line}");
                }
            };
            match op.tag() {
                DiffTag::Equal => write(' ', &before[op.old_range()]),
                DiffTag::Delete | DiffTag::Insert | DiffTag::Replace => {
                    write('-', &before[op.old_range()]);
                    write('+', &after[op.new_range()]);
                }
            }
        }
    }
    out
}

/// Formats a name for a diff header: a tab follows a name with a space, and special characters are quoted as in Git.
fn file_name(path: &str) -> String {
    let is_special = |c: char| c.is_control() || matches!(c, '"' | '\\');
    if path.contains(is_special) {
        let escaped = path.chars().map(|c| match c {
            '"' | '\\' => format!("\\{c}"),
            '\t' => "\\t".to_owned(),
            '\n' => "\\n".to_owned(),
            '\r' => "\\r".to_owned(),
            c if c.is_control() => c.to_string().bytes().fold(String::new(), |all, byte| format!("{all}\\{byte:03o}")),
            c => c.to_string(),
        });
        return format!("\"{}\"", escaped.collect::<String>());
    }
    if path.contains(' ') { format!("{path}\t") } else { path.to_owned() }
}

/// One side of a diff, with the start of each line. Only LF ends a line in a diff.
struct DiffSide<'a> {
    text: &'a str,
    starts: Vec<usize>,
}

impl<'a> DiffSide<'a> {
    fn new(text: &'a str) -> Self {
        let after = memchr::memchr_iter(b'\n', text.as_bytes()).map(|at| at + 1);
        let starts = std::iter::once(0).chain(after).filter(|start| *start < text.len());
        Self { text, starts: starts.collect() }
    }

    fn count(&self) -> usize {
        self.starts.len()
    }

    /// Returns a line (from 0) with its line ending.
    fn line(&self, index: usize) -> &'a str {
        let end = self.starts.get(index + 1).copied().unwrap_or(self.text.len());
        self.starts.get(index).map_or("", |start| Span::new(*start, end).slice(self.text))
    }

    /// Returns the offset at which a line (from 0) starts, or the length of the text after the last line.
    fn start(&self, index: usize) -> usize {
        self.starts.get(index).copied().unwrap_or(self.text.len())
    }

    /// Returns the line of a byte, from 0.
    fn line_of(&self, byte: usize) -> usize {
        self.starts.partition_point(|start| *start <= byte).saturating_sub(1)
    }

    /// Returns the lines (from 0) that a span touches.
    fn touched(&self, span: Span) -> std::ops::Range<usize> {
        let end = if span.is_empty() { span.start } else { span.end };
        let first = if span.start >= self.text.len() && self.text.ends_with('\n') {
            self.count()
        } else {
            self.line_of(span.start)
        };
        let last = if span.is_empty() { first } else { self.line_of(end - 1) + 1 };
        first..last.clamp(first, self.count().max(first))
    }

    fn write(&self, out: &mut String, sign: char, range: std::ops::Range<usize>) {
        for index in range {
            let line = self.line(index);
            out.push(sign);
            out.push_str(line);
            if !line.ends_with('\n') {
                out.push_str("\n\\ No newline at end of file\n");
            }
        }
    }
}

/// Returns the diff operations on lines: each edit is diffed separately, everything else is equal.
fn operations(edits: &Edits, old: &DiffSide<'_>, new: &DiffSide<'_>) -> Vec<DiffOp> {
    let moves = edits.moves();
    let mut ops: Vec<DiffOp> = Vec::new();
    let (mut old_at, mut new_at) = (0, 0);
    for edit in edits.iter() {
        let end = moves.of(edit.span.end);
        let mut old_range = old.touched(edit.span);
        let mut new_range = new.touched(Span::new(end - edit.text.len(), end));
        if edit.span.is_empty() && !edit.text.ends_with(['\n', '\r']) {
            // An insertion into a line changes the line.
            old_range.end = (old_range.start + 1).min(old.count());
        }
        old_range.start = old_range.start.max(old_at);
        new_range.start = new_range.start.max(new_at);
        let gap = old_range.start - old_at;
        equal(&mut ops, old_at, new_at, gap);
        let old_lines: Vec<&str> = old_range.clone().map(|index| old.line(index)).collect();
        let new_lines: Vec<&str> = new_range.clone().map(|index| new.line(index)).collect();
        for op in capture_diff_slices(Algorithm::Myers, &old_lines, &new_lines) {
            match op {
                DiffOp::Equal { old_index, new_index, len } => {
                    equal(&mut ops, old_index + old_range.start, new_index + new_range.start, len);
                }
                change => ops.push(shifted(change, old_range.start, new_range.start)),
            }
        }
        (old_at, new_at) = (old_range.end.max(old_at), new_range.end.max(new_at));
    }
    equal(&mut ops, old_at, new_at, old.count() - old_at);
    ops
}

fn equal(ops: &mut Vec<DiffOp>, old_index: usize, new_index: usize, len: usize) {
    if len == 0 {
        return;
    }
    // Adjacent equal runs are merged, otherwise the context between two changes would be counted twice.
    if let Some(DiffOp::Equal { len: last, .. }) = ops.last_mut() {
        *last += len;
    } else {
        ops.push(DiffOp::Equal { old_index, new_index, len });
    }
}

/// Moves the operation of one edit to its position in the whole text.
fn shifted(op: DiffOp, old: usize, new: usize) -> DiffOp {
    match op {
        DiffOp::Equal { .. } => op,
        DiffOp::Delete { old_index, old_len, new_index } => {
            DiffOp::Delete { old_index: old_index + old, old_len, new_index: new_index + new }
        }
        DiffOp::Insert { old_index, new_index, new_len } => {
            DiffOp::Insert { old_index: old_index + old, new_index: new_index + new, new_len }
        }
        DiffOp::Replace { old_index, old_len, new_index, new_len } => {
            DiffOp::Replace { old_index: old_index + old, old_len, new_index: new_index + new, new_len }
        }
    }
}

/// Formats `start,length` for a hunk header: lines count from 1; an empty range has the line before it.
fn range(start: usize, end: usize) -> String {
    match end - start {
        1 => format!("{}", start + 1),
        0 => format!("{start},0"),
        length => format!("{},{length}", start + 1),
    }
}

/// Returns the AUTO blocks that the changed lines of a hunk belong to, with their provenance.
fn names(
    document: &Document,
    old: &DiffSide<'_>,
    hunk: &[DiffOp],
    source: &dyn Fn(usize) -> Option<String>,
) -> Vec<String> {
    let mut names: Vec<String> = Vec::new();
    for op in hunk.iter().filter(|op| op.tag() != DiffTag::Equal) {
        let range = op.old_range();
        let (start, end) = (old.start(range.start), old.start(range.end.max(range.start + 1)));
        let first =
            document.blocks.partition_point(|block| block.closer.map_or(block.opener.end, |end| end.end) <= start);
        let touched = (first..document.blocks.len()).take_while(|at| document.blocks[*at].opener.start < end);
        for at in touched.filter(|at| document.blocks[*at].closer.is_some()) {
            let source = source(at).map_or_else(String::new, |source| format!(" ({source})"));
            let name = format!("{}{source}", document.blocks[at].name);
            if !names.contains(&name) {
                names.push(name);
            }
        }
    }
    names
}
