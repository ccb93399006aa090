//! Catalog of schemas: the embedded ones, and those that a repository adds or overrides.
//!
//! A reference is resolved relative to the schema that contains it, and prefers schemas of the repository.
//! `phx:/embedded/…` always refers to the embedded schema. Schemas are never fetched from the network.

use std::collections::BTreeMap;
use std::sync::{Arc, OnceLock};

use jsonschema::{Retrieve, Uri};
use serde_json::Value;

use super::describe;
use super::embedded::SCHEMAS;
use super::kind::Kind;
use super::validate::{CompiledSchema, FormatCheck, Unusable};
use crate::document::{values, yaml};
use crate::failure::Failure;
use crate::text::{Span, suggest};

/// Schema file of a repository: `.phx/schemas/<version>/<kind>.schema.json`.
#[derive(Clone, Debug)]
pub struct Overlay {
    /// Version folder, such as `v1.0`.
    pub version: String,
    pub kind: String,
    /// Path for messages.
    pub path: String,
    /// Schema as JSON text.
    pub text: String,
}

/// Version and kind of a schema.
type SchemaKey = (String, String);

/// All known schemas. Each is compiled once, on first use.
#[derive(Debug)]
pub struct Catalog {
    /// Kinds by version, in ascending order.
    versions: BTreeMap<String, Vec<Kind>>,
    store: SchemaStore,
    compiled: BTreeMap<SchemaKey, OnceLock<Result<CompiledSchema, Failure>>>,
    /// Schemas of the repository, for messages.
    overlays: Vec<Overlay>,
    /// Whether all schemas are embedded ones.
    as_shipped: bool,
}

/// Schemas as JSON, by the URI that references use.
#[derive(Clone, Debug, Default)]
pub struct SchemaStore(Arc<BTreeMap<String, Arc<Value>>>);

impl SchemaStore {
    pub fn get(&self, uri: &str) -> Option<&Value> {
        self.0.get(uri).map(Arc::as_ref)
    }
}

impl Retrieve for SchemaStore {
    fn retrieve(&self, uri: &Uri<String>) -> Result<Value, Box<dyn std::error::Error + Send + Sync>> {
        match self.get(uri.as_str()) {
            Some(schema) => Ok(schema.clone()),
            None => Err(format!("unknown schema `{}`; schemas are never fetched", uri.as_str()).into()),
        }
    }
}

/// Returns the URI of a schema.
pub fn uri(version: &str, kind: &str) -> String {
    format!("phx:/schemas/{version}/{kind}.schema.json")
}

impl Catalog {
    /// Creates a catalog of the embedded schemas and the schemas of a repository, which have priority.
    ///
    /// # Errors
    /// Returns an error if a schema of the repository is not valid JSON or not a valid schema.
    pub fn new(overlays: &[Overlay]) -> Result<Self, Failure> {
        let mut schemas: BTreeMap<SchemaKey, Arc<Value>> = BTreeMap::new();
        let mut store: BTreeMap<String, Arc<Value>> = BTreeMap::new();
        for embedded in SCHEMAS {
            let schema = Arc::new(parse(embedded.text, embedded.kind)?);
            let uri = format!("phx:/embedded/{}/{}.schema.json", embedded.version, embedded.kind);
            store.insert(uri, Arc::clone(&schema));
            schemas.insert((embedded.version.to_owned(), embedded.kind.to_owned()), schema);
        }
        for overlay in overlays {
            let mut schema = parse(&overlay.text, &overlay.path)?;
            let key = (overlay.version.clone(), overlay.kind.clone());
            keep_kind(&mut schema, schemas.get(&key).map(Arc::as_ref));
            schemas.insert(key, Arc::new(schema));
        }
        let mut versions: BTreeMap<String, Vec<Kind>> = BTreeMap::new();
        for ((version, kind), schema) in &schemas {
            store.insert(uri(version, kind), Arc::clone(schema));
            let kinds = versions.entry(version.clone()).or_default();
            if kind != "governance" {
                kinds.push(Kind::read(kind, schema));
            }
        }
        let compiled = schemas.into_keys().map(|key| (key, OnceLock::new())).collect();
        let (store, as_shipped) = (SchemaStore(Arc::new(store)), overlays.is_empty());
        let catalog = Self { versions, store, compiled, overlays: overlays.to_vec(), as_shipped };
        // Reports invalid schemas of the repository before any document is validated.
        for overlay in overlays {
            catalog.compiled(&overlay.version, &overlay.kind)?;
        }
        Ok(catalog)
    }

    /// Returns the paths of the schemas of the repository.
    pub fn overlays(&self) -> impl Iterator<Item = &str> {
        self.overlays.iter().map(|overlay| overlay.path.as_str())
    }

    /// Returns the known versions, oldest first.
    pub fn versions(&self) -> impl Iterator<Item = &str> {
        self.versions.keys().map(String::as_str)
    }

    pub fn newest(&self) -> &str {
        self.versions.keys().next_back().map_or("v1.0", String::as_str)
    }

