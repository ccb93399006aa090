//! Validates document models against compiled schemas.

use jsonschema::Validator;
use serde_json::Value;

use super::catalog::SchemaStore;
use super::describe::{self, Described};
use super::instance::Instance;
use super::size;
use crate::document::{Document, model};
use crate::text::Span;

/// Name of a string format and the function that validates it.
pub type FormatCheck = (&'static str, fn(&str) -> bool);

#[derive(Debug)]
pub struct CompiledSchema {
    validator: Validator<Instance>,
    store: SchemaStore,
    uri: String,
    /// Whether all schemas are embedded ones. Those inspect no more than the outline of a model.
    as_shipped: bool,
}

/// Violation of a schema.
#[derive(Clone, Debug)]
pub struct Violation {
    /// Span of the value, or of the parent if the value is missing.
    pub span: Span,
    /// Path of keys and the keyword. Distinguishes violations at the same location.
    pub subject: String,
    pub message: String,
    pub help: String,
    /// Whether the schema reduces the severity to a warning.
    pub lowered: bool,
}

/// Reason why a schema cannot be compiled.
#[derive(Clone, Debug)]
pub struct Unusable {
    /// JSON pointer of the invalid value.
    pub pointer: String,
    pub message: String,
}

/// Initializes the meta-schema that every schema is validated against, so that a program can do this concurrently with
/// other work.
pub fn warm() {
    let _ = jsonschema::draft202012::meta::is_valid(&serde_json::Value::Bool(true));
}

impl CompiledSchema {
    /// Compiles the schema at `uri`.
    ///
    /// # Errors
    /// Returns an error if the schema is invalid, refers to an unknown schema or is too large.
    pub fn new(uri: &str, store: SchemaStore, formats: Vec<FormatCheck>, as_shipped: bool) -> Result<Self, Unusable> {
        let Some(schema) = store.get(uri) else {
            return Err(Unusable { pointer: String::new(), message: format!("unknown schema `{uri}`") });
        };
        if size::expanded(&store, uri) > size::LARGEST {
            let message = format!("the schema has more than {} values with all references expanded", size::LARGEST);
            return Err(Unusable { pointer: String::new(), message });
        }
        let mut options = jsonschema::options_for::<Instance>()
            .with_base_uri(uri)
            .with_retriever(store.clone())
            .should_validate_formats(true);
        for (name, check) in formats {
            options = options.with_format(name, check);
        }
        let validator = options.build(schema).map_err(|error| Unusable {
            pointer: error.instance_path().as_str().to_owned(),
            message: describe::of_schema(&error),
        })?;
        Ok(Self { validator, store, uri: uri.to_owned(), as_shipped })
    }

    /// Validates the model of a document. Builds the full model only if the outline is not sufficient.
    pub fn validate(&self, document: &Document) -> Vec<Violation> {
        if self.as_shipped && self.validator.is_valid(&model::outline(document)) {
            return Vec::new();
        }
        let model = model::model(document);
        let errors = self.validator.iter_errors(&model);
        errors
            .flat_map(|error| {
                let annotations = self.annotations(error.evaluation_path().as_str());
                describe::describe(&error, document, &model)
                    .into_iter()
                    .map(move |described| violation(&annotations, described))
            })
            .collect()
    }

    /// Follows an evaluation path from the root and collects severity, message and help of the subschemas on it. The
    /// innermost subschema has priority.
    fn annotations(&self, path: &str) -> Annotations {
        let mut annotations = Annotations::default();
        let mut location = self.store.get(&self.uri).map(|root| (self.uri.clone(), root));
        for step in path.split('/').skip(1) {
            let Some((uri, schema)) = location else { break };
            let step = step.replace("~1", "/").replace("~0", "~");
            location = match schema {
                Value::Object(_) if step == "$ref" => {
                    size::resolve(&self.store, &uri, schema["$ref"].as_str().unwrap_or(""))
                        .map(|(uri, _, schema)| (uri, schema))
                }
                Value::Object(map) => map.get(&step).map(|next| (uri, next)),
                Value::Array(list) => step.parse().ok().and_then(|at: usize| list.get(at)).map(|next| (uri, next)),
                _ => None,
            };
            if let Some((_, schema)) = &location {
                annotations.read(schema);
            }
        }
        annotations
    }
}

/// Severity, message and help that a subschema sets for its violations.
#[derive(Clone, Debug, Default)]
struct Annotations {
    lowered: bool,
    message: Option<String>,
    help: Option<String>,
}

impl Annotations {
    fn read(&mut self, schema: &Value) {
        if let Some(severity) = schema.get("x-severity").and_then(Value::as_str) {
            self.lowered = severity == "warning";
        }
        if let Some(message) = schema.get("x-message").and_then(Value::as_str) {
            self.message = Some(message.to_owned());
            self.help = None;
        }
        if let Some(help) = schema.get("x-help").and_then(Value::as_str) {
            self.help = Some(help.to_owned());
        }
    }
}

fn violation(annotations: &Annotations, described: Described) -> Violation {
    let message = match &annotations.message {
        Some(message) => message.replace("{item}", &described.of),
        None => described.message,
    };
    Violation {
        span: described.span,
        subject: described.subject,
        message,
        help: annotations.help.clone().unwrap_or(described.help),
        lowered: annotations.lowered,
    }
}
