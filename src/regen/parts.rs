//! Splits a body into parts that can be replaced, reordered and written back.

use super::labels;
use super::merge::{DELETED_LINE, Style, styled};
use crate::document::body::{self, LabelledLine, PieceKind};
use crate::text::{Span, lines, slug};

/// Complete lines of a body.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Part {
    /// Lines, including line endings.
    pub text: String,
    /// Type of the part, with spans in `text`.
    pub kind: PieceKind,
    /// Whether a template has rendered it.
    pub used: bool,
    /// Whether it was inserted.
    pub is_new: bool,
}

/// Parts below one sub-heading, or before the first sub-heading.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PartGroup {
    /// Sub-heading; `None` for the first group.
    pub heading: Option<Part>,
    pub parts: Vec<Part>,
    /// Whether a template has rendered it.
    pub used: bool,
}

impl PartGroup {
    /// Splits a body into groups. The first group has no heading and always exists.
    pub fn read(body: &str) -> Vec<Self> {
        let mut groups = vec![Self::default()];
        for piece in body::read(body, Span::new(0, body.len())) {
            let start = piece.span.start;
            let back = |span: Span| Span::new(span.start - start, span.end - start);
            let kind = match piece.kind {
                PieceKind::Pair(pair) => {
                    PieceKind::Pair(LabelledLine { label: back(pair.label), value: back(pair.value) })
                }
                kind => kind,
            };
            let part = Part::new(piece.span.slice(body).to_owned(), kind);
            if matches!(part.kind, PieceKind::Heading { .. }) {
                groups.push(Self { heading: Some(part), ..Self::default() });
            } else if let Some(group) = groups.last_mut() {
                group.parts.push(part);
            }
        }
        groups
    }

    /// Returns whether the sub-headings of both groups have the same id.
    pub fn has_same_heading(&self, other: &Self) -> bool {
        let title = |group: &Self| match group.heading.as_ref().map(|heading| &heading.kind) {
            Some(PieceKind::Heading { title, .. }) => Some(slug(title)),
            _ => None,
        };
        title(self).is_some() && title(self) == title(other)
    }

    /// Returns for each rendered part the index of the part that it replaces. Labels are matched by
    /// [`labels::match_all`]; tables, lists, code and texts in their order.
    pub fn match_parts(&self, rendered: &[Part], aliases: &[(String, String)]) -> Vec<Option<usize>> {
        let (own, present): (Vec<usize>, Vec<&str>) = labelled(&self.parts).unzip();
        let (new, wanted): (Vec<usize>, Vec<&str>) = labelled(rendered).unzip();
        let found = labels::match_all(&present, &wanted, aliases);
        let mut matched: Vec<Option<usize>> = vec![None; rendered.len()];
        for (at, found) in new.into_iter().zip(found) {
            matched[at] = found.map(|found| own[found]);
        }
        let mut taken = vec![false; self.parts.len()];
        for (part, matched) in rendered.iter().zip(&mut matched).filter(|(part, _)| part.pair().is_none()) {
            let free = |at: &usize| !taken[*at] && self.parts[*at].is_same_kind(part);
            if let Some(at) = (0..self.parts.len()).find(free) {
                *matched = Some(at);
                taken[at] = true;
            }
        }
        matched
    }

    /// Splits each table of labels and values (`Metric | Value`) into its rows, if the rendering has no table but has a
    /// label of one of the rows.
    pub fn split_tables(&mut self, rendered: &[Part], aliases: &[(String, String)]) {
        if rendered.iter().any(|part| part.kind == PieceKind::Table) {
            return;
        }
        let wanted: Vec<&str> = rendered.iter().filter_map(Part::label).collect();
        let is_rendered =
            |part: &Part| part.label().is_some_and(|label| labels::find(&wanted, label, aliases).is_some());
        let split = std::mem::take(&mut self.parts).into_iter().flat_map(|part| {
            let rows = if part.kind == PieceKind::Table { part.clone().into_rows() } else { Vec::new() };
            if rows.iter().any(is_rendered) { rows } else { vec![part] }
        });
        self.parts = split.collect();
    }

    /// Gives all lines the indentation and line ending of the surrounding text.
    pub fn restyle(&mut self, style: Style<'_>) {
        for part in self.heading.iter_mut().chain(&mut self.parts) {
            part.text = styled(&part.text, style);
            part.reparse();
        }
    }

