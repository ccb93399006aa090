//! What phx would write into each AUTO block of a document: the plan that `regen` carries out, `--check` compares and
//! `validate` judges.

use std::sync::Arc;

use minijinja::Value;

use super::access_log::{AccessLog, Blocker, UnavailableFact};
use super::bounds;
use super::checksum::{self, ChecksumCoverage, ChecksumState};
use super::difference::{self, Difference};
use super::facts::{Fact, Facts, MeasuredFacts};
use super::library::{CompiledTemplates, Library, Measured, TemplateError};
use super::merge::{self, DELETED_LINE, Owns, Style};
use super::mismatch;
use super::provenance::Provenance;
use super::scope::Scope;
use crate::document::body::{self, PieceKind};
use crate::document::{Block, BlockMode, Document, fields, marker};
use crate::text::{Edit, Edits, Span, lines};

/// What is to become of one AUTO block.
#[derive(Clone, Debug)]
pub struct BlockPlan {
    /// The block, by index.
    pub block: usize,
    /// How its body and its checksum agree.
    pub state: ChecksumState,
    /// What its template makes of it.
    pub outcome: RenderOutcome,
    /// What stays for want of a fact.
    pub unavailable_facts: Vec<UnavailableFact>,
    /// What its reader must know of the values.
    pub warnings: Vec<String>,
    /// What the checksum of the block covers.
    pub coverage: ChecksumCoverage,
    /// What the values were computed from.
    pub provenance: Provenance,
    /// The latest committed body that matches the checksum, if the body was edited and there is one.
    pub committed: Option<Arc<str>>,
}

/// What a template makes of a block.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RenderOutcome {
    /// There is no template of its name.
    NoTemplate,
    /// No fact had a source: the body is nobody's business.
    NoFacts,
    /// The body as it should be.
    Body(String),
    /// The template cannot be rendered.
    Failed(TemplateError),
    /// A value depends on something that cannot be read, so the block is not written.
    Blocked(Vec<Blocker>),
}

/// What plans are made from.
#[derive(Clone, Copy, Debug)]
pub struct Sources<'a> {
    /// The templates.
    pub library: &'a Library,
    /// The tree facts.
    pub facts: &'a Arc<Facts>,
    /// The measured facts, as far as they are to be used.
    pub measured: &'a Arc<MeasuredFacts>,
}

/// The AUTO blocks that can be written, by index: none in a document whose syntax is broken.
pub fn writable(document: &Document) -> impl Iterator<Item = (usize, &Block)> {
    let blocks = document.blocks.iter().enumerate();
    blocks.filter(|(_, block)| {
        block.mode == BlockMode::Auto
            && block.closer.is_some()
            && document.syntax_errors.is_empty()
            && document.has_governance()
    })
}

/// Plans all AUTO blocks of a document.
pub fn document(document: &Arc<Document>, sources: Sources<'_>) -> Vec<BlockPlan> {
    writable(document).map(|(index, _)| block(document, index, None, sources)).collect()
}

/// Plans one block. `restored` is the body to keep values from, where it is not the one that stands there.
pub fn block(document: &Arc<Document>, index: usize, restored: Option<&Arc<str>>, sources: Sources<'_>) -> BlockPlan {
    let block = &document.blocks[index];
    let (outcome, access_log, rendered) = match sources.library.find(document, block) {
        None => (RenderOutcome::NoTemplate, AccessLog::default(), None),
        Some(Err(error)) => (RenderOutcome::Failed(error.clone()), AccessLog::default(), None),
        Some(Ok(compiled)) => {
            let job = BlockJob { document, index, restored, sources, compiled };
            let failed = |error| (RenderOutcome::Failed(error), AccessLog::default(), None);
            let (outcome, access_log, rendered) = job.run().unwrap_or_else(failed);
            // What is measured elsewhere is covered, whether it is rendered here or not.
            let rendered = rendered.filter(|_| compiled.needs.iter().all(|need| *need == Measured::Now));
            (outcome, access_log, rendered.map(|rendered| (rendered, compiled.owns)))
        }
    };
    let AccessLog { unavailable_facts, warnings, by_hand, sources, inputs, .. } = access_log;
    let (rendered, owns) = rendered.map_or((None, Owns::Values), |(rendered, owns)| (Some(rendered), owns));
    let coverage = ChecksumCoverage::new(rendered, owns, by_hand, &document.shape);
    let state = match outcome {
        // Without a rendering the coverage is unknown; the failure is reported instead.
        RenderOutcome::Failed(_) if block.sum.is_some() => ChecksumState::Intact,
        _ => checksum::state(block, document.slice(block.body), &coverage),
    };
    let provenance = Provenance { sources, inputs };
    BlockPlan { block: index, state, outcome, unavailable_facts, warnings, coverage, provenance, committed: None }
}

