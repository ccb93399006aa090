//! Labels within AUTO bodies that mean the same value.
//!
//! In stages, as names of blocks: equal text; equal ids; singular and plural; aliases of the kind, both with and
//! without a qualifier that changes nothing (`Total Features (incl. done)`).

use crate::document::names;
use crate::text::slug;

/// Whether two labels match in a stage.
type Stage = fn(&str, &str, &[(String, String)]) -> bool;

/// The stages in order.
const STAGES: &[Stage] = &[
    |a, b, _| a == b,
    |a, b, _| slug(a) == slug(b),
    |a, b, _| names::same_in_singular(&slug(a), &slug(b)),
    |a, b, aliases| are_aliases(&slug(a), &slug(b), aliases),
    |a, b, aliases| {
        let (a, b) = (slug(without_qualifier(a)), slug(without_qualifier(b)));
        names::same_in_singular(&a, &b) || are_aliases(&a, &b, aliases)
    },
];

/// For each of `wanted` the label in `present` that means the same. Each label matches once, the best stage first.
pub fn match_all(present: &[&str], wanted: &[&str], aliases: &[(String, String)]) -> Vec<Option<usize>> {
    let mut matched: Vec<Option<usize>> = vec![None; wanted.len()];
    let mut taken = vec![false; present.len()];
    for stage in STAGES {
        for (label, matched) in wanted.iter().zip(&mut matched).filter(|(_, matched)| matched.is_none()) {
            let free = |at: &usize| !taken[*at] && stage(present[*at], label, aliases);
            if let Some(at) = (0..present.len()).find(free) {
                *matched = Some(at);
                taken[at] = true;
            }
        }
    }
    matched
}

/// The label in `present` that means the same as a label.
pub fn find(present: &[&str], label: &str, aliases: &[(String, String)]) -> Option<usize> {
    match_all(present, &[label], aliases)[0]
}

fn are_aliases(a: &str, b: &str, aliases: &[(String, String)]) -> bool {
    let pair = |one: &str, other: &str| (a == one && b == other) || (a == other && b == one);
    let direct = aliases.iter().any(|(one, other)| pair(&slug(one), &slug(other)));
    // Two aliases of one name mean the same.
    let names_of = |id: &str| -> Vec<&str> {
        aliases.iter().filter(|(_, other)| slug(other) == id).map(|(one, _)| one.as_str()).collect()
    };
    direct || names_of(a).iter().any(|name| names_of(b).contains(name))
}

/// A label without a qualifier in brackets that does not change its meaning.
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
    fn labels_match_by_stages() {
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
