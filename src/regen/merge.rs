//! Merges a rendering into the current body: rendered parts are replaced, everything else keeps its position, and lines
//! with equal content keep their bytes.

use std::collections::BTreeMap;

use super::parts::{Part, PartGroup};
use crate::document::body::{self, PieceKind};
use crate::text::{Span, emoji, lines, slug};

/// Parts of a body that a template owns.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Owns {
    /// The pairs, tables, lists and texts that it renders.
    #[default]
    Values,
    /// As `Values`, and all pairs, tables and lists below each sub-heading that it renders.
    Groups,
    /// The whole body.
    Body,
}

/// Formatting of inserted lines.
#[derive(Clone, Copy, Debug)]
pub struct Style<'a> {
    /// Line ending.
    pub ending: &'a str,
    /// Indentation of each line: the white space before the markers.
    pub indent: &'a str,
    /// Pairs of labels with the same meaning.
    pub aliases: &'a [(String, String)],
}

/// Placeholder value of a line that a template deletes. A Unicode noncharacter, which does not occur in documents.
pub const DELETED_LINE: &str = "\u{FDD0}";

/// Merges a rendering with LF line endings into the current body.
pub fn merge(current: &str, rendered: &str, owns: Owns, style: Style<'_>) -> String {
    if owns == Owns::Body || current.trim().is_empty() {
        let kept = rendered.lines().filter(|line| !line.contains(DELETED_LINE));
        return kept.map(|line| styled(&format!("{line}\n"), style)).collect();
    }
    let mut groups = PartGroup::read(current);
    let mut last = 0;
    for (index, mut new) in PartGroup::read(rendered).into_iter().enumerate() {
        new.restyle(style);
        if index == 0 {
            groups[0].split_tables(&new.parts, style.aliases);
            groups[0].merge_parts(new.parts, style);
            continue;
        }
        if let Some(at) = groups.iter().position(|group| !group.used && group.has_same_heading(&new)) {
            let group = &mut groups[at];
            group.used = true;
            group.merge_parts(new.parts, style);
            if owns == Owns::Groups {
                group.remove_unused();
            }
            last = at;
        } else if new.parts.iter().any(|part| part.kind != PieceKind::Blank && !part.is_deleted()) {
            last = insert_group(&mut groups, last, new, style);
        }
    }
    groups.iter().flat_map(PartGroup::texts).collect()
}

/// Inserts a new group after the group with index `last`, or at the end if `last` is 0. Returns its index.
fn insert_group(groups: &mut Vec<PartGroup>, last: usize, mut new: PartGroup, style: Style<'_>) -> usize {
    let at = if last == 0 { groups.len() } else { last + 1 };
    let level = groups.iter().find_map(|group| group.heading.as_ref()?.level());
    if let (Some(heading), Some(level)) = (&mut new.heading, level) {
        heading.set_level(level);
    }
    new.parts.retain(|part| !part.is_deleted());
    new.used = true;
    groups[at - 1].end_with_blank(style);
    if at < groups.len() {
        new.end_with_blank(style);
    }
    groups.insert(at, new);
    at
}

/// Gives each line of a text the indentation and line ending of a style.
pub fn styled(text: &str, style: Style<'_>) -> String {
    let line = |line: &str| match line.trim_end_matches(['\n', '\r']) {
        "" => style.ending.to_owned(),
        content => format!("{}{content}{}", style.indent, style.ending),
    };
    text.split_inclusive('\n').map(line).collect()
}

