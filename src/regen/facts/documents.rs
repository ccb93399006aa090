//! All governed documents as templates see them.

use std::sync::Arc;

use minijinja::value::{Enumerator, Object, from_args};
use minijinja::{Error, ErrorKind, State, Value};

use super::super::values;
use crate::corpus::{Digest, Digests};

/// `documents`: for each kind its documents, and `documents.of(kind, phase_group, phase_number)`.
#[derive(Debug)]
pub struct Documents(Arc<Digests>);

/// One document.
#[derive(Debug)]
struct DigestValue {
    digests: Arc<Digests>,
    index: usize,
}

/// The value of all documents.
pub fn value(digests: Arc<Digests>) -> Value {
    Value::from_object(Documents(digests))
}

impl Documents {
    fn values(&self, indices: Vec<usize>) -> Value {
        let value = |index| Value::from_object(DigestValue { digests: Arc::clone(&self.0), index });
        Value::from(indices.into_iter().map(value).collect::<Vec<_>>())
    }
}

impl Object for Documents {
    fn get_value(self: &Arc<Self>, key: &Value) -> Option<Value> {
        Some(self.values(self.0.of_kind(key.as_str()?)))
    }

    fn enumerate(self: &Arc<Self>) -> Enumerator {
        Enumerator::Values(self.0.kinds().map(Value::from).collect())
    }

    fn call_method(self: &Arc<Self>, _: &mut State<'_, '_>, method: &str, args: &[Value]) -> Result<Value, Error> {
        if method != "of" {
            return Err(Error::from(ErrorKind::UnknownMethod));
        }
        let (kind, group, number): (&str, Value, Value) = from_args(args)?;
        let number = u64::try_from(number).ok();
        let phase = group.as_str().map(str::to_owned).zip(number);
        Ok(self.values(phase.map(|phase| self.0.of_phase(kind, phase)).unwrap_or_default()))
    }
}

impl DigestValue {
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
            key => digest.part(key).as_ref().map(values::of_json),
        }
    }

    fn enumerate(self: &Arc<Self>) -> Enumerator {
        Enumerator::Str(&["path", "kind", "title", "governance", "items"])
    }
}
