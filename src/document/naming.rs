//! Canonical names of the blocks and sections of a document, derived from its declared names and its kind.

use super::names::{self, NameCandidate};
use super::{Block, BlockMode, Document};

impl Document {
    /// Assigns canonical names to blocks and sections.
    pub(super) fn name(&mut self) {
        for mode in [BlockMode::Auto, BlockMode::Manual] {
            self.name_blocks(mode);
        }
        self.name_sections();
        self.match_unmarked_sections();
    }

    fn name_blocks(&mut self, mode: BlockMode) {
        let declared = match mode {
            BlockMode::Auto => &self.governance.auto_sections,
            BlockMode::Manual => &self.governance.manual_sections,
        };
        let indices: Vec<usize> = (0..self.blocks.len()).filter(|at| self.blocks[*at].mode == mode).collect();
        let candidates: Vec<_> = indices.iter().map(|at| candidate(&self.blocks[*at])).collect();
        let names: Vec<&str> = declared.iter().map(|name| name.value.as_str()).collect();
        let matched = names::match_names(&names, &candidates, &self.shape.aliases);
        let kinds: Vec<&str> =
            if matched.contains(&None) { self.kind_names(mode, &names, &matched) } else { Vec::new() };
        let of_kind = names::match_names(&kinds, &candidates, &self.shape.aliases);
        let canonical: Vec<(Option<String>, bool)> = matched
            .iter()
            .zip(&of_kind)
            .map(|(declared, kind)| match (declared, kind) {
                (Some(name), _) => (Some(names[*name].to_owned()), true),
                (None, Some(kind)) => (Some(kinds[*kind].to_owned()), false),
                (None, None) => (None, false),
            })
            .collect();
        for (at, (name, declared)) in indices.into_iter().zip(canonical) {
            let block = &mut self.blocks[at];
            block.declared = declared;
            if let Some(name) = name {
                block.name = name;
            }
        }
    }

    /// Returns the block names that the kind defines for a mode, except declared names that are matched.
    fn kind_names(&self, mode: BlockMode, declared: &[&str], matched: &[Option<usize>]) -> Vec<&str> {
        let shape = &self.shape;
        let own: &[String] = if mode == BlockMode::Auto { &shape.blocks } else { &[] };
        let is_matched = |name: &str| matched.iter().flatten().any(|index| declared[*index] == name);
        let all = own.iter().chain(&shape.sections).map(String::as_str);
        all.filter(|name| !is_matched(name)).collect()
    }

    fn name_sections(&mut self) {
        let sections = &mut self.outline.sections;
        let candidates: Vec<_> =
            sections.iter().map(|section| NameCandidate { marker: None, id: &section.id }).collect();
        let names: Vec<&str> = self.shape.sections.iter().map(String::as_str).collect();
        let matched = names::match_names(&names, &candidates, &self.shape.aliases);
        for (section, name) in sections.iter_mut().zip(matched) {
            if let Some(name) = name {
                names[name].clone_into(&mut section.canonical);
            }
        }
    }

    /// Matches the names in `manual_sections` that no block matches with the sections without a marker.
    fn match_unmarked_sections(&mut self) {
        let matched_names: Vec<&str> =
            self.blocks_of(BlockMode::Manual).filter(|block| block.declared).map(|block| block.name.as_str()).collect();
        let manual = &self.governance.manual_sections;
        let unmatched: Vec<usize> =
            (0..manual.len()).filter(|at| !matched_names.contains(&manual[*at].value.as_str())).collect();
        if unmatched.is_empty() {
            return;
        }
        let names: Vec<&str> = unmatched.iter().map(|at| manual[*at].value.as_str()).collect();
        let free = self.sections_without_marker();
        let matched = self.match_sections(&names, &free);
        self.unmarked = matched.into_iter().map(|(name, section)| (unmatched[name], section)).collect();
    }

    /// Returns the indices of the sections that no block belongs to.
    pub fn sections_without_marker(&self) -> Vec<usize> {
        let mut marked: Vec<usize> = self.blocks.iter().filter_map(|block| block.section).collect();
        marked.dedup();
        let all = 0..self.outline.sections.len();
        all.filter(|index| marked.binary_search(index).is_err()).collect()
    }

    /// Matches names with the given sections. Returns pairs of the index of the name and the index of the section.
    pub fn match_sections(&self, names: &[&str], sections: &[usize]) -> Vec<(usize, usize)> {
        let candidates: Vec<_> = sections
            .iter()
            .map(|index| NameCandidate { marker: None, id: &self.outline.sections[*index].id })
            .collect();
        let matched = names::match_names(names, &candidates, &self.shape.aliases);
        let pairs = matched.into_iter().zip(sections);
        pairs.filter_map(|(name, section)| Some((name?, *section))).collect()
    }
}

fn candidate(block: &Block) -> NameCandidate<'_> {
    NameCandidate { marker: block.marker_name.as_deref(), id: &block.id }
}
