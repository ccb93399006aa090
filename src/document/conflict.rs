//! Parser for Git conflict markers: `<<<<<<<`, `|||||||`, `=======`, `>>>>>>>`, each at the start of a line.

use memchr::memmem;

use super::nodes::{MarkdownNode, MarkdownNodeKind};
use crate::text::Span;

/// Start of the line that opens the first side, with the space that Git writes after the marker.
const OPEN: &str = "<<<<<<< ";

/// Unresolved Git conflict.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Conflict {
    /// Span from the first to the last conflict marker, without the last line end.
    pub span: Span,
    /// Lines of the first side.
    pub ours: Span,
    /// Lines of the second side.
    pub theirs: Span,
    /// Start of the line after the conflict.
    pub end: usize,
}

/// Returns the conflicts in a text, except those in code blocks.
pub fn find(text: &str, nodes: &[MarkdownNode]) -> Vec<Conflict> {
    let mut found = Vec::new();
    let mut from = 0;
    for at in memmem::find_iter(text.as_bytes(), OPEN) {
        let starts_line = at == 0 || matches!(text.as_bytes()[at - 1], b'\n' | b'\r');
        if at < from || !starts_line {
            continue;
        }
        if let Some(conflict) = read(text, at) {
            found.push(conflict);
            from = conflict.span.end;
        }
    }
    found.retain(|conflict| !is_in_code(conflict.span.start, nodes));
    found
}

/// Replaces each conflict with one of its sides. Returns the text and the spans of these sides in it.
pub fn resolved(text: &str, conflicts: &[Conflict], side: fn(&Conflict) -> Span) -> (String, Vec<Span>) {
    let mut resolved = String::with_capacity(text.len());
    let mut sides = Vec::new();
    let mut from = 0;
    for conflict in conflicts {
        resolved.push_str(&text[from..conflict.span.start]);
        let start = resolved.len();
        resolved.push_str(side(conflict).slice(text));
        sides.push(Span::new(start, resolved.len()));
        from = conflict.end;
    }
    resolved.push_str(&text[from..]);
    (resolved, sides)
}

/// Parses the conflict that starts at an offset. Returns `None` if it is incomplete.
fn read(text: &str, start: usize) -> Option<Conflict> {
    let mut at = start;
    // The span of the first side, and the start of the second side.
    let (mut ours, mut theirs): (Option<Span>, Option<usize>) = (None, None);
    let mut first = start;
    for (number, raw) in text[start..].split_inclusive('\n').enumerate() {
        let line = raw.trim_end_matches(['\n', '\r']);
        let after = at + raw.len();
        if number == 0 {
            first = after;
        } else if line.starts_with(OPEN) {
            return None;
        } else if let Some(from) = theirs {
            if line.starts_with(">>>>>>> ") {
                let span = Span::new(start, at + line.len());
                return Some(Conflict { span, ours: ours?, theirs: Span::new(from, at), end: after });
            }
        } else if line == "=======" {
            ours = ours.or(Some(Span::new(first, at)));
            theirs = Some(after);
        } else if line.starts_with("||||||| ") || line == "|||||||" {
            ours = ours.or(Some(Span::new(first, at)));
        }
        at = after;
    }
    None
}

fn is_in_code(at: usize, nodes: &[MarkdownNode]) -> bool {
    nodes.iter().any(|node| matches!(node.kind, MarkdownNodeKind::Code { .. }) && node.span.covers(Span::at(at)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn separates_the_sides_of_conflicts() {
        let text = "a\n<<<<<<< HEAD\nours\n||||||| base\nold\n=======\ntheirs\nmore\n>>>>>>> topic\nz\n<<<<<<< H\n=======\nx\n>>>>>>> t";
        let conflicts = find(text, &[]);
        let (ours, sides) = resolved(text, &conflicts, |conflict| conflict.ours);
        assert_eq!(ours, "a\nours\nz\n");
        assert_eq!(sides, [Span::new(2, 7), Span::at(9)]);
        assert_eq!(resolved(text, &conflicts, |conflict| conflict.theirs).0, "a\ntheirs\nmore\nz\nx\n");
        assert_eq!(find("<<<<<<< HEAD\nours\n=======\n", &[]), []);
    }
}
