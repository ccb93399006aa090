//! The schemas that are known: those in the binary, and those that a repository adds or puts in their place.
//!
//! A reference is resolved beside the schema that holds it, a repository's own first; `phx:/embedded/…` always
//! names the one in the binary. Nothing is ever fetched.

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

/// A schema file of a repository: `.phx/schemas/<version>/<kind>.schema.json`.
#[derive(Clone, Debug)]
pub struct Overlay {
    /// Version folder.
    pub version: String,
    /// Kind.
    pub kind: String,
    /// Path for messages.
    pub path: String,
    /// The JSON.
    pub text: String,
}

/// The version and the kind of a schema.
type SchemaKey = (String, String);

/// All known schemas. Each is compiled when it is first asked for, and once.
#[derive(Debug)]
pub struct Catalog {
    /// The versions in order, and for each the kinds.
    versions: BTreeMap<String, Vec<Kind>>,
    store: SchemaStore,
    compiled: BTreeMap<SchemaKey, OnceLock<Result<CompiledSchema, Failure>>>,
    /// The schemas of the repository, for messages.
    overlays: Vec<Overlay>,
    /// Whether all schemas are those in the binary.
    as_shipped: bool,
}

/// The schemas as JSON, by the URI under which references find them.
#[derive(Clone, Debug, Default)]
pub struct SchemaStore(Arc<BTreeMap<String, Arc<Value>>>);

impl SchemaStore {
    /// The schema at a URI.
    pub fn get(&self, uri: &str) -> Option<&Value> {
        self.0.get(uri).map(Arc::as_ref)
    }
}

impl Retrieve for SchemaStore {
    fn retrieve(&self, uri: &Uri<String>) -> Result<Value, Box<dyn std::error::Error + Send + Sync>> {
        match self.get(uri.as_str()) {
            Some(schema) => Ok(schema.clone()),
            None => Err(format!("there is no schema `{}`, and none is ever fetched", uri.as_str()).into()),
        }
    }
}

/// The URI of a schema as documents use it.
pub fn uri(version: &str, kind: &str) -> String {
    format!("phx:/schemas/{version}/{kind}.schema.json")
}

