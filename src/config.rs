//! The configuration: `phx.toml` as it stands, then what it means. Mistakes are findings with places.

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

/// The name of the configuration file.
pub const FILE: &str = "phx.toml";

/// A valid configuration.
#[derive(Clone, Debug)]
pub struct Config {
    /// Which files are documents.
    pub documents: DocumentSettings,
    /// Settings for kinds, in the order they are written.
    pub kinds: Vec<KindSettings>,
    /// Where the governance block stands.
    pub front_matter: FrontMatter,
    /// Settings for rules by their slug.
    pub rules: BTreeMap<String, RuleSettings>,
    /// What blocks.
    pub enforcement: Enforcement,
    /// What the pre-commit hook does.
    pub hook: HookSettings,
    /// What stands under `[facts]`.
    pub facts: Option<Node<'static>>,
    /// Where coverage comes from, and what it should be.
    pub coverage: Coverage,
    /// What `phx doctor` verifies.
    pub doctor: DoctorSettings,
}

/// `[coverage]`
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Coverage {
    /// Reports, as paths from the configuration's directory, with the place of each.
    pub reports: Vec<(String, Span)>,
    /// The least that is wanted, in per cent.
    pub target: Option<f64>,
    /// The folders that documents speak of.
    pub folders: Vec<CoverageFolder>,
}

/// One `[[coverage.folders]]`
#[derive(Clone, Debug, Default, PartialEq)]
pub struct CoverageFolder {
    /// Its path from the root.
    pub path: String,
    /// What its group is called.
    pub title: String,
    /// The least that is wanted here, in per cent.
    pub target: Option<f64>,
}

/// `[documents]`
#[derive(Clone, Debug, Default)]
pub struct DocumentSettings {
    /// Only these; every `*.md` where it is `None`.
    pub include: Option<Globs>,
    /// Never these.
    pub exclude: Globs,
    /// Kinds that must have a document, with the place of each name.
    pub require: Vec<(String, Span)>,
}

/// One `[[kind]]`
#[derive(Clone, Debug, Default)]
pub struct KindSettings {
    /// The kind.
    pub name: String,
    /// Where the name stands.
    pub span: Span,
    /// The documents that it claims.
    pub paths: Globs,
    /// The longest window between update and deadline.
    pub update_every: Option<Duration>,
    /// Pairs of a name of a block, field or label and another name for it.
    pub aliases: Vec<(String, String)>,
    /// Words that the vocabularies of fields get.
    pub vocabulary: Vec<VocabularyWord>,
}

/// A word of `vocabulary` of a `[[kind]]`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct VocabularyWord {
    /// Id or label of the field.
    pub field: String,
    /// Span of the field's key.
    pub span: Span,
    /// The word.
    pub word: String,
    /// Words that the repository uses for it.
    pub synonyms: Vec<String>,
}

/// `[front_matter]`
#[derive(Clone, Debug)]
pub struct FrontMatter {
    /// The key of the governance block; empty for a flat front matter.
    pub root: String,
    /// Pairs of a key of phx and the key that the repository writes.
    pub aliases: Vec<(String, String)>,
    /// Where each key of phx stands.
    pub alias_spans: Vec<Span>,
}

impl Default for FrontMatter {
    fn default() -> Self {
        Self { root: "governance".to_owned(), aliases: Vec::new(), alias_spans: Vec::new() }
    }
}

/// How a rule is set.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Level {
    /// Not run.
    Off,
    /// Its findings are warnings.
    Warning,
    /// Its findings are errors.
    Error,
}

impl Level {
    /// Reads `off`, `warning` or `error`.
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
    /// Where its name stands.
    pub span: Span,
    /// Its level, if set.
    pub level: Option<Level>,
    /// Its options beside the level.
    pub options: Vec<NodeEntry<'static>>,
}

/// `[enforcement]`
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Enforcement {
    /// Nothing blocks.
    Advisory,
    /// Errors block.
    #[default]
    Standard,
    /// Warnings block too.
    Strict,
}

/// `[hook]`
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct HookSettings {
    /// Whether AUTO bodies are written where that is harmless.
    pub writes: bool,
    /// Whether any stale document blocks, or only one whose sources the commit touches.
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
    /// Reads a configuration. Where there are mistakes, the value must not be used.
    pub fn parse(path: &str, text: &str) -> (Self, Vec<Finding>) {
        let lines = Lines::new(text);
        let source = crate::finding::Source { path, text, lines: &lines };
        let (tree, mistakes) = raw::parse(source);
        let mut reader = ConfigReader::new(source, mistakes);
        let config = reader.config(&tree);
        (config, reader.mistakes)
    }

    /// The settings of a kind, if there are any.
    pub fn kind(&self, name: &str) -> Option<&KindSettings> {
        self.kinds.iter().find(|kind| kind.name == name)
    }
}
