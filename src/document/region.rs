//! Where the front matter stands, and whether it governs the document: a scan of lines, before any parser.

use super::dialect::Dialect;
use crate::text::Span;

/// How long a front matter may be, from the opening `---` to its closer, in bytes.
pub const FRONT_MATTER: usize = 64 * 1024;

/// The front matter's place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Region {
    /// The line `---` that opens it.
    pub opener: Span,
    /// What stands between opener and closer.
    pub content: Span,
    /// Where the body starts: behind the closer's line end.
    pub body: usize,
    /// How it ends.
    pub end: RegionEnd,
}

/// How a front matter ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RegionEnd {
    /// With `---` or `...` on a line of its own.
    Closed,
    /// With the file.
    Unterminated,
    /// Not within [`FRONT_MATTER`] bytes.
    TooLong,
}

/// What the first bytes of a file say.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum GovernanceScan {
    /// The document is governed.
    Governed,
    /// It is not.
    Ungoverned,
    /// More bytes are needed to say.
    Unknown,
}

/// Finds the front matter at the start of `bytes` (a BOM may precede it), if there is one.
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

/// Whether the document that starts with `head` is governed by its own front matter. `whole` says that
/// `head` is the whole file.
pub fn verdict(head: &[u8], whole: bool, dialect: &Dialect) -> GovernanceScan {
    let start = bom(head);
    if !head[start.min(head.len())..].starts_with(b"---") {
        return if whole || head.len() >= 6 { GovernanceScan::Ungoverned } else { GovernanceScan::Unknown };
    }
    let Some(region) = find(head) else {
        return GovernanceScan::Ungoverned;
    };
    if has_sign(&head[region.content.start..region.content.end], dialect) {
        return GovernanceScan::Governed;
    }
    // A last line that is cut may only look like a closer.
    if !whole && region.body == head.len() {
        return GovernanceScan::Unknown;
    }
    GovernanceScan::Ungoverned
}

fn has_sign(content: &[u8], dialect: &Dialect) -> bool {
    let signs = dialect.signs();
    let lines = LineSpans { bytes: content, at: 0 };
    lines.into_iter().any(|line| {
        let line = &content[line.start..line.end];
        signs.iter().any(|sign| line.strip_prefix(sign.as_bytes()).is_some_and(|rest| rest.first() == Some(&b':')))
    })
}

/// The length of a byte order mark at the start.
pub fn bom(bytes: &[u8]) -> usize {
    if bytes.starts_with(b"\xEF\xBB\xBF") { 3 } else { 0 }
}

/// A fence line: the three characters and nothing but white space behind.
fn is_fence(line: &[u8], fence: &[u8]) -> bool {
    line.strip_prefix(fence).is_some_and(|rest| rest.iter().all(|byte| matches!(byte, b' ' | b'\t')))
}

/// The lines of some bytes, without their line ends.
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

    fn says(head: &str) -> GovernanceScan {
        verdict(head.as_bytes(), true, &Dialect::default())
    }

    #[test]
    fn only_a_front_matter_with_the_sign_governs() {
        assert_eq!(says("---\ngovernance:\n  a: 1\n---\n"), GovernanceScan::Governed);
        assert_eq!(says("\u{FEFF}---\r\ngovernance:\r\n...\r\n"), GovernanceScan::Governed);
        assert_eq!(says("---\ngovernance: [ruined\n"), GovernanceScan::Governed);
        assert_eq!(says("---\ntitle: x\n---\ngovernance:\n"), GovernanceScan::Ungoverned);
        assert_eq!(says("---\n  governance:\n---\n"), GovernanceScan::Ungoverned);
        assert_eq!(says("---\n\nA rule line, then text.\n"), GovernanceScan::Ungoverned);
        assert_eq!(says("----\ngovernance:\n---\n"), GovernanceScan::Ungoverned);
        assert_eq!(says(""), GovernanceScan::Ungoverned);
        assert_eq!(says("---"), GovernanceScan::Ungoverned);
    }

    #[test]
    fn a_flat_front_matter_governs_by_its_aliased_keys() {
        let dialect = Dialect { root: String::new(), aliases: vec![("update_required_by".into(), "review_by".into())] };
        let says = |head: &str| verdict(head.as_bytes(), true, &dialect);
        assert_eq!(says("---\nreview_by: x\n---\n"), GovernanceScan::Governed);
        assert_eq!(says("---\nvalidation_schema: v1.0\n---\n"), GovernanceScan::Governed);
        assert_eq!(says("---\nreview_by_hand: x\n---\n"), GovernanceScan::Ungoverned);
    }

    #[test]
    fn a_cut_head_is_unknown_until_it_says_enough() {
        let dialect = Dialect::default();
        assert_eq!(verdict(b"---\ntitle: x\n", false, &dialect), GovernanceScan::Unknown);
        assert_eq!(verdict(b"# Title", false, &dialect), GovernanceScan::Ungoverned);
        assert_eq!(verdict(b"---\ngovernance:\n", false, &dialect), GovernanceScan::Governed);
    }
}
