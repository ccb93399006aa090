//! One Markdown file, taken apart: front matter, markers, sections, items. Pure and total: parsing never
//! fails, it returns its faults beside the document.

pub mod blocks;
pub mod body;
pub mod dialect;
pub mod fault;
pub mod fields;
pub mod governance;
pub mod items;
pub mod line;
pub mod marker;
pub mod model;
pub mod names;
pub mod nodes;
pub mod outline;
pub mod previous;
pub mod region;
pub mod salvage;
pub mod scan;
pub mod values;
pub mod yaml;

use std::sync::Arc;

pub use blocks::{Block, Mode};
pub use dialect::{Dialect, Shape};
pub use fault::{Fault, FaultKind};
pub use governance::{Declared, Governance, Placed};
pub use items::{Item, Table};
pub use marker::{Marker, MarkerKind};
pub use outline::{Outline, Section};
pub use region::{Region, Verdict};

use crate::text::{Data, Lines, Span, Tree, decode::Decoded};
use names::Candidate;
use nodes::{Node, NodeKind};

/// How long a document may be, in bytes.
pub const SIZE: usize = 16 * 1024 * 1024;

/// A document and what is wrong with its syntax.
#[derive(Clone, Debug)]
pub struct Document {
    /// Its path from the root, with `/`.
    pub path: String,
    /// Its text; byte offsets are those of the file.
    pub text: String,
    /// Its lines.
    pub lines: Lines,
    /// How the repository writes its front matter.
    pub dialect: Arc<Dialect>,
    /// What its kind says of it.
    pub shape: Arc<Shape>,
    /// Where its front matter stands.
    pub region: Option<Region>,
    /// The front matter's mapping, if it can be read.
    pub front: Option<Tree<'static>>,
    /// The governance block.
    pub governance: Governance,
    /// Its markers in order.
    pub markers: Vec<Marker>,
    /// Its blocks in order.
    pub blocks: Vec<Block>,
    /// Its title and sections.
    pub outline: Outline,
    /// Its items in order.
    pub items: Vec<Item>,
    /// Its tables in order, AUTO blocks left out.
    pub tables: Vec<Table>,
    /// What stands at the top level of its body, AUTO blocks left out.
    pub nodes: Vec<Node>,
    /// For each name in `manual_sections` that met no block: the section without a marker that it meets.
    pub unmarked: Vec<(usize, usize)>,
    /// What is wrong with its syntax, in order.
    pub faults: Vec<Fault>,
}

impl Document {
    /// Parses a document. `shape` gives what a kind says of its documents; it is asked with the kind that the
    /// front matter names, if it names one.
    pub fn parse(
        path: &str,
        decoded: Decoded,
        dialect: &Arc<Dialect>,
        shape: &dyn Fn(Option<&str>) -> Arc<Shape>,
    ) -> Self {
        let mut faults = encoding_faults(&decoded);
        let text = decoded.text;
        let lines = Lines::new(&text);
        let region = region::find(text.as_bytes());
        let (front, governance) = read_front(&text, region, dialect, &mut faults);
        let shape = shape(governance.kind.as_deref());
        let body = region.map_or_else(|| region::bom(text.as_bytes()), |region| region.body);
        let mut parsed = nodes::parse(&text, body);
        let mut markers = marker::find(&text, body, &parsed);
        bound_blocks(&mut markers, &mut faults);
        let (pairs, pairing) = blocks::pair(&text, &lines, &markers);
        faults.extend(pairing);
        leave_out(&mut parsed.nodes, &blocks::auto_spans(&markers, &pairs));
        let outline = Outline::read(&text, &parsed.nodes, text.len());
        let blocks = blocks::build(&text, &lines, &markers, &pairs, &outline);
        let mut document = Self {
            path: path.to_owned(),
            lines,
            dialect: Arc::clone(dialect),
            shape,
            region,
            front,
            governance,
            items: Vec::new(),
            tables: items::tables(&parsed.nodes, &outline),
            markers,
            blocks,
            outline,
            nodes: parsed.nodes,
            unmarked: Vec::new(),
            faults,
            text,
        };
        document.name();
        document.items = items::items(&document.text, &document.nodes, &document.outline, &document.blocks);
        document
    }

