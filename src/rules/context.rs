//! What rules are given.

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

/// One document and what it is held against.
#[derive(Clone, Copy, Debug)]
pub struct Context<'a> {
    /// The document.
    pub document: &'a Document,
    /// Its kind.
    pub kind: &'a Kind,
    /// The kind that `paths` of a `[[kind]]` name for it.
    pub claimed: Option<&'a str>,
    /// The known schemas.
    pub catalog: &'a Catalog,
    /// The configuration.
    pub config: &'a Config,
    /// The plans of its AUTO blocks; none where no rule looks at them.
    pub plans: &'a [BlockPlan],
    /// What the repository remembers of it.
    pub past: &'a ReviewHistory,
    /// The time.
    pub now: DateTime<Utc>,
    /// The folder that commands in messages are for.
    pub folder: &'a Folder,
}

/// All documents of a run and what they are held against.
#[derive(Clone, Copy, Debug)]
pub struct Whole<'a> {
    /// The documents.
    pub corpus: &'a Corpus,
    /// The configuration.
    pub config: &'a Config,
    /// Its file.
    pub config_source: Source<'a>,
    /// The known schemas.
    pub catalog: &'a Catalog,
}

/// A file that could not become a document.
#[derive(Clone, Copy, Debug)]
pub struct BrokenFile<'a> {
    /// Its path.
    pub path: &'a str,
    /// Why.
    pub why: &'a UnreadReason,
    /// The folder that commands in messages are for.
    pub folder: &'a Folder,
}

/// Why a file could not become a document.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum UnreadReason {
    /// It cannot be read.
    Unreadable(String),
    /// It is longer than a document may be.
    TooLarge,
    /// It is not governed, although something shows that it should be.
    Ungoverned(GovernanceEvidence),
}

/// What shows that a file should be governed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum GovernanceEvidence {
    /// It was governed before the change.
    GovernedBefore,
    /// It has a LIVING marker or a checksum.
    Markers,
    /// The ledger has a review of it.
    Recorded,
    /// Its name is the file name of this kind.
    FileName(String),
    /// A link has taken its place.
    Link,
    /// The change moves it from this path to where no documents are looked for.
    OutOfReach(String),
    /// The change moves it, and its kind, which its path gave, is another one.
    OtherKind {
        /// The path before.
        path: String,
        /// The kind before.
        before: String,
        /// The kind now.
        now: String,
    },
}

impl<'a> Context<'a> {
    /// The document's file.
    pub fn source(&self) -> Source<'a> {
        Source { path: &self.document.path, text: &self.document.text, lines: &self.document.lines }
    }

    /// The document's path as a word of a command.
    pub fn quoted_path(&self) -> String {
        self.folder.quoted(&self.document.path)
    }

    /// A finding of a rule in the document.
    pub fn finding(&self, rule: &Rule, span: Span, subject: &str, message: impl Into<String>) -> Finding {
        self.finding_as(rule, rule.severity, span, subject, message)
    }

    /// A finding of a rule with a severity of its own.
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

    /// The document's syntax errors of a kind as findings of a rule.
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

    /// The problems of reading of a kind as findings of a rule.
    pub fn problems(&self, rule: &Rule, kind: ProblemKind) -> Vec<Finding> {
        let problems = self.document.problems.iter().filter(|problem| problem.kind == kind);
        let find = |problem: &ReadProblem| {
            let subject = self.document.slice(problem.span);
            self.finding(rule, problem.span, subject, &problem.message).help(&problem.help)
        };
        problems.map(find).collect()
    }

    /// The settings of the document's kind.
    pub fn kind_settings(&self) -> Option<&'a KindSettings> {
        self.config.kind(&self.document.shape.kind)
    }

    /// The settings of a rule.
    pub fn rule_settings(&self, rule: &Rule) -> Option<&'a RuleSettings> {
        self.config.rules.get(rule.slug)
    }

    /// How long an update of the document lasts: what the configuration says, else what its own stamp says, else
    /// what its kind says.
    pub fn window(&self) -> Option<Duration> {
        if let Some(window) = self.kind_settings().and_then(|kind| kind.update_every) {
            return Some(window);
        }
        let own = self.document.governance.stamp().map(|(updated, due)| due.value - updated.value);
        own.filter(|window| *window > Duration::zero()).or_else(|| duration::parse(&self.kind.window))
    }
}

/// A time as messages say it: `2025-09-05 15:35 UTC`.
pub fn say_time(time: DateTime<Utc>) -> String {
    time.format("%Y-%m-%d %H:%M UTC").to_string()
}