impl Catalog {
    /// The schemas of the binary with a repository's over them.
    ///
    /// # Errors
    /// Where a repository's schema is no JSON, or no schema.
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
        // A repository's schema that cannot be used is told before any document is looked at.
        for overlay in overlays {
            catalog.compiled(&overlay.version, &overlay.kind)?;
        }
        Ok(catalog)
    }

    /// The paths of the repository's schemas.
    pub fn overlays(&self) -> impl Iterator<Item = &str> {
        self.overlays.iter().map(|overlay| overlay.path.as_str())
    }

    /// The known versions, oldest first.
    pub fn versions(&self) -> impl Iterator<Item = &str> {
        self.versions.keys().map(String::as_str)
    }

    /// The newest version.
    pub fn newest(&self) -> &str {
        self.versions.keys().next_back().map_or("v1.0", String::as_str)
    }

    /// The kinds that a version has a schema for.
    pub fn kinds(&self, version: &str) -> &[Kind] {
        self.versions.get(version).map(Vec::as_slice).unwrap_or_default()
    }

    /// A kind by its name: of the version, else of the newest, else one without a schema.
    pub fn kind(&self, version: &str, name: &str) -> Kind {
        let versions = [version, self.newest()];
        let mut found = versions.iter().flat_map(|version| self.kinds(version));
        let kind = found.find(|kind| kind.name == name).cloned();
        kind.unwrap_or_else(|| Kind::read(name, &Value::Null))
    }

    /// The kind that a file name makes, without case.
    pub fn kind_of_file(&self, file: &str) -> Option<&str> {
        let mut kinds = self.kinds(self.newest()).iter();
        let named = |kind: &&Kind| kind.file.as_ref().is_some_and(|name| name.eq_ignore_ascii_case(file));
        kinds.find(named).map(|kind| kind.name.as_str())
    }

    /// The JSON of a schema.
    pub fn schema(&self, version: &str, kind: &str) -> Option<&Value> {
        self.store.get(&uri(version, kind))
    }

    /// Compiles all of them: each version and kind, and why it is no schema.
    pub fn compile_all(&self) -> Vec<(String, Result<(), String>)> {
        let one = |(version, kind): &SchemaKey| {
            let compiled = self.compiled(version, kind).map(drop).map_err(|failure| failure.message);
            (format!("{version}/{kind}"), compiled)
        };
        self.compiled.keys().map(one).collect()
    }

    /// The compiled schema of a kind; that of `document` where the kind has none of its own.
    ///
    /// # Errors
    /// Where the schema cannot be compiled.
    pub fn compiled(&self, version: &str, kind: &str) -> Result<&CompiledSchema, Failure> {
        let key = |kind: &str| (version.to_owned(), kind.to_owned());
        let exists = self.compiled.contains_key(&key(kind));
        let kind = if exists { kind } else { "document" };
        let Some(cell) = self.compiled.get(&key(kind)) else {
            let generic = self.compiled.get_key_value(&(self.newest().to_owned(), "document".to_owned()));
            return match generic {
                Some(((newest, _), _)) if newest != version => self.compiled(newest, "document"),
                _ => Err(Failure::internal("there is no schema `document`")),
            };
        };
        let compile = || {
            let compiled = CompiledSchema::new(&uri(version, kind), self.store.clone(), formats(), self.as_shipped);
            compiled.map_err(|why| self.unusable(version, kind, &why))
        };
        cell.get_or_init(compile).as_ref().map_err(Clone::clone)
    }

    /// That a schema cannot be compiled, with the line of what is wrong in it.
    fn unusable(&self, version: &str, kind: &str, why: &Unusable) -> Failure {
        let own = |overlay: &&Overlay| overlay.version == version && overlay.kind == kind;
        let Some(overlay) = self.overlays.iter().find(own) else {
            return Failure::usage(format!("the schema `{}` cannot be used: {}", uri(version, kind), why.message))
                .hint("correct the schema in `.phx/schemas` that it refers to");
        };
        // JSON is YAML, whose reader knows where each value stands.
        let (tree, _) = yaml::parse(&overlay.text, Span::new(0, overlay.text.len()));
        let steps = describe::pointer(&why.pointer);
        let place = tree.as_ref().map(|tree| tree.descend(steps.iter().map(String::as_str)).0.span.start);
        let line =
            place.map_or_else(String::new, |at| format!("line {}: ", 1 + overlay.text[..at].matches('\n').count()));
        Failure::usage(format!("the schema `{}` cannot be used: {line}{}", overlay.path, why.message))
            .hint("correct it, or remove the file to use the schema that ships with phx")
    }

    /// What to say of a version that is not known.
    pub fn unknown_version(&self, version: &str) -> (String, String) {
        let known: Vec<String> = self.versions().map(|version| format!("`{version}`")).collect();
        let near = suggest::did_you_mean(version, self.versions());
        (format!("the schema version `{version}` is not known{near}"), format!("known versions: {}", known.join(", ")))
    }
}

/// A schema that replaces one of the binary's need not repeat what it says of its kind.
fn keep_kind(schema: &mut Value, replaced: Option<&Value>) {
    if let (Some(object), Some(replaced)) = (schema.as_object_mut(), replaced)
        && let Some(kind) = replaced.get("x-kind")
    {
        object.entry("x-kind").or_insert_with(|| kind.clone());
    }
}

fn parse(text: &str, path: &str) -> Result<Value, Failure> {
    serde_json::from_str(text).map_err(|error| {
        Failure::usage(format!("the schema `{path}` is not JSON: {error}")).hint("correct it, or take it out")
    })
}

/// The formats that the governance schema uses, decided as the messages describe them.
fn formats() -> Vec<FormatCheck> {
    vec![
        ("uuid", |text| values::uuid_problem(text).is_none()),
        ("date-time", |text| values::timestamp_problem(text).is_none()),
    ]
}
