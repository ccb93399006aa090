//! Bringing what a template rendered into the body that stands there: what it renders is replaced, everything
//! else stays where it is, and a line that says the same already keeps its bytes.

use std::collections::BTreeMap;

use super::parts::{Part, PartGroup};
use crate::document::body::{self, PieceKind};
use crate::text::{Span, emoji, lines, slug};

/// What a template owns of a body.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Owns {
    /// The pairs, tables, lists and texts that it renders.
    #[default]
    Values,
    /// These, and all pairs, tables and lists under each sub-heading that it renders.
    Groups,
    /// All of it.
    Body,
}

/// How lines that are new look.
#[derive(Clone, Copy, Debug)]
pub struct Style<'a> {
    /// Their line end.
    pub ending: &'a str,
    /// What stands before each: the white space before the markers.
    pub indent: &'a str,
    /// Pairs of labels that mean the same.
    pub aliases: &'a [(String, String)],
}

/// The value of a line that a template owns and that is to go: no document holds this character.
pub const DELETED_LINE: &str = "\u{FDD0}";

/// The body after the rendering has come into it. `rendered` has LF line ends.
pub fn merge(standing: &str, rendered: &str, owns: Owns, style: Style<'_>) -> String {
    if owns == Owns::Body || standing.trim().is_empty() {
        let kept = rendered.lines().filter(|line| !line.contains(DELETED_LINE));
        return kept.map(|line| styled(&format!("{line}\n"), style)).collect();
    }
    let mut groups = PartGroup::read(standing);
    let mut last = 0;
    for (index, mut new) in PartGroup::read(rendered).into_iter().enumerate() {
        new.restyle(style);
        if index == 0 {
            groups[0].split_tables(&new.parts, style.aliases);
            groups[0].take(new.parts, style);
            continue;
        }
        if let Some(at) = groups.iter().position(|group| !group.used && group.has_same_heading(&new)) {
            let group = &mut groups[at];
            group.used = true;
            group.take(new.parts, style);
            if owns == Owns::Groups {
                group.drop_unused();
            }
            last = at;
        } else if new.parts.iter().any(|part| part.kind != PieceKind::Blank && !part.is_nothing()) {
            last = insert_group(&mut groups, last, new, style);
        }
    }
    groups.iter().flat_map(PartGroup::texts).collect()
}

/// Puts a group that does not stand there behind the one that was placed last, else at the end.
fn insert_group(groups: &mut Vec<PartGroup>, last: usize, mut new: PartGroup, style: Style<'_>) -> usize {
    let at = if last == 0 { groups.len() } else { last + 1 };
    let level = groups.iter().find_map(|group| group.heading.as_ref()?.level());
    if let (Some(heading), Some(level)) = (&mut new.heading, level) {
        heading.relevel(level);
    }
    new.parts.retain(|part| !part.is_nothing());
    new.used = true;
    groups[at - 1].end_with_blank(style);
    if at < groups.len() {
        new.end_with_blank(style);
    }
    groups.insert(at, new);
    at
}

/// A line with the indentation and the line end of its surroundings.
pub fn styled(text: &str, style: Style<'_>) -> String {
    let line = |line: &str| match line.trim_end_matches(['\n', '\r']) {
        "" => style.ending.to_owned(),
        content => format!("{}{content}{}", style.indent, style.ending),
    };
    text.split_inclusive('\n').map(line).collect()
}

impl PartGroup {
    /// Takes rendered parts in.
    fn take(&mut self, new: Vec<Part>, style: Style<'_>) {
        let met = self.match_parts(&new, style.aliases);
        let first = met.iter().flatten().min().copied();
        let mut cursor: Option<usize> = None;
        let mut inserts: BTreeMap<usize, Vec<Part>> = BTreeMap::new();
        let matched: Vec<usize> = met.iter().flatten().copied().collect();
        for (part, met) in new.into_iter().zip(met) {
            if let Some(at) = met {
                self.parts[at].used = true;
                self.parts[at].update_from(&part);
                cursor = cursor.max(Some(at));
                if part.is_nothing() {
                    self.drop_all(&part, &matched);
                }
            } else if part.kind != PieceKind::Blank && !part.is_nothing() {
                inserts.entry(self.place(cursor, first)).or_default().push(part);
            }
        }
        self.insert(inserts, style);
        self.parts.retain(|part| !part.is_nothing());
    }

