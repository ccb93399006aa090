//! Fact `documents`: all governed documents.

use std::sync::Arc;

use minijinja::value::{Enumerator, Object, from_args};
use minijinja::{Error, ErrorKind, State, Value};

use super::super::access_log::Blocker;
use super::super::values;
use crate::corpus::{Digest, Digests};

/// Callback for a problem in a document whose items are read.
pub type Note = Arc<dyn Fn(Blocker) + Send + Sync>;

/// Template value `documents`: the documents by kind, and `documents.of(kind, phase_group, phase_number)`.
pub struct DocumentsValue {
    digests: Arc<Digests>,
    note: Option<Note>,
}

impl std::fmt::Debug for DocumentsValue {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Documents").finish_non_exhaustive()
    }
}

/// Template value of one document.
struct DigestValue {
    digests: Arc<Digests>,
    index: usize,
    note: Option<Note>,
}

impl std::fmt::Debug for DigestValue {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("DigestValue").field("index", &self.index).finish_non_exhaustive()
    }
}

/// Creates the value of all documents.
pub fn value(digests: Arc<Digests>) -> Value {
    Value::from_object(DocumentsValue { digests, note: None })
}

/// Returns the same documents with a callback for problems, for one rendering.
pub fn noting(documents: &Value, note: Note) -> Value {
    match documents.downcast_object_ref::<DocumentsValue>() {
        Some(known) => Value::from_object(DocumentsValue { digests: Arc::clone(&known.digests), note: Some(note) }),
        None => documents.clone(),
    }
}

impl DocumentsValue {
    fn values(&self, indices: Vec<usize>) -> Value {
        let value = |index| {
            let (digests, note) = (Arc::clone(&self.digests), self.note.clone());
            Value::from_object(DigestValue { digests, index, note })
        };
        Value::from(indices.into_iter().map(value).collect::<Vec<_>>())
    }
}

impl Object for DocumentsValue {
    fn get_value(self: &Arc<Self>, key: &Value) -> Option<Value> {
        Some(self.values(self.digests.of_kind(key.as_str()?)))
    }

    fn enumerate(self: &Arc<Self>) -> Enumerator {
        Enumerator::Values(self.digests.kinds().map(Value::from).collect())
    }

    fn call_method(self: &Arc<Self>, _: &mut State<'_, '_>, method: &str, args: &[Value]) -> Result<Value, Error> {
        if method != "of" {
            return Err(Error::from(ErrorKind::UnknownMethod));
        }
        let (kind, group, number): (&str, Value, Value) = from_args(args)?;
        let number = u64::try_from(number).ok();
        let phase = group.as_str().map(str::to_owned).zip(number);
        Ok(self.values(phase.map(|phase| self.digests.of_phase(kind, phase)).unwrap_or_default()))
    }
}

impl DigestValue {
    /// Reports items that cannot be read.
    fn note_unread(&self) {
        let (Some(note), Some(unread)) = (&self.note, self.digest().part("unread")) else { return };
        for problem in unread.as_array().into_iter().flatten() {
            let text = |key: &str| problem[key].as_str().unwrap_or_default().to_owned();
            note(Blocker { location: text("location"), message: text("message") });
        }
    }

    fn digest(&self) -> &Digest {
        &self.digests.all()[self.index]
    }
}

impl Object for DigestValue {
    fn get_value(self: &Arc<Self>, key: &Value) -> Option<Value> {
        let digest = self.digest();
        match key.as_str()? {
            "path" => Some(Value::from(digest.path.as_str())),
            "kind" => Some(Value::from(digest.kind.as_str())),
            key => {
                if key == "items" {
                    self.note_unread();
                }
                digest.part(key).as_ref().map(values::of_json)
            }
        }
    }

    fn enumerate(self: &Arc<Self>) -> Enumerator {
        Enumerator::Str(&["path", "kind", "title", "governance", "front_matter", "items"])
    }
}
