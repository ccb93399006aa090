//! Limits on the number of blocks and syntax errors of a document, so that a file of some megabytes cannot consume
//! gigabytes of memory.

use super::syntax_error::{SyntaxError, SyntaxErrorKind};
use crate::text::Span;

/// Maximum number of Markdown blocks: headings, paragraphs, list entries and table rows. A governed document has
/// hundreds.
pub(super) const BLOCKS: usize = 50_000;
/// Maximum number of syntax errors reported for a document.
pub(super) const MAX_SYNTAX_ERRORS: usize = 1_000;

/// Returns the offset of the first block above the limit, estimated from the starts of the lines; `None` if the body is
/// within the limit.
pub(super) fn bound(text: &str, body: usize) -> Option<usize> {
    let bytes = text.as_bytes().get(body..)?;
    // A block takes at least one byte and a line end.
    if bytes.len() < BLOCKS * 2 {
        return None;
    }
    let (mut blocks, mut after_blank, mut start) = (0, true, 0);
    for end in memchr::memchr2_iter(b'\n', b'\r', bytes).chain([bytes.len()]) {
        let line = bytes[start..end].trim_ascii_start();
        let opens = !line.is_empty() && (after_blank || opens_block(line));
        blocks += usize::from(opens);
        if blocks > BLOCKS {
            return Some(body + start);
        }
        after_blank = line.is_empty();
        start = end + 1;
    }
    None
}

/// Returns `true` if a line may start a new block directly below another line.
fn opens_block(line: &[u8]) -> bool {
    match line {
        [b'#' | b'>' | b'|' | b'`' | b'~' | b'=' | b':', ..] | [b'-' | b'*' | b'+', b' ' | b'\t', ..] => true,
        [b'<', rest @ ..] => rest.contains(&b'>'),
        [first, rest @ ..] if first.is_ascii_digit() => rest.iter().any(|byte| matches!(byte, b'.' | b')')),
        _ => false,
    }
}

/// Returns the error for a document with too many blocks; the text from `at` on is not parsed.
pub(super) fn too_large(at: usize) -> SyntaxError {
    let message = format!(
        "document has more than {BLOCKS} headings, paragraphs, list entries and table rows; the rest was not parsed"
    );
    let help = "split the document, or add the file to `documents.exclude` in phx.toml";
    SyntaxError::new(SyntaxErrorKind::Oversized, Span::at(at), message, help)
}

/// Replaces the errors above the limit with one error that states their number. The errors must be sorted.
pub(super) fn bound_errors(syntax_errors: &mut Vec<SyntaxError>) {
    let more = syntax_errors.len().saturating_sub(MAX_SYNTAX_ERRORS);
    if more > 0 {
        let span = syntax_errors[MAX_SYNTAX_ERRORS].span;
        syntax_errors.truncate(MAX_SYNTAX_ERRORS);
        let message = format!("{more} more syntax errors from this line on");
        syntax_errors.push(SyntaxError::new(SyntaxErrorKind::Oversized, span, message, "fix the errors above first"));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_blocks_by_the_starts_of_lines() {
        let many = |unit: &str, count: usize| unit.repeat(count);
        assert_eq!(bound(&many("# a\n", BLOCKS), 0), None);
        assert_eq!(bound(&many("# a\n", BLOCKS + 1), 0), Some(BLOCKS * 4));
        assert_eq!(bound(&many("a\n\n", BLOCKS + 1), 0), Some(BLOCKS * 3));
        // A paragraph of any length is one block.
        assert_eq!(bound(&many("words\n", BLOCKS * 3), 0), None);
    }
}
