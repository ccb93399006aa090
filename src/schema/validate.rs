//! What a model violates, with its place, in words.

use jsonschema::Validator;
use serde_json::Value;

use super::catalog::SchemaStore;
use super::describe::{self, Described};
use super::instance::Instance;
use super::size;
use crate::document::{Document, model};
use crate::text::Span;

/// A format of strings: its name, and whether a string has it.
pub type FormatCheck = (&'static str, fn(&str) -> bool);

/// A compiled schema.
#[derive(Debug)]
pub struct CompiledSchema {
    validator: Validator<Instance>,
    store: SchemaStore,
    uri: String,
    /// Whether it looks at no more than the outline of a model.
    as_shipped: bool,
}

/// One violation.
#[derive(Clone, Debug)]
pub struct Violation {
    /// Where: the value's own place, or that of what should hold it.
    pub span: Span,
    /// The path of keys and the keyword, so that two at one place are two.
    pub subject: String,
    /// What is wrong.
    pub message: String,
    /// The way out.
    pub help: String,
    /// Whether the schema lowers it to a warning.
    pub lowered: bool,
}

/// Why a schema cannot be compiled.
#[derive(Clone, Debug)]
pub struct Unusable {
    /// The JSON pointer of the value that is wrong.
    pub pointer: String,
    /// What is wrong.
    pub message: String,
}

/// Makes ready what every schema is held against before it is compiled, so that a program that waits for something else can
/// have it done meanwhile.
pub fn warm() {
    let _ = jsonschema::draft202012::meta::is_valid(&serde_json::Value::Bool(true));
}

impl CompiledSchema {
    /// Compiles the schema at `uri`.
    ///
    /// # Errors
    /// Where it is no schema, or refers to one that is not there.
    pub fn new(uri: &str, store: SchemaStore, formats: Vec<FormatCheck>, as_shipped: bool) -> Result<Self, Unusable> {
        let Some(schema) = store.get(uri) else {
            return Err(Unusable { pointer: String::new(), message: format!("there is no schema `{uri}`") });
        };
        if size::expanded(&store, uri) > size::LARGEST {
            let message = format!("its references lead to more than {} values", size::LARGEST);
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

    /// Holds a document's model against the schema. The model is built in full only where that can matter.
    pub fn validate(&self, document: &Document) -> Vec<Violation> {
        if self.as_shipped && self.validator.is_valid(&model::outline(document)) {
            return Vec::new();
        }
        let model = model::model(document);
        let errors = self.validator.iter_errors(&model);
        errors
            .flat_map(|error| {
                let says = self.says(error.evaluation_path().as_str());
                describe::describe(&error, document, &model)
                    .into_iter()
                    .map(move |described| violation(&says, described))
            })
            .collect()
    }

    /// Follows an evaluation path from the root and collects what the subschemas on it say of their
    /// findings; the innermost wins.
    fn says(&self, path: &str) -> Says {
        let mut says = Says::default();
        let mut place = self.store.get(&self.uri).map(|root| (self.uri.clone(), root));
        for step in path.split('/').skip(1) {
            let Some((uri, schema)) = place else { break };
            let step = step.replace("~1", "/").replace("~0", "~");
            place = match schema {
                Value::Object(_) if step == "$ref" => {
                    size::resolve(&self.store, &uri, schema["$ref"].as_str().unwrap_or(""))
                        .map(|(uri, _, schema)| (uri, schema))
                }
                Value::Object(map) => map.get(&step).map(|next| (uri, next)),
                Value::Array(list) => step.parse().ok().and_then(|at: usize| list.get(at)).map(|next| (uri, next)),
                _ => None,
            };
            if let Some((_, schema)) = &place {
                says.read(schema);
            }
        }
        says
    }
}

/// What a subschema says of its findings.
#[derive(Clone, Debug, Default)]
struct Says {
    lowered: bool,
    message: Option<String>,
    help: Option<String>,
}

impl Says {
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

fn violation(says: &Says, described: Described) -> Violation {
    let message = match &says.message {
        Some(message) => message.replace("{item}", &described.of),
        None => described.message,
    };
    Violation {
        span: described.span,
        subject: described.subject,
        message,
        help: says.help.clone().unwrap_or(described.help),
        lowered: says.lowered,
    }
}
