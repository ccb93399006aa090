//! Fuzz targets: each function accepts arbitrary bytes and must neither panic nor run forever.

use std::sync::{Arc, LazyLock};

use chrono::{DateTime, Utc};
use phx::config::Config;
use phx::corpus::reviews::ReviewHistory;
use phx::document::{Dialect, Document, Shape, model};
use phx::regen::facts::{Facts, MeasuredFacts};
use phx::regen::plan::{self, Sources};
use phx::regen::{Library, RenderOutcome, TemplateOverride};
use phx::rules::{Context, RuleRunner};
use phx::schema::{Catalog, Overlay};
use phx::text::{Edits, Folder, decode};

/// Name and function of a fuzz target.
pub type Target = (&'static str, fn(&[u8]));

pub const TARGETS: &[Target] =
    &[("document", document), ("configuration", configuration), ("template", template), ("schema", schema)];

static CATALOG: LazyLock<Catalog> = LazyLock::new(|| Catalog::new(&[]).expect("the built-in schemas are valid"));
static LIBRARY: LazyLock<Library> = LazyLock::new(|| Library::new(Vec::new()));

/// Document whose AUTO block `own` is rendered by the template under test.
const WITH_BLOCK: &str = "---\ngovernance:\n  validation_schema: v1.0\n  auto_sections: [own]\n---\n\n# T\n\n## S\n\
    <!-- AUTO-GENERATED:own - DO NOT EDIT -->\nA: 1\n<!-- END AUTO-GENERATED:own -->\n\n### F\n**Points**: 3\n";

fn parse(bytes: &[u8]) -> Arc<Document> {
    let shape = |kind: Option<&str>| -> Arc<Shape> {
        Arc::clone(&CATALOG.kind(CATALOG.newest(), kind.unwrap_or("document")).shape)
    };
    Arc::new(Document::parse("DOC.md", decode::decode(bytes.to_vec()), &Arc::new(Dialect::default()), &shape))
}

fn plans(document: &Arc<Document>, library: &Library) -> Vec<plan::BlockPlan> {
    let facts = Arc::new(Facts::new(&Config::default(), || serde_json::Value::Null));
    let measured: Arc<MeasuredFacts> = Arc::default();
    plan::document(document, Sources { library, facts: &facts, measured: &measured })
}

/// Parses, validates and regenerates a document, and parses the result.
pub fn document(bytes: &[u8]) {
    let document = parse(bytes);
    let plans = plans(&document, &LIBRARY);
    let context = Context {
        document: &document,
        kind: &CATALOG.kind(CATALOG.newest(), &document.shape.kind),
        claimed: None,
        catalog: &CATALOG,
        config: &Config::default(),
        plans: &plans,
        reviews: &ReviewHistory::default(),
        now: DateTime::<Utc>::UNIX_EPOCH,
        folder: &Folder::default(),
    };
    let findings = RuleRunner::default().document(&context);
    assert!(findings.iter().all(|finding| !finding.message.is_empty()));
    assert!(model::model(&document).to_json().is_object());
    let mut edits = Edits::default();
    for plan in &plans {
        if let RenderOutcome::Body(body) = &plan.outcome {
            let _ = edits.add(plan::edits(&document, plan, body));
        }
    }
    drop(parse(edits.apply(&document.text).as_bytes()));
}

/// Parses a configuration.
pub fn configuration(bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes);
    let (_, errors) = Config::parse("phx.toml", &text);
    assert!(errors.iter().all(|error| !error.help.is_empty()));
}

/// Parses and renders a template.
pub fn template(bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes).into_owned();
    let path = ".phx/templates/sections/own.md".to_owned();
    let library = Library::new(vec![TemplateOverride { key: "own".to_owned(), path, text }]);
    drop(plans(&parse(WITH_BLOCK.as_bytes()), &library));
}

/// Compiles a schema of a repository and validates a document against it.
pub fn schema(bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes).into_owned();
    let path = ".phx/schemas/v1.0/document.schema.json".to_owned();
    let overlay = Overlay { version: "v1.0".to_owned(), kind: "document".to_owned(), path, text };
    let Ok(catalog) = Catalog::new(&[overlay]) else { return };
    if let Ok(compiled) = catalog.compiled("v1.0", "document") {
        drop(compiled.validate(&parse(WITH_BLOCK.as_bytes())));
    }
}
