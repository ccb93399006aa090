//! Templates of AUTO blocks: the embedded ones, and those that a repository adds or overrides.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::OnceLock;

use minijinja::syntax::SyntaxConfig;
use minijinja::{Environment, ErrorKind, Template, UndefinedBehavior};

use super::merge::Owns;
use super::{FUEL, bounds, filters, scope};
use crate::document::names::{self, NameCandidate};
use crate::document::{Block, Document};
use crate::text::suggest;

/// Embedded section templates, by kind and name. A new template is one line.
const TEMPLATES: &[(&str, &str)] = &[
    ("active-mocks/mock_inventory", include_str!("../../templates/sections/active-mocks/mock_inventory.md")),
    ("active-mocks/mock_summary", include_str!("../../templates/sections/active-mocks/mock_summary.md")),
    (
        "current-architecture/component_status",
        include_str!("../../templates/sections/current-architecture/component_status.md"),
    ),
    (
        "current-architecture/integration_health",
        include_str!("../../templates/sections/current-architecture/integration_health.md"),
    ),
    (
        "current-architecture/performance_metrics",
        include_str!("../../templates/sections/current-architecture/performance_metrics.md"),
    ),
    (
        "implemented-features/feature_metrics",
        include_str!("../../templates/sections/implemented-features/feature_metrics.md"),
    ),
    (
        "implemented-features/test_coverage",
        include_str!("../../templates/sections/implemented-features/test_coverage.md"),
    ),
    ("phase-plan/milestone_tracking", include_str!("../../templates/sections/phase-plan/milestone_tracking.md")),
    ("phase-plan/phase_group_summary", include_str!("../../templates/sections/phase-plan/phase_group_summary.md")),
    ("phase-plan/phase_progress", include_str!("../../templates/sections/phase-plan/phase_progress.md")),
    (
        "upcoming-features/dependency_status",
        include_str!("../../templates/sections/upcoming-features/dependency_status.md"),
    ),
    ("upcoming-features/sprint_metrics", include_str!("../../templates/sections/upcoming-features/sprint_metrics.md")),
    ("upcoming-features/sprint_summary", include_str!("../../templates/sections/upcoming-features/sprint_summary.md")),
];

/// Template file of a repository: `.phx/templates/sections/<key>.md`.
#[derive(Clone, Debug)]
pub struct TemplateOverride {
    /// `<kind>/<name>` or `<name>`.
    pub key: String,
    /// Path for messages.
    pub path: String,
    pub text: String,
}

/// Facts whose changes are rendered only by `phx regen`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Measured {
    Coverage,
    /// Last result of `phx doctor`.
    Doctor,
    /// Git history of the repository.
    Git,
    /// Time of the run.
    Now,
}

impl Measured {
    /// All measured facts, by the name in templates.
    pub const ALL: &'static [(&'static str, Self)] =
        &[("coverage", Self::Coverage), ("doctor", Self::Doctor), ("git", Self::Git), ("now", Self::Now)];

    /// Returns the name in templates.
    pub fn name(self) -> &'static str {
        Self::ALL.iter().find(|(_, fact)| *fact == self).map_or("", |(name, _)| name)
    }

    /// Returns whether a text is one of [`source`](Self::source).
    pub fn is_source(source: &str) -> bool {
        Self::ALL.iter().any(|(_, fact)| fact.source() == source)
    }

    /// Returns the instruction that makes the fact available.
    pub fn source(self) -> &'static str {
        match self {
            Self::Coverage => "set `reports` and `folders` in `[coverage]` of phx.toml",
            Self::Doctor => "run `phx doctor`",
            Self::Git => "run phx in a Git repository with full history",
            Self::Now => "run `phx regen`",
        }
    }
}

/// Maximum length of an expression in a message, in bytes.
const EXPRESSION: usize = 60;

/// Reason why a template cannot be compiled or rendered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TemplateError {
    /// Path of the template; empty if a source of facts is broken, in which case the message contains the location.
    pub template: String,
    /// Line in the template, from 1.
    pub line: Option<usize>,
    pub message: String,
}

