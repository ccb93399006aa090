//! Stamping a document: the three values of its stamp, and the dates of the MANUAL sections that were read.

use std::collections::BTreeSet;

use chrono::{DateTime, SecondsFormat, Utc};
use uuid::Uuid;

use super::reviews::manual_names;
use crate::document::Document;
use crate::text::{Edit, Edits, Span};

/// A stamp to put on documents.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stamp {
    /// The correlation id of the operation.
    pub id: Uuid,
    /// When it is made.
    pub at: DateTime<Utc>,
    /// The new deadline.
    pub due: DateTime<Utc>,
    /// The MANUAL sections that were read.
    pub sections: BTreeSet<String>,
}

impl Stamp {
    /// The edits that put it on a document.
    ///
    /// # Errors
    /// The key that the document does not have, as it would write it.
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
                let marker = dated(document.slice(block.opener), &self.at.format("%Y-%m-%d").to_string());
                if marker != document.slice(block.opener) && !edits.add(vec![Edit::replace(block.opener, marker)]) {
                    return Err(name);
                }
            }
        }
        Ok(edits)
    }
}

/// A time as documents write it.
pub fn written(time: DateTime<Utc>) -> String {
    time.to_rfc3339_opts(SecondsFormat::Secs, true)
}

/// A scalar without the quotes around it.
fn unquoted(document: &Document, span: Span) -> Span {
    let text = document.slice(span);
    let quoted = |quote| text.len() >= 2 && text.starts_with(quote) && text.ends_with(quote);
    if quoted('"') || quoted('\'') { Span::new(span.start + 1, span.end - 1) } else { span }
}

/// A MANUAL marker with another date of its last review.
pub fn dated(marker: &str, date: &str) -> String {
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
    use super::dated;

    #[test]
    fn a_marker_gets_the_date_and_keeps_the_rest() {
        let date = "2025-09-01";
        assert_eq!(
            dated("<!-- MANUAL - REQUIRES REVIEW -->", date),
            "<!-- MANUAL - REQUIRES REVIEW reviewed:2025-09-01 -->"
        );
        assert_eq!(dated("<!-- MANUAL:a reviewed:2024-01-01 -->", date), "<!-- MANUAL:a reviewed:2025-09-01 -->");
        assert_eq!(dated("<!-- MANUAL reviewed:x-->", date), "<!-- MANUAL reviewed:2025-09-01-->");
    }
}
