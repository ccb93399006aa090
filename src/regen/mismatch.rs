//! Mismatches between a rendering and a body without checksum, because of which a value could be duplicated or lost.

use super::labels;
use super::parts::{Part, PartGroup};
use crate::document::body::PieceKind;
use crate::document::fields;
use crate::text::slug;

/// Mismatch; lines are lines of the body, from 0.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Mismatch {
    /// Rendered numbers have no matching label in the body, and the body has a number that matches no rendered value.
    Unmatched {
        /// Labels of the rendered values, at least one.
        labels: Vec<String>,
        /// Label of the number in the body; `None` if the line is not `Label: value`.
        present: Option<String>,
        line: usize,
    },
    /// The line of a rendered value contains other values too.
    Several {
        /// Label of the rendered value.
        label: String,
        line: usize,
    },
    /// Two lines of the body match one rendered value.
    Twice {
        /// Label of the second line.
        label: String,
        line: usize,
    },
}

impl Mismatch {
    /// Returns the line in the body, from 0.
    pub fn line(&self) -> usize {
        match self {
            Self::Unmatched { line, .. } | Self::Several { line, .. } | Self::Twice { line, .. } => *line,
        }
    }

    /// Returns the message; `kind` is the kind of the document.
    pub fn message(&self, kind: &str) -> String {
        match self {
            Self::Unmatched { labels, present: Some(present), .. } => {
                let (label, other) = (&labels[0], slug(present));
                format!(
                    "the body has `{present}` but not `{label}`, which may be the same value; if so, add \
                     `aliases = {{ {} = \"{other}\" }}` to the kind `{kind}` in phx.toml, otherwise add {}",
                    slug(label),
                    new_lines(labels)
                )
            }
            Self::Unmatched { labels, present: None, .. } => format!(
                "the body has a number outside of `Label: value` lines, but not `{}`; remove the number and add {}",
                labels[0],
                new_lines(labels)
            ),
            Self::Several { label, .. } => {
                format!("the line of `{label}` has more than one value; write each value on a separate line")
            }
            Self::Twice { label, .. } => format!("the body has a second line for `{label}`; remove one of them"),
        }
    }
}

/// Finds the first mismatch. An empty body has none.
pub fn find(current: &str, rendered: &str, aliases: &[(String, String)]) -> Option<Mismatch> {
    if current.trim().is_empty() {
        return None;
    }
    let rendered = PartGroup::read(rendered);
    let mut line = 0;
    let mut free: Option<(Option<String>, usize)> = None;
    let mut missing: Vec<&Part> = Vec::new();
    let mut seen = vec![false; rendered.len()];
    for (index, mut group) in PartGroup::read(current).into_iter().enumerate() {
        let same = |new: &PartGroup| if index == 0 { new.heading.is_none() } else { group.has_same_heading(new) };
        let at = rendered.iter().position(same);
        let new: &[Part] = at.map(|at| rendered[at].parts.as_slice()).unwrap_or_default();
        if let Some(at) = at {
            seen[at] = true;
        }
        group.split_tables(new, aliases);
        let matched = group.match_parts(new, aliases);
        missing.extend(
            new.iter()
                .zip(&matched)
                .filter(|(part, matched)| matched.is_none() && is_number(part))
                .map(|(part, _)| part),
        );
        let wanted: Vec<&str> = new.iter().filter(|part| !part.is_deleted()).filter_map(Part::label).collect();
        line += group.heading.as_ref().map_or(0, lines);
        for (at, part) in group.parts.iter().enumerate() {
            let counterpart = matched.iter().position(|found| *found == Some(at)).map(|index| &new[index]);
            let label = || part.label().unwrap_or_default().to_owned();
            match counterpart {
                Some(new) if !new.is_deleted() && loses(part, new) => {
                    return Some(Mismatch::Several { label: label(), line });
                }
                None if part.label().is_some_and(|label| labels::find(&wanted, label, aliases).is_some()) => {
                    return Some(Mismatch::Twice { label: label(), line });
                }
                None if free.is_none() && has_number(part) => free = Some((part.label().map(str::to_owned), line)),
                _ => {}
            }
            line += lines(part);
        }
    }
    let unseen = rendered.iter().zip(&seen).filter(|(_, seen)| !**seen).flat_map(|(group, _)| &group.parts);
    missing.extend(unseen.filter(|part| is_number(part)));
    let (present, line) = free?;
    let labels: Vec<String> = missing.into_iter().filter_map(Part::label).map(str::to_owned).collect();
    (!labels.is_empty()).then_some(Mismatch::Unmatched { labels, present, line })
}

