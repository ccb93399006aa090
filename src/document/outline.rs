//! Outline of a document: its title and its sections. A section is a heading and its content, up to the next heading of
//! the same or a higher level.

use std::collections::HashMap;

use super::nodes::{MarkdownNode, MarkdownNodeKind};
use crate::text::{Span, emoji, lines, slug};

/// Parsed title of a heading: its words, separated from number, emoji and state.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Title {
    /// Words without number, emoji and state.
    pub text: String,
    /// Leading number (`3. Title`), or the number in `Phase 2: …`.
    pub number: Option<u64>,
    /// Emoji at the start and the end.
    pub icons: Vec<String>,
    /// Words in capitals after a trailing emoji, as in `✅ COMPLETE`.
    pub state: Option<String>,
}

impl Title {
    /// Parses the plain text of a heading.
    pub fn read(text: &str) -> Self {
        let mut title = Self::default();
        let (leading, mut rest) = emoji::split_leading(text.trim());
        title.add_icon(leading);
        if let Some((number, after_number)) = leading_number(rest) {
            title.number = Some(number);
            let (icon, after_number) = emoji::split_leading(after_number);
            title.add_icon(icon);
            rest = after_number;
        }
        let (words, state) = trailing_state(rest);
        title.state = state;
        let (words, trailing) = emoji::split_trailing(words);
        title.add_icon(trailing);
        title.number = title.number.or_else(|| labelled_number(words));
        words.clone_into(&mut title.text);
        title
    }

    fn add_icon(&mut self, icon: &str) {
        if !icon.is_empty() {
            self.icons.push(icon.to_owned());
        }
    }
}

/// Splits `3. Title` or `3) Title` into number and title.
fn leading_number(text: &str) -> Option<(u64, &str)> {
    let end = text.find(|c: char| !c.is_ascii_digit())?;
    let rest = text[end..].strip_prefix(['.', ')'])?;
    let number = text[..end].parse().ok()?;
    let title = rest.trim_start();
    (rest.starts_with(char::is_whitespace) && !title.is_empty()).then_some((number, title))
}

/// Returns the number in `Phase 2: …`.
fn labelled_number(text: &str) -> Option<u64> {
    let (label, _) = text.split_once(':')?;
    let (word, number) = label.trim().split_once(' ')?;
    let is_word = word.chars().all(char::is_alphabetic);
    (is_word && !word.is_empty()).then(|| number.trim().parse().ok())?
}

/// Splits off capitals after an emoji at the end: `Base ✅ COMPLETE` becomes `Base ✅` and `COMPLETE`.
fn trailing_state(text: &str) -> (&str, Option<String>) {
    let is_state = |c: char| c.is_uppercase() || matches!(c, ' ' | '-' | '_');
    let start = text.char_indices().rev().take_while(|(_, c)| is_state(*c)).last().map_or(text.len(), |(at, _)| at);
    let (before, state) = text.split_at(start);
    let state = state.trim_matches([' ', '-', '_']);
    let (words, icon) = emoji::split_trailing(before);
    if state.len() < 2 || icon.is_empty() || words.is_empty() {
        return (text, None);
    }
    (before, Some(state.to_owned()))
}

#[derive(Clone, Debug)]
pub struct Section {
    /// Slug of the title, with `_2`, `_3`, … if it repeats; `section` if it is empty.
    pub id: String,
    /// Whether an earlier section has the slug of the title as its id.
    pub is_repeated: bool,
    /// Name of the matching section of the kind, or the id if none matches.
    pub canonical: String,
    pub title: Title,
    /// Heading level, 1 to 6.
    pub level: u8,
    /// First line of the heading.
    pub heading: Span,
    /// Content up to the next heading of the same or a higher level.
    pub content: Span,
    /// Indices of the enclosing sections, outermost first.
    pub within: Vec<usize>,
    /// Indices of the nodes between this heading and the next heading of any level.
    pub own: std::ops::Range<usize>,
}

impl Section {
    /// Returns the slug of the title if it differs from the id because the title repeats.
    pub fn repeated_id(&self) -> Option<String> {
        self.is_repeated.then(|| slug(&self.title.text))
    }
}

#[derive(Clone, Debug, Default)]
pub struct Outline {
    /// First heading of level 1 and its span.
    pub title: Option<(Title, Span)>,
    /// Sections of all other headings, in order.
    pub sections: Vec<Section>,
}

