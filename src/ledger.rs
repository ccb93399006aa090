//! The ledger: what git cannot derive is recorded, one file an operation, so that branches never conflict.
//!
//! A record stands at `.phx/ledger/<yyyy-mm>/<uuid>.json`, where the UUID (version 7, RFC 9562) is the correlation id of the
//! operation and its time names the month: the record of an id is found without looking at others.

mod verify;

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use uuid::{NoContext, Timestamp, Uuid};

use crate::corpus::reviews::{Review, ReviewedSection};

pub use verify::{is_record, problems};

/// The folder of the ledger, from the configuration's directory.
pub const FOLDER: &str = ".phx/ledger";

/// One operation.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Record {
    /// Its correlation id.
    pub id: Uuid,
    /// When it was made.
    pub at: DateTime<Utc>,
    /// Who made it, as git names people.
    pub actor: String,
    /// What it was: `review`.
    pub operation: String,
    /// What its maker said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
    /// What it vouched for.
    pub documents: Vec<RecordedDocument>,
}

/// What an operation vouched for in one document.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RecordedDocument {
    /// The document's path from the root.
    pub path: String,
    /// Its MANUAL sections, as far as somebody has reviewed them.
    pub sections: BTreeMap<String, RecordedSection>,
    /// The hash of the files that it describes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sources: Option<String>,
    /// The hash of its whole text without stamp, markers and AUTO bodies.
    pub text: String,
}

/// The last review of a MANUAL section: by this operation or one before.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RecordedSection {
    /// The hash of its text.
    pub hash: String,
    /// When it was reviewed.
    pub reviewed: DateTime<Utc>,
}

impl Record {
    /// Reads a record.
    ///
    /// # Errors
    /// Why it is none.
    pub fn read(bytes: &[u8]) -> Result<Self, String> {
        serde_json::from_slice(bytes).map_err(|error| format!("it is no record: {error}"))
    }

    /// The record as it is written: the same bytes for the same record.
    pub fn text(&self) -> String {
        let mut text = serde_json::to_string_pretty(self).unwrap_or_default();
        text.push('\n');
        text
    }

    /// What it says of a document: under its path, or, where it vouches for one document alone, under the path that this one
    /// had then.
    pub fn review(&self, path: &str) -> Option<Review> {
        let named = self.documents.iter().find(|entry| entry.path == path);
        let entry = named.or(if let [only] = self.documents.as_slice() { Some(only) } else { None })?;
        let vouched = |section: &RecordedSection| ReviewedSection { hash: section.hash.clone(), at: section.reviewed };
        Some(Review {
            at: self.at,
            sections: entry.sections.iter().map(|(name, section)| (name.clone(), vouched(section))).collect(),
            sources: entry.sources.clone(),
            text: entry.text.clone(),
        })
    }
}

impl RecordedDocument {
    /// What a review says of a document at a path.
    pub fn of(path: &str, review: &Review) -> Self {
        let section = |vouched: &ReviewedSection| RecordedSection { hash: vouched.hash.clone(), reviewed: vouched.at };
        Self {
            path: path.to_owned(),
            sections: review.sections.iter().map(|(name, vouched)| (name.clone(), section(vouched))).collect(),
            sources: review.sources.clone(),
            text: review.text.clone(),
        }
    }
}

/// A new id of an operation at a time.
pub fn new_id(at: DateTime<Utc>) -> Uuid {
    let seconds = u64::try_from(at.timestamp()).unwrap_or_default();
    Uuid::new_v7(Timestamp::from_unix(NoContext, seconds, at.timestamp_subsec_nanos()))
}

/// Where the record of an id stands, from the configuration's directory; nothing where the id is not one of ours.
pub fn file_of(id: &str) -> Option<String> {
    let id = Uuid::parse_str(id).ok().filter(|id| id.get_version_num() == 7)?;
    let (seconds, _) = id.get_timestamp()?.to_unix();
    let at = DateTime::from_timestamp(i64::try_from(seconds).ok()?, 0)?;
    Some(format!("{FOLDER}/{}/{id}.json", at.format("%Y-%m")))
}