    /// Where a new part goes: behind the last that was placed and the lines that hang on it, else before the first
    /// that will be, else at the end.
    fn place(&self, cursor: Option<usize>, first: Option<usize>) -> usize {
        let Some(cursor) = cursor else {
            let end = self.parts.iter().rposition(|part| part.kind != PieceKind::Blank);
            return first.unwrap_or_else(|| end.map_or(self.parts.len(), |end| end + 1));
        };
        let indent = self.parts[cursor].indent();
        let hanging = self.parts[cursor + 1..]
            .iter()
            .take_while(|part| part.kind != PieceKind::Blank && part.indent() > indent && !part.used);
        cursor + 1 + hanging.count()
    }

    /// Takes out every pair of the label of a part that no other part replaces.
    fn drop_all(&mut self, part: &Part, matched: &[usize]) {
        let same = |other: &Part| other.label().zip(part.label()).is_some_and(|(old, new)| slug(old) == slug(new));
        for (at, other) in self.parts.iter_mut().enumerate() {
            if !other.used && !matched.contains(&at) && same(other) {
                DELETED_LINE.clone_into(&mut other.text);
            }
        }
    }

    /// Inserts parts before the standing ones at the given places.
    fn insert(&mut self, mut inserts: BTreeMap<usize, Vec<Part>>, style: Style<'_>) {
        if inserts.is_empty() {
            return;
        }
        let mut standing = std::mem::take(&mut self.parts).into_iter().enumerate().peekable();
        loop {
            let at = standing.peek().map_or(usize::MAX, |(at, _)| *at);
            let later = inserts.split_off(&at.saturating_add(1));
            for part in std::mem::replace(&mut inserts, later).into_values().flatten() {
                let next = standing.peek().map(|(_, next)| next).filter(|next| !next.is_nothing());
                self.push_new(part, next, style);
            }
            let Some((_, next)) = standing.next() else { break };
            if next.is_nothing() {
                continue;
            }
            if self.parts.last().is_some_and(|last| last.is_new && last.stands_apart(&next)) {
                self.parts.push(Part::new(style.ending.to_owned(), PieceKind::Blank));
            }
            self.parts.push(next);
        }
    }

    /// Adds a part, in the dress of its neighbour where both are pairs, else apart from it.
    fn push_new(&mut self, mut part: Part, next: Option<&Part>, style: Style<'_>) {
        let last = self.parts.last();
        let model = last.filter(|last| last.pair().is_some()).or(next);
        if let Some(model) = model {
            part.copy_formatting_from(model, style);
        }
        if last.is_some_and(|last| last.stands_apart(&part)) {
            self.parts.push(Part::new(style.ending.to_owned(), PieceKind::Blank));
        }
        part.used = true;
        part.is_new = true;
        self.parts.push(part);
    }

    /// Takes out what a template owns and did not render.
    fn drop_unused(&mut self) {
        let owned = |part: &Part| {
            matches!(part.kind, PieceKind::Pair(_) | PieceKind::Table | PieceKind::List | PieceKind::Code)
        };
        self.parts.retain(|part| part.used || !owned(part));
        let mut blank = false;
        self.parts.retain(|part| {
            let second = blank && part.kind == PieceKind::Blank;
            blank = part.kind == PieceKind::Blank;
            !second
        });
    }

    fn end_with_blank(&mut self, style: Style<'_>) {
        let last = self.parts.last().or(self.heading.as_ref());
        if last.is_some_and(|part| part.kind != PieceKind::Blank) {
            self.parts.push(Part::new(style.ending.to_owned(), PieceKind::Blank));
        }
    }
}

impl Part {
    /// Says what the rendered part says, with as few changed bytes as that takes.
    fn update_from(&mut self, new: &Self) {
        if new.is_nothing() {
            DELETED_LINE.clone_into(&mut self.text);
            return;
        }
        match (self.kind.clone(), new.pair()) {
            (PieceKind::Pair(_), Some(theirs)) => self.set_value(theirs.value.slice(&new.text)),
            (PieceKind::Table, _) => self.text = table(&self.text, &new.indented_like(self)),
            _ if same_words(&self.text, &new.text) => {}
            _ => self.text = new.indented_like(self),
        }
    }

