//! Plans the new body of each AUTO block of a document. `regen` writes the plan, `regen --check` compares it, and
//! `validate` reports differences.

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

/// Plan for one AUTO block.
#[derive(Clone, Debug)]
pub struct BlockPlan {
    /// Index of the block.
    pub block: usize,
    /// Result of the comparison of the body with its checksum.
    pub state: ChecksumState,
    /// Result of rendering the template.
    pub outcome: RenderOutcome,
    /// Values that stay unchanged because no fact provides them.
    pub unavailable_facts: Vec<UnavailableFact>,
    /// Warnings about the values.
    pub warnings: Vec<String>,
    /// Part of the body that the checksum covers.
    pub coverage: ChecksumCoverage,
    /// Facts and items that the values were computed from.
    pub provenance: Provenance,
    /// Latest committed body that matches the checksum, if the body was edited and there is one.
    pub committed: Option<Arc<str>>,
}

/// Result of rendering a block.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RenderOutcome {
    /// No template has its name.
    NoTemplate,
    /// Every fact is unavailable; the body is left unchanged.
    NoFacts,
    /// New body.
    Body(String),
    Failed(TemplateError),
    /// A value depends on text that cannot be read; the block is not written.
    Blocked(Vec<Blocker>),
}

/// Inputs of plans.
#[derive(Clone, Copy, Debug)]
pub struct Sources<'a> {
    pub library: &'a Library,
    /// Tree facts.
    pub facts: &'a Arc<Facts>,
    /// Measured facts that may be used.
    pub measured: &'a Arc<MeasuredFacts>,
}

/// Returns the AUTO blocks that can be written, with their indices; none if the document has syntax errors.
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