impl TemplateError {
    /// Converts an error of minijinja to one line, with the affected expression and a suggestion.
    pub fn of(template: &str, error: &minijinja::Error) -> Self {
        let mut message =
            error.detail().map_or_else(|| error.kind().to_string(), |detail| format!("{}: {detail}", error.kind()));
        let source = error.template_source().zip(error.range()).and_then(|(source, range)| source.get(range));
        let expression = source.and_then(|text| text.trim().lines().next()).filter(|line| line.len() <= EXPRESSION);
        if let Some(expression) = expression.filter(|text| !text.is_empty()) {
            let is_name = |c: char| c.is_alphanumeric() || c == '_';
            let name = expression.split(|c| !is_name(c)).next().unwrap_or_default();
            let known: &[&str] = match error.kind() {
                ErrorKind::UnknownFilter => filters::NAMES,
                ErrorKind::UndefinedError | ErrorKind::UnknownFunction => scope::NAMES,
                _ => &[],
            };
            let near = suggest::did_you_mean(name, known.iter().copied().filter(|_| !known.contains(&name)));
            message.push_str(&format!(" in `{expression}`{near}"));
        }
        Self { template: template.to_owned(), line: error.line(), message }
    }

    /// Creates an error without a line.
    pub fn plain(template: &str, message: String) -> Self {
        Self { template: template.to_owned(), line: None, message }
    }
}

impl std::fmt::Display for TemplateError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        if self.template.is_empty() {
            return f.write_str(&self.message);
        }
        let line = self.line.map_or_else(String::new, |line| format!(":{line}"));
        write!(f, "{}{line}: {}", self.template, self.message)
    }
}

/// Compiled template.
#[derive(Debug)]
pub struct CompiledTemplates {
    environment: Environment<'static>,
    path: String,
    /// Measured facts that it requires.
    pub needs: BTreeSet<Measured>,
    /// Parts of the body that it owns.
    pub owns: Owns,
    /// Whether it reads other documents.
    pub reads_documents: bool,
}

impl CompiledTemplates {
    /// Returns the template of minijinja.
    pub fn template(&self) -> Result<Template<'_, '_>, TemplateError> {
        self.environment.get_template(&self.path).map_err(|error| TemplateError::of(&self.path, &error))
    }

    /// Returns the path, for messages.
    pub fn path(&self) -> &str {
        &self.path
    }
}

#[derive(Debug)]
struct TemplateEntry {
    path: String,
    text: String,
    compiled: OnceLock<Result<CompiledTemplates, TemplateError>>,
}

/// All section templates. Each is compiled once, on first use.
#[derive(Debug)]
pub struct Library {
    entries: BTreeMap<String, TemplateEntry>,
}

impl Library {
    /// Returns the paths of the templates of the repository.
    pub fn overrides(&self) -> impl Iterator<Item = &str> {
        self.entries.values().map(|entry| entry.path.as_str()).filter(|path| !path.starts_with("templates/"))
    }

    /// Creates a library of the embedded templates and those of a repository, which have priority.
    pub fn new(overrides: Vec<TemplateOverride>) -> Self {
        let mut entries = BTreeMap::new();
        for (key, text) in TEMPLATES {
            let path = format!("templates/sections/{key}.md");
            entries
                .insert((*key).to_owned(), TemplateEntry { path, text: (*text).to_owned(), compiled: OnceLock::new() });
        }
        let mut plain = BTreeSet::new();
        for TemplateOverride { key, path, text } in overrides {
            if !key.contains('/') {
                plain.insert(key.clone());
            }
            entries.insert(key, TemplateEntry { path, text, compiled: OnceLock::new() });
        }
        // A template of the repository for all kinds also overrides embedded templates of single kinds.
        let is_overridden = |key: &String, entry: &TemplateEntry| {
            let name = key.rsplit('/').next().unwrap_or(key);
            entry.path.starts_with("templates/") && plain.contains(name)
        };
        entries.retain(|key, entry| !is_overridden(key, entry));
        Self { entries }
    }

    /// Returns the template of a block; `None` if there is none.
    pub fn find(&self, document: &Document, block: &Block) -> Option<Result<&CompiledTemplates, &TemplateError>> {
        let kind = &document.shape.kind;
        let entry = self.entry(kind, &block.name).or_else(|| {
            // A declared name may be an alias of a block name of the kind.
            let candidate = NameCandidate { marker: None, id: &block.name };
            let known: Vec<&str> = document.shape.blocks.iter().map(String::as_str).collect();
            let matched = names::match_names(&known, &[candidate], &document.shape.aliases);
            self.entry(kind, known[matched.first().copied().flatten()?])
        })?;
        Some(entry.compiled.get_or_init(|| entry.compile()).as_ref())
    }

