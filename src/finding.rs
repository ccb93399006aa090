//! One thing that a rule found: what, where, how bad, and the way out.

use sha2::{Digest, Sha256};

use crate::text::{Edit, Lines, Position, Span};

/// How bad a finding is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Severity {
    /// Worth a look; blocks only where configured.
    Warning,
    /// Must be mended.
    Error,
}

impl Severity {
    /// `error` or `warning`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Warning => "warning",
            Self::Error => "error",
        }
    }
}

/// A file as a finding needs it: its path, its text and its lines.
#[derive(Clone, Copy, Debug)]
pub struct Source<'a> {
    /// Path from the root, with `/`.
    pub path: &'a str,
    /// The text.
    pub text: &'a str,
    /// Its lines.
    pub lines: &'a Lines,
}

/// A span with its lines and columns.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Range {
    /// Bytes, from 0.
    pub bytes: Span,
    /// Line and column of the first character.
    pub start: Position,
    /// Line and column behind the last character.
    pub end: Position,
}

impl Range {
    /// The range of a span in a file.
    pub fn of(source: Source<'_>, span: Span) -> Self {
        let position = |byte| source.lines.position(source.text, byte);
        Self { bytes: span, start: position(span.start), end: position(span.end) }
    }
}

/// The lines around a finding, kept so that a report needs no file.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Excerpt {
    /// Number of the first line, from 1.
    pub line: usize,
    /// Byte offset of the first line in the file.
    pub offset: usize,
    /// The lines, each with its line end.
    pub text: String,
}

impl Excerpt {
    /// The line of a range and the one before it. Of a line longer than 400 bytes only the part around the
    /// range is kept.
    fn around(source: Source<'_>, range: &Range) -> Self {
        let first = range.start.line.saturating_sub(1).max(1);
        let start = source.lines.full_span(source.text, first).start;
        let own = source.lines.full_span(source.text, range.start.line);
        let span = Span::new(start, own.end);
        if span.len() <= 400 {
            return Self { line: first, offset: span.start, text: span.slice(source.text).to_owned() };
        }
        let floor = |at: usize| (0..=at).rev().find(|at| source.text.is_char_boundary(*at)).unwrap_or(0);
        let start = floor(range.bytes.start.saturating_sub(60)).max(own.start);
        let end = floor(own.end.min(range.bytes.start + 200)).max(start);
        Self { line: range.start.line, offset: start, text: source.text[start..end].to_owned() }
    }
}

/// A change that mends a finding, and nothing else.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fix {
    /// What it does, as a command: "declare `sprint_summary`".
    pub title: String,
    /// Each replacement with the range it replaces.
    pub edits: Vec<(Range, String)>,
}

/// One thing that a rule found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// Slug of the rule.
    pub rule: &'static str,
    /// How bad it is.
    pub severity: Severity,
    /// What is wrong: lower case, no full stop.
    pub message: String,
    /// What stands under the place in a snippet; empty for none.
    pub label: String,
    /// Path from the root, with `/`.
    pub path: String,
    /// Where it is.
    pub range: Range,
    /// The lines around.
    pub excerpt: Excerpt,
    /// The way out.
    pub help: String,
    /// A change that mends it.
    pub fix: Option<Fix>,
    /// The same for the same finding when lines above it come and go: 16 hexadecimal digits.
    pub fingerprint: String,
}

impl Finding {
    /// A finding at a span. `subject` tells apart what one rule finds at one place.
    pub fn new(
        rule: &'static str,
        severity: Severity,
        source: Source<'_>,
        span: Span,
        subject: &str,
        message: impl Into<String>,
    ) -> Self {
        let range = Range::of(source, span);
        Self {
            rule,
            severity,
            message: message.into(),
            label: String::new(),
            path: source.path.to_owned(),
            excerpt: Excerpt::around(source, &range),
            fingerprint: fingerprint(&[rule, source.path, subject, span.slice(source.text)]),
            range,
            help: String::new(),
            fix: None,
        }
    }

    /// A finding about a file as a whole, at its first byte.
    pub fn of_file(rule: &'static str, path: &str, message: impl Into<String>) -> Self {
        let lines = Lines::new("");
        let source = Source { path, text: "", lines: &lines };
        Self::new(rule, Severity::Error, source, Span::at(0), "", message)
    }

    /// With the words under the place.
    #[must_use]
    pub fn label(mut self, label: impl Into<String>) -> Self {
        self.label = label.into();
        self
    }

    /// With the way out.
    #[must_use]
    pub fn help(mut self, help: impl Into<String>) -> Self {
        self.help = help.into();
        self
    }

    /// With a change that mends it.
    #[must_use]
    pub fn fix(mut self, source: Source<'_>, title: impl Into<String>, edits: Vec<Edit>) -> Self {
        let edits = edits.into_iter().map(|edit| (Range::of(source, edit.span), edit.text));
        self.fix = Some(Fix { title: title.into(), edits: edits.collect() });
        self
    }

    /// What findings are sorted by: path, line, column, rule; then the message, so that the order is total.
    pub fn key(&self) -> (&str, Position, &str, &str) {
        (&self.path, self.range.start, self.rule, &self.message)
    }
}

/// Sorts findings, and tells apart those that bear one fingerprint by their order.
pub fn sort(findings: &mut [Finding]) {
    findings.sort_by(|a, b| a.key().cmp(&b.key()));
    let mut seen = std::collections::BTreeMap::<String, usize>::new();
    for finding in findings {
        let count = seen.entry(finding.fingerprint.clone()).or_insert(0);
        *count += 1;
        if *count > 1 {
            finding.fingerprint = fingerprint(&[&finding.fingerprint, &count.to_string()]);
        }
    }
}

/// The first 16 hexadecimal digits of the SHA-256 of the parts.
fn fingerprint(parts: &[&str]) -> String {
    let mut hash = Sha256::new();
    for part in parts {
        hash.update(part.as_bytes());
        hash.update([0]);
    }
    let digest = hash.finalize();
    let first = digest.iter().take(8).fold(0_u64, |number, byte| number << 8 | u64::from(*byte));
    format!("{first:016x}")
}
