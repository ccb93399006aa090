//! Checksum in an END marker: the first 16 hexadecimal digits of the SHA-256 of the covered part of a body.
//!
//! The covered part is the body with LF line endings, without trailing spaces, without padding in tables, and without
//! the values that are maintained by hand: values that only the configuration provides, and values that no template
//! renders.

use std::sync::Arc;

use sha2::{Digest, Sha256};

use super::merge::Owns;
use super::parts::{Part, PartGroup};
use crate::document::body::{self, PieceKind};
use crate::document::{Block, Shape};
use crate::text::lines;

/// Part of a body that a checksum covers. It depends on the rendering of the block.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ChecksumCoverage {
    /// Rendering; if it is `None`, the whole body is covered.
    pub rendered: Option<String>,
    /// Labels before the first sub-heading whose values are maintained by hand.
    pub by_hand: Vec<String>,
    /// Shape of the document's kind, which defines the aliases of labels.
    pub shape: Arc<Shape>,
}

/// Result of a comparison of a body with its checksum.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ChecksumState {
    /// The block has no checksum, because phx has not generated its body.
    Ungenerated,
    /// The body is unchanged except for values that are maintained by hand.
    Intact,
    Edited,
}

/// Covered portion of a part.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum PartCoverage {
    Full,
    /// Only the label of a pair, or the header of a table.
    Outline,
}

impl ChecksumCoverage {
    /// Creates the coverage of a block from its rendering and what its template owns.
    pub fn new(rendered: Option<String>, owns: Owns, by_hand: Vec<String>, shape: &Arc<Shape>) -> Self {
        let rendered = rendered.filter(|_| owns != Owns::Body);
        Self { rendered, by_hand, shape: Arc::clone(shape) }
    }

    /// Returns the coverage of each part of a body, without headings.
    pub(super) fn covers(&self, groups: &[PartGroup]) -> Vec<PartCoverage> {
        let rendered: Option<Vec<PartGroup>> = self.rendered.as_deref().map(PartGroup::read);
        let mut covers = Vec::new();
        for (index, group) in groups.iter().enumerate() {
            let other = rendered.as_ref().map(|all| {
                let same = |other: &&PartGroup| {
                    if index == 0 { other.heading.is_none() } else { group.has_same_heading(other) }
                };
                all.iter().find(same).map(|group| group.parts.as_slice()).unwrap_or_default()
            });
            let matched: Option<Vec<usize>> =
                other.map(|parts| group.match_parts(parts, &self.shape.aliases).into_iter().flatten().collect());
            for (at, part) in group.parts.iter().enumerate() {
                let is_rendered = matched.as_ref().is_none_or(|matched| matched.contains(&at));
                let by_hand = index == 0 && part.label().is_some_and(|label| self.is_by_hand(label));
                let value = matches!(part.kind, PieceKind::Pair(_) | PieceKind::Table);
                covers.push(if (!is_rendered && value) || by_hand {
                    PartCoverage::Outline
                } else {
                    PartCoverage::Full
                });
            }
        }
        covers
    }

    fn is_by_hand(&self, label: &str) -> bool {
        let labels: Vec<&str> = self.by_hand.iter().map(String::as_str).collect();
        super::labels::find(&labels, label, &self.shape.aliases).is_some()
    }

    pub(super) fn groups(&self, body: &str) -> Vec<PartGroup> {
        let mut groups = PartGroup::read(&lines::with_lf(body));
        if let (Some(rendered), Some(first)) = (&self.rendered, groups.first_mut()) {
            first.split_tables(&PartGroup::read(rendered)[0].parts, &self.shape.aliases);
        }
        groups
    }
}

/// Computes the checksum of a body.
pub fn of(body: &str, coverage: &ChecksumCoverage) -> String {
    let groups = coverage.groups(body);
    let covers = coverage.covers(&groups);
    digest(&covered(&groups, &covers))
}