    pub fn texts(&self) -> impl Iterator<Item = &str> {
        self.heading.iter().chain(&self.parts).map(|part| part.text.as_str())
    }
}

/// Iterates over the parts that have a label, with their indices.
fn labelled(parts: &[Part]) -> impl Iterator<Item = (usize, &str)> {
    parts.iter().enumerate().filter_map(|(at, part)| Some((at, part.label()?)))
}

impl Part {
    /// Creates a part that is not rendered and not new.
    pub fn new(text: String, kind: PieceKind) -> Self {
        Self { text, kind, used: false, is_new: false }
    }

    /// Splits a table of labels and values into its header and rows. Returns other parts unchanged.
    pub fn into_rows(self) -> Vec<Self> {
        let Some(rows) = body::value_rows(&self.text) else { return vec![self] };
        let header = Span::new(0, rows.first().map_or(self.text.len(), |(line, _)| line.start));
        let mut parts = vec![Self::new(header.slice(&self.text).to_owned(), PieceKind::Table)];
        for (line, pair) in rows {
            let back = |span: Span| Span::new(span.start - line.start, span.end - line.start);
            let pair = LabelledLine { label: back(pair.label), value: back(pair.value) };
            parts.push(Self::new(line.slice(&self.text).to_owned(), PieceKind::Pair(pair)));
        }
        parts
    }

    /// Returns the pair, or `None` if the part is not a pair.
    pub fn pair(&self) -> Option<LabelledLine> {
        match self.kind {
            PieceKind::Pair(pair) => Some(pair),
            _ => None,
        }
    }

    /// Returns the label, or `None` if the part is not a pair.
    pub fn label(&self) -> Option<&str> {
        self.pair().map(|pair| pair.label.slice(&self.text))
    }

    /// Returns whether both parts are tables, lists, code or texts.
    pub fn is_same_kind(&self, other: &Self) -> bool {
        let whole = matches!(self.kind, PieceKind::Table | PieceKind::List | PieceKind::Code | PieceKind::Text);
        whole && self.kind == other.kind
    }

    /// Returns whether a blank line belongs between this part and the next.
    pub fn needs_blank_line_before(&self, next: &Self) -> bool {
        let blank = self.kind == PieceKind::Blank || next.kind == PieceKind::Blank;
        let rows = self.text.trim_start().starts_with('|') && next.text.trim_start().starts_with('|');
        !blank && !rows && (self.pair().is_none() || next.pair().is_none())
    }

    /// Returns whether the template deletes this line, see [`DELETED_LINE`].
    pub fn is_deleted(&self) -> bool {
        self.text.contains(DELETED_LINE)
    }

    /// Returns the level of the heading, or `None` if the part is not a heading.
    pub fn level(&self) -> Option<usize> {
        match self.kind {
            PieceKind::Heading { level, .. } => Some(level),
            _ => None,
        }
    }

    /// Changes the level of the heading.
    pub fn set_level(&mut self, level: usize) {
        if let Some(own) = self.level() {
            let at = self.text.find('#').unwrap_or(0);
            self.text.replace_range(at..at + own, &"#".repeat(level));
            self.reparse();
        }
    }

    /// Returns the number of bytes of white space before the first line's text.
    pub fn indent(&self) -> usize {
        self.text.len() - self.text.trim_start().len()
    }

    /// Updates the spans in `kind` after a change of the text.
    pub fn reparse(&mut self) {
        if let PieceKind::Pair(_) = self.kind
            && let Some(pair) = body::row_pair(&self.text)
        {
            self.kind = PieceKind::Pair(pair);
        } else if let PieceKind::Pair(_) = self.kind {
            let whole = Span::new(0, self.text.len());
            let line = lines::of(&self.text, whole).next().unwrap_or_default().trimmed(&self.text);
            let bullet = body::bullet(line.slice(&self.text));
            if let Some(pair) = body::pair(&self.text, Span::new(line.start + bullet, line.end)) {
                self.kind = PieceKind::Pair(pair);
            }
        } else if let PieceKind::Heading { level, .. } = &mut self.kind {
            *level = self.text.trim_start().bytes().take_while(|byte| *byte == b'#').count();
        }
    }
}
