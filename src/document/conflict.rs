//! Conflicts that git left in a text: `<<<<<<<`, `=======`, `>>>>>>>`, each at the start of a line.

use memchr::memmem;

use super::nodes::{Node, NodeKind};
use crate::text::Span;

/// The line that opens a side, with the blank that git writes behind it.
const OPEN: &str = "<<<<<<< ";

/// The conflicts in a text, each from its first line to its last, without those in code.
pub fn find(text: &str, nodes: &[Node]) -> Vec<Span> {
    let mut found = Vec::new();
    let mut from = 0;
    for at in memmem::find_iter(text.as_bytes(), OPEN) {
        let starts_line = at == 0 || matches!(text.as_bytes()[at - 1], b'\n' | b'\r');
        if at < from || !starts_line {
            continue;
        }
        if let Some(end) = end(&text[at..]).map(|length| at + length) {
            found.push(Span::new(at, end));
            from = end;
        }
    }
    found.retain(|span| !is_in_code(span.start, nodes));
    found
}

/// How long the conflict at the start of `text` is.
fn end(text: &str) -> Option<usize> {
    let mut length = 0;
    let mut divided = false;
    for (number, raw) in text.split_inclusive('\n').enumerate() {
        let line = raw.trim_end_matches(['\n', '\r']);
        if number > 0 && line.starts_with(OPEN) {
            return None;
        }
        divided |= line == "=======";
        if divided && line.starts_with(">>>>>>> ") {
            return Some(length + line.len());
        }
        length += raw.len();
    }
    None
}

fn is_in_code(at: usize, nodes: &[Node]) -> bool {
    nodes.iter().any(|node| matches!(node.kind, NodeKind::Code { .. }) && node.span.covers(Span::at(at)))
}
