//! Matches labels within AUTO bodies that have the same meaning.
//!
//! The stages are the same as for names of blocks: equal text; equal ids; singular and plural; aliases of the kind. The
//! last stage also ignores a qualifier that does not change the meaning (`Total Features (incl. done)`).

use crate::document::names;
use crate::text::slug;

/// Label with its ids.
struct Label {
    id: String,
    /// Id without a qualifier.
    bare: String,
}

impl Label {
    fn new(text: &str) -> Self {
        let bare = without_qualifier(text);
        let id = slug(text);
        Self { bare: if bare.len() == text.len() { id.clone() } else { slug(bare) }, id }
    }
}

/// Returns whether two labels match in a stage.
type Stage = fn(&Label, &Label, &[(String, String)]) -> bool;

/// Stages after equal text, in order.
const STAGES: &[Stage] = &[
    |a, b, _| a.id == b.id,
    |a, b, _| names::same_in_singular(&a.id, &b.id),
    |a, b, aliases| are_aliases(&a.id, &b.id, aliases),
    |a, b, aliases| names::same_in_singular(&a.bare, &b.bare) || are_aliases(&a.bare, &b.bare, aliases),
];

/// Returns for each of `wanted` the index of the label in `present` with the same meaning. Each label matches at most
/// once, and earlier stages have priority.
pub fn match_all(present: &[&str], wanted: &[&str], aliases: &[(String, String)]) -> Vec<Option<usize>> {
    let mut matched: Vec<Option<usize>> =
        wanted.iter().map(|label| present.iter().position(|own| own == label)).collect();
    let mut taken = vec![false; present.len()];
    for found in &mut matched {
        // A label that is wanted twice matches once.
        match *found {
            Some(at) if taken[at] => *found = None,
            Some(at) => taken[at] = true,
            None => {}
        }
    }
    if present.is_empty() || !matched.contains(&None) || !taken.contains(&false) {
        return matched;
    }
    let present: Vec<Label> = present.iter().map(|label| Label::new(label)).collect();
    let wanted: Vec<Label> = wanted.iter().map(|label| Label::new(label)).collect();
    for stage in STAGES {
        for (label, matched) in wanted.iter().zip(&mut matched).filter(|(_, matched)| matched.is_none()) {
            let free = |at: &usize| !taken[*at] && stage(&present[*at], label, aliases);
            if let Some(at) = (0..present.len()).find(free) {
                *matched = Some(at);
                taken[at] = true;
            }
        }
    }
    matched
}

/// Returns the index of the label in `present` with the same meaning as a label.
pub fn find(present: &[&str], label: &str, aliases: &[(String, String)]) -> Option<usize> {
    match_all(present, &[label], aliases)[0]
}

/// Returns whether one id is an alias of the other, or both are aliases of the same name.
fn are_aliases(a: &str, b: &str, aliases: &[(String, String)]) -> bool {
    let direct = |(one, other): &(String, String)| (a == one && b == other) || (a == other && b == one);
    let mut names = aliases.iter().filter(|(_, other)| other == a).map(|(name, _)| name);
    aliases.iter().any(direct) || names.any(|name| aliases.iter().any(|(one, other)| one == name && other == b))
}

/// Removes a qualifier in brackets that does not change the meaning.
fn without_qualifier(label: &str) -> &str {
    const HARMLESS: &[&str] = &["incl", "including", "all", "total", "points", "pts", "sp", "story"];
    let trimmed = label.trim_end();
    let Some(open) = trimmed.strip_suffix(')').and_then(|inner| inner.rfind('(')) else { return label };
    let inside = trimmed[open + 1..].to_lowercase();
    let first = inside.split(|c: char| !c.is_alphanumeric()).next().unwrap_or_default();
    if HARMLESS.contains(&first) { trimmed[..open].trim_end() } else { label }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn matches_labels_in_stages() {
        let aliases = vec![
            ("total_features".to_owned(), "features".to_owned()),
            ("total_features".to_owned(), "number_of_features".to_owned()),
        ];
        let found = |present: &[&str], label: &str| find(present, label, &aliases);
        assert_eq!(found(&["Features", "Total Features"], "Total Features"), Some(1));
        assert_eq!(found(&["features"], "Total Features"), Some(0));
        assert_eq!(found(&["Number of features"], "Total Features"), Some(0));
        assert_eq!(found(&["Number of features"], "Features"), Some(0));
        assert_eq!(found(&["Total Features (incl. done)"], "Total Features"), Some(0));
        assert_eq!(found(&["Total Features (done)"], "Total Features"), None);
        assert_eq!(found(&["Feature"], "Features"), Some(0));
        assert_eq!(match_all(&["A"], &["A", "a"], &aliases), [Some(0), None]);
    }
}
