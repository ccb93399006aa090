//! Creates a document from the template of its kind.

use chrono::{DateTime, Duration, SecondsFormat, Utc};
use minijinja::syntax::SyntaxConfig;
use minijinja::{Environment, UndefinedBehavior, context};
use uuid::Uuid;

use super::FUEL;
use crate::document::Shape;
use crate::text::duration;

/// Embedded templates by kind. A new template is one line.
const TEMPLATES: &[(&str, &str)] = &[
    ("active-mocks", include_str!("../../templates/documents/active-mocks.md")),
    ("current-architecture", include_str!("../../templates/documents/current-architecture.md")),
    ("implemented-features", include_str!("../../templates/documents/implemented-features.md")),
    ("phase-plan", include_str!("../../templates/documents/phase-plan.md")),
    ("upcoming-features", include_str!("../../templates/documents/upcoming-features.md")),
];

/// Returns the embedded template of a kind.
pub fn template(kind: &str) -> Option<&'static str> {
    TEMPLATES.iter().find(|(name, _)| *name == kind).map(|(_, text)| *text)
}

/// Returns the kinds that have an embedded template.
pub fn kinds() -> impl Iterator<Item = &'static str> {
    TEMPLATES.iter().map(|(name, _)| *name)
}

/// Creates a template for a kind without one: front matter, title, and the sections of its schema.
pub fn generic(shape: &Shape) -> String {
    let words = |id: &str| -> String {
        let word = |word: &str| {
            let mut letters = word.chars();
            letters.next().map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
        };
        id.split(['_', '-']).map(word).collect::<Vec<String>>().join(" ")
    };
    let mut text = String::from(
        "---\ngovernance:\n  correlation_id: {{ correlation_id }}\n  last_updated: {{ now }}\n  \
         update_required_by: {{ due }}\n  validation_schema: {{ schema_version }}\n  auto_sections: []\n  \
         manual_sections: []\n  phase_group: PROJECT_START\n  phase_number: 1\n{{ kind_line }}---\n\n",
    );
    text.push_str(&format!("# {}\n<!-- LIVING DOCUMENT - MUST REMAIN CURRENT -->\n", words(&shape.kind)));
    for section in &shape.sections {
        text.push_str(&format!("\n## {}\n", words(section)));
    }
    text
}

/// Variables of a template.
#[derive(Clone, Debug)]
pub struct Values<'a> {
    /// Time of the run.
    pub now: DateTime<Utc>,
    /// Time until the deadline.
    pub window: Duration,
    /// UUID of this operation.
    pub correlation_id: Uuid,
    /// Version of the schema.
    pub schema_version: &'a str,
    pub kind: &'a str,
    /// Whether the front matter must contain the kind, because the path does not determine it.
    pub names_kind: bool,
}

/// Renders a template. `name` is its name in messages.
///
/// # Errors
/// Returns an error with name and line if the template is not valid, exceeds a limit or cannot be rendered.
pub fn render(name: &str, template: &str, values: &Values<'_>) -> Result<String, String> {
    super::bounds::check(template).map_err(|(line, message)| format!("template `{name}`: line {line}: {message}"))?;
    let mut environment = Environment::new();
    environment.set_undefined_behavior(UndefinedBehavior::Strict);
    let syntax = SyntaxConfig::builder().keep_trailing_newline(true).build();
    environment.set_syntax(syntax.map_err(|error| error.to_string())?);
    environment.set_fuel(Some(FUEL));
    let time = |time: DateTime<Utc>| time.to_rfc3339_opts(SecondsFormat::Secs, true);
    let values = context! {
        correlation_id => values.correlation_id.to_string(),
        now => time(values.now),
        due => time(values.now + values.window),
        today => values.now.format("%Y-%m-%d").to_string(),
        window => duration::format_words(values.window),
        schema_version => values.schema_version,
        kind => values.kind,
        kind_line => if values.names_kind { format!("  kind: {}\n", values.kind) } else { String::new() },
    };
    let rendered = environment.template_from_named_str(name, template).and_then(|template| template.render(values));
    rendered.map_err(|error| {
        let line = error.line().map_or_else(String::new, |line| format!(" line {line}:"));
        let detail = error.detail().map_or_else(|| error.kind().to_string(), str::to_owned);
        format!("template `{name}`:{line} {detail}")
    })
}