/// The rendering of one block.
struct BlockJob<'a> {
    document: &'a Arc<Document>,
    index: usize,
    restored: Option<&'a Arc<str>>,
    sources: Sources<'a>,
    compiled: &'a CompiledTemplates,
}

impl BlockJob<'_> {
    /// The outcome, the trace of the rendering, and the rendering.
    fn run(&self) -> Result<(RenderOutcome, AccessLog, Option<String>), TemplateError> {
        for fact in &self.compiled.needs {
            if let Fact::Broken(why) = self.sources.measured.of(*fact) {
                return Err(TemplateError { template: String::new(), line: None, message: why.clone() });
            }
        }
        let (body, mut access_log) = self.render(None)?;
        if !access_log.blockers.is_empty() {
            let blockers = std::mem::take(&mut access_log.blockers);
            // The blockers name the same values, with their lines.
            access_log.warnings.clear();
            return Ok((RenderOutcome::Blocked(blockers), access_log, body));
        }
        let Some(rendered) = body.filter(|_| access_log.has_available_fact) else {
            return Ok((RenderOutcome::NoFacts, access_log, None));
        };
        if let Some(blocker) = self.unmatched(&rendered) {
            return Ok((RenderOutcome::Blocked(vec![blocker]), access_log, Some(rendered)));
        }
        let current_body = self.current_body();
        let mut body = self.merge(&rendered)?;
        let now = self.sources.measured.now;
        if access_log.clock && now.is_some() && body != current_body {
            let (later, again) = self.render(now)?;
            body = self.merge(&later.unwrap_or_default())?;
            access_log = again;
        }
        Ok((RenderOutcome::Body(body), access_log, Some(rendered)))
    }

    /// Why a rendering cannot be brought into a body that phx has not written: the same quantity may be there twice.
    fn unmatched(&self, rendered: &str) -> Option<Blocker> {
        let block = self.block();
        if block.sum.is_some() || self.compiled.owns != Owns::Values {
            return None;
        }
        let (document, kind) = (self.document, &self.document.shape.kind);
        let mismatch = mismatch::find(self.current_body(), rendered, &document.shape.aliases)?;
        let location = format!("line {}", document.line(block.body.start) + mismatch.line());
        Some(Blocker { location, message: mismatch.message(kind) })
    }

    fn block(&self) -> &Block {
        &self.document.blocks[self.index]
    }

    /// The body whose values are kept.
    fn current_body(&self) -> &str {
        match self.restored {
            Some(body) => body,
            None => self.document.slice(self.block().body),
        }
    }

    /// The rendering, tidied up; `None` where nothing is left of it.
    fn render(&self, now: Option<chrono::DateTime<chrono::Utc>>) -> Result<(Option<String>, AccessLog), TemplateError> {
        let Sources { facts, measured, .. } = self.sources;
        let mut scope = Scope::new(self.document, self.index, facts, measured, self.compiled);
        scope.restored = self.restored.map(Arc::clone);
        scope.now = now;
        let scope = Arc::new(scope);
        let template = self.compiled.template()?;
        let values = || Value::from_dyn_object(Arc::clone(&scope));
        let failed = |error: minijinja::Error| TemplateError::of(self.compiled.path(), &error);
        let rendered = if bounds::accumulates(template.source()) {
            bounds::on_large_stack(|| template.render(values()))
                .map_err(|error| TemplateError::plain(self.compiled.path(), error.to_string()))?
        } else {
            template.render(values())
        };
        let rendered = rendered.map_err(failed)?;
        if let Some((at, message)) = self.find_structural_error(&rendered) {
            let (_, spans) = template.render_with_spans(values()).map_err(failed)?;
            let span = spans.iter().find(|span| span.output_range().contains(&at));
            let below = |start: usize| rendered[start..at].matches('\n').count();
            let line = span.map(|span| span.line() + below(span.output_range().start));
            let template = self.compiled.path().to_owned();
            return Err(TemplateError { template, line, message });
        }
        let tidy = tidy(&rendered);
        let says = tidy.lines().any(|line| !line.trim().is_empty() && !line.contains(DELETED_LINE));
        let access_log = scope.access_log();
        Ok((says.then_some(tidy), access_log))
    }

    /// Brings a rendering into the body that stands there.
    fn merge(&self, rendered: &str) -> Result<String, TemplateError> {
        // What stands there to the letter needs no merging; a pair that is to go is not there either.
        let says = rendered.split_inclusive('\n').filter(|line| !line.contains(DELETED_LINE));
        if rendered.contains(DELETED_LINE) && says.clone().map(str::len).sum::<usize>() == self.current_body().len() {
            let said: String = says.collect();
            if said == self.current_body() {
                return Ok(said);
            }
        } else if self.current_body() == rendered {
            return Ok(rendered.to_owned());
        }
        let document = self.document;
        let block = self.block();
        let line = document.lines.span(&document.text, document.line(block.opener.start));
        let indent = Span::new(line.start, block.opener.start).slice(&document.text);
        let style = Style { ending: lines::ending(&document.text), indent, aliases: &document.shape.aliases };
        let merged = merge::merge(self.current_body(), rendered, self.compiled.owns, style);
        let again = || merge::merge(&merged, rendered, self.compiled.owns, style) == merged;
        // A body that is the rendering to the letter is not merged again, see above.
        if merged != rendered && merged != self.current_body() && !again() {
            let message = "what it renders cannot be read back from the body; render pairs, tables, lists or code, or own the `body`";
            let template = self.compiled.path().to_owned();
            return Err(TemplateError { template, line: None, message: message.to_owned() });
        }
        Ok(merged)
    }

    /// A rendering may neither end its block nor its section: the place of what would, and what it is.
    fn find_structural_error(&self, rendered: &str) -> Option<(usize, String)> {
        if let Some(at) = rendered.find('\0') {
            return Some((at, "it renders a NUL byte".to_owned()));
        }
        if !["#", "<!--", "```", "~~~"].iter().any(|odd| rendered.contains(odd)) {
            return None;
        }
        if let Some(at) = rendered.rfind("<!--").filter(|at| !rendered[*at..].contains("-->")) {
            return Some((at, "it renders a comment that it does not close".to_owned()));
        }
        if let Some(at) = body::open_fence(rendered) {
            return Some((at, "it renders code that it does not close".to_owned()));
        }
        let block = self.block();
        let level = block.section.map_or(1, |section| self.document.outline.sections[section].level);
        for piece in body::read(rendered, Span::new(0, rendered.len())) {
            if let PieceKind::Heading { level: own, title } = &piece.kind
                && *own <= usize::from(level)
            {
                let message = format!("it renders the heading `{title}` of level {own} in a section of level {level}");
                return Some((piece.span.start, message));
            }
            let mut lines = lines::of(rendered, piece.span);
            let is_marker =
                |line: &Span| piece.kind != PieceKind::Code && marker::is_marker(line.slice(rendered).trim());
            if let Some(line) = lines.find(is_marker) {
                return Some((line.start, format!("it renders the marker `{}`", line.slice(rendered).trim())));
            }
        }
        None
    }
}