impl PartGroup {
    /// Merges rendered parts into the group.
    fn merge_parts(&mut self, new: Vec<Part>, style: Style<'_>) {
        let matches = self.match_parts(&new, style.aliases);
        let first = matches.iter().flatten().min().copied();
        let mut cursor: Option<usize> = None;
        let mut inserts: BTreeMap<usize, Vec<Part>> = BTreeMap::new();
        let used_indices: Vec<usize> = matches.iter().flatten().copied().collect();
        for (part, target) in new.into_iter().zip(matches) {
            if let Some(at) = target {
                self.parts[at].used = true;
                self.parts[at].update_from(&part);
                cursor = cursor.max(Some(at));
                if part.is_deleted() {
                    self.delete_label(&part, &used_indices);
                }
            } else if part.kind != PieceKind::Blank && !part.is_deleted() {
                inserts.entry(self.insertion_index(cursor, first)).or_default().push(part);
            }
        }
        self.insert(inserts, style);
        self.parts.retain(|part| !part.is_deleted());
    }

    /// Returns the index for a new part: after the last merged part and the lines nested below it; otherwise before the
    /// first part that will be replaced; otherwise at the end.
    fn insertion_index(&self, cursor: Option<usize>, first: Option<usize>) -> usize {
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

    /// Deletes all pairs with the same label as a part, except those that are replaced.
    fn delete_label(&mut self, part: &Part, used_indices: &[usize]) {
        let same = |other: &Part| other.label().zip(part.label()).is_some_and(|(old, new)| slug(old) == slug(new));
        for (at, other) in self.parts.iter_mut().enumerate() {
            if !other.used && !used_indices.contains(&at) && same(other) {
                DELETED_LINE.clone_into(&mut other.text);
            }
        }
    }

    /// Inserts parts before the current ones at the given indices.
    fn insert(&mut self, mut inserts: BTreeMap<usize, Vec<Part>>, style: Style<'_>) {
        if inserts.is_empty() {
            return;
        }
        let mut current = std::mem::take(&mut self.parts).into_iter().enumerate().peekable();
        loop {
            let at = current.peek().map_or(usize::MAX, |(at, _)| *at);
            let later = inserts.split_off(&at.saturating_add(1));
            for part in std::mem::replace(&mut inserts, later).into_values().flatten() {
                let next = current.peek().map(|(_, next)| next).filter(|next| !next.is_deleted());
                self.push_new(part, next, style);
            }
            let Some((_, next)) = current.next() else { break };
            if next.is_deleted() {
                continue;
            }
            if self.parts.last().is_some_and(|last| last.is_new && last.needs_blank_line_before(&next)) {
                self.parts.push(Part::new(style.ending.to_owned(), PieceKind::Blank));
            }
            self.parts.push(next);
        }
    }

    /// Appends a new part with the formatting of an adjacent pair, after a blank line if necessary.
    fn push_new(&mut self, mut part: Part, next: Option<&Part>, style: Style<'_>) {
        let last = self.parts.last();
        let model = last.filter(|last| last.pair().is_some()).or(next);
        if let Some(model) = model {
            part.copy_formatting_from(model, style);
        }
        if last.is_some_and(|last| last.needs_blank_line_before(&part)) {
            self.parts.push(Part::new(style.ending.to_owned(), PieceKind::Blank));
        }
        part.used = true;
        part.is_new = true;
        self.parts.push(part);
    }

    /// Removes the parts that the template owns but did not render.
    fn remove_unused(&mut self) {
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
    /// Replaces the content by that of the rendered part and keeps as many bytes as possible.
    fn update_from(&mut self, new: &Self) {
        if new.is_deleted() {
            DELETED_LINE.clone_into(&mut self.text);
            return;
        }
        match (self.kind.clone(), new.pair()) {
            (PieceKind::Pair(_), Some(rendered)) => self.set_value(rendered.value.slice(&new.text)),
            (PieceKind::Table, _) => self.text = table(&self.text, &new.indented_like(self)),
            _ if same_words(&self.text, &new.text) => {}
            _ => self.text = new.indented_like(self),
        }
    }

    /// Returns the text with the indentation of another part.
    fn indented_like(&self, other: &Self) -> String {
        let (own, indent) = (self.indent(), &other.text[..other.indent()]);
        let line = |line: &str| match line.get(own..).filter(|_| line[..own].trim().is_empty()) {
            Some(rest) if !rest.trim().is_empty() => format!("{indent}{rest}"),
            _ => line.to_owned(),
        };
        lines::of(&self.text, Span::new(0, self.text.len()))
            .map(|span| line(Span::new(span.start, lines::after_line_ending(&self.text, span.end)).slice(&self.text)))
            .collect()
    }

    /// Sets the value of a pair and keeps the emphasis of the current value.
    pub fn set_value(&mut self, value: &str) {
        let Some(pair) = self.pair() else { return };
        let current = pair.value.slice(&self.text);
        if current == value {
            return;
        }
        // `**15**` becomes `**10**`.
        let marks = ["**", "`", "*", "_"];
        let wraps =
            |mark: &&&str| current.len() > 2 * mark.len() && current.starts_with(**mark) && current.ends_with(**mark);
        let mark = marks.iter().find(wraps).copied().filter(|mark| !value.starts_with(*mark)).unwrap_or_default();
        if current.strip_prefix(mark).and_then(|rest| rest.strip_suffix(mark)) == Some(value) {
            return;
        }
        let gap = if pair.value.is_empty() && !self.text[..pair.value.start].ends_with(' ') { " " } else { "" };
        self.text.replace_range(pair.value.start..pair.value.end, &format!("{gap}{mark}{value}{mark}"));
        self.reparse();
    }

    /// Formats a pair like an adjacent one: bullet, bold, backticks.
    fn copy_formatting_from(&mut self, model: &Self, style: Style<'_>) {
        let (Some(own), Some(other)) = (self.pair(), model.pair()) else {
            return;
        };
        let (label, value) = (own.label.slice(&self.text), own.value.slice(&self.text));
        let before = Span::new(0, other.label.start).slice(&model.text);
        // An emoji before a label belongs to that label only.
        let (start, rest) = before.split_at(before.find(emoji::is_emoji).unwrap_or(before.len()));
        let rest = emoji::split_leading(rest).1;
        let between = Span::new(other.label.end, other.value.start).slice(&model.text).trim_end();
        // A table row ends with a bar.
        let suffix = Span::new(other.value.end, model.text.len()).slice(&model.text).trim();
        let end = if suffix == "|" { " |" } else { "" };
        self.text = format!("{start}{rest}{label}{between} {value}{end}{}", style.ending);
        self.reparse();
    }
}

/// Returns whether two texts differ only in white space at the start or end of lines.
fn same_words(a: &str, b: &str) -> bool {
    a.lines().map(str::trim).eq(b.lines().map(str::trim))
}

/// Returns the rendered table, with the current lines that have equal cells.
fn table(current: &str, rendered: &str) -> String {
    if same_words(current, rendered) {
        return current.to_owned();
    }
    let read = |text: &str| -> Vec<(String, Vec<String>)> {
        let all = lines::of(text, Span::new(0, text.len()));
        let line = |line: Span| {
            let whole = Span::new(line.start, lines::after_line_ending(text, line.end)).slice(text);
            (whole.to_owned(), body::cells(line.slice(text)))
        };
        all.map(line).collect()
    };
    let mut old = read(current);
    let mut out = String::with_capacity(current.len().max(rendered.len()));
    for (number, (line, cells)) in read(rendered).into_iter().enumerate() {
        let same = match number {
            0 => old.first().filter(|(_, header)| *header == cells).map(|_| 0),
            1 if body::is_rule(&cells) => {
                let is_same_width =
                    |(_, rule): &(String, Vec<String>)| body::is_rule(rule) && rule.len() == cells.len();
                old.get(1).filter(|rule| is_same_width(rule)).map(|_| 1)
            }
            _ => (2..old.len()).find(|at| old[*at].1 == cells),
        };
        match same {
            // Each line is used once; its cells are taken so that it is not found again.
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
    fn merged(current: &str, rendered: &str) -> String {
        let once = merge(current, rendered, Owns::Values, STYLE);
        assert_eq!(merge(&once, rendered, Owns::Values, STYLE), once, "a second merge must not change the body");
        once
    }

    #[test]
    fn keeps_the_formatting_of_a_value() {
        let current = "- **Total**: `3`\n* Points:\nOwner: Ines\nRate: **70%**\n";
        let rendered = "Total: 4\nPoints: 5\nRate: 70%\n";
        assert_eq!(merged(current, rendered), "- **Total**: `4`\n* Points: 5\nOwner: Ines\nRate: **70%**\n");
    }

    #[test]
    fn keeps_an_emoji_before_a_label() {
        let current = "- ✅ **Stable**: 1\n";
        assert_eq!(merged(current, "Stable: 2\nBeta: 3\n"), "- ✅ **Stable**: 2\n- **Beta**: 3\n");
    }

    #[test]
    fn matches_labels_by_id_and_inserts_new_ones_in_order() {
        let current = "Of things: 1\n- Story points: 1\n- Feature: 2\n\nwords\n";
        let rendered = "Story Points: 3\nCapacity: 7\nFeatures: 4\n";
        let expected = "Of things: 1\n- Story points: 3\n- Capacity: 7\n- Feature: 4\n\nwords\n";
        assert_eq!(merged(current, rendered), expected);
    }

    #[test]
    fn removes_a_deleted_pair_and_does_not_copy_its_formatting() {
        let rendered = format!("Total Mocks: 0\nHigh Fidelity: {DELETED_LINE}\nEffort: 0\n");
        assert_eq!(
            merged("| a |\nHigh Fidelity: **2**\nScore: 1\n", &rendered),
            "| a |\n\nTotal Mocks: 0\nEffort: 0\nScore: 1\n"
        );
    }

    #[test]
    fn a_deleted_label_keeps_lines_that_another_value_replaces() {
        let rendered = format!("Capacity: {DELETED_LINE}\nCapacity: 3\n");
        assert_eq!(merged("Capacity: 1\nCapacity: 2\n", &rendered), "Capacity: 3\n");
        assert_eq!(merged("Capacity: 1\nCapacity: 2\n", &format!("Capacity: {DELETED_LINE}\n")), "");
    }

    #[test]
    fn a_replaced_table_keeps_lines_with_equal_cells() {
        let current = "|  A  | B |\n|:----|--:|\n|  1  | x |\n| 2 | y |\n";
        let rendered = "| A | B |\n|---|---|\n| 3 | z |\n| 1 | x |\n";
        assert_eq!(merged(current, rendered), "|  A  | B |\n|:----|--:|\n| 3 | z |\n|  1  | x |\n");
    }

    #[test]
    fn keeps_unrendered_groups_and_appends_new_ones() {
        let current = "\n#### Front\n- `b.ts`: 5%\n\n#### Back\n- `a.py`: 1%\n- `gone.py`: 9%\nwords\n";
        let rendered = "### Back\n- `a.py`: 2%\n- `new.py`: 3%\n\n### Tools\n- `c`: 4%\n";
        let merged = merge(current, rendered, Owns::Groups, STYLE);
        let expected =
            "\n#### Front\n- `b.ts`: 5%\n\n#### Back\n- `a.py`: 2%\n- `new.py`: 3%\nwords\n\n#### Tools\n- `c`: 4%\n";
        assert_eq!(merged, expected);
        assert_eq!(merge(&merged, rendered, Owns::Groups, STYLE), merged);
    }

    #[test]
    fn new_lines_get_the_surrounding_indentation_and_line_ending() {
        let style = Style { ending: "\r\n", indent: "  ", aliases: &[] };
        assert_eq!(merge("", "A: 1\n\n| b |\n", Owns::Values, style), "  A: 1\r\n\r\n  | b |\r\n");
        assert_eq!(merge("  A: 1\r\n", "A: 2\nB: 3\n", Owns::Values, style), "  A: 2\r\n  B: 3\r\n");
    }
}
