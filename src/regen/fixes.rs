//! Combines the fixes of findings into edits of one document.

use crate::finding::Finding;
use crate::text::{Edit, Edits};

/// Returns the edits of all fixes. A fix that overlaps an earlier one is skipped; the next run finds it again.
pub fn edits<'a>(findings: impl IntoIterator<Item = &'a Finding>) -> Edits {
    let mut edits = Edits::default();
    for fix in findings.into_iter().filter_map(|finding| finding.fix.as_ref()) {
        let group = fix.edits.iter().map(|(range, text)| Edit::replace(range.bytes, text.as_str()));
        let _is_skipped = !edits.add(group.collect());
    }
    edits
}