    /// Whether its front matter is there and could be read.
    pub fn has_governance(&self) -> bool {
        self.governance.tree.is_some()
    }

    /// The text at a span.
    pub fn slice(&self, span: Span) -> &str {
        span.slice(&self.text)
    }

    /// The line of a byte, from 1.
    pub fn line(&self, byte: usize) -> usize {
        self.lines.line(byte)
    }

    /// The blocks of a mode.
    pub fn blocks_of(&self, mode: Mode) -> impl Iterator<Item = &Block> {
        self.blocks.iter().filter(move |block| block.mode == mode)
    }

    /// The innermost item around a section.
    pub fn item_around(&self, section: Option<usize>) -> Option<&Item> {
        let section = section?;
        let within = &self.outline.sections[section].within;
        let mut chain = std::iter::once(section).chain(within.iter().rev().copied());
        chain.find_map(|index| {
            let at = self.items.binary_search_by_key(&index, |item| item.section);
            at.ok().map(|at| &self.items[at])
        })
    }

    /// Whether no other item stands around an item.
    pub fn is_outermost(&self, item: &Item) -> bool {
        let around = &self.outline.sections[item.section].within;
        !around.iter().any(|section| self.items.binary_search_by_key(section, |item| item.section).is_ok())
    }

    /// Gives blocks and sections their canonical names.
    fn name(&mut self) {
        for mode in [Mode::Auto, Mode::Manual] {
            self.name_blocks(mode);
        }
        self.name_sections();
        self.meet_unmarked();
    }

