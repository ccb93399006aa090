//! The configuration file `phx.toml`: parsing and settings. Errors in it are reported as findings with locations.

pub mod doctor;
pub mod globs;
pub mod raw;
pub mod reader;
pub mod tables;

use std::collections::BTreeMap;

use chrono::Duration;

pub use doctor::DoctorSettings;
pub use globs::Globs;

use crate::finding::Finding;
use crate::text::{Lines, Node, NodeEntry, Span};
use reader::ConfigReader;

pub const FILE: &str = "phx.toml";

#[derive(Clone, Debug)]
pub struct Config {
    pub documents: DocumentSettings,
    /// Settings for kinds, in file order.
    pub kinds: Vec<KindSettings>,
    pub front_matter: FrontMatter,
    /// Settings for rules, by slug.
    pub rules: BTreeMap<String, RuleSettings>,
    pub enforcement: Enforcement,
    pub hook: HookSettings,
    /// Content of `[facts]`.
    pub facts: Option<Node<'static>>,
    pub coverage: Coverage,
    pub doctor: DoctorSettings,
}

/// `[coverage]`
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Coverage {
    /// Report files, relative to the directory of the configuration, each with its span.
    pub reports: Vec<(String, Span)>,
    /// Minimum coverage, in percent.
    pub target: Option<f64>,
    /// Folders that documents report coverage of.
    pub folders: Vec<CoverageFolder>,
}

/// One `[[coverage.folders]]`
#[derive(Clone, Debug, Default, PartialEq)]
pub struct CoverageFolder {
    /// Path relative to the root.
    pub path: String,
    /// Title of its group in documents.
    pub title: String,
    /// Minimum coverage of the folder, in percent.
    pub target: Option<f64>,
}

/// `[documents]`
#[derive(Clone, Debug, Default)]
pub struct DocumentSettings {
    /// Files that may be documents; every `*.md` if `None`.
    pub include: Option<Globs>,
    /// Files that are never documents.
    pub exclude: Globs,
    /// Kinds that must have a document, each with the span of its name.
    pub require: Vec<(String, Span)>,
}

/// One `[[kind]]`
#[derive(Clone, Debug, Default)]
pub struct KindSettings {
    pub name: String,
    /// Span of the name.
    pub span: Span,
    /// Paths of documents of the kind.
    pub paths: Globs,
    /// Longest window between update and deadline.
    pub update_every: Option<Duration>,
    /// Pairs of the name of a block, field or label and an alternative name.
    pub aliases: Vec<(String, String)>,
    /// Words added to the vocabularies of fields.
    pub vocabulary: Vec<VocabularyWord>,
}

/// Word in `vocabulary` of a `[[kind]]`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct VocabularyWord {
    /// Id or label of the field.
    pub field: String,
    /// Span of the key of the field.
    pub span: Span,
    pub word: String,
    /// Words that the repository uses instead.
    pub synonyms: Vec<String>,
}

/// `[front_matter]`
#[derive(Clone, Debug)]
pub struct FrontMatter {
    /// Key of the governance block; empty if the front matter is flat.
    pub root: String,
    /// Pairs of a key of phx and the key that the repository uses for it.
    pub aliases: Vec<(String, String)>,
    /// Spans of the keys of phx in `aliases`, in the same order.
    pub alias_spans: Vec<Span>,
}

impl Default for FrontMatter {
    fn default() -> Self {
        Self { root: "governance".to_owned(), aliases: Vec::new(), alias_spans: Vec::new() }
    }
}

/// Configured level of a rule.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Level {
    /// The rule does not run.
    Off,
    /// Findings are warnings.
    Warning,
    /// Findings are errors.
    Error,
}

impl Level {
    /// Parses `off`, `warning` or `error`.
    pub fn read(text: &str) -> Option<Self> {
        match text {
            "off" => Some(Self::Off),
            "warning" => Some(Self::Warning),
            "error" => Some(Self::Error),
            _ => None,
        }
    }
}

/// One entry of `[rules]`
#[derive(Clone, Debug, Default)]
pub struct RuleSettings {
    /// Span of the name.
    pub span: Span,
    pub level: Option<Level>,
    /// Options except the level.
    pub options: Vec<NodeEntry<'static>>,
}

/// `[enforcement]`
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Enforcement {
    /// No finding fails a run.
    Advisory,
    /// Errors fail a run.
    #[default]
    Standard,
    /// Errors and warnings fail a run.
    Strict,
}

/// `[hook]`
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct HookSettings {
    /// Whether the pre-commit hook regenerates AUTO bodies if it is safe.
    pub writes: bool,
    /// Whether any stale document rejects a commit; otherwise only one whose source files the commit changes.
    pub any_stale_blocks: bool,
}

impl Default for HookSettings {
    fn default() -> Self {
        Self { writes: true, any_stale_blocks: true }
    }
}

impl Default for Config {
    fn default() -> Self {
        Self::parse(FILE, "").0
    }
}

impl Config {
    /// Parses a configuration. If there are findings, the value must not be used.
    pub fn parse(path: &str, text: &str) -> (Self, Vec<Finding>) {
        let lines = Lines::new(text);
        let source = crate::finding::Source { path, text, lines: &lines };
        let (tree, mistakes) = raw::parse(source);
        let mut reader = ConfigReader::new(source, mistakes);
        let config = reader.config(&tree);
        (config, reader.mistakes)
    }

    pub fn kind(&self, name: &str) -> Option<&KindSettings> {
        self.kinds.iter().find(|kind| kind.name == name)
    }
}