    /// Its text with the indentation of another part.
    fn indented_like(&self, other: &Self) -> String {
        let (own, theirs) = (self.indent(), &other.text[..other.indent()]);
        let line = |line: &str| match line.get(own..).filter(|_| line[..own].trim().is_empty()) {
            Some(rest) if !rest.trim().is_empty() => format!("{theirs}{rest}"),
            _ => line.to_owned(),
        };
        lines::of(&self.text, Span::new(0, self.text.len()))
            .map(|span| line(Span::new(span.start, lines::behind(&self.text, span.end)).slice(&self.text)))
            .collect()
    }

    /// Gives a pair another value, in the marks of the current one.
    pub fn set_value(&mut self, value: &str) {
        let Some(pair) = self.pair() else { return };
        let standing = pair.value.slice(&self.text);
        if standing == value {
            return;
        }
        // `**15**` becomes `**10**`.
        let marks = ["**", "`", "*", "_"];
        let wraps = |mark: &&&str| {
            standing.len() > 2 * mark.len() && standing.starts_with(**mark) && standing.ends_with(**mark)
        };
        let mark = marks.iter().find(wraps).copied().filter(|mark| !value.starts_with(*mark)).unwrap_or_default();
        if standing.strip_prefix(mark).and_then(|rest| rest.strip_suffix(mark)) == Some(value) {
            return;
        }
        let gap = if pair.value.is_empty() && !self.text[..pair.value.start].ends_with(' ') { " " } else { "" };
        self.text.replace_range(pair.value.start..pair.value.end, &format!("{gap}{mark}{value}{mark}"));
        self.read_again();
    }

    /// Writes a pair as its neighbour writes one: bullet, bold, backticks.
    fn copy_formatting_from(&mut self, model: &Self, style: Style<'_>) {
        let (Some(own), Some(other)) = (self.pair(), model.pair()) else {
            return;
        };
        let (label, value) = (own.label.slice(&self.text), own.value.slice(&self.text));
        let before = Span::new(0, other.label.start).slice(&model.text);
        // The picture before a label is that label's own.
        let (start, rest) = before.split_at(before.find(emoji::is_emoji).unwrap_or(before.len()));
        let rest = emoji::split_leading(rest).1;
        let between = Span::new(other.label.end, other.value.start).slice(&model.text).trim_end();
        // The row of a table ends with a bar.
        let behind = Span::new(other.value.end, model.text.len()).slice(&model.text).trim();
        let end = if behind == "|" { " |" } else { "" };
        self.text = format!("{start}{rest}{label}{between} {value}{end}{}", style.ending);
        self.read_again();
    }
}

/// Whether two texts differ at most in white space at the ends of their lines.
fn same_words(a: &str, b: &str) -> bool {
    a.lines().map(str::trim).eq(b.lines().map(str::trim))
}

