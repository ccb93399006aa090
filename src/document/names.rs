//! How declared names and what stands in a document meet.
//!
//! In stages, each run over all names before the next; what has met leaves the pool, and what bears one id
//! meets together.

use std::collections::HashMap;

use crate::text::slug;

/// Something that bears a name: a block or a section.
#[derive(Clone, Copy, Debug)]
pub struct NameCandidate<'a> {
    /// The name in its marker.
    pub marker: Option<&'a str>,
    /// Its id.
    pub id: &'a str,
}

/// A name as it is written, and as an id.
struct Name<'a> {
    raw: &'a str,
    id: String,
}

/// The candidates that bear one id.
struct NameGroup<'a> {
    id: &'a str,
    markers: Vec<&'a str>,
    met: Option<usize>,
}

/// A stage: whether a name and a group fit.
type Fits = fn(&Name<'_>, &NameGroup<'_>, &[(String, String)]) -> bool;

/// The stages in order, each with whether it takes only what fits nothing else.
const STAGES: &[(Fits, bool)] =
    &[(by_marker, false), (by_id, false), (by_number, false), (by_prefix, true), (by_alias, false)];

/// For each candidate the index of the name that it meets.
pub fn meet(names: &[&str], candidates: &[NameCandidate<'_>], aliases: &[(String, String)]) -> Vec<Option<usize>> {
    if names.is_empty() || candidates.is_empty() {
        return vec![None; candidates.len()];
    }
    let (mut groups, group_of) = group(candidates);
    let names: Vec<Name<'_>> = names.iter().map(|name| Name { raw: name, id: slug(name) }).collect();
    let mut free: Vec<usize> = (0..names.len()).collect();
    for (fits, only) in STAGES {
        if free.is_empty() {
            break;
        }
        let fitting = |index: &usize| -> Vec<usize> {
            (0..groups.len())
                .filter(|at| groups[*at].met.is_none() && fits(&names[*index], &groups[*at], aliases))
                .collect()
        };
        let found: Vec<(usize, Vec<usize>)> = free.iter().map(|index| (*index, fitting(index))).collect();
        let mut claims = vec![0_usize; groups.len()];
        for at in found.iter().flat_map(|(_, fitting)| fitting) {
            claims[*at] += 1;
        }
        for (index, fitting) in found {
            let alone = fitting.len() == 1 && claims[fitting[0]] == 1;
            let first = fitting.into_iter().find(|at| groups[*at].met.is_none());
            if let Some(at) = first.filter(|_| alone || !only) {
                groups[at].met = Some(index);
                free.retain(|name| *name != index);
            }
        }
    }
    group_of.into_iter().map(|at| groups[at].met).collect()
}

/// The distinct ids in order, and for each candidate which of them is its own.
fn group<'a>(candidates: &[NameCandidate<'a>]) -> (Vec<NameGroup<'a>>, Vec<usize>) {
    let mut places: HashMap<&str, usize> = HashMap::new();
    let mut groups: Vec<NameGroup<'a>> = Vec::new();
    let mut group_of = Vec::with_capacity(candidates.len());
    for candidate in candidates {
        let at = *places.entry(candidate.id).or_insert_with(|| {
            groups.push(NameGroup { id: candidate.id, markers: Vec::new(), met: None });
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

/// Whether two ids are equal but for singular and plural, as far as English spelling tells.
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

/// A word in the singular: its stem, and what the stem ends in.
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

    fn met(names: &[&str], ids: &[&str]) -> Vec<Option<usize>> {
        let candidates: Vec<_> = ids.iter().map(|id| NameCandidate { marker: None, id }).collect();
        let aliases = [("feature_metrics".to_owned(), "feature_summary".to_owned())];
        meet(names, &candidates, &aliases)
    }

    #[test]
    fn singular_and_plural_meet() {
        assert_eq!(met(&["dependency_status"], &["dependencies_status"]), [Some(0)]);
        assert_eq!(met(&["sprint_metric"], &["sprint_metrics"]), [Some(0)]);
        assert!(same_in_singular("analysis_boxes_status_class", "analysis_box_status_classes"));
        assert!(!same_in_singular("status", "statu"));
        assert!(!same_in_singular("mock_inventory", "mock"));
    }

    #[test]
    fn a_prefix_of_two_words_meets_if_only_one_fits() {
        assert_eq!(met(&["test_coverage"], &["test_coverage_report"]), [Some(0)]);
        assert_eq!(met(&["test"], &["test_coverage"]), [None]);
        assert_eq!(met(&["test_coverage"], &["test_coverage_a", "test_coverage_b"]), [None, None]);
        assert_eq!(met(&["mock_inventory_list"], &["mock_inventory"]), [Some(0)]);
        assert_eq!(met(&["test_cover"], &["test_coverage"]), [None]);
    }

    #[test]
    fn an_alias_meets_either_way_and_earlier_stages_go_first() {
        assert_eq!(met(&["feature_metrics"], &["feature_summary"]), [Some(0)]);
        assert_eq!(met(&["feature_summary"], &["feature_metrics"]), [Some(0)]);
        assert_eq!(met(&["feature_metrics", "feature_summary"], &["feature_summary"]), [Some(1)]);
    }

    #[test]
    fn blocks_of_one_id_meet_together() {
        assert_eq!(met(&["notes"], &["notes", "other", "notes"]), [Some(0), None, Some(0)]);
    }
}
