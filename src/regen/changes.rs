//! What a new body changes, in words: `Total Features` 15 → 10.

use super::parts::{Group, Part};
use crate::document::body::PieceKind;

/// How many changes are said one by one.
const SAID: usize = 3;

/// The changes from one body to another, in a line; empty where the words are the same.
pub fn words(old: &str, new: &str) -> String {
    let (old, new) = (flat(old), flat(new));
    let mut said: Vec<String> = Vec::new();
    let mut lines = 0;
    for (group, part) in &new {
        match (part.label(), counterpart(&old, group, part)) {
            (Some(label), Some(before)) if value(before) != value(part) => {
                said.push(format!("`{label}` {} → {}", quoted(value(before)), quoted(value(part))));
            }
            (Some(label), None) => said.push(format!("new `{label}` {}", quoted(value(part)))),
            (None, _) => lines += lines_without(part, &old, group),
            _ => {}
        }
    }
    for (group, part) in &old {
        match part.label() {
            Some(label) if counterpart(&new, group, part).is_none() => said.push(format!("no `{label}`")),
            Some(_) => {}
            None => lines += lines_without(part, &new, group),
        }
    }
    let more = said.len().saturating_sub(SAID) + lines;
    said.truncate(SAID);
    if more > 0 {
        let also = if said.is_empty() { "" } else { "more " };
        said.push(format!("{more} {also}{}", if more == 1 { "line differs" } else { "lines differ" }));
    }
    said.join(", ")
}

type Flat = Vec<(String, Part)>;

/// All parts, each with the sub-heading that it stands under.
fn flat(body: &str) -> Flat {
    let mut parts = Vec::new();
    for group in Group::read(body) {
        let title = group.heading.as_ref().map(|heading| heading.text.trim().to_owned()).unwrap_or_default();
        let said = group.parts.into_iter().filter(|part| part.kind != PieceKind::Blank);
        parts.extend(said.map(|part| (title.clone(), part)));
    }
    parts
}

fn value(part: &Part) -> &str {
    part.pair().map_or("", |pair| pair.value.slice(&part.text))
}

fn quoted(value: &str) -> String {
    if value.is_empty() { "nothing".to_owned() } else { value.to_owned() }
}

fn counterpart<'p>(parts: &'p Flat, group: &str, part: &Part) -> Option<&'p Part> {
    let same = |other: &&(String, Part)| other.0 == group && other.1.label() == part.label();
    parts.iter().find(same).map(|(_, part)| part)
}

/// How many lines of a part stand nowhere under the same sub-heading of the other body.
fn lines_without(part: &Part, other: &Flat, group: &str) -> usize {
    let known = |line: &str| {
        let mut same = other.iter().filter(|(title, _)| title == group);
        same.any(|(_, part)| part.text.lines().any(|other| other.trim() == line.trim()))
    };
    part.text.lines().filter(|line| !known(line)).count()
}

#[cfg(test)]
mod tests {
    use super::words;

    #[test]
    fn changes_are_said_in_words() {
        assert_eq!(words("A: 1\nB: 2\n", "A: 1\nB: 2\n"), "");
        assert_eq!(words("A: 1\nB: 2\n", "A: 3\nB: 2\n"), "`A` 1 → 3");
        assert_eq!(words("A: 1\nB: 2\n", "A: 3\nC: 4\n"), "`A` 1 → 3, new `C` 4, no `B`");
        assert_eq!(words("| a |\n|---|\n| 1 |\n", "| a |\n|---|\n| 2 |\n"), "2 lines differ");
    }
}
