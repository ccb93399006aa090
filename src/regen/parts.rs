//! A body as groups of parts that can be replaced, moved apart and written again.

use super::labels;
use super::merge::{DELETED_LINE, Style, styled};
use crate::document::body::{self, LabelledLine, PieceKind};
use crate::text::{Span, lines, slug};

/// Whole lines of a body, as text of their own.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Part {
    /// The lines, line ends included.
    pub text: String,
    /// What they are; spans are those of `text`.
    pub kind: PieceKind,
    /// Whether a template has rendered it.
    pub used: bool,
    /// Whether it did not stand there before.
    pub is_new: bool,
}

/// What stands under one sub-heading, or before the first.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PartGroup {
    /// The sub-heading; the first group has none.
    pub heading: Option<Part>,
    /// What follows.
    pub parts: Vec<Part>,
    /// Whether a template has rendered it.
    pub used: bool,
}

impl PartGroup {
    /// Takes a body apart. There is always a first group, which has no heading.
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

    /// Whether both are below the same sub-heading.
    pub fn has_same_heading(&self, other: &Self) -> bool {
        let title = |group: &Self| match group.heading.as_ref().map(|heading| &heading.kind) {
            Some(PieceKind::Heading { title, .. }) => Some(slug(title)),
            _ => None,
        };
        title(self).is_some() && title(self) == title(other)
    }

    /// For each rendered part the part that it replaces. Labels match by their meaning; tables, lists, code and texts in
    /// their order.
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

    /// Splits each table of labels and values (`Metric | Value`) into its rows, if the rendering has no table and a label
    /// of a row is rendered.
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

    /// Gives all lines the style of their surroundings.
    pub fn restyle(&mut self, style: Style<'_>) {
        for part in self.heading.iter_mut().chain(&mut self.parts) {
            part.text = styled(&part.text, style);
            part.read_again();
        }
    }

    /// The texts in order.
    pub fn texts(&self) -> impl Iterator<Item = &str> {
        self.heading.iter().chain(&self.parts).map(|part| part.text.as_str())
    }
}

/// The parts that have a label, by index.
fn labelled(parts: &[Part]) -> impl Iterator<Item = (usize, &str)> {
    parts.iter().enumerate().filter_map(|(at, part)| Some((at, part.label()?)))
}

impl Part {
    /// A part that no template has rendered yet.
    pub fn new(text: String, kind: PieceKind) -> Self {
        Self { text, kind, used: false, is_new: false }
    }

    /// The header and the rows of a table of labels and values; another part as it is.
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

    /// The pair that it is.
    pub fn pair(&self) -> Option<LabelledLine> {
        match self.kind {
            PieceKind::Pair(pair) => Some(pair),
            _ => None,
        }
    }

    /// The label of the pair that it is.
    pub fn label(&self) -> Option<&str> {
        self.pair().map(|pair| pair.label.slice(&self.text))
    }

    /// Whether both are tables, lists, code or texts.
    pub fn is_same_kind(&self, other: &Self) -> bool {
        let whole = matches!(self.kind, PieceKind::Table | PieceKind::List | PieceKind::Code | PieceKind::Text);
        whole && self.kind == other.kind
    }

    /// Whether a blank line belongs between this part and the next.
    pub fn stands_apart(&self, next: &Self) -> bool {
        let blank = self.kind == PieceKind::Blank || next.kind == PieceKind::Blank;
        let rows = self.text.trim_start().starts_with('|') && next.text.trim_start().starts_with('|');
        !blank && !rows && (self.pair().is_none() || next.pair().is_none())
    }

    /// Whether a template owns the line and gives it no value.
    pub fn is_nothing(&self) -> bool {
        self.text.contains(DELETED_LINE)
    }

    /// The level of the heading that it is.
    pub fn level(&self) -> Option<usize> {
        match self.kind {
            PieceKind::Heading { level, .. } => Some(level),
            _ => None,
        }
    }

    /// Writes the heading with another level.
    pub fn relevel(&mut self, level: usize) {
        if let Some(own) = self.level() {
            let at = self.text.find('#').unwrap_or(0);
            self.text.replace_range(at..at + own, &"#".repeat(level));
            self.read_again();
        }
    }

    /// How many bytes of white space its first line starts with.
    pub fn indent(&self) -> usize {
        self.text.len() - self.text.trim_start().len()
    }

    /// Reads its text once more, after a change.
    pub fn read_again(&mut self) {
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
