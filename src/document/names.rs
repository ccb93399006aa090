//! Matching of declared names with blocks and sections.
//!
//! Names are matched in stages; each stage processes all names before the next one starts. Matched names and candidates
//! are removed after each stage. Candidates with the same id match as a group.

use std::collections::HashMap;

use crate::text::slug;

/// Block or section that a name can match.
#[derive(Clone, Copy, Debug)]
pub struct NameCandidate<'a> {
    /// Name in its marker.
    pub marker: Option<&'a str>,
    pub id: &'a str,
}

/// Name as written, and its id.
struct Name<'a> {
    raw: &'a str,
    id: String,
}

/// Candidates with the same id.
struct NameGroup<'a> {
    id: &'a str,
    markers: Vec<&'a str>,
    matched: Option<usize>,
}

/// Predicate of a stage: returns `true` if a name matches a group. The last argument contains the aliases.
type Matches = fn(&Name<'_>, &NameGroup<'_>, &[(String, String)]) -> bool;

/// Stages in order. The flag restricts a stage to unique matches: the name matches one group, and no other name matches
/// it.
const STAGES: &[(Matches, bool)] =
    &[(by_marker, false), (by_id, false), (by_number, false), (by_prefix, true), (by_alias, false)];

/// Returns for each candidate the index of the name that matches it.
pub fn match_names(
    names: &[&str],
    candidates: &[NameCandidate<'_>],
    aliases: &[(String, String)],
) -> Vec<Option<usize>> {
    if names.is_empty() || candidates.is_empty() {
        return vec![None; candidates.len()];
    }
    let (mut groups, group_of) = group(candidates);
    let names: Vec<Name<'_>> = names.iter().map(|name| Name { raw: name, id: slug(name) }).collect();
    let mut free: Vec<usize> = (0..names.len()).collect();
    for (matches, unique_only) in STAGES {
        if free.is_empty() {
            break;
        }
        let matching = |index: &usize| -> Vec<usize> {
            (0..groups.len())
                .filter(|at| groups[*at].matched.is_none() && matches(&names[*index], &groups[*at], aliases))
                .collect()
        };
        let results: Vec<(usize, Vec<usize>)> = free.iter().map(|index| (*index, matching(index))).collect();
        let mut match_counts = vec![0_usize; groups.len()];
        for at in results.iter().flat_map(|(_, matching)| matching) {
            match_counts[*at] += 1;
        }
        for (index, matching) in results {
            let is_unique = matching.len() == 1 && match_counts[matching[0]] == 1;
            let first = matching.into_iter().find(|at| groups[*at].matched.is_none());
            if let Some(at) = first.filter(|_| is_unique || !unique_only) {
                groups[at].matched = Some(index);
                free.retain(|name| *name != index);
            }
        }
    }
    group_of.into_iter().map(|at| groups[at].matched).collect()
}

/// Groups candidates by id. Returns the groups in order, and for each candidate the index of its group.
fn group<'a>(candidates: &[NameCandidate<'a>]) -> (Vec<NameGroup<'a>>, Vec<usize>) {
    let mut indices: HashMap<&str, usize> = HashMap::new();
    let mut groups: Vec<NameGroup<'a>> = Vec::new();
    let mut group_of = Vec::with_capacity(candidates.len());
    for candidate in candidates {
        let at = *indices.entry(candidate.id).or_insert_with(|| {
            groups.push(NameGroup { id: candidate.id, markers: Vec::new(), matched: None });
            groups.len() - 1
        });
        groups[at].markers.extend(candidate.marker);
        group_of.push(at);
    }
    (groups, group_of)
}

fn by_marker(name: &Name<'_>, group: &NameGroup<'_>, _: &[(String, String)]) -> bool {
    group.markers.contains(&name.raw)
}

fn by_id(name: &Name<'_>, group: &NameGroup<'_>, _: &[(String, String)]) -> bool {
    name.id == group.id
}