    fn name_blocks(&mut self, mode: Mode) {
        let declared = match mode {
            Mode::Auto => &self.governance.auto_sections,
            Mode::Manual => &self.governance.manual_sections,
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
    fn kind_names(&self, mode: Mode, declared: &[&str], met: &[Option<usize>]) -> Vec<&str> {
        let shape = &self.shape;
        let own: &[String] = if mode == Mode::Auto { &shape.blocks } else { &[] };
        let taken = |name: &str| met.iter().flatten().any(|index| declared[*index] == name);
        let all = own.iter().chain(&shape.sections).map(String::as_str);
        all.filter(|name| !taken(name)).collect()
    }

    fn name_sections(&mut self) {
        let sections = &mut self.outline.sections;
        let candidates: Vec<_> = sections.iter().map(|section| Candidate { marker: None, id: &section.id }).collect();
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
            self.blocks_of(Mode::Manual).filter(|block| block.declared).map(|block| block.name.as_str()).collect();
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
        let candidates: Vec<_> =
            sections.iter().map(|index| Candidate { marker: None, id: &self.outline.sections[*index].id }).collect();
        let met = names::meet(names, &candidates, &self.shape.aliases);
        let pairs = met.into_iter().zip(sections);
        pairs.filter_map(|(name, section)| Some((name?, *section))).collect()
    }
}

fn candidate(block: &Block) -> Candidate<'_> {
    Candidate { marker: block.marker_name.as_deref(), id: &block.id }
}

fn encoding_faults(decoded: &Decoded) -> Vec<Fault> {
    let mut faults = Vec::new();
    for at in &decoded.invalid {
        faults.push(Fault::new(
            FaultKind::Encoding,
            Span::new(*at, at + 1),
            format!("the byte at offset {at} is not UTF-8"),
            "save the file as UTF-8",
        ));
    }
    if let Some(at) = decoded.nul {
        faults.push(Fault::new(
            FaultKind::Encoding,
            Span::new(at, at + 1),
            format!("a NUL byte at offset {at}"),
            "take it out; no Markdown holds one",
        ));
    }
    faults
}

/// Reads the front matter. Where its YAML fails, the reader of lines goes on.
fn read_front(
    text: &str,
    region: Option<Region>,
    dialect: &Dialect,
    faults: &mut Vec<Fault>,
) -> (Option<Tree<'static>>, Governance) {
    let Some(region) = region else {
        return (None, Governance::default());
    };
    let place = region.opener;
    let unread = Governance { place, ..Governance::default() };
    match region.end {
        region::End::Closed => {}
        region::End::TooLong => {
            faults.push(Fault::new(
                FaultKind::Oversized,
                place,
                format!("no line `---` closes the front matter within {} KiB", region::FRONT_MATTER / 1024),
                "close the front matter with `---`",
            ));
            return (None, unread);
        }
        region::End::Unterminated => faults.push(Fault::new(
            FaultKind::Unterminated,
            place,
            "front matter that is never closed",
            "put `---` on a line of its own behind the last key",
        )),
    }
    let content = match region.end {
        region::End::Closed => region.content,
        _ => likely_content(text, region.content),
    };
    let (front, yaml_faults) = yaml::parse(text, content);
    let Some(front) = front else {
        faults.extend(explain(text, content, dialect, yaml_faults));
        return (None, unread);
    };
    faults.extend(yaml_faults);
    if !matches!(front.data, Data::Map(_)) {
        faults.push(not_a_mapping("the front matter", &front, front.span));
        return (None, unread);
    }
    let mut governance = Governance::read(&front, place, dialect);
    if let Some(tree) = governance.tree.take_if(|tree| !matches!(tree.data, Data::Map(_))) {
        let name = format!("`{}`", dialect.root);
        faults.push(not_a_mapping(&name, &tree, governance.place));
    }
    (Some(front), governance)
}

fn not_a_mapping(name: &str, tree: &Tree<'_>, place: Span) -> Fault {
    Fault::new(
        FaultKind::FrontMatter,
        place,
        format!("{name} is {}, not a mapping", tree.kind()),
        "write it as lines of `key: value`",
    )
}

/// The part of an unterminated front matter that can be one: up to the first blank line or heading.
fn likely_content(text: &str, content: Span) -> Span {
    let mut end = content.start;
    for raw in content.slice(text).split_inclusive(['\n', '\r']) {
        if raw.trim().is_empty() || raw.starts_with("# ") || raw.starts_with("<!--") {
            break;
        }
        end += raw.len();
    }
    Span::new(content.start, end)
}

/// What the reader of lines says, and what YAML says where no line explains it.
fn explain(text: &str, content: Span, dialect: &Dialect, yaml: Vec<Fault>) -> Vec<Fault> {
    let mut faults = salvage::read(text, content, dialect);
    if faults.is_empty() {
        return yaml;
    }
    // A scanner gives up at the ruined line or behind it; before it, the cause is another.
    let first = faults[0].span.start;
    faults.extend(yaml.into_iter().filter(|fault| fault.span.end < first));
    faults.sort_by_key(|fault| fault.span.start);
    faults
}

fn bound_blocks(markers: &mut Vec<Marker>, faults: &mut Vec<Fault>) {
    let opens = |marker: &&Marker| !matches!(marker.kind, MarkerKind::Living | MarkerKind::End { .. });
    let Some(past) = markers.iter().filter(opens).nth(blocks::BLOCKS) else {
        return;
    };
    faults.push(Fault::new(
        FaultKind::Oversized,
        past.span,
        format!("more than {} blocks in one document", blocks::BLOCKS),
        "split the document",
    ));
    markers.clear();
}

/// Takes out what stands inside the given spans, which are in order.
fn leave_out(nodes: &mut Vec<Node>, spans: &[Span]) {
    let inside = |span: Span| {
        let index = spans.partition_point(|auto| auto.end <= span.start);
        spans.get(index).is_some_and(|auto| auto.start <= span.start)
    };
    if spans.is_empty() {
        return;
    }
    nodes.retain_mut(|node| {
        if let NodeKind::List(items) = &mut node.kind {
            items.retain(|item| !inside(item.span));
        }
        !inside(node.span)
    });
}
