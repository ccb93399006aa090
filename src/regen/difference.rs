//! Finds the first difference between an edited body and the generated one.

use super::checksum::{ChecksumCoverage, PartCoverage};
use super::parts::{Part, PartGroup};
use crate::document::body::PieceKind;

/// Difference in the part of a body that the checksum covers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Difference {
    /// Line of the body, from 0; `None` if a line is missing.
    pub line: Option<usize>,
    /// Label in backticks, or `a line`.
    pub what: String,
    /// Text in the body; empty if it is missing.
    pub present: String,
    /// Generated text; empty if there is none.
    pub expected: String,
}

/// Covered line or value.
struct ComparedEntry {
    line: usize,
    /// Sub-heading and label; no label for a line.
    key: (String, Option<String>),
    text: String,
}

/// Finds the first covered difference between a body and the expected one.
pub fn first(body: &str, expected: &str, coverage: &ChecksumCoverage) -> Option<Difference> {
    let (own, other) = (entries(body, coverage), entries(expected, coverage));
    let quoted =
        |entry: &ComparedEntry| entry.key.1.as_ref().map_or_else(|| "a line".to_owned(), |label| format!("`{label}`"));
    let is_known = |entry: &&ComparedEntry, all: &[ComparedEntry]| {
        all.iter().any(|one| one.key == entry.key && one.text == entry.text)
    };
    if let Some(entry) = own.iter().find(|entry| !is_known(entry, &other)) {
        let counterpart =
            other.iter().find(|one| one.key == entry.key && (entry.key.1.is_some() || !is_known(one, &own)));
        return Some(Difference {
            line: Some(entry.line),
            what: quoted(entry),
            present: entry.text.clone(),
            expected: counterpart.map(|entry| entry.text.clone()).unwrap_or_default(),
        });
    }
    let missing = other.iter().find(|entry| !is_known(entry, &own))?;
    Some(Difference { line: None, what: quoted(missing), present: String::new(), expected: missing.text.clone() })
}

fn entries(body: &str, coverage: &ChecksumCoverage) -> Vec<ComparedEntry> {
    let groups = coverage.groups(body);
    let covers = coverage.covers(&groups);
    let mut covers = covers.into_iter();
    let mut entries = Vec::new();
    let mut line = 0;
    for group in &groups {
        let title = heading(group);
        for part in group.heading.iter().chain(&group.parts) {
            let is_heading = matches!(part.kind, PieceKind::Heading { .. });
            let cover = if is_heading { PartCoverage::Full } else { covers.next().unwrap_or(PartCoverage::Full) };
            push(&mut entries, part, cover, line, &title);
            line += part.text.matches('\n').count();
        }
    }
    entries
}

fn heading(group: &PartGroup) -> String {
    group.heading.as_ref().map(|heading| heading.text.trim().to_owned()).unwrap_or_default()
}

fn push(entries: &mut Vec<ComparedEntry>, part: &Part, cover: PartCoverage, line: usize, title: &str) {
    if part.kind == PieceKind::Blank {
        return;
    }
    if let Some(pair) = part.pair() {
        let text = if cover == PartCoverage::Full { pair.value.slice(&part.text) } else { "" };
        let key = (title.to_owned(), Some(pair.label.slice(&part.text).to_owned()));
        entries.push(ComparedEntry { line, key, text: text.to_owned() });
        return;
    }
    let rows = if cover == PartCoverage::Full { usize::MAX } else { 1 };
    for (at, text) in part.text.lines().enumerate().take(rows) {
        // Padding in tables is not a difference.
        let words: Vec<&str> = text.split_whitespace().collect();
        entries.push(ComparedEntry { line: line + at, key: (title.to_owned(), None), text: words.join(" ") });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_the_first_covered_difference() {
        let coverage = ChecksumCoverage::default();
        let first = |body: &str| first(body, "Total: 1\n\n- a\n- b\n", &coverage);
        let difference = first("Total: 2\n\n- a\n- b\n").unwrap();
        assert_eq!((difference.line, difference.what.as_str()), (Some(0), "`Total`"));
        assert_eq!((difference.present.as_str(), difference.expected.as_str()), ("2", "1"));
        let difference = first("Total: 1\n\n- a\n- c\n").unwrap();
        assert_eq!(
            (difference.line, difference.present.as_str(), difference.expected.as_str()),
            (Some(3), "- c", "- b")
        );
        let difference = first("Total: 1\n\n- a\n").unwrap();
        assert_eq!((difference.line, difference.expected.as_str()), (None, "- b"));
        assert_eq!(first("Total: 1\n\n- a\n- b  \n"), None);
    }
}
