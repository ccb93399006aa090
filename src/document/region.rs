//! Location of the front matter, and detection of governed documents by a line scan, without a YAML parser.

use super::dialect::Dialect;
use crate::text::Span;

/// Maximum length of the front matter in bytes, from the opening `---` to the closing line.
pub const FRONT_MATTER: usize = 64 * 1024;

/// Location of the front matter.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Region {
    /// Opening line `---`.
    pub opener: Span,
    /// Content between the opening and the closing line.
    pub content: Span,
    /// Byte offset of the body: the line after the closing line.
    pub body: usize,
    pub end: RegionEnd,
}

/// End of a front matter.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RegionEnd {
    /// Closed by a line `---` or `...`.
    Closed,
    /// The file ends before a closing line.
    Unterminated,
    /// Not closed within [`FRONT_MATTER`] bytes.
    TooLong,
}

/// Result of scanning the first bytes of a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum GovernanceScan {
    Governed,
    Ungoverned,
    /// More bytes are needed.
    Unknown,
}

/// Finds the front matter at the start of `bytes`; a BOM may precede it.
pub fn find(bytes: &[u8]) -> Option<Region> {
    let start = bom(bytes);
    let mut lines = LineSpans { bytes, at: start };
    let opener = lines.next()?;
    if !is_fence(&bytes[opener.start..opener.end], b"---") {
        return None;
    }
    let content_start = lines.at;
    while let Some(line) = lines.next() {
        let text = &bytes[line.start..line.end];
        if is_fence(text, b"---") || is_fence(text, b"...") {
            return Some(Region {
                opener,
                content: Span::new(content_start, line.start),
                body: lines.at,
                end: RegionEnd::Closed,
            });
        }
        if lines.at - start > FRONT_MATTER {
            return Some(Region {
                opener,
                content: Span::new(content_start, line.start),
                body: line.start,
                end: RegionEnd::TooLong,
            });
        }
    }
    Some(Region {
        opener,
        content: Span::new(content_start, bytes.len()),
        body: bytes.len(),
        end: RegionEnd::Unterminated,
    })
}

/// Determines whether the front matter of a document makes it governed. `head` is the start of the file; `whole` states
/// that it is the whole file.
pub fn scan_governance(head: &[u8], whole: bool, dialect: &Dialect) -> GovernanceScan {
    let start = bom(head);
    if !head[start.min(head.len())..].starts_with(b"---") {
        return if whole || head.len() >= 6 { GovernanceScan::Ungoverned } else { GovernanceScan::Unknown };
    }
    let Some(region) = find(head) else {
        return GovernanceScan::Ungoverned;
    };
    if has_governance_key(&head[region.content.start..region.content.end], dialect) {
        return GovernanceScan::Governed;
    }
    // The last line may be truncated, so that it only looks like a closing line.
    if !whole && region.body == head.len() {
        return GovernanceScan::Unknown;
    }
    GovernanceScan::Ungoverned
}

fn has_governance_key(content: &[u8], dialect: &Dialect) -> bool {
    let keys = dialect.governing_keys();
    let lines = LineSpans { bytes: content, at: 0 };
    lines.into_iter().any(|line| {
        let line = &content[line.start..line.end];
        keys.iter().any(|key| line.strip_prefix(key.as_bytes()).is_some_and(|rest| rest.first() == Some(&b':')))
    })
}

/// Returns the length of the byte order mark at the start: 3 or 0.
pub fn bom(bytes: &[u8]) -> usize {
    if bytes.starts_with(b"\xEF\xBB\xBF") { 3 } else { 0 }
}

/// Returns `true` if a line consists of `fence` and optional white space after it.
fn is_fence(line: &[u8], fence: &[u8]) -> bool {
    line.strip_prefix(fence).is_some_and(|rest| rest.iter().all(|byte| matches!(byte, b' ' | b'\t')))
}

/// Iterator over the spans of lines, without line ends.
struct LineSpans<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl Iterator for LineSpans<'_> {
    type Item = Span;

    fn next(&mut self) -> Option<Span> {
        let start = self.at;
        if start >= self.bytes.len() {
            return None;
        }
        let rest = &self.bytes[start..];
        let length = memchr::memchr2(b'\n', b'\r', rest).unwrap_or(rest.len());
        let end = start + length;
        self.at = match (self.bytes.get(end), self.bytes.get(end + 1)) {
            (Some(b'\r'), Some(b'\n')) => end + 2,
            (Some(_), _) => end + 1,
            (None, _) => end,
        };
        Some(Span::new(start, end))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn scan(head: &str) -> GovernanceScan {
        scan_governance(head.as_bytes(), true, &Dialect::default())
    }

    #[test]
    fn requires_the_governance_key_in_the_front_matter() {
        assert_eq!(scan("---\ngovernance:\n  a: 1\n---\n"), GovernanceScan::Governed);
        assert_eq!(scan("\u{FEFF}---\r\ngovernance:\r\n...\r\n"), GovernanceScan::Governed);
        assert_eq!(scan("---\ngovernance: [unclosed\n"), GovernanceScan::Governed);
        assert_eq!(scan("---\ntitle: x\n---\ngovernance:\n"), GovernanceScan::Ungoverned);
        assert_eq!(scan("---\n  governance:\n---\n"), GovernanceScan::Ungoverned);
        assert_eq!(scan("---\n\nA rule line, then text.\n"), GovernanceScan::Ungoverned);
        assert_eq!(scan("----\ngovernance:\n---\n"), GovernanceScan::Ungoverned);
        assert_eq!(scan(""), GovernanceScan::Ungoverned);
        assert_eq!(scan("---"), GovernanceScan::Ungoverned);
    }

    #[test]
    fn detects_aliased_keys_in_a_flat_front_matter() {
        let dialect = Dialect { root: String::new(), aliases: vec![("update_required_by".into(), "review_by".into())] };
        let scan = |head: &str| scan_governance(head.as_bytes(), true, &dialect);
        assert_eq!(scan("---\nreview_by: x\n---\n"), GovernanceScan::Governed);
        assert_eq!(scan("---\nvalidation_schema: v1.0\n---\n"), GovernanceScan::Governed);
        assert_eq!(scan("---\nreview_by_hand: x\n---\n"), GovernanceScan::Ungoverned);
    }

    #[test]
    fn returns_unknown_for_a_truncated_head() {
        let dialect = Dialect::default();
        assert_eq!(scan_governance(b"---\ntitle: x\n", false, &dialect), GovernanceScan::Unknown);
        assert_eq!(scan_governance(b"# Title", false, &dialect), GovernanceScan::Ungoverned);
        assert_eq!(scan_governance(b"---\ngovernance:\n", false, &dialect), GovernanceScan::Governed);
    }
}