/// Compares a body with the checksum of its block.
pub fn state(block: &Block, body: &str, coverage: &ChecksumCoverage) -> ChecksumState {
    let Some(sum) = &block.sum else {
        return ChecksumState::Ungenerated;
    };
    let groups = coverage.groups(body);
    let covers = coverage.covers(&groups);
    let matches = |covers: &[PartCoverage]| digest(&covered(&groups, covers)) == *sum;
    if matches(&covers) || digest(&lines::with_lf(body)) == *sum {
        return ChecksumState::Intact;
    }
    // When the checksum was written, the template may have rendered one part more or less.
    let toggled = (0..covers.len()).any(|at| {
        let mut other = covers.clone();
        other[at] = if covers[at] == PartCoverage::Full { PartCoverage::Outline } else { PartCoverage::Full };
        matches(&other)
    });
    if toggled || matches(&vec![PartCoverage::Full; covers.len()]) {
        ChecksumState::Intact
    } else {
        ChecksumState::Edited
    }
}

fn digest(text: &str) -> String {
    let digest = Sha256::digest(text.as_bytes());
    let first = digest.iter().take(8).fold(0_u64, |number, byte| number << 8 | u64::from(*byte));
    format!("{first:016x}")
}

/// Returns the covered text of a body.
fn covered(groups: &[PartGroup], covers: &[PartCoverage]) -> String {
    let mut out = String::new();
    let mut covers = covers.iter();
    for group in groups {
        if let Some(heading) = &group.heading {
            push_lines(&mut out, &heading.text);
        }
        for part in &group.parts {
            let cover = covers.next().copied().unwrap_or(PartCoverage::Full);
            push_part(&mut out, part, cover);
        }
    }
    out
}

fn push_part(out: &mut String, part: &Part, cover: PartCoverage) {
    let is_table = part.text.trim_start().starts_with('|');
    match (part.pair(), cover) {
        (Some(pair), PartCoverage::Outline) => {
            out.push_str(pair.label.slice(&part.text));
            out.push_str(":\n");
        }
        _ if is_table => {
            let rows = if cover == PartCoverage::Full { usize::MAX } else { 1 };
            for line in part.text.lines().take(rows) {
                let cells = body::cells(line);
                let rule = body::is_rule(&cells);
                let cells = cells.iter().map(|cell| if rule { "-" } else { cell.as_str() });
                out.push_str(&cells.collect::<Vec<_>>().join("|"));
                out.push('\n');
            }
        }
        _ => push_lines(out, &part.text),
    }
}

fn push_lines(out: &mut String, text: &str) {
    for line in text.lines() {
        out.push_str(line.trim_end());
        out.push('\n');
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn coverage(rendered: &str) -> ChecksumCoverage {
        ChecksumCoverage::new(Some(rendered.to_owned()), Owns::Values, vec!["Capacity".to_owned()], &Arc::default())
    }

    fn same(a: &str, b: &str) -> bool {
        let coverage = coverage("Total: 1\nCapacity: 9\n\n| A | B |\n|---|---|\n| 1 | 2 |\n");
        of(a, &coverage) == of(b, &coverage)
    }

    #[test]
    fn ignores_line_endings_trailing_spaces_and_padding() {
        assert!(same("Total: 1\n", "Total: 1  \r\n"));
        assert!(same("| A | B |\n|---|---|\n| 1 | 2 |\n", "|  A | B |\n|:--|--:|\n| 1   |2|\n"));
    }

    #[test]
    fn ignores_only_values_maintained_by_hand() {
        assert!(same("Total: 1\nCapacity: 9\nRate: 3%\n", "Total: 1\nCapacity: 8\nRate: 4%\n"));
        for other in
            ["Total: 2\nCapacity: 9\n", "Total: 1\nCapacities: 9\n", "Total: 1\nCapacity: 9\nmore\n", "Total: 1\n"]
        {
            assert!(!same("Total: 1\nCapacity: 9\n", other), "{other}");
        }
        assert!(!same("| A | B |\n|---|---|\n| 1 | 2 |\n", "| A | B |\n|---|---|\n| 1 | 3 |\n"));
    }

    #[test]
    fn covers_everything_without_a_rendering() {
        let all = ChecksumCoverage::default();
        assert_ne!(of("Rate: 3%\n", &all), of("Rate: 4%\n", &all));
    }
}
