//! Inputs of rules.

use chrono::{DateTime, Duration, Utc};

use super::Rule;
use crate::config::{Config, KindSettings, RuleSettings};
use crate::corpus::Corpus;
use crate::corpus::reviews::ReviewHistory;
use crate::document::{Document, ProblemKind, ReadProblem, SyntaxError, SyntaxErrorKind};
use crate::finding::{Finding, Severity, Source};
use crate::regen::BlockPlan;
use crate::schema::{Catalog, Kind};
use crate::text::{Edit, Folder, Span, duration};

/// Document and the data that it is validated against.
#[derive(Clone, Copy, Debug)]
pub struct Context<'a> {
    pub document: &'a Document,
    pub kind: &'a Kind,
    /// Kind that `paths` of a `[[kind]]` assign to the document.
    pub claimed: Option<&'a str>,
    pub catalog: &'a Catalog,
    pub config: &'a Config,
    /// Plans of its AUTO blocks; empty if no active rule needs them.
    pub plans: &'a [BlockPlan],
    pub reviews: &'a ReviewHistory,
    /// Current time.
    pub now: DateTime<Utc>,
    /// Working directory, to which paths in suggested commands are relative.
    pub folder: &'a Folder,
}

/// All documents of a run and the data that they are validated against.
#[derive(Clone, Copy, Debug)]
pub struct Whole<'a> {
    pub corpus: &'a Corpus,
    pub config: &'a Config,
    /// Source of the configuration file.
    pub config_source: Source<'a>,
    pub catalog: &'a Catalog,
}

/// File that could not be loaded as a document.
#[derive(Clone, Copy, Debug)]
pub struct BrokenFile<'a> {
    /// Path relative to the root.
    pub path: &'a str,
    pub reason: &'a UnreadReason,
    /// Working directory, to which paths in suggested commands are relative.
    pub folder: &'a Folder,
}

/// Reason why a file could not be loaded as a document.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum UnreadReason {
    /// Message of the read error.
    Unreadable(String),
    /// The file exceeds the size limit of documents.
    TooLarge,
    /// The file is not governed, although it should be.
    Ungoverned(GovernanceEvidence),
}

/// Evidence that a file should be governed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum GovernanceEvidence {
    /// The file was governed before the change.
    GovernedBefore,
    /// The file contains a LIVING marker or a checksum.
    Markers,
    /// The ledger has a review of the file.
    Recorded,
    /// The file has the file name of this kind.
    FileName(String),
    /// The document was replaced by a symbolic link.
    Link,
    /// The change moves the document from this path to one that is not searched for documents.
    OutOfReach(String),
    /// The change moves the document, and its kind, which depends on its path, changes.
    OtherKind {
        /// Previous path.
        path: String,
        /// Previous kind.
        before: String,
        /// New kind.
        now: String,
    },
}

impl<'a> Context<'a> {
    pub fn source(&self) -> Source<'a> {
        Source { path: &self.document.path, text: &self.document.text, lines: &self.document.lines }
    }

    /// Returns the path of the document, quoted for a shell.
    pub fn quoted_path(&self) -> String {
        self.folder.quoted(&self.document.path)
    }

    /// Creates a finding with the default severity of its rule.
    pub fn finding(&self, rule: &Rule, span: Span, subject: &str, message: impl Into<String>) -> Finding {
        self.finding_as(rule, rule.severity, span, subject, message)
    }

    /// Creates a finding with a given severity.
    pub fn finding_as(
        &self,
        rule: &Rule,
        severity: Severity,
        span: Span,
        subject: &str,
        message: impl Into<String>,
    ) -> Finding {
        Finding::new(rule.slug, severity, self.source(), span, subject, message)
    }

    /// Converts the syntax errors of a kind to findings, with a fix if the error has a replacement.
    pub fn syntax_errors(&self, rule: &Rule, kind: SyntaxErrorKind) -> Vec<Finding> {
        let syntax_errors = self.document.syntax_errors.iter().filter(|syntax_error| syntax_error.kind == kind);
        let find = |syntax_error: &SyntaxError| {
            let finding = self
                .finding(rule, syntax_error.span, &syntax_error.message, &syntax_error.message)
                .help(&syntax_error.help);
            match &syntax_error.replacement {
                Some(text) => {
                    let edit = Edit::replace(syntax_error.span, text);
                    finding.fix(self.source(), format!("write `{text}`"), vec![edit])
                }
                None => finding,
            }
        };
        syntax_errors.map(find).collect()
    }

    /// Converts the read problems of a kind to findings.
    pub fn problems(&self, rule: &Rule, kind: ProblemKind) -> Vec<Finding> {
        let problems = self.document.problems.iter().filter(|problem| problem.kind == kind);
        let find = |problem: &ReadProblem| {
            let subject = self.document.slice(problem.span);
            self.finding(rule, problem.span, subject, &problem.message).help(&problem.help)
        };
        problems.map(find).collect()
    }

    pub fn kind_settings(&self) -> Option<&'a KindSettings> {
        self.config.kind(&self.document.shape.kind)
    }

    pub fn rule_settings(&self, rule: &Rule) -> Option<&'a RuleSettings> {
        self.config.rules.get(rule.slug)
    }

    /// Returns the window of the document: from the configuration, else from its stamp, else the default of its kind.
    pub fn window(&self) -> Option<Duration> {
        if let Some(window) = self.kind_settings().and_then(|kind| kind.update_every) {
            return Some(window);
        }
        let own = self.document.governance.stamp().map(|(updated, due)| due.value - updated.value);
        own.filter(|window| *window > Duration::zero()).or_else(|| duration::parse(&self.kind.window))
    }
}

/// Formats a time for messages, such as `2025-09-05 15:35 UTC`.
pub fn format_time(time: DateTime<Utc>) -> String {
    time.format("%Y-%m-%d %H:%M UTC").to_string()
}
