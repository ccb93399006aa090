//! Stamps documents: sets the three values of the stamp and the dates of reviewed MANUAL sections.

use std::collections::BTreeSet;

use chrono::{DateTime, SecondsFormat, Utc};
use uuid::Uuid;

use super::reviews::manual_names;
use crate::document::Document;
use crate::text::{Edit, Edits, Span};

/// Stamp for one or more documents.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stamp {
    /// Correlation ID of the operation.
    pub id: Uuid,
    /// Time of the operation.
    pub at: DateTime<Utc>,
    /// New deadline.
    pub due: DateTime<Utc>,
    /// Names of the MANUAL sections that were reviewed.
    pub sections: BTreeSet<String>,
}

impl Stamp {
    /// Returns the edits that stamp a document.
    ///
    /// # Errors
    /// Returns the key that the document does not have or that cannot be edited, in the spelling of the document, or
    /// the name of a section whose marker cannot be edited.
    pub fn edits(&self, document: &Document) -> Result<Edits, String> {
        let values = [
            ("correlation_id", self.id.to_string()),
            ("last_updated", written(self.at)),
            ("update_required_by", written(self.due)),
        ];
        let mut edits = Edits::default();
        for (key, value) in values {
            let missing = || document.dialect.written(key).to_owned();
            let entry = document.governance.entry(key).ok_or_else(missing)?;
            let span = unquoted(document, entry.value.span);
            if span.is_empty()
                || document.slice(span).contains(['\n', '\r'])
                || !edits.add(vec![Edit::replace(span, value)])
            {
                return Err(missing());
            }
        }
        for (name, block) in manual_names(document) {
            if self.sections.contains(&name) {
                let marker = set_review_date(document.slice(block.opener), &self.at.format("%Y-%m-%d").to_string());
                if marker != document.slice(block.opener) && !edits.add(vec![Edit::replace(block.opener, marker)]) {
                    return Err(name);
                }
            }
        }
        Ok(edits)
    }
}

/// Formats a time for front matter: RFC 3339, in seconds, UTC.
pub fn written(time: DateTime<Utc>) -> String {
    time.to_rfc3339_opts(SecondsFormat::Secs, true)
}

/// Returns the span of a scalar without its quotes.
fn unquoted(document: &Document, span: Span) -> Span {
    let text = document.slice(span);
    let quoted = |quote| text.len() >= 2 && text.starts_with(quote) && text.ends_with(quote);
    if quoted('"') || quoted('\'') { Span::new(span.start + 1, span.end - 1) } else { span }
}

/// Sets the date of the last review in a MANUAL marker.
pub fn set_review_date(marker: &str, date: &str) -> String {
    let key = " reviewed:";
    if let Some(from) = marker.find(key).map(|at| at + key.len()) {
        let length = marker[from..].find([' ', '\t']).unwrap_or_else(|| marker[from..].len().saturating_sub(3));
        return format!("{}{date}{}", &marker[..from], &marker[from + length..]);
    }
    let inside = marker.trim_end_matches("-->").trim_end();
    format!("{inside} reviewed:{date} -->")
}

#[cfg(test)]
mod tests {
    use super::set_review_date;

    #[test]
    fn sets_the_date_and_keeps_the_rest_of_the_marker() {
        let date = "2025-09-01";
        assert_eq!(
            set_review_date("<!-- MANUAL - REQUIRES REVIEW -->", date),
            "<!-- MANUAL - REQUIRES REVIEW reviewed:2025-09-01 -->"
        );
        assert_eq!(
            set_review_date("<!-- MANUAL:a reviewed:2024-01-01 -->", date),
            "<!-- MANUAL:a reviewed:2025-09-01 -->"
        );
        assert_eq!(set_review_date("<!-- MANUAL reviewed:x-->", date), "<!-- MANUAL reviewed:2025-09-01-->");
    }
}