/// A rendered table in the lines of the standing one, as far as these say the same.
fn table(standing: &str, rendered: &str) -> String {
    if same_words(standing, rendered) {
        return standing.to_owned();
    }
    let read = |text: &str| -> Vec<(String, Vec<String>)> {
        let all = lines::of(text, Span::new(0, text.len()));
        let line = |line: Span| {
            let whole = Span::new(line.start, lines::behind(text, line.end)).slice(text);
            (whole.to_owned(), body::cells(line.slice(text)))
        };
        all.map(line).collect()
    };
    let mut old = read(standing);
    let mut out = String::with_capacity(standing.len().max(rendered.len()));
    for (number, (line, cells)) in read(rendered).into_iter().enumerate() {
        let same = match number {
            0 => old.first().filter(|(_, header)| *header == cells).map(|_| 0),
            1 if body::is_rule(&cells) => {
                let fits = |(_, rule): &(String, Vec<String>)| body::is_rule(rule) && rule.len() == cells.len();
                old.get(1).filter(|rule| fits(rule)).map(|_| 1)
            }
            _ => (2..old.len()).find(|at| old[*at].1 == cells),
        };
        match same {
            // A line is used once; its cells are taken so that it is not found again.
            Some(at) => out.push_str(&std::mem::take(&mut old[at]).0),
            None => out.push_str(&line),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    const STYLE: Style<'_> = Style { ending: "\n", indent: "", aliases: &[] };

    #[track_caller]
    fn merged(standing: &str, rendered: &str) -> String {
        let once = merge(standing, rendered, Owns::Values, STYLE);
        assert_eq!(merge(&once, rendered, Owns::Values, STYLE), once, "a second time");
        once
    }

    #[test]
    fn a_value_is_written_in_the_dress_that_stands_there() {
        let standing = "- **Total**: `3`\n* Points:\nOwner: Ines\nRate: **70%**\n";
        let rendered = "Total: 4\nPoints: 5\nRate: 70%\n";
        assert_eq!(merged(standing, rendered), "- **Total**: `4`\n* Points: 5\nOwner: Ines\nRate: **70%**\n");
    }

    #[test]
    fn a_picture_before_a_label_stays_with_it() {
        let standing = "- ✅ **Stable**: 1\n";
        assert_eq!(merged(standing, "Stable: 2\nBeta: 3\n"), "- ✅ **Stable**: 2\n- **Beta**: 3\n");
    }

    #[test]
    fn labels_meet_by_their_ids_and_what_is_new_stands_behind_what_comes_before_it() {
        let standing = "Of things: 1\n- Story points: 1\n- Feature: 2\n\nwords\n";
        let rendered = "Story Points: 3\nCapacity: 7\nFeatures: 4\n";
        let expected = "Of things: 1\n- Story points: 3\n- Capacity: 7\n- Feature: 4\n\nwords\n";
        assert_eq!(merged(standing, rendered), expected);
    }

    #[test]
    fn a_pair_without_a_value_goes_and_is_nobodys_model() {
        let rendered = format!("Total Mocks: 0\nHigh Fidelity: {DELETED_LINE}\nEffort: 0\n");
        assert_eq!(
            merged("| a |\nHigh Fidelity: **2**\nScore: 1\n", &rendered),
            "| a |\n\nTotal Mocks: 0\nEffort: 0\nScore: 1\n"
        );
    }

    #[test]
    fn a_label_that_goes_takes_no_line_that_another_value_replaces() {
        let rendered = format!("Capacity: {DELETED_LINE}\nCapacity: 3\n");
        assert_eq!(merged("Capacity: 1\nCapacity: 2\n", &rendered), "Capacity: 3\n");
        assert_eq!(merged("Capacity: 1\nCapacity: 2\n", &format!("Capacity: {DELETED_LINE}\n")), "");
    }

    #[test]
    fn a_table_is_replaced_and_keeps_the_lines_that_say_the_same() {
        let standing = "|  A  | B |\n|:----|--:|\n|  1  | x |\n| 2 | y |\n";
        let rendered = "| A | B |\n|---|---|\n| 3 | z |\n| 1 | x |\n";
        assert_eq!(merged(standing, rendered), "|  A  | B |\n|:----|--:|\n| 3 | z |\n|  1  | x |\n");
    }

    #[test]
    fn groups_that_are_not_rendered_stay_and_new_ones_follow() {
        let standing = "\n#### Front\n- `b.ts`: 5%\n\n#### Back\n- `a.py`: 1%\n- `gone.py`: 9%\nwords\n";
        let rendered = "### Back\n- `a.py`: 2%\n- `new.py`: 3%\n\n### Tools\n- `c`: 4%\n";
        let merged = merge(standing, rendered, Owns::Groups, STYLE);
        let expected =
            "\n#### Front\n- `b.ts`: 5%\n\n#### Back\n- `a.py`: 2%\n- `new.py`: 3%\nwords\n\n#### Tools\n- `c`: 4%\n";
        assert_eq!(merged, expected);
        assert_eq!(merge(&merged, rendered, Owns::Groups, STYLE), merged);
    }

    #[test]
    fn new_lines_take_the_indentation_and_the_line_end_of_their_surroundings() {
        let style = Style { ending: "\r\n", indent: "  ", aliases: &[] };
        assert_eq!(merge("", "A: 1\n\n| b |\n", Owns::Values, style), "  A: 1\r\n\r\n  | b |\r\n");
        assert_eq!(merge("  A: 1\r\n", "A: 2\nB: 3\n", Owns::Values, style), "  A: 2\r\n  B: 3\r\n");
    }
}