fn by_number(name: &Name<'_>, group: &NameGroup<'_>, _: &[(String, String)]) -> bool {
    same_in_singular(&name.id, group.id)
}

fn by_prefix(name: &Name<'_>, group: &NameGroup<'_>, _: &[(String, String)]) -> bool {
    let (name, id) = (name.id.as_str(), group.id);
    let (short, long) = if name.len() < id.len() { (name, id) } else { (id, name) };
    short.contains('_') && long.strip_prefix(short).is_some_and(|rest| rest.starts_with('_'))
}

fn by_alias(name: &Name<'_>, group: &NameGroup<'_>, aliases: &[(String, String)]) -> bool {
    let same = |a: &str, b: &str| a == name.id && b == group.id;
    aliases.iter().any(|(a, b)| same(a, b) || same(b, a))
}

/// Returns `true` if two ids are equal except for singular and plural forms, by English spelling rules.
pub fn same_in_singular(a: &str, b: &str) -> bool {
    let (mut a, mut b) = (a.split('_'), b.split('_'));
    loop {
        match (a.next(), b.next()) {
            (None, None) => return true,
            (Some(a), Some(b)) if a == b || singular(a) == singular(b) => {}
            _ => return false,
        }
    }
}

/// Returns the singular of a word as stem and ending.
fn singular(word: &str) -> (&str, &str) {
    if let Some(stem) = word.strip_suffix("ies")
        && stem.len() > 1
    {
        return (stem, "y");
    }
    if let Some(stem) = word.strip_suffix('y')
        && stem.len() > 1
    {
        return (stem, "y");
    }
    for ending in ["sses", "shes", "ches", "xes", "zes"] {
        if word.ends_with(ending) {
            return (&word[..word.len() - 2], "");
        }
    }
    match word.strip_suffix('s') {
        Some(stem) if !stem.is_empty() && !stem.ends_with(['s', 'u', 'i']) => (stem, ""),
        _ => (word, ""),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn match_ids(names: &[&str], ids: &[&str]) -> Vec<Option<usize>> {
        let candidates: Vec<_> = ids.iter().map(|id| NameCandidate { marker: None, id }).collect();
        let aliases = [("feature_metrics".to_owned(), "feature_summary".to_owned())];
        match_names(names, &candidates, &aliases)
    }

    #[test]
    fn matches_singular_and_plural() {
        assert_eq!(match_ids(&["dependency_status"], &["dependencies_status"]), [Some(0)]);
        assert_eq!(match_ids(&["sprint_metric"], &["sprint_metrics"]), [Some(0)]);
        assert!(same_in_singular("analysis_boxes_status_class", "analysis_box_status_classes"));
        assert!(!same_in_singular("status", "statu"));
        assert!(!same_in_singular("mock_inventory", "mock"));
    }

    #[test]
    fn matches_a_prefix_of_two_words_only_if_unique() {
        assert_eq!(match_ids(&["test_coverage"], &["test_coverage_report"]), [Some(0)]);
        assert_eq!(match_ids(&["test"], &["test_coverage"]), [None]);
        assert_eq!(match_ids(&["test_coverage"], &["test_coverage_a", "test_coverage_b"]), [None, None]);
        assert_eq!(match_ids(&["mock_inventory_list"], &["mock_inventory"]), [Some(0)]);
        assert_eq!(match_ids(&["test_cover"], &["test_coverage"]), [None]);
    }

    #[test]
    fn matches_aliases_in_both_directions_after_ids() {
        assert_eq!(match_ids(&["feature_metrics"], &["feature_summary"]), [Some(0)]);
        assert_eq!(match_ids(&["feature_summary"], &["feature_metrics"]), [Some(0)]);
        assert_eq!(match_ids(&["feature_metrics", "feature_summary"], &["feature_summary"]), [Some(1)]);
    }

    #[test]
    fn matches_all_blocks_with_the_same_id() {
        assert_eq!(match_ids(&["notes"], &["notes", "other", "notes"]), [Some(0), None, Some(0)]);
    }
}