/// A rendering without blank lines at its ends and in a row, and without the lines that say nothing, but for pairs: these
/// are owned, and go.
fn tidy(rendered: &str) -> String {
    let odd = ["\n\n", " \n", "\t\n", "\r", "```", "~~~", DELETED_LINE];
    if !odd.iter().any(|odd| rendered.contains(odd)) {
        return format!("{}\n", rendered.trim_matches(['\n', ' ']));
    }
    let mut out = String::with_capacity(rendered.len());
    let mut blank = true;
    for piece in body::read(rendered, Span::new(0, rendered.len())) {
        if piece.kind == PieceKind::Code {
            out.push_str(piece.span.slice(rendered));
            blank = false;
            continue;
        }
        for line in piece.span.slice(rendered).lines().map(str::trim_end) {
            let gone = line.contains(DELETED_LINE) && !matches!(piece.kind, PieceKind::Pair(_));
            if gone || (line.is_empty() && blank) {
                continue;
            }
            blank = line.is_empty();
            out.push_str(line);
            out.push('\n');
        }
    }
    let length = out.trim_end().len();
    out.truncate(length);
    out.push('\n');
    out
}

/// The edits that carry a plan out for one block: its body, and the checksum in its END marker.
pub fn edits(document: &Document, plan: &BlockPlan, body: &str) -> Vec<Edit> {
    let block = &document.blocks[plan.block];
    let mut edits = Vec::new();
    if document.slice(block.body) != body {
        edits.push(Edit::replace(block.body, body));
    } else if plan.state == ChecksumState::Intact {
        return edits;
    }
    edits.extend(sum_edit(document, block, Some(&checksum::of(body, &plan.coverage))));
    edits
}

