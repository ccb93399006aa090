//! Messages for schema violations: "feature 3 `Complete IPC Error Boundaries` has no `owner`".

use jsonschema::ValidationError;
use jsonschema::error::{TypeKind, ValidationErrorKind as Kind};
use serde_json::Value;

use crate::document::{Document, values};
use crate::text::{Node, NodeData, Span, suggest};

/// Message for a violation, before the schema replaces parts of it.
#[derive(Clone, Debug)]
pub struct Described {
    pub span: Span,
    /// Path and keyword.
    pub subject: String,
    pub message: String,
    pub help: String,
    /// Name of the item, table, section or key that contains the value.
    pub of: String,
}

/// Describes an error of the validator. An error about several keys gives one description for each.
pub fn describe(error: &ValidationError<'_>, document: &Document, model: &Node<'_>) -> Vec<Described> {
    let path: Vec<String> = pointer(error.instance_path().as_str());
    let location = SchemaLocation::new(document, model, &path);
    match error.kind() {
        Kind::AdditionalProperties { unexpected } | Kind::UnevaluatedProperties { unexpected } => {
            unexpected.iter().map(|key| location.unknown_key(key, &[])).collect()
        }
        Kind::PropertyNames { error: inner } => {
            let key = inner.instance().as_str().unwrap_or_default();
            let known = match inner.kind() {
                Kind::Enum { options } => options.as_array().map(Vec::as_slice).unwrap_or_default(),
                _ => &[],
            };
            let known: Vec<&str> = known.iter().filter_map(Value::as_str).collect();
            vec![location.unknown_key(key, &known)]
        }
        Kind::Required { property } => vec![location.missing(property.as_str().unwrap_or_default())],
        kind => {
            let (message, help) = location.wrong(kind, error);
            let keyword = kind.keyword();
            vec![location.described(keyword, message, help)]
        }
    }
}

/// Describes an error of the meta-schema in a schema.
pub fn of_schema(error: &ValidationError<'_>) -> String {
    const TYPES: [&str; 7] = ["array", "boolean", "integer", "null", "number", "object", "string"];
    let key = pointer(error.instance_path().as_str()).pop().unwrap_or_default();
    match error.instance().as_str().filter(|_| key == "type") {
        Some(word) => {
            let near = suggest::did_you_mean(word, TYPES);
            let list = if near.is_empty() { format!("; expected one of `{}`", TYPES.join("`, `")) } else { near };
            format!("unknown type `{word}`{list}")
        }
        None => error.to_string(),
    }
}

/// Splits a JSON pointer into its unescaped steps (RFC 6901).
pub(super) fn pointer(text: &str) -> Vec<String> {
    let steps = text.split('/').skip(1);
    steps.map(|step| step.replace("~1", "/").replace("~0", "~")).collect()
}

/// Value of the model, with its path and span.
struct SchemaLocation<'a> {
    document: &'a Document,
    path: &'a [String],
    value: &'a Node<'a>,
    span: Span,
}

impl<'a> SchemaLocation<'a> {
    fn new(document: &'a Document, model: &'a Node<'a>, path: &'a [String]) -> Self {
        let (value, entry) = model.descend(path.iter().map(String::as_str));
        // A mapping spans many lines; the span of its key is more precise.
        let span = match (&value.data, entry) {
            (NodeData::Map(_), Some(entry)) => entry.key_span,
            (NodeData::Null, Some(entry)) if value.span.is_empty() => entry.key_span,
            _ => value.span,
        };
        Self { document, path, value, span }
    }

    fn described(&self, keyword: &str, message: String, help: String) -> Described {
        Described {
            span: self.span,
            subject: format!("{}#{keyword}", self.stable_path()),
            message,
            help,
            of: self.owner().unwrap_or_else(|| self.name()),
        }
    }

    /// Returns the path without indices, because indices change if an item is added before it.
    fn stable_path(&self) -> String {
        let steps = self.path.iter().filter(|step| step.parse::<usize>().is_err());
        steps.fold(String::new(), |path, step| format!("{path}/{step}"))
    }

