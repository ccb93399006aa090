//! Canonical names: what the blocks and sections of a document are called, by its declarations and its kind.

use super::names::{self, NameCandidate};
use super::{Block, BlockMode, Document};

impl Document {
    /// Gives blocks and sections their canonical names.
    pub(super) fn name(&mut self) {
        for mode in [BlockMode::Auto, BlockMode::Manual] {
            self.name_blocks(mode);
        }
        self.name_sections();
        self.meet_unmarked();
    }

    fn name_blocks(&mut self, mode: BlockMode) {
        let declared = match mode {
            BlockMode::Auto => &self.governance.auto_sections,
            BlockMode::Manual => &self.governance.manual_sections,
        };
        let places: Vec<usize> = (0..self.blocks.len()).filter(|at| self.blocks[*at].mode == mode).collect();
        let candidates: Vec<_> = places.iter().map(|at| candidate(&self.blocks[*at])).collect();
        let names: Vec<&str> = declared.iter().map(|name| name.value.as_str()).collect();
        let met = names::meet(&names, &candidates, &self.shape.aliases);
        let kinds: Vec<&str> = if met.contains(&None) { self.kind_names(mode, &names, &met) } else { Vec::new() };
        let of_kind = names::meet(&kinds, &candidates, &self.shape.aliases);
        let canonical: Vec<(Option<String>, bool)> = met
            .iter()
            .zip(&of_kind)
            .map(|(met, kind)| match (met, kind) {
                (Some(name), _) => (Some(names[*name].to_owned()), true),
                (None, Some(kind)) => (Some(kinds[*kind].to_owned()), false),
                (None, None) => (None, false),
            })
            .collect();
        for (at, (name, declared)) in places.into_iter().zip(canonical) {
            let block = &mut self.blocks[at];
            block.declared = declared;
            if let Some(name) = name {
                block.name = name;
            }
        }
    }

    /// The names that the kind has for blocks of a mode, without those that are declared and met.
    fn kind_names(&self, mode: BlockMode, declared: &[&str], met: &[Option<usize>]) -> Vec<&str> {
        let shape = &self.shape;
        let own: &[String] = if mode == BlockMode::Auto { &shape.blocks } else { &[] };
        let taken = |name: &str| met.iter().flatten().any(|index| declared[*index] == name);
        let all = own.iter().chain(&shape.sections).map(String::as_str);
        all.filter(|name| !taken(name)).collect()
    }

    fn name_sections(&mut self) {
        let sections = &mut self.outline.sections;
        let candidates: Vec<_> =
            sections.iter().map(|section| NameCandidate { marker: None, id: &section.id }).collect();
        let names: Vec<&str> = self.shape.sections.iter().map(String::as_str).collect();
        let met = names::meet(&names, &candidates, &self.shape.aliases);
        for (section, name) in sections.iter_mut().zip(met) {
            if let Some(name) = name {
                names[name].clone_into(&mut section.canonical);
            }
        }
    }

    /// Lets the names in `manual_sections` that met no block meet the sections without a marker.
    fn meet_unmarked(&mut self) {
        let met_names: Vec<&str> =
            self.blocks_of(BlockMode::Manual).filter(|block| block.declared).map(|block| block.name.as_str()).collect();
        let manual = &self.governance.manual_sections;
        let open: Vec<usize> =
            (0..manual.len()).filter(|at| !met_names.contains(&manual[*at].value.as_str())).collect();
        if open.is_empty() {
            return;
        }
        let names: Vec<&str> = open.iter().map(|at| manual[*at].value.as_str()).collect();
        let free = self.sections_without_marker();
        let met = self.meet_sections(&names, &free);
        self.unmarked = met.into_iter().map(|(name, section)| (open[name], section)).collect();
    }

    /// The sections that no block has for its own, by index.
    pub fn sections_without_marker(&self) -> Vec<usize> {
        let mut marked: Vec<usize> = self.blocks.iter().filter_map(|block| block.section).collect();
        marked.dedup();
        let all = 0..self.outline.sections.len();
        all.filter(|index| marked.binary_search(index).is_err()).collect()
    }

    /// Which of the given sections the names meet, as pairs of a name's index and a section's.
    pub fn meet_sections(&self, names: &[&str], sections: &[usize]) -> Vec<(usize, usize)> {
        let candidates: Vec<_> = sections
            .iter()
            .map(|index| NameCandidate { marker: None, id: &self.outline.sections[*index].id })
            .collect();
        let met = names::meet(names, &candidates, &self.shape.aliases);
        let pairs = met.into_iter().zip(sections);
        pairs.filter_map(|(name, section)| Some((name?, *section))).collect()
    }
}

fn candidate(block: &Block) -> NameCandidate<'_> {
    NameCandidate { marker: block.marker_name.as_deref(), id: &block.id }
}
