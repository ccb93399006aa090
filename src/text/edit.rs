//! Replacing spans of a text, and nothing else.

use super::Span;

/// One replacement.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Edit {
    /// What goes.
    pub span: Span,
    /// What comes in its place.
    pub text: String,
}

impl Edit {
    /// Replaces `span` by `text`.
    pub fn replace(span: Span, text: impl Into<String>) -> Self {
        Self { span, text: text.into() }
    }

    /// Inserts `text` before the byte `at`.
    pub fn insert(at: usize, text: impl Into<String>) -> Self {
        Self::replace(Span::at(at), text)
    }
}

/// Edits of one text, sorted, none over another.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Edits {
    edits: Vec<Edit>,
}

impl Edits {
    /// Adds edits that belong together: all of them, or none where one of them touches what is edited already.
    /// The same edits a second time change nothing.
    #[must_use = "edits that are not taken must be told"]
    pub fn add(&mut self, mut group: Vec<Edit>) -> bool {
        group.sort();
        if group.iter().all(|edit| self.edits.binary_search(edit).is_ok()) {
            return true;
        }
        let inside = group.windows(2).any(|pair| overlap(pair[0].span, pair[1].span));
        if inside || group.iter().any(|edit| self.touches(edit.span)) {
            return false;
        }
        for edit in group {
            let at = self.edits.partition_point(|other| *other < edit);
            self.edits.insert(at, edit);
        }
        true
    }

    /// Whether a span touches one that is edited.
    fn touches(&self, span: Span) -> bool {
        let at = self.edits.partition_point(|edit| edit.span.start < span.start);
        let near = &self.edits[at.saturating_sub(1)..(at + 2).min(self.edits.len())];
        near.iter().any(|edit| overlap(edit.span, span))
    }

    /// The edits in order.
    pub fn iter(&self) -> impl Iterator<Item = &Edit> {
        self.edits.iter()
    }

    /// Whether there is nothing to do.
    pub fn is_empty(&self) -> bool {
        self.edits.is_empty()
    }

    /// The text after the edits: every byte outside their spans is as it was.
    pub fn apply(&self, text: &str) -> String {
        let more: usize = self.edits.iter().map(|edit| edit.text.len()).sum();
        let mut out = String::with_capacity(text.len() + more);
        let mut from = 0;
        for Edit { span, text: new } in &self.edits {
            out.push_str(Span::new(from, span.start).slice(text));
            out.push_str(new);
            from = span.end;
        }
        out.push_str(Span::new(from, text.len()).slice(text));
        out
    }

    /// Where the bytes that no edit takes away stand afterwards.
    pub fn moves(&self) -> Moves {
        let mut shift = 0;
        let moves = self.edits.iter().map(|Edit { span, text }| {
            shift += text.len().cast_signed() - span.len().cast_signed();
            (span.end, shift)
        });
        Moves { moves: moves.collect() }
    }
}

/// How far the bytes behind each edit move.
#[derive(Clone, Debug)]
pub struct Moves {
    /// The end of each edit, and how far what stands behind it moves.
    moves: Vec<(usize, isize)>,
}

impl Moves {
    /// Where a byte stands afterwards. One at which something is inserted moves behind it.
    pub fn of(&self, byte: usize) -> usize {
        let before = self.moves.partition_point(|(end, _)| *end <= byte);
        let shift = before.checked_sub(1).map_or(0, |last| self.moves[last].1);
        byte.saturating_add_signed(shift)
    }
}

/// Whether two spans share a byte, or are insertions at one place. An insertion before the first byte of what is replaced
/// is no overlap: it comes first.
fn overlap(a: Span, b: Span) -> bool {
    (a.start < b.end && b.start < a.end) || (a == b && a.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn edits_change_their_spans_alone() {
        let text = "one two three";
        let mut edits = Edits::default();
        assert!(edits.add(vec![Edit::replace(Span::new(8, 13), "3"), Edit::insert(4, "and ")]));
        assert!(edits.add(vec![Edit::replace(Span::new(0, 3), "1")]));
        assert_eq!(edits.apply(text), "1 and two 3");
        assert_eq!([3, 4, 7, 13].map(|byte| edits.moves().of(byte)), [1, 6, 9, 11]);
        assert!(edits.add(vec![Edit::insert(4, "and ")]), "the same edit again is no second one");
        assert_eq!(edits.apply(text), "1 and two 3");
    }

    #[test]
    fn what_touches_an_edit_is_left_out_as_a_whole() {
        let mut edits = Edits::default();
        assert!(edits.add(vec![Edit::replace(Span::new(2, 6), "x")]));
        assert!(!edits.add(vec![Edit::replace(Span::new(4, 8), "y"), Edit::insert(9, "z")]));
        assert_eq!(edits.apply("0123456789"), "01x6789");
    }
}