    /// Returns the kinds with a schema of this version.
    pub fn kinds(&self, version: &str) -> &[Kind] {
        self.versions.get(version).map(Vec::as_slice).unwrap_or_default()
    }

    /// Returns a kind of this version or, if there is none, of the newest version. A kind without a schema gets
    /// defaults.
    pub fn kind(&self, version: &str, name: &str) -> Kind {
        let versions = [version, self.newest()];
        let mut found = versions.iter().flat_map(|version| self.kinds(version));
        let kind = found.find(|kind| kind.name == name).cloned();
        kind.unwrap_or_else(|| Kind::read(name, &Value::Null))
    }

    /// Returns the kind whose documents have this file name, ignoring ASCII case.
    pub fn kind_of_file(&self, file: &str) -> Option<&str> {
        let mut kinds = self.kinds(self.newest()).iter();
        let named = |kind: &&Kind| kind.file.as_ref().is_some_and(|name| name.eq_ignore_ascii_case(file));
        kinds.find(named).map(|kind| kind.name.as_str())
    }

    /// Returns a schema as JSON.
    pub fn schema(&self, version: &str, kind: &str) -> Option<&Value> {
        self.store.get(&uri(version, kind))
    }

    /// Compiles all schemas. Returns `version/kind` and the result of each.
    pub fn compile_all(&self) -> Vec<(String, Result<(), String>)> {
        let one = |(version, kind): &SchemaKey| {
            let compiled = self.compiled(version, kind).map(drop).map_err(|failure| failure.message);
            (format!("{version}/{kind}"), compiled)
        };
        self.compiled.keys().map(one).collect()
    }

    /// Returns the compiled schema of a kind. A kind without a schema uses the schema `document`.
    ///
    /// # Errors
    /// Returns an error if the schema cannot be compiled.
    pub fn compiled(&self, version: &str, kind: &str) -> Result<&CompiledSchema, Failure> {
        let key = |kind: &str| (version.to_owned(), kind.to_owned());
        let exists = self.compiled.contains_key(&key(kind));
        let kind = if exists { kind } else { "document" };
        let Some(cell) = self.compiled.get(&key(kind)) else {
            let generic = self.compiled.get_key_value(&(self.newest().to_owned(), "document".to_owned()));
            return match generic {
                Some(((newest, _), _)) if newest != version => self.compiled(newest, "document"),
                _ => Err(Failure::internal("unknown schema `document`")),
            };
        };
        let compile = || {
            let compiled = CompiledSchema::new(&uri(version, kind), self.store.clone(), formats(), self.as_shipped);
            compiled.map_err(|reason| self.unusable(version, kind, &reason))
        };
        cell.get_or_init(compile).as_ref().map_err(Clone::clone)
    }

    /// Creates the failure for a schema that cannot be compiled, with the line of the invalid value.
    fn unusable(&self, version: &str, kind: &str, reason: &Unusable) -> Failure {
        let own = |overlay: &&Overlay| overlay.version == version && overlay.kind == kind;
        let Some(overlay) = self.overlays.iter().find(own) else {
            return Failure::usage(format!("cannot use schema `{}`: {}", uri(version, kind), reason.message))
                .hint("fix the schema in `.phx/schemas` that it refers to");
        };
        // JSON is a subset of YAML, and the YAML parser records spans.
        let (tree, _) = yaml::parse(&overlay.text, Span::new(0, overlay.text.len()));
        let steps = describe::pointer(&reason.pointer);
        let offset = tree.as_ref().map(|tree| tree.descend(steps.iter().map(String::as_str)).0.span.start);
        let line =
            offset.map_or_else(String::new, |at| format!("line {}: ", 1 + overlay.text[..at].matches('\n').count()));
        Failure::usage(format!("cannot use schema `{}`: {line}{}", overlay.path, reason.message))
            .hint("fix the schema, or remove the file to use the embedded schema")
    }

    /// Returns message and help for an unknown version.
    pub fn unknown_version(&self, version: &str) -> (String, String) {
        let known: Vec<String> = self.versions().map(|version| format!("`{version}`")).collect();
        let near = suggest::did_you_mean(version, self.versions());
        (format!("unknown schema version `{version}`{near}"), format!("use one of {}", known.join(", ")))
    }
}

/// Copies `x-kind` from the overridden schema if the schema does not define it.
fn keep_kind(schema: &mut Value, replaced: Option<&Value>) {
    if let (Some(object), Some(replaced)) = (schema.as_object_mut(), replaced)
        && let Some(kind) = replaced.get("x-kind")
    {
        object.entry("x-kind").or_insert_with(|| kind.clone());
    }
}

fn parse(text: &str, path: &str) -> Result<Value, Failure> {
    serde_json::from_str(text).map_err(|error| {
        Failure::usage(format!("schema `{path}` is not valid JSON: {error}")).hint("fix the JSON, or remove the file")
    })
}

/// Formats of the governance schema. They use the same functions as the messages about them.
fn formats() -> Vec<FormatCheck> {
    vec![
        ("uuid", |text| values::uuid_problem(text).is_none()),
        ("date-time", |text| values::timestamp_problem(text).is_none()),
    ]
}
