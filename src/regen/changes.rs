//! Summarizes changes of a body in one line: `Total Features` 15 → 10 (10 items in priority_1).

use super::parts::{Part, PartGroup};
use super::provenance::Provenance;
use crate::document::body::PieceKind;

/// Maximum number of changes that are listed individually.
const LISTED: usize = 3;

/// Summarizes the changes between two bodies in one line, with the provenance of each value; empty if nothing changed.
pub fn words(old: &str, new: &str, provenance: &Provenance) -> String {
    let (old, new) = (flat(old), flat(new));
    // A source that consecutive values share is stated once, after the last of them.
    let mut listed: Vec<(String, Option<String>)> = Vec::new();
    let mut lines = 0;
    for (group, part) in &new {
        let source = part.label().and_then(|label| provenance.of(label, value(part)));
        match (part.label(), counterpart(&old, group, part)) {
            (Some(label), Some(before)) if value(before) != value(part) => {
                listed.push((format!("`{label}` {} → {}", quoted(value(before)), quoted(value(part))), source));
            }
            (Some(label), None) => listed.push((format!("new `{label}` {}", quoted(value(part))), source)),
            (None, _) => lines += lines_without(part, &old, group),
            _ => {}
        }
    }
    for (group, part) in &old {
        match part.label() {
            Some(label) if counterpart(&new, group, part).is_none() => {
                listed.push((format!("removed `{label}`"), None));
            }
            Some(_) => {}
            None => lines += lines_without(part, &new, group),
        }
    }
    let more = listed.len().saturating_sub(LISTED) + lines;
    listed.truncate(LISTED);
    if more > 0 {
        let also = if listed.is_empty() { "" } else { "more " };
        let text = format!("{more} {also}{}", if more == 1 { "line differs" } else { "lines differ" });
        listed.push((text, provenance.of_lines()));
    }
    let mut out = String::new();
    for (at, (text, source)) in listed.iter().enumerate() {
        if at > 0 {
            out.push_str(", ");
        }
        out.push_str(text);
        let last = listed.get(at + 1).is_none_or(|(_, next)| next != source);
        if let Some(source) = source.as_ref().filter(|_| last) {
            out.push_str(&format!(" ({source})"));
        }
    }
    out
}

type Flat = Vec<(String, Part)>;

/// Returns all parts, each with the sub-heading above it.
fn flat(body: &str) -> Flat {
    let mut parts = Vec::new();
    for group in PartGroup::read(body) {
        let title = group.heading.as_ref().map(|heading| heading.text.trim().to_owned()).unwrap_or_default();
        let written = group.parts.into_iter().filter(|part| part.kind != PieceKind::Blank);
        let split = written.flat_map(|part| match part.kind {
            PieceKind::Table => part.into_rows(),
            _ => vec![part],
        });
        parts.extend(split.map(|part| (title.clone(), part)));
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

/// Returns the number of lines of a part that the other body does not have below the same sub-heading.
fn lines_without(part: &Part, other: &Flat, group: &str) -> usize {
    let known = |line: &str| {
        let mut same = other.iter().filter(|(title, _)| title == group);
        same.any(|(_, part)| part.text.lines().any(|other| other.trim() == line.trim()))
    };
    part.text.lines().filter(|line| !known(line)).count()
}

#[cfg(test)]
mod tests {
    use super::super::access_log::FactInput;
    use super::*;

    #[test]
    fn summarizes_changes() {
        let words = |old: &str, new: &str| words(old, new, &Provenance::default());
        assert_eq!(words("A: 1\nB: 2\n", "A: 1\nB: 2\n"), "");
        assert_eq!(words("A: 1\nB: 2\n", "A: 3\nB: 2\n"), "`A` 1 → 3");
        assert_eq!(words("A: 1\nB: 2\n", "A: 3\nC: 4\n"), "`A` 1 → 3, new `C` 4, removed `B`");
        assert_eq!(words("| a |\n|---|\n| 1 |\n", "| a |\n|---|\n| 2 |\n"), "2 lines differ");
    }

    #[test]
    fn states_a_shared_source_once() {
        let provenance = Provenance {
            sources: vec![("Capacity".to_owned(), "facts.sprint.capacity".to_owned())],
            inputs: vec![FactInput { summary: "2 items in priority_1".to_owned(), items: Vec::new() }],
        };
        assert_eq!(
            words(
                "Sprint: A\nTotal: 1\nPoints: 3\nCapacity: 1\n",
                "Sprint: B\nTotal: 2\nPoints: 5\nCapacity: 1\n",
                &provenance
            ),
            "`Sprint` A → B, `Total` 1 → 2, `Points` 3 → 5 (2 items in priority_1)"
        );
        assert_eq!(words("Capacity: 1\n", "Capacity: 2\n", &provenance), "`Capacity` 1 → 2 (facts.sprint.capacity)");
    }
}
