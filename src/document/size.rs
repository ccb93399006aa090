//! How large a document may be: bounds on its blocks and on its syntax errors, so that a file of some megabytes cannot take
//! gigabytes of memory.

use super::syntax_error::{SyntaxError, SyntaxErrorKind};
use crate::text::Span;

/// The most blocks of a document: headings, paragraphs, entries of lists, rows of tables. A governed document has hundreds.
pub const BLOCKS: usize = 50_000;
/// The most syntax errors that are reported of a document.
pub const MAX_SYNTAX_ERRORS: usize = 1_000;

/// Where a body has more blocks than are read, as far as the starts of its lines tell; nothing if it has fewer.
pub fn bound(text: &str, body: usize) -> Option<usize> {
    let bytes = text.as_bytes().get(body..)?;
    // A block takes a byte and the end of a line at least.
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

/// Whether a line may open a block of its own right below another line.
fn opens_block(line: &[u8]) -> bool {
    match line {
        [b'#' | b'>' | b'|' | b'`' | b'~' | b'=' | b':', ..] | [b'-' | b'*' | b'+', b' ' | b'\t', ..] => true,
        [b'<', rest @ ..] => rest.contains(&b'>'),
        [first, rest @ ..] if first.is_ascii_digit() => rest.iter().any(|byte| matches!(byte, b'.' | b')')),
        _ => false,
    }
}

/// The error of a document with too many blocks, of which the rest is not read.
pub fn too_large(at: usize) -> SyntaxError {
    let message = format!("more than {BLOCKS} headings, paragraphs, entries and rows; the rest is not read");
    let help = "split the document, or add the file to `documents.exclude` in phx.toml";
    SyntaxError::new(SyntaxErrorKind::Oversized, Span::at(at), message, help)
}

/// Leaves out errors beyond the bound, and says how many. The errors are sorted.
pub fn bound_errors(syntax_errors: &mut Vec<SyntaxError>) {
    let more = syntax_errors.len().saturating_sub(MAX_SYNTAX_ERRORS);
    if more > 0 {
        let span = syntax_errors[MAX_SYNTAX_ERRORS].span;
        syntax_errors.truncate(MAX_SYNTAX_ERRORS);
        let message = format!("{more} more syntax errors from here on");
        syntax_errors.push(SyntaxError::new(SyntaxErrorKind::Oversized, span, message, "correct those above first"));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blocks_are_counted_by_the_starts_of_lines() {
        let many = |unit: &str, count: usize| unit.repeat(count);
        assert_eq!(bound(&many("# a\n", BLOCKS), 0), None);
        assert_eq!(bound(&many("# a\n", BLOCKS + 1), 0), Some(BLOCKS * 4));
        assert_eq!(bound(&many("a\n\n", BLOCKS + 1), 0), Some(BLOCKS * 3));
        // One paragraph, however long, is one block.
        assert_eq!(bound(&many("words\n", BLOCKS * 3), 0), None);
    }
}
