//! Items of counted sections (sections that match a pattern in `Shape::counted`): finds the headings and table rows
//! that are items, and reports headings, entries and rows that look like items but cannot be read.
//!
//! Below such a section, a heading is an item if its own text has a field that the kind declares. A heading that
//! contains items is a group if it has no fields itself, or few fields compared with its items. Rows of a table are
//! items if one column is the title and another column is a declared field. A heading, entry or row that looks like an
//! item but has no such field is a problem, because a value that counts the items would be wrong.

mod tables;
mod texts;

use std::collections::HashSet;

use super::field_ids::{FieldReading, Labels};
use super::items::{Item, ItemSource};
use super::nodes::{MarkdownNode, MarkdownNodeKind};
use super::outline::Section;
use super::reading::{ProblemKind, ReadProblem};
use crate::document::BlockMode;
use crate::text::{Span, slug};

/// Items of counted sections.
pub(super) struct Counted {
    /// For each section: whether it is below a counted section.
    pub(super) covered: Vec<bool>,
    /// For each section: whether it is a counted item.
    pub(super) sections: Vec<bool>,
    /// Table rows that are items.
    pub(super) rows: Vec<Item>,
    /// Read problems, in order.
    pub(super) problems: Vec<ReadProblem>,
}

/// Finds the items of counted sections.
pub(super) fn find(source: ItemSource<'_>, readings: &[FieldReading], labels: &mut Labels<'_>) -> Counted {
    let sections = &source.outline.sections;
    let mut counted = Counted {
        covered: vec![false; sections.len()],
        sections: vec![false; sections.len()],
        rows: Vec::new(),
        problems: Vec::new(),
    };
    if source.shape.counted.is_empty() {
        return counted;
    }
    let containers: Vec<bool> = sections.iter().map(|section| is_container(source, section)).collect();
    if !containers.contains(&true) {
        return counted;
    }
    let mut children: Vec<Vec<usize>> = vec![Vec::new(); sections.len()];
    for (index, section) in sections.iter().enumerate() {
        if let Some(parent) = section.within.last() {
            children[*parent].push(index);
        }
        counted.covered[index] = section.within.iter().any(|around| containers[*around]);
    }
    let with_items = vec![false; sections.len()];
    let mut walk =
        Walk { source, readings, labels, children: &children, counted: &mut counted, groups: Vec::new(), with_items };
    for (index, is_container) in containers.iter().enumerate() {
        // A counted section within another one is a group of the outer one.
        if *is_container && !walk.counted.covered[index] {
            walk.group(index);
        }
    }
    walk.own_texts();
    counted.problems.sort_by_key(|problem| problem.span.start);
    counted
}

fn is_container(source: ItemSource<'_>, section: &Section) -> bool {
    let names = [&*section.id, &*section.canonical];
    source.shape.counts(&names) || section.repeated_id().is_some_and(|id| source.shape.counts(&[&id]))
}

struct Walk<'a, 's, 'l> {
    source: ItemSource<'a>,
    readings: &'a [FieldReading],
    labels: &'l mut Labels<'s>,
    children: &'a [Vec<usize>],
    counted: &'l mut Counted,
    /// Headings that contain items, in order.
    groups: Vec<usize>,
    /// For each section: whether it or a subsection is an item or has table rows that are items.
    with_items: Vec<bool>,
}