/// Plans one block. `restored` is the body to keep values from, if it is not the current one.
pub fn block(document: &Arc<Document>, index: usize, restored: Option<&Arc<str>>, sources: Sources<'_>) -> BlockPlan {
    let block = &document.blocks[index];
    let (outcome, access_log, rendered) = match sources.library.find(document, block) {
        None => (RenderOutcome::NoTemplate, AccessLog::default(), None),
        Some(Err(error)) => (RenderOutcome::Failed(error.clone()), AccessLog::default(), None),
        Some(Ok(compiled)) => {
            let job = BlockJob { document, index, restored, sources, compiled };
            let failed = |error| (RenderOutcome::Failed(error), AccessLog::default(), None);
            let (outcome, access_log, rendered) = job.run().unwrap_or_else(failed);
            // With measured facts, everything is covered, because their values may not be rendered in every run.
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

/// Input for the rendering of one block.
struct BlockJob<'a> {
    document: &'a Arc<Document>,
    index: usize,
    restored: Option<&'a Arc<str>>,
    sources: Sources<'a>,
    compiled: &'a CompiledTemplates,
}

impl BlockJob<'_> {
    /// Returns the outcome, the access log and the rendering.
    fn run(&self) -> Result<(RenderOutcome, AccessLog, Option<String>), TemplateError> {
        for fact in &self.compiled.needs {
            if let Fact::Broken(reason) = self.sources.measured.of(*fact) {
                return Err(TemplateError { template: String::new(), line: None, message: reason.clone() });
            }
        }
        let (body, mut access_log) = self.render(None)?;
        if !access_log.blockers.is_empty() {
            let blockers = std::mem::take(&mut access_log.blockers);
            // The blockers describe the same values, with their lines.
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

    /// Returns the mismatch because of which a rendering cannot be merged into a body that phx has not generated.
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

    /// Returns the body whose values are kept.
    fn current_body(&self) -> &str {
        match self.restored {
            Some(body) => body,
            None => self.document.slice(self.block().body),
        }
    }

    /// Renders the template and normalizes the result; `None` if no content remains.
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
        let has_content = tidy.lines().any(|line| !line.trim().is_empty() && !line.contains(DELETED_LINE));
        let access_log = scope.access_log();
        Ok((has_content.then_some(tidy), access_log))
    }

    /// Merges a rendering into the current body.
    fn merge(&self, rendered: &str) -> Result<String, TemplateError> {
        // A body that is already equal needs no merge; deleted pairs do not occur in it.
        let remaining = rendered.split_inclusive('\n').filter(|line| !line.contains(DELETED_LINE));
        if rendered.contains(DELETED_LINE)
            && remaining.clone().map(str::len).sum::<usize>() == self.current_body().len()
        {
            let text: String = remaining.collect();
            if text == self.current_body() {
                return Ok(text);
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
        // A body that equals the rendering is not merged again, see above.
        if merged != rendered && merged != self.current_body() && !again() {
            let message = "the rendered text cannot be read back from the body; render pairs, tables, lists or code, or own the `body`";
            let template = self.compiled.path().to_owned();
            return Err(TemplateError { template, line: None, message: message.to_owned() });
        }
        Ok(merged)
    }

    /// Returns offset and message if a rendering would end its block or section, or leave a comment or code block open.
    fn find_structural_error(&self, rendered: &str) -> Option<(usize, String)> {
        if let Some(at) = rendered.find('\0') {
            return Some((at, "the rendered text contains a NUL byte".to_owned()));
        }
        if !["#", "<!--", "```", "~~~"].iter().any(|special| rendered.contains(special)) {
            return None;
        }
        if let Some(at) = rendered.rfind("<!--").filter(|at| !rendered[*at..].contains("-->")) {
            return Some((at, "the rendered text contains an unclosed comment".to_owned()));
        }
        if let Some(at) = body::open_fence(rendered) {
            return Some((at, "the rendered text contains an unclosed code block".to_owned()));
        }
        let block = self.block();
        let level = block.section.map_or(1, |section| self.document.outline.sections[section].level);
        for piece in body::read(rendered, Span::new(0, rendered.len())) {
            if let PieceKind::Heading { level: own, title } = &piece.kind
                && *own <= usize::from(level)
            {
                let message = format!(
                    "the rendered text contains the heading `{title}` of level {own}, but its section has level {level}"
                );
                return Some((piece.span.start, message));
            }
            let mut lines = lines::of(rendered, piece.span);
            let is_marker =
                |line: &Span| piece.kind != PieceKind::Code && marker::is_marker(line.slice(rendered).trim());
            if let Some(line) = lines.find(is_marker) {
                return Some((
                    line.start,
                    format!("the rendered text contains the marker `{}`", line.slice(rendered).trim()),
                ));
            }
        }
        None
    }
}

/// Removes blank lines at both ends and consecutive blank lines, and deleted lines except pairs, which the merge
/// deletes.
fn tidy(rendered: &str) -> String {
    let special = ["\n\n", " \n", "\t\n", "\r", "```", "~~~", DELETED_LINE];
    if !special.iter().any(|special| rendered.contains(special)) {
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
            let is_deleted = line.contains(DELETED_LINE) && !matches!(piece.kind, PieceKind::Pair(_));
            if is_deleted || (line.is_empty() && blank) {
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

/// Returns the edits that carry out a plan: the body, and the checksum in the END marker.
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

/// Returns the edits that replace the body and the END marker of a block.
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

/// Returns the text of a document after all plans with a body are carried out; unchanged if their edits overlap.
pub fn apply(document: &Document, plans: &[BlockPlan]) -> String {
    let mut all = Edits::default();
    let clash = plans.iter().any(|plan| match &plan.outcome {
        RenderOutcome::Body(body) => !all.add(edits(document, plan, body)),
        _ => false,
    });
    if clash { document.text.clone() } else { all.apply(&document.text) }
}

/// Returns the edits that empty a block and remove its checksum.
pub fn clear(document: &Document, block: &Block) -> Vec<Edit> {
    let mut edits = Vec::new();
    if !block.body.is_empty() {
        edits.push(Edit::replace(block.body, ""));
    }
    edits.extend(sum_edit(document, block, None));
    edits
}

/// Returns the edit that sets or removes the checksum in an END marker; `None` if nothing changes.
fn sum_edit(document: &Document, block: &Block, sum: Option<&str>) -> Option<Edit> {
    let closer = block.closer?;
    if block.sum.as_deref() == sum {
        return None;
    }
    let marker = document.slice(closer);
    let head = marker.split(" sum:").next()?.trim_end_matches("-->").trim_end();
    let sum = sum.map_or_else(String::new, |sum| format!(" sum:{sum}"));
    Some(Edit::replace(closer, format!("{head}{sum} -->")))
}

impl BlockPlan {
    /// Describes the first difference between an edited body and the generated one; `None` if that is unknown.
    pub fn edit(&self, document: &Document) -> Option<String> {
        let block = &document.blocks[self.block];
        let expected = match (&self.committed, &self.outcome) {
            (Some(body), _) => body,
            (None, RenderOutcome::Body(body)) => body.as_str(),
            _ => return None,
        };
        let Difference { line, what, present, expected } =
            difference::first(document.slice(block.body), expected, &self.coverage)?;
        let quoted = |text: String| match fields::plain(&text) {
            plain if plain.is_empty() => "empty".to_owned(),
            plain => format!("`{plain}`"),
        };
        let line = line.map_or_else(String::new, |line| format!("line {}: ", document.line(block.body.start) + line));
        Some(format!("{line}{what} is {}, phx wrote {}", quoted(present), quoted(expected)))
    }

    /// Returns how to change values that no fact provides: "to change `Team Capacity`, set …".
    pub fn config_hint(&self) -> Option<String> {
        let labelled: Vec<String> = self
            .unavailable_facts
            .iter()
            .filter(|fact| !fact.label.is_empty())
            .map(|fact| format!("to change `{}`, {}", fact.label, fact.source))
            .collect();
        (!labelled.is_empty()).then(|| labelled.join(", "))
    }

    /// Returns the instructions that make unavailable facts available, without duplicates.
    pub fn sources(&self) -> Vec<&str> {
        let mut sources: Vec<&str> = self.unavailable_facts.iter().map(|fact| &*fact.source).collect();
        let mut known = std::collections::BTreeSet::new();
        sources.retain(|source| known.insert(*source));
        sources
    }
}