/// Describes the lines to add for labels: ``the line `A: 0` ``, ``the lines `A: 0` and `B: 0` ``.
fn new_lines(labels: &[String]) -> String {
    let lines: Vec<String> = labels.iter().map(|label| format!("`{label}: 0`")).collect();
    match lines.as_slice() {
        [line] => format!("the line {line}"),
        [first @ .., last] => format!("the lines {} and {last}", first.join(", ")),
        [] => String::new(),
    }
}

fn lines(part: &Part) -> usize {
    part.text.matches('\n').count()
}

/// Returns the value of a pair without emphasis.
fn value(part: &Part) -> Option<String> {
    part.pair().map(|pair| fields::plain(pair.value.slice(&part.text)))
}

/// Returns whether a part is a pair whose value is a number with an optional unit: `8`, `85%`, `89 story points`.
fn is_number(part: &Part) -> bool {
    !part.is_deleted() && value(part).is_some_and(|value| is_plain_number(&value))
}

fn is_plain_number(value: &str) -> bool {
    let mut words = value.split_whitespace();
    let first = words.next().unwrap_or_default().trim_end_matches('%').replace(',', "");
    let unit = |word: &str| word.chars().all(char::is_alphabetic) || word == "%";
    first.parse::<f64>().is_ok() && value.split_whitespace().count() <= 3 && words.all(unit)
}

/// Returns whether a value contains further labels: `X | Points: 5`.
fn has_labels(value: &str) -> bool {
    value.contains(": ")
        || value.contains(" | ")
        || value.contains(" · ")
        || value.contains(" • ")
        || value.contains(":** ")
}

/// Returns whether a part that no template renders contains a number that may be a rendered value.
fn has_number(part: &Part) -> bool {
    let digits = |text: &str| text.contains(|c: char| c.is_ascii_digit());
    if let Some(value) = value(part) {
        return is_plain_number(&value) || (has_labels(&value) && digits(&value));
    }
    let is_text = matches!(part.kind, PieceKind::Table | PieceKind::List | PieceKind::Text | PieceKind::Code);
    is_text && part.text.contains(char::is_numeric)
}

/// Returns whether replacing the value of a line would remove other values too.
fn loses(current: &Part, new: &Part) -> bool {
    let (Some(old), Some(new)) = (value(current), value(new)) else { return false };
    if old == new {
        return false;
    }
    let digits = |text: &str| text.contains(|c: char| c.is_ascii_digit());
    // `Phase 1: Start` has a colon but not a label.
    let several = has_labels(&old) && !has_labels(&new) && !new.contains(": ");
    several || (is_plain_number(&new) && digits(&old) && !is_plain_number(&old))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(current: &str) -> Option<Mismatch> {
        find(current, "Sprint: A\nTotal: 2\nPoints: 8\n", &[])
    }

    #[test]
    fn reports_bodies_in_other_forms() {
        for body in [
            "| Total | Points |\n|---|---|\n| 77 | 777 |\n",
            "| Metric | Value | Notes |\n|---|---|---|\n| Total | 77 | x |\n",
            "1. Total: 77\n",
            "* Total points — 777\n",
            "The sprint has 77 features.\n",
            "Total：77\n",
            "```\nTotal: 77\n```\n",
            "### Totals\n- Total: 77\n- Points: 777\n",
            "Stories: 7\n",
            "**Sprint:** X | **Start:** 2026\n",
        ] {
            assert!(matches!(found(body), Some(Mismatch::Unmatched { .. })), "{body}: {:?}", found(body));
        }
        for body in ["Total: 77 | Points: 777\n", "Total: 77 (committed 70 + 7)\n"] {
            assert!(matches!(found(body), Some(Mismatch::Several { .. })), "{body}: {:?}", found(body));
        }
        let twice = Mismatch::Twice { label: "Total".to_owned(), line: 2 };
        assert_eq!(found("Total: 1\nPoints: 3\nTotal: 78\n"), Some(twice));
    }

    #[test]
    fn accepts_bodies_of_labels_and_values() {
        for body in [
            "",
            "Total: 77\nPoints: 777 story points\nCapacity: 40\n",
            "- **Total**: `77`\n- Points: TBD\n- Score: 47/100\n- Start: 2026-01-01\n",
            "Sprint: B 7\nTotal: 1,005\nPoints: 8\n",
            "Words.\n",
        ] {
            assert_eq!(found(body), None, "{body}");
        }
    }
}