impl Walk<'_, '_, '_> {
    fn section(&self, index: usize) -> &Section {
        &self.source.outline.sections[index]
    }

    fn own(&self, index: usize) -> &[MarkdownNode] {
        &self.source.nodes[self.section(index).own.clone()]
    }

    /// Visits a group: records it and visits the headings directly below it.
    fn group(&mut self, index: usize) {
        self.groups.push(index);
        for child in self.children[index].clone() {
            self.heading(child);
        }
    }

    /// Reads the own text of the groups. Runs after all headings are classified.
    fn own_texts(&mut self) {
        self.repeated_titles();
        let groups = std::mem::take(&mut self.groups);
        let has_table =
            |index: &usize| self.own(*index).iter().any(|node| matches!(node.kind, MarkdownNodeKind::Table(_)));
        let titles = if groups.iter().any(has_table) { self.titles() } else { HashSet::new() };
        let mut ids = None;
        let mut listed: Vec<(String, usize)> = Vec::new();
        for index in &groups {
            self.rows(*index, &titles, &mut ids, &mut listed);
        }
        for index in groups {
            self.own_text(index);
        }
    }

    /// Returns the title slugs of the headings that are items.
    fn titles(&self) -> HashSet<String> {
        let sections = &self.source.outline.sections;
        let headings = (0..sections.len()).filter(|at| self.counted.sections[*at]);
        headings.map(|at| slug(&sections[at].title.text)).collect()
    }

    /// Classifies a heading as an item, a group or a problem.
    fn heading(&mut self, index: usize) {
        if self.is_named(index) {
            return;
        }
        let below = self.best_below(index).max(self.row_fields(index));
        let own = &self.readings[index];
        if own.known == 0 {
            // Next to sibling items, a table with fewer than two required fields, such as a list of tasks, does not
            // make the heading a group.
            let only_rows = self.best_below(index).is_none() && below < Some(2);
            if below.is_none() || (only_rows && self.has_sibling_item(index)) {
                self.unread_heading(index);
            } else {
                self.group(index);
            }
        } else if below.is_some_and(|below| below >= 2 && own.required * 2 <= below) {
            self.group(index);
        } else {
            self.counted.sections[index] = true;
            self.mark_with_items(index);
            self.nested(index);
        }
    }

    /// Returns `true` if a sibling of the heading has required fields of its own.
    fn has_sibling_item(&self, index: usize) -> bool {
        let parent = self.section(index).within.last().copied();
        let siblings = parent.map(|parent| self.children[parent].as_slice()).unwrap_or_default();
        siblings.iter().any(|sibling| *sibling != index && self.readings[*sibling].required > 0)
    }

    /// Reports headings and table rows within an item that look like items themselves, because it is ambiguous which
    /// count.
    fn nested(&mut self, index: usize) {
        const FEW: usize = 2;
        let mut within = self.section(index).within.clone();
        within.push(index);
        let noun = self.source.shape.noun.clone();
        for child in self.children[index].clone() {
            if self.best_below(child).max(Some(self.readings[child].required)) >= Some(FEW) {
                let title = &self.section(child).title.text;
                let message = format!("`{title}` is a {noun} within another {noun}; which of them counts is ambiguous");
                self.problem(self.section(child).heading, within.clone(), message);
            }
        }
        if self.has_rows(index) && self.row_fields(index) >= Some(FEW) {
            let message = format!("{noun} contains a table of {noun}s; which of them count is ambiguous");
            self.problem(self.section(index).heading, within, message);
        }
    }

    /// Reports sibling headings with the same title, because the item would be counted twice.
    fn repeated_titles(&mut self) {
        if !self.source.outline.sections.iter().any(|section| section.is_repeated) {
            return;
        }
        for children in self.children {
            let mut seen = HashSet::new();
            for child in children.iter().copied() {
                if !self.counted.sections[child] {
                    continue;
                }
                let id = slug(&self.section(child).title.text);
                if !id.is_empty() && !seen.insert(id) {
                    let (span, within) = (self.section(child).heading, self.section(child).within.clone());
                    self.listed_twice(span, within);
                }
            }
        }
    }

    fn listed_twice(&mut self, span: Span, within: Vec<usize>) {
        let noun = &self.source.shape.noun;
        let message = format!("{noun} `{}` is listed twice", span.slice(self.source.text).trim_matches(['#', ' ']));
        let help = format!("give the second {noun} another title, or remove it");
        let kind = ProblemKind::UnreadItem;
        self.counted.problems.push(ReadProblem { kind, span, message, help, within, item: None, field: None });
    }

    /// Returns `true` if a heading has a marker or a name that the kind declares, and neither it nor a subsection has
    /// fields.
    fn is_named(&self, index: usize) -> bool {
        let section = self.section(index);
        let shape = self.source.shape;
        let named = shape.sections.iter().chain(&shape.blocks).any(|name| *name == section.canonical);
        let marked =
            self.source.blocks.iter().any(|block| {
                block.section == Some(index) && (block.mode == BlockMode::Manual || block.closer.is_some())
            });
        (named || marked)
            && self.readings[index].known == 0
            && self.best_below(index).max(self.row_fields(index)).is_none()
    }

    /// Returns the largest number of required fields of a heading below; `None` if none has a declared field.
    fn best_below(&self, index: usize) -> Option<usize> {
        let below = self.children[index].iter().filter_map(|child| {
            let reading = &self.readings[*child];
            let own = (reading.known > 0).then_some(reading.required);
            own.max(self.row_fields(*child)).max(self.best_below(*child))
        });
        below.max()
    }

    fn unread_heading(&mut self, index: usize) {
        let section = self.section(index);
        let (span, within) = (section.heading, section.within.clone());
        let title = section.title.text.clone();
        let noun = &self.source.shape.noun;
        let message = format!("heading `{title}` looks like a {noun}, but has no readable field");
        self.problem(span, within, message);
    }

    fn problem(&mut self, span: Span, within: Vec<usize>, message: String) {
        let shape = self.source.shape;
        let required = shape.fields.iter().filter(|field| field.required);
        let form: Vec<String> = required.map(|field| format!("**{}**: …", field.label)).collect();
        let form = if form.is_empty() { "**Label**: …".to_owned() } else { form.join(" | ") };
        let noun = &shape.noun;
        let help = format!(
            "write a heading for the {noun} with `{form}` below it; if it is not a {noun}, write \
             `<!-- phx-ignore unread-item: REASON -->` on the line above"
        );
        self.counted.problems.push(ReadProblem {
            kind: ProblemKind::UnreadItem,
            span,
            message,
            help,
            within,
            item: None,
            field: None,
        });
    }

    /// Records that a section and its ancestors contain items.
    fn mark_with_items(&mut self, index: usize) {
        for at in self.source.outline.sections[index].within.iter().copied().chain([index]) {
            self.with_items[at] = true;
        }
    }
}
