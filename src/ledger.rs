//! Ledger of operations that cannot be derived from Git. Each operation has its own file, so that branches do not
//! conflict.
//!
//! The path of a record is `.phx/ledger/<yyyy-mm>/<uuid>.json`. The UUID (version 7, RFC 9562) is the correlation ID of
//! the operation, and its timestamp gives the month, so that a record is found by its ID without a search.

mod verify;

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use uuid::{NoContext, Timestamp, Uuid};

use crate::corpus::reviews::{Review, ReviewedSection};

pub(crate) use verify::{is_record, problems};

/// Folder of the ledger, relative to the directory of the configuration.
pub(crate) const FOLDER: &str = ".phx/ledger";

/// Record of one operation.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Record {
    /// Correlation ID.
    pub id: Uuid,
    /// Time of the operation.
    pub at: DateTime<Utc>,
    /// Author, in the form of Git: `Name <email>`.
    pub actor: String,
    /// Operation: always `review`.
    pub operation: String,
    /// Note of the author.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
    /// Documents that were signed off.
    pub documents: Vec<RecordedDocument>,
}

/// State of one document that was signed off.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct RecordedDocument {
    /// Path of the document from the root.
    pub path: String,
    /// MANUAL sections that have been reviewed, by canonical name.
    pub sections: BTreeMap<String, RecordedSection>,
    /// Hash of the source files.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sources: Option<String>,
    /// Hash of the text without stamp, markers and AUTO bodies.
    pub text: String,
}

/// Last review of a MANUAL section, in this operation or an earlier one.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct RecordedSection {
    /// Hash of the text of the section.
    pub hash: String,
    pub reviewed: DateTime<Utc>,
}

impl Record {
    /// Parses a record.
    ///
    /// # Errors
    /// Returns an error if the JSON is not a valid record or has unknown fields.
    pub(crate) fn read(bytes: &[u8]) -> Result<Self, String> {
        serde_json::from_slice(bytes).map_err(|error| format!("not a valid ledger record: {error}"))
    }

    /// Returns the file content of the record, which is the same for equal records.
    pub(crate) fn text(&self) -> String {
        let mut text = serde_json::to_string_pretty(self).unwrap_or_default();
        text.push('\n');
        text
    }

    /// Returns the review of the document at `path`. If the record has only one document, that one is used even if its
    /// path is different, because the document may have been renamed since.
    pub(crate) fn review(&self, path: &str) -> Option<Review> {
        let named = self.documents.iter().find(|entry| entry.path == path);
        let entry = named.or(if let [only] = self.documents.as_slice() { Some(only) } else { None })?;
        let reviewed_section =
            |section: &RecordedSection| ReviewedSection { hash: section.hash.clone(), at: section.reviewed };
        Some(Review {
            at: self.at,
            sections: entry.sections.iter().map(|(name, section)| (name.clone(), reviewed_section(section))).collect(),
            sources: entry.sources.clone(),
            text: entry.text.clone(),
        })
    }
}

impl RecordedDocument {
    /// Creates the entry for the document at `path` from a review.
    pub(crate) fn of(path: &str, review: &Review) -> Self {
        let section =
            |reviewed: &ReviewedSection| RecordedSection { hash: reviewed.hash.clone(), reviewed: reviewed.at };
        Self {
            path: path.to_owned(),
            sections: review.sections.iter().map(|(name, reviewed)| (name.clone(), section(reviewed))).collect(),
            sources: review.sources.clone(),
            text: review.text.clone(),
        }
    }
}

/// Returns a new UUID of version 7 with the given time.
pub(crate) fn new_id(at: DateTime<Utc>) -> Uuid {
    let seconds = u64::try_from(at.timestamp()).unwrap_or_default();
    Uuid::new_v7(Timestamp::from_unix(NoContext, seconds, at.timestamp_subsec_nanos()))
}

/// Returns the path of the record with an ID, relative to the directory of the configuration, or `None` if the ID is
/// not a UUID of version 7.
pub(crate) fn file_of(id: &str) -> Option<String> {
    let id = Uuid::parse_str(id).ok().filter(|id| id.get_version_num() == 7)?;
    let (seconds, _) = id.get_timestamp()?.to_unix();
    let at = DateTime::from_timestamp(i64::try_from(seconds).ok()?, 0)?;
    Some(format!("{FOLDER}/{}/{id}.json", at.format("%Y-%m")))
}