    fn in_governance(&self) -> bool {
        self.path.first().is_some_and(|step| step == "governance")
    }

    /// Returns the name of the item, section or table that contains the value.
    fn owner(&self) -> Option<String> {
        let key = self.path.get(1)?;
        let index = || key.parse::<usize>().ok();
        match self.path[0].as_str() {
            "items" => {
                let item = self.document.items.get(index()?)?;
                let title = item.title(&self.document.outline);
                let noun = &self.document.shape.noun;
                Some(match title.number {
                    Some(number) => format!("{noun} {number} `{}`", title.text),
                    None => format!("{noun} `{}`", title.text),
                })
            }
            "sections" => Some(format!("section `{key}`")),
            "tables" => {
                let table = self.document.tables.get(index()?)?;
                Some(format!("the table on line {}", self.document.line(table.span.start)))
            }
            _ => None,
        }
    }

    /// Returns the name of the value: its key and the name of its owner.
    fn name(&self) -> String {
        let key = self.path.iter().rev().find(|step| step.parse::<usize>().is_err());
        let key = key.map_or("the document", String::as_str);
        let written = if self.in_governance() { self.written(key) } else { key.to_owned() };
        let deep = self.path.len() > 2 && key != "fields";
        match self.owner() {
            Some(owner) if deep => format!("`{written}` of {owner}"),
            Some(owner) => owner,
            None if self.path.is_empty() => written,
            None => format!("`{written}`"),
        }
    }

    /// Returns the key in the spelling of the repository.
    fn written(&self, key: &str) -> String {
        self.document.dialect.written(key).to_owned()
    }

    fn missing(&self, key: &str) -> Described {
        let (message, help) = match self.path.first().map(String::as_str) {
            Some("items") => {
                (format!("{} has no `{key}`", self.name()), format!("add `**{}**: …` under its heading", label(key)))
            }
            Some("governance") if self.path.len() == 1 => {
                let written = self.document.dialect.written(key);
                (format!("the front matter has no `{written}`"), format!("add `{written}: …`"))
            }
            Some("sections") if self.path.len() == 1 => {
                (format!("the document has no section `{key}`"), format!("add a heading `## {}`", label(key)))
            }
            _ => (format!("{} has no `{key}`", self.name()), format!("add `{key}`")),
        };
        let mut described = self.described("required", message, help);
        described.subject = format!("{}:{key}", described.subject);
        described
    }

    fn unknown_key(&self, key: &str, known: &[&str]) -> Described {
        let near = suggest::did_you_mean(key, known.iter().copied());
        let message = if self.in_governance() {
            format!("unknown key `{key}` in the governance block{near}")
        } else {
            format!("unknown key `{key}` in {}{near}", self.name())
        };
        let rest = if self.in_governance() { ", or move it out of the governance block" } else { "" };
        let help = match suggest::nearest(key, known.iter().copied()) {
            Some(near) => format!("rename it to `{near}`{rest}"),
            None => format!("remove it{rest}"),
        };
        let mut described = self.described("unknown", message, help);
        if let Some(entry) = self.value.entry(key) {
            described.span = entry.key_span;
        }
        described.subject = format!("{}:{key}", described.subject);
        described
    }