/// The edits that give a block a body and an END marker.
pub fn replace(document: &Document, block: &Block, body: &str, closer: &str) -> Vec<Edit> {
    let mut edits = Vec::new();
    if document.slice(block.body) != body {
        edits.push(Edit::replace(block.body, body));
    }
    if let Some(span) = block.closer.filter(|span| document.slice(*span) != closer) {
        edits.push(Edit::replace(span, closer));
    }
    edits
}

/// The document's text once all its plans that have a body are carried out; unchanged if two of them clash.
pub fn carried_out(document: &Document, plans: &[BlockPlan]) -> String {
    let mut all = Edits::default();
    let clash = plans.iter().any(|plan| match &plan.outcome {
        RenderOutcome::Body(body) => !all.add(edits(document, plan, body)),
        _ => false,
    });
    if clash { document.text.clone() } else { all.apply(&document.text) }
}

/// The edits that empty a block and take its checksum away.
pub fn clean(document: &Document, block: &Block) -> Vec<Edit> {
    let mut edits = Vec::new();
    if !block.body.is_empty() {
        edits.push(Edit::replace(block.body, ""));
    }
    edits.extend(sum_edit(document, block, None));
    edits
}

/// Writes the END marker with another checksum, or without one.
fn sum_edit(document: &Document, block: &Block, sum: Option<&str>) -> Option<Edit> {
    let closer = block.closer?;
    if block.sum.as_deref() == sum {
        return None;
    }
    let current_body = document.slice(closer);
    let head = current_body.split(" sum:").next()?.trim_end_matches("-->").trim_end();
    let sum = sum.map_or_else(String::new, |sum| format!(" sum:{sum}"));
    Some(Edit::replace(closer, format!("{head}{sum} -->")))
}

impl BlockPlan {
    /// The first difference between an edited body and the one that phx wrote, as far as it is known, in words.
    pub fn edit(&self, document: &Document) -> Option<String> {
        let block = &document.blocks[self.block];
        let expected = match (&self.committed, &self.outcome) {
            (Some(body), _) => body,
            (None, RenderOutcome::Body(body)) => body.as_str(),
            _ => return None,
        };
        let Difference { line, what, present, expected } =
            difference::first(document.slice(block.body), expected, &self.coverage)?;
        let nothing = |text: String| match fields::plain(&text) {
            plain if plain.is_empty() => "nothing".to_owned(),
            plain => format!("`{plain}`"),
        };
        let line = line.map_or_else(String::new, |line| format!("line {}: ", document.line(block.body.start) + line));
        Some(format!("{line}{what} is {}, phx wrote {}", nothing(present), nothing(expected)))
    }

    /// What to do instead of editing the values that no fact gives: "to change `Team Capacity` set …".
    pub fn config_hint(&self) -> Option<String> {
        let labelled: Vec<String> = self
            .unavailable_facts
            .iter()
            .filter(|unavailable_facts| !unavailable_facts.label.is_empty())
            .map(|unavailable_facts| format!("to change `{}` {}", unavailable_facts.label, unavailable_facts.source))
            .collect();
        (!labelled.is_empty()).then(|| labelled.join(", "))
    }

    /// What would give the values that no fact gives, each once.
    pub fn sources(&self) -> Vec<&str> {
        let mut sources: Vec<&str> = Vec::new();
        for unavailable_facts in &self.unavailable_facts {
            if !sources.contains(&unavailable_facts.source.as_str()) {
                sources.push(&unavailable_facts.source);
            }
        }
        sources
    }
}