    /// Compiles all templates. Returns their number and the errors.
    pub fn compile_all(&self) -> (usize, Vec<TemplateError>) {
        let compiled = self.entries.values().map(|entry| entry.compiled.get_or_init(|| entry.compile()));
        let wrong = compiled.filter_map(|compiled| compiled.as_ref().err().cloned());
        (self.entries.len(), wrong.collect())
    }

    /// Returns the measured facts that the templates of a document require.
    pub fn needs(&self, document: &Document) -> BTreeSet<Measured> {
        self.compiled(document).flat_map(|compiled| compiled.needs.iter().copied()).collect()
    }

    /// Returns whether a template of a document reads other documents.
    pub fn reads_documents(&self, document: &Document) -> bool {
        self.compiled(document).any(|compiled| compiled.reads_documents)
    }

    fn compiled<'a>(&'a self, document: &'a Document) -> impl Iterator<Item = &'a CompiledTemplates> {
        super::plan::writable(document).filter_map(|(_, block)| self.find(document, block)?.ok())
    }

    fn entry(&self, kind: &str, name: &str) -> Option<&TemplateEntry> {
        // Keys are built from ids, so that a marker cannot refer to another file.
        self.entries.get(&format!("{kind}/{name}")).or_else(|| self.entries.get(name))
    }
}

impl TemplateEntry {
    fn compile(&self) -> Result<CompiledTemplates, TemplateError> {
        if TEMPLATES.iter().any(|(_, text)| *text == self.text) {
            return self.parse();
        }
        bounds::check(&self.text).map_err(|(line, message)| TemplateError {
            template: self.path.clone(),
            line: Some(line),
            message,
        })?;
        let parsed = bounds::on_large_stack(|| self.parse());
        parsed.map_err(|error| TemplateError::plain(&self.path, error.to_string()))?
    }

    fn parse(&self) -> Result<CompiledTemplates, TemplateError> {
        let failed = |error: &minijinja::Error| TemplateError::of(&self.path, error);
        let (needs, owns) = header(&self.text).map_err(|message| TemplateError {
            template: self.path.clone(),
            line: Some(1),
            message,
        })?;
        let mut environment = Environment::new();
        environment.set_undefined_behavior(UndefinedBehavior::Strict);
        let syntax = SyntaxConfig::builder().trim_blocks(true).lstrip_blocks(true).keep_trailing_newline(true).build();
        environment.set_syntax(syntax.map_err(|error| failed(&error))?);
        environment.set_fuel(Some(FUEL));
        environment.set_auto_escape_callback(|_| minijinja::AutoEscape::None);
        filters::register(&mut environment);
        environment
            .add_template_owned(self.path.clone(), self.text.replace("\r\n", "\n"))
            .map_err(|error| failed(&error))?;
        let variables =
            environment.get_template(&self.path).map_err(|error| failed(&error))?.undeclared_variables(false);
        Ok(CompiledTemplates {
            path: self.path.clone(),
            needs,
            owns,
            reads_documents: variables.contains("documents"),
            environment,
        })
    }
}

/// Parses the first line: `{# needs: coverage, now; owns: groups #}`.
fn header(text: &str) -> Result<(BTreeSet<Measured>, Owns), String> {
    let mut needs = BTreeSet::new();
    let mut owns = Owns::default();
    let first = text.trim_start_matches('\u{FEFF}').lines().next().unwrap_or_default().trim();
    let Some((inside, _)) = first.strip_prefix("{#").and_then(|rest| rest.split_once("#}")) else {
        return Ok((needs, owns));
    };
    for part in inside.trim_matches(['-', ' ']).split(';') {
        let Some((key, values)) = part.split_once(':') else { continue };
        let values = values.split(',').map(str::trim).filter(|value| !value.is_empty());
        match key.trim() {
            "needs" => {
                for value in values {
                    let known = Measured::ALL.iter().find(|(name, _)| *name == value);
                    let names: Vec<&str> = Measured::ALL.iter().map(|(name, _)| *name).collect();
                    let unknown =
                        || format!("unknown measured fact `{value}`; expected one of `{}`", names.join("`, `"));
                    needs.insert(known.ok_or_else(unknown)?.1);
                }
            }
            "owns" => {
                for value in values {
                    owns = match value {
                        "values" => Owns::Values,
                        "groups" => Owns::Groups,
                        "body" => Owns::Body,
                        _ => {
                            return Err(format!(
                                "unknown value `{value}` of `owns`; expected `values`, `groups` or `body`"
                            ));
                        }
                    };
                }
            }
            _ => {}
        }
    }
    Ok((needs, owns))
}
