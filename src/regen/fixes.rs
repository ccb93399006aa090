//! The fixes that findings carry, as edits of one document.

use crate::finding::Finding;
use crate::text::{Edit, Edits};

/// The edits of all findings that carry a fix. One that touches another's place is left for the next round.
pub fn edits<'a>(findings: impl IntoIterator<Item = &'a Finding>) -> Edits {
    let mut edits = Edits::default();
    for fix in findings.into_iter().filter_map(|finding| finding.fix.as_ref()) {
        let group = fix.edits.iter().map(|(range, text)| Edit::replace(range.bytes, text.as_str()));
        let _next_round = !edits.add(group.collect());
    }
    edits
}