    fn wrong(&self, kind: &Kind, error: &ValidationError<'_>) -> (String, String) {
        let name = self.name();
        let text = self.value.as_text().unwrap_or_default();
        match kind {
            Kind::Format { format } => {
                let problem = match format.as_str() {
                    "uuid" => values::uuid_problem(text),
                    "date-time" => values::timestamp_problem(text),
                    _ => None,
                };
                match problem {
                    Some(problem) => (format!("{name} {}", problem.what), problem.help),
                    None => (format!("{name} is not a valid {format}"), format!("write a valid {format}")),
                }
            }
            Kind::Type { kind } => (
                format!("{name}: expected {}, found {}", expected_type(kind), self.value.type_name()),
                self.type_help(kind),
            ),
            Kind::Minimum { limit } => (
                format!("{name}: expected {limit} or more, found {}", error.instance()),
                format!("write {limit} or more"),
            ),
            Kind::Maximum { limit } => (
                format!("{name}: expected {limit} or less, found {}", error.instance()),
                format!("write {limit} or less"),
            ),
            Kind::MinLength { .. } if text.is_empty() => {
                (format!("{name} is empty"), "write a value, or remove the key".to_owned())
            }
            Kind::Enum { options } => {
                let options = options.as_array().map(Vec::as_slice).unwrap_or_default();
                let known: Vec<String> = options.iter().map(|option| format!("`{}`", bare(option))).collect();
                let near = suggest::did_you_mean(text, options.iter().filter_map(Value::as_str));
                (
                    format!("{name}: unknown value `{}`{near}", bare(error.instance())),
                    format!("use one of {}", known.join(", ")),
                )
            }
            Kind::Constant { expected_value } => {
                (format!("{name}: expected `{}`", bare(expected_value)), format!("write `{}`", bare(expected_value)))
            }
            Kind::Pattern { pattern } => {
                (format!("{name} does not match `{pattern}`"), format!("write a value that matches `{pattern}`"))
            }
            Kind::AnyOf { .. } | Kind::OneOfNotValid { .. } | Kind::Not { .. } | Kind::FalseSchema => (
                format!("{name} does not match its schema"),
                format!("run `phx schema show {}` to print the schema", self.document.shape.kind),
            ),
            _ => (format!("{name}: {}", error.masked_with("the value")), "fix the value".to_owned()),
        }
    }

    fn type_help(&self, kind: &TypeKind) -> String {
        let wants = |json| matches!(kind, TypeKind::Single(single) if *single == json);
        let wants_text = wants(jsonschema::JsonType::String);
        let written = self.document.slice(self.value.span);
        match &self.value.data {
            // `1.0` is a number, not a version.
            NodeData::Number(_) if wants_text && self.path.last().is_some_and(|key| key == "validation_schema") => {
                let minor = if written.contains('.') { "" } else { ".0" };
                format!("write `v{written}{minor}`")
            }
            NodeData::Text(text) if wants(jsonschema::JsonType::Integer) && text.trim().parse::<u64>().is_ok() => {
                format!("write `{}` without quotes", text.trim())
            }
            NodeData::Text(text) if wants(jsonschema::JsonType::Array) && !text.trim().is_empty() => {
                format!("write it as a list: `[{}]`", text.trim())
            }
            NodeData::Number(number) if wants_text => format!("put it in quotes: `\"{number}\"`"),
            NodeData::Bool(value) if wants_text => format!("put it in quotes: `\"{value}\"`"),
            NodeData::Null => "write a value".to_owned(),
            _ => "fix the value".to_owned(),
        }
    }
}

fn expected_type(kind: &TypeKind) -> String {
    let word = |name: &str| match name {
        "string" => "a string",
        "integer" => "a whole number",
        "number" => "a number",
        "array" => "a list",
        "object" => "a mapping",
        "boolean" => "true or false",
        _ => "null",
    };
    match kind {
        TypeKind::Single(single) => word(&single.to_string()).to_owned(),
        TypeKind::Multiple(set) => {
            let words: Vec<&str> = set.iter().map(|each| word(&each.to_string())).collect();
            words.join(" or ")
        }
    }
}

/// Formats a value as JSON, but a string without quotes.
fn bare(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

/// Returns a label for an id: `Acceptance Criteria` for `acceptance_criteria`.
pub(super) fn label(id: &str) -> String {
    let word = |word: &str| {
        let mut letters = word.chars();
        letters.next().map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
    };
    let words: Vec<String> = id.split('_').map(word).collect();
    words.join(" ")
}
