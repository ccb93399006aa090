//! Edits that replace spans of a text and leave every other byte unchanged.

use super::Span;

/// Replacement of one span.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Edit {
    /// Span of the replaced text.
    pub span: Span,
    /// New text.
    pub text: String,
}

impl Edit {
    pub fn replace(span: Span, text: impl Into<String>) -> Self {
        Self { span, text: text.into() }
    }

    /// Inserts `text` before byte `at`.
    pub fn insert(at: usize, text: impl Into<String>) -> Self {
        Self::replace(Span::at(at), text)
    }
}

/// Sorted edits of one text that do not overlap.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Edits {
    edits: Vec<Edit>,
}

impl Edits {
    /// Adds a group of edits, or none of them if one overlaps another of the group or an earlier edit. Returns whether
    /// the group is part of the edits; adding the same group again returns `true` and has no effect.
    #[must_use = "rejected edits must be reported"]
    pub fn add(&mut self, mut group: Vec<Edit>) -> bool {
        group.sort();
        if group.iter().all(|edit| self.edits.binary_search(edit).is_ok()) {
            return true;
        }
        let inside = group.windows(2).any(|pair| overlap(pair[0].span, pair[1].span));
        if inside || group.iter().any(|edit| self.overlaps_existing(edit.span)) {
            return false;
        }
        for edit in group {
            let at = self.edits.partition_point(|other| *other < edit);
            self.edits.insert(at, edit);
        }
        true
    }

    /// Returns whether a span overlaps one of the edits.
    fn overlaps_existing(&self, span: Span) -> bool {
        let at = self.edits.partition_point(|edit| edit.span.start < span.start);
        let near = &self.edits[at.saturating_sub(1)..(at + 2).min(self.edits.len())];
        near.iter().any(|edit| overlap(edit.span, span))
    }

    /// Returns the edits in order.
    pub fn iter(&self) -> impl Iterator<Item = &Edit> {
        self.edits.iter()
    }

    pub fn is_empty(&self) -> bool {
        self.edits.is_empty()
    }

    /// Returns the edited text. Bytes outside the edited spans are unchanged.
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

    /// Returns the mapping from offsets in the original text to offsets in the edited text.
    pub fn moves(&self) -> Moves {
        let mut shift = 0;
        let moves = self.edits.iter().map(|Edit { span, text }| {
            shift += text.len().cast_signed() - span.len().cast_signed();
            (span.end, shift)
        });
        Moves { moves: moves.collect() }
    }
}

/// Mapping of byte offsets from the original to the edited text.
#[derive(Clone, Debug)]
pub struct Moves {
    /// End of each edit in the original text, and the shift in bytes that applies from there on.
    moves: Vec<(usize, isize)>,
}

impl Moves {
    /// Returns the new offset of a byte. A byte at which text is inserted moves to the end of the inserted text.
    pub fn of(&self, byte: usize) -> usize {
        let before = self.moves.partition_point(|(end, _)| *end <= byte);
        let shift = before.checked_sub(1).map_or(0, |last| self.moves[last].1);
        byte.saturating_add_signed(shift)
    }
}

/// Returns whether two spans share a byte or are insertions at the same offset. An insertion at the start of a replaced
/// span is not an overlap; it is applied first.
fn overlap(a: Span, b: Span) -> bool {
    (a.start < b.end && b.start < a.end) || (a == b && a.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn edits_change_only_their_spans() {
        let text = "one two three";
        let mut edits = Edits::default();
        assert!(edits.add(vec![Edit::replace(Span::new(8, 13), "3"), Edit::insert(4, "and ")]));
        assert!(edits.add(vec![Edit::replace(Span::new(0, 3), "1")]));
        assert_eq!(edits.apply(text), "1 and two 3");
        assert_eq!([3, 4, 7, 13].map(|byte| edits.moves().of(byte)), [1, 6, 9, 11]);
        assert!(edits.add(vec![Edit::insert(4, "and ")]), "adding the same edit again has no effect");
        assert_eq!(edits.apply(text), "1 and two 3");
    }

    #[test]
    fn rejects_a_group_if_one_edit_overlaps() {
        let mut edits = Edits::default();
        assert!(edits.add(vec![Edit::replace(Span::new(2, 6), "x")]));
        assert!(!edits.add(vec![Edit::replace(Span::new(4, 8), "y"), Edit::insert(9, "z")]));
        assert_eq!(edits.apply("0123456789"), "01x6789");
    }
}