impl Outline {
    /// Builds the outline from the headings in `nodes`; `end` is the end of the text.
    pub fn read(text: &str, nodes: &[MarkdownNode], end: usize) -> Self {
        let mut outline = Self::default();
        let mut ids = Ids::default();
        let mut open: Vec<usize> = Vec::new();
        for (index, node) in nodes.iter().enumerate() {
            let MarkdownNodeKind::Heading { level, title } = &node.kind else {
                continue;
            };
            outline.close(&mut open, *level, node.span.start);
            if let Some(last) = outline.sections.last_mut() {
                last.own.end = last.own.end.min(index);
            }
            let heading = first_line(text, node.span);
            let title = Title::read(title);
            if *level == 1 && outline.title.is_none() {
                outline.title = Some((title, heading));
                continue;
            }
            let plain = slug(&title.text);
            let length = plain.len();
            let id = ids.unique(plain);
            outline.sections.push(Section {
                canonical: id.clone(),
                is_repeated: length > 0 && id.len() != length,
                id,
                title,
                level: *level,
                heading,
                content: Span::new(node.span.end, end),
                within: open.clone(),
                own: index + 1..nodes.len(),
            });
            open.push(outline.sections.len() - 1);
        }
        outline
    }

    fn close(&mut self, open: &mut Vec<usize>, level: u8, at: usize) {
        while let Some(&last) = open.last() {
            if self.sections[last].level < level {
                break;
            }
            self.sections[last].content.end = at.max(self.sections[last].content.start);
            open.pop();
        }
    }

    /// Returns the section whose heading is nearest above a byte offset; `None` above the first heading and directly
    /// below the title of the document.
    pub fn nearest(&self, byte: usize) -> Option<usize> {
        let index = self.sections.partition_point(|section| section.heading.start <= byte);
        let nearest = index.checked_sub(1)?;
        let title = self.title.as_ref().map_or(0, |(_, span)| span.start);
        let below_title = title > self.sections[nearest].heading.start && title <= byte;
        (!below_title).then_some(nearest)
    }
}

fn first_line(text: &str, span: Span) -> Span {
    let line = lines::of(text, span).next().unwrap_or(span).slice(text);
    Span::new(span.start, span.start + line.trim_end().len())
}

/// Generator of unique ids.
#[derive(Default)]
pub struct Ids {
    /// First ids, searched linearly; sufficient for most documents.
    few: Vec<(String, usize)>,
    many: HashMap<String, usize>,
}

impl Ids {
    /// Number of ids that are searched linearly.
    const FEW: usize = 32;

    /// Returns the id the first time, then the id with `_2`, `_3`, … appended; an empty id becomes `section`.
    pub fn unique(&mut self, id: String) -> String {
        let id = if id.is_empty() { "section".to_owned() } else { id };
        let count = self.count(&id);
        if *count == 0 {
            *count = 1;
            return id;
        }
        let mut number = *count;
        loop {
            number += 1;
            let candidate = format!("{id}_{number}");
            let taken = self.count(&candidate);
            if *taken == 0 {
                *taken = 1;
                *self.count(&id) = number;
                return candidate;
            }
        }
    }

    /// Returns the highest number that an id was issued with; 0 if it is unused.
    fn count(&mut self, id: &str) -> &mut usize {
        if let Some(at) = self.few.iter().position(|(known, _)| known == id) {
            return &mut self.few[at].1;
        }
        if self.few.len() < Self::FEW {
            self.few.push((id.to_owned(), 0));
            let last = self.few.len() - 1;
            return &mut self.few[last].1;
        }
        self.many.entry(id.to_owned()).or_insert(0)
    }
}

#[cfg(test)]
mod tests {
    use super::super::nodes;
    use super::*;

    #[test]
    fn splits_number_icons_and_state_from_a_title() {
        let title = Title::read("✅ 3. Phase 1: Base System ✅ COMPLETE");
        assert_eq!(title.text, "Phase 1: Base System");
        assert_eq!(title.number, Some(3));
        assert_eq!(title.icons, ["✅", "✅"]);
        assert_eq!(title.state.as_deref(), Some("COMPLETE"));
        assert_eq!(Title::read("Phase 2: Hardening").number, Some(2));
        assert_eq!(Title::read("Rate limits for the API").text, "Rate limits for the API");
        assert_eq!(Title::read("10 Things").text, "10 Things");
        assert_eq!(Title::read("🚧 IN PROGRESS").text, "IN PROGRESS");
    }

    #[test]
    fn nests_sections_and_numbers_repeated_ids() {
        let text = "# T\n## A\n### B\n## A\n### B\ntext\n# Other\n## 🚧\n";
        let nodes = nodes::parse(text, 0).nodes;
        let outline = Outline::read(text, &nodes, text.len());
        let ids: Vec<_> = outline.sections.iter().map(|s| s.id.as_str()).collect();
        assert_eq!(ids, ["a", "b", "a_2", "b_2", "other", "section"]);
        assert_eq!(outline.sections[3].within, [2]);
        assert_eq!(outline.sections[2].content.slice(text).trim(), "### B\ntext");
        assert_eq!(outline.sections[5].within, [4]);
    }
}
