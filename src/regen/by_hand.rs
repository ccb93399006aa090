//! Transfers values that are maintained by hand from the current body to a restored one.

use super::checksum::{ChecksumCoverage, PartCoverage};
use super::labels;
use super::parts::PartGroup;

/// Returns a restored body with the values of the current one that the checksum does not cover.
pub fn transfer(restored: &str, current: &str, coverage: &ChecksumCoverage) -> String {
    let mut groups = coverage.groups(restored);
    let covers = coverage.covers(&groups);
    let others = coverage.groups(current);
    let mut covers = covers.into_iter();
    for (index, group) in groups.iter_mut().enumerate() {
        let same =
            |other: &&PartGroup| if index == 0 { other.heading.is_none() } else { other.has_same_heading(group) };
        let other = others.iter().find(same);
        let outline = group.parts.iter_mut().filter(|_| covers.next() == Some(PartCoverage::Outline));
        for part in outline {
            let Some(other) = other else { continue };
            if let Some(label) = part.label() {
                let present: Vec<&str> = other.parts.iter().filter_map(|part| part.label()).collect();
                let found = labels::find(&present, label, &coverage.shape.aliases).map(|at| present[at]);
                if let Some(source) = other.parts.iter().find(|part| part.label() == found)
                    && let Some(pair) = source.pair()
                {
                    part.set_value(pair.value.slice(&source.text));
                }
            } else if let Some(source) = other.parts.iter().find(|other| other.kind == part.kind) {
                part.text.clone_from(&source.text);
            }
        }
    }
    groups.iter().flat_map(PartGroup::texts).collect()
}

#[cfg(test)]
mod tests {
    use super::super::merge::Owns;
    use super::*;

    #[test]
    fn transfers_only_values_maintained_by_hand() {
        let rendered = Some("Total: 1\nCapacity: 5\n".to_owned());
        let coverage =
            ChecksumCoverage::new(rendered, Owns::Values, vec!["Capacity".to_owned()], &std::sync::Arc::default());
        let restored = transfer("Total: 1\nCapacity: 5\nRate: 3%\n", "Total: 9\nCapacity: 6\nRate: 4%\n", &coverage);
        assert_eq!(restored, "Total: 1\nCapacity: 6\nRate: 4%\n");
    }
}
