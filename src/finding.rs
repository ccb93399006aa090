//! Findings: problems reported by rules, with severity, location, help and optional fix.

use sha2::{Digest, Sha256};

use crate::text::{Edit, Lines, Position, Span};

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Severity {
    /// Fails a run only with `--fail-on warning` or `enforcement.level = "strict"`.
    Warning,
    /// Fails a run unless `enforcement.level` is `advisory`.
    Error,
}

impl Severity {
    /// Returns `error` or `warning`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Warning => "warning",
            Self::Error => "error",
        }
    }
}

/// File that findings refer to.
#[derive(Clone, Copy, Debug)]
pub struct Source<'a> {
    /// Path relative to the root, with `/` as separator.
    pub path: &'a str,
    pub text: &'a str,
    /// Line index of `text`.
    pub lines: &'a Lines,
}

/// Byte span with its lines and columns.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Range {
    /// Byte span, 0-based.
    pub bytes: Span,
    /// Line and column of the first character.
    pub start: Position,
    /// Line and column after the last character.
    pub end: Position,
}

impl Range {
    /// Computes lines and columns of a span in a file.
    pub fn of(source: Source<'_>, span: Span) -> Self {
        let position = |byte| source.lines.position(source.text, byte);
        Self { bytes: span, start: position(span.start), end: position(span.end) }
    }
}

/// Lines around a finding, copied so that reports need not read the file again.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Excerpt {
    /// Number of the first line, 1-based.
    pub line: usize,
    /// Byte offset of `text` in the file.
    pub offset: usize,
    /// Lines including their line endings.
    pub text: String,
}

impl Excerpt {
    /// Returns the first line of a range and the line before it. If they are longer than 400 bytes, returns only the
    /// part of the line from 60 bytes before to 200 bytes after the start of the range.
    fn around(source: Source<'_>, range: &Range) -> Self {
        let first = range.start.line.saturating_sub(1).max(1);
        let start = source.lines.full_span(source.text, first).start;
        let own = source.lines.full_span(source.text, range.start.line);
        let span = Span::new(start, own.end);
        if span.len() <= 400 {
            return Self { line: first, offset: span.start, text: span.slice(source.text).to_owned() };
        }
        let char_boundary = |at: usize| (0..=at).rev().find(|at| source.text.is_char_boundary(*at)).unwrap_or(0);
        let start = char_boundary(range.bytes.start.saturating_sub(60)).max(own.start);
        let end = char_boundary(own.end.min(range.bytes.start + 200)).max(start);
        Self { line: range.start.line, offset: start, text: source.text[start..end].to_owned() }
    }
}

/// Edits that resolve a finding.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fix {
    /// Description in the imperative, for example "declare `sprint_summary`".
    pub title: String,
    /// Replaced ranges with their replacement texts.
    pub edits: Vec<(Range, String)>,
}

/// Problem reported by a rule.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// Slug of the rule.
    pub rule: &'static str,
    pub severity: Severity,
    /// Description of the problem: lower case, without a full stop.
    pub message: String,
    /// Annotation below the marked location in a snippet; empty if there is none.
    pub label: String,
    /// Path relative to the root, with `/` as separator.
    pub path: String,
    pub range: Range,
    pub excerpt: Excerpt,
    /// Instruction that resolves the finding.
    pub help: String,
    /// Edits that phx can apply.
    pub fix: Option<Fix>,
    /// Identifier that stays the same if lines above the finding are added or removed: 16 hexadecimal digits.
    pub fingerprint: String,
}

impl Finding {
    /// Creates a finding at a span. `subject` distinguishes several findings of one rule at the same location.
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

    /// Creates an error for a whole file, located at its first byte.
    pub fn of_file(rule: &'static str, path: &str, message: impl Into<String>) -> Self {
        let lines = Lines::new("");
        let source = Source { path, text: "", lines: &lines };
        Self::new(rule, Severity::Error, source, Span::at(0), "", message)
    }

    /// Sets the annotation below the marked location.
    #[must_use]
    pub fn label(mut self, label: impl Into<String>) -> Self {
        self.label = label.into();
        self
    }

    /// Sets the instruction that resolves the finding.
    #[must_use]
    pub fn help(mut self, help: impl Into<String>) -> Self {
        self.help = help.into();
        self
    }

    /// Sets the edits that resolve the finding.
    #[must_use]
    pub fn fix(mut self, source: Source<'_>, title: impl Into<String>, edits: Vec<Edit>) -> Self {
        let edits = edits.into_iter().map(|edit| (Range::of(source, edit.span), edit.text));
        self.fix = Some(Fix { title: title.into(), edits: edits.collect() });
        self
    }

    /// Returns the sort key: path, position, rule, and the message, so that the order is total.
    pub fn key(&self) -> (&str, Position, &str, &str) {
        (&self.path, self.range.start, self.rule, &self.message)
    }
}

/// Sorts findings and makes fingerprints unique: repeated fingerprints are hashed with their occurrence number.
pub(crate) fn sort(findings: &mut [Finding]) {
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

/// Returns the first 16 hexadecimal digits of the SHA-256 of the parts, each followed by a NUL byte.
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
