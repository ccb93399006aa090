//! Executes the plans of a document's AUTO blocks: decides on each block, verifies the result and writes it.

use std::sync::Arc;

use super::Project;
use super::planned::Planned;
use crate::document::{Block, Document};
use crate::failure::Failure;
use crate::regen::block_results::{BlockResult, BlockStatus, Rewritten};
use crate::regen::by_hand;
use crate::regen::checksum::ChecksumState;
use crate::regen::plan::{self, BlockPlan, RenderOutcome};
use crate::regen::{changes, diff, losses, proof};
use crate::text::{Edits, Folder, decode};

/// Action on AUTO blocks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum WriteAction {
    /// Replace bodies by their renderings.
    Render,
    /// Empty the bodies.
    Clean,
}

/// Treatment of the edits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum RewriteMode {
    /// Compute edits without writing them.
    Check,
    /// Write the edits.
    Write,
}

/// Treatment of bodies that were edited by hand.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Edited {
    /// Leave them unchanged and report them.
    Refuse,
    /// Overwrite them.
    Restore,
}

/// Options of a rewrite.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Rewrite<'a> {
    pub project: &'a Project,
    pub action: WriteAction,
    pub mode: RewriteMode,
    pub edited: Edited,
    /// Canonical name of the only blocks to rewrite; `None` for all.
    pub section: Option<&'a str>,
}

/// Result of rewriting one document.
#[derive(Debug)]
pub(crate) struct WriteOutcome {
    pub rewritten: Rewritten,
    /// Error of writing the document.
    pub failure: Option<Failure>,
}

/// Decision on a block: its new body, or the reason to leave it unchanged.
enum Decision {
    Body(String),
    Leave(BlockStatus),
}

impl Rewrite<'_> {
    pub(crate) fn document(&self, planned: Planned<'_>) -> WriteOutcome {
        if let Some(done) = self.resolve_conflicts(planned) {
            return done;
        }
        let (mut rewritten, edits) = self.edits(planned);
        if edits.is_empty() {
            return WriteOutcome { rewritten, failure: None };
        }
        let failure = self.prove_and_write(planned.document, &edits).err();
        if failure.is_none() && self.mode == RewriteMode::Write {
            rewritten.mark_written();
        }
        WriteOutcome { rewritten, failure }
    }

    /// Computes the result for one document and the edits, without writing them.
    pub(crate) fn edits(&self, planned: Planned<'_>) -> (Rewritten, Edits) {
        let document = planned.document;
        let mut edits = Edits::default();
        if let Some(why) = unwritable(document) {
            return (Rewritten::failed(&document.path, why), edits);
        }
        let mut blocks = Vec::new();
        for plan in planned.plans {
            let block = &document.blocks[plan.block];
            if self.section.is_none_or(|section| section == block.name) {
                blocks.push(self.block(planned, plan, block, &mut edits));
            }
        }
        let mut rewritten = Rewritten { path: document.path.clone(), blocks, ..Rewritten::default() };
        if rewritten.blocks.is_empty() {
            rewritten.other_blocks =
                planned.plans.iter().map(|plan| document.blocks[plan.block].name.clone()).collect();
        }
        if !edits.is_empty() {
            let source = |block: usize| planned.plans.iter().find(|plan| plan.block == block)?.provenance.of_lines();
            rewritten.diff = diff::unified(document, &edits, &source);
        }
        (rewritten, edits)
    }

    fn block(&self, planned: Planned<'_>, plan: &BlockPlan, block: &Block, edits: &mut Edits) -> BlockResult {
        let document = planned.document;
        let current = document.slice(block.body);
        let mut result = BlockResult {
            name: block.name.clone(),
            line: document.line(block.opener.start),
            what: BlockStatus::Current,
            changes: String::new(),
            unavailable_facts: plan.unavailable_facts.clone(),
            warnings: plan.warnings.clone(),
            items: plan.provenance.items(document),
        };
        let decision = self.decide(planned, plan, &mut result.warnings);
        let group = match (self.action, decision) {
            (_, Decision::Leave(what)) => {
                result.what = what;
                return result;
            }
            (WriteAction::Clean, Decision::Body(_)) => plan::clear(document, block),
            (WriteAction::Render, Decision::Body(body)) => {
                let edits = plan::edits(document, plan, &body);
                if !edits.is_empty() {
                    result.changes = changes::words(current, &body, &plan.provenance);
                }
                edits
            }
        };
        if !group.is_empty() {
            let is_added = edits.add(group);
            let failed = || BlockStatus::Failed("its markers are inside another block".to_owned());
            result.what = if is_added { BlockStatus::Outdated } else { failed() };
        }
        result
    }

    fn decide(&self, planned: Planned<'_>, plan: &BlockPlan, warnings: &mut Vec<String>) -> Decision {
        let refused = plan.state == ChecksumState::Edited && self.edited == Edited::Refuse;
        if self.action == WriteAction::Clean {
            if refused {
                return Decision::Leave(edited(planned.document, plan, &self.project.folder));
            }
            let rendered = match rendered_on(planned, plan, "") {
                RenderOutcome::Body(body) => body,
                _ => String::new(),
            };
            let loss = self.loss(planned.document, plan, &rendered);
            return loss.map_or(Decision::Body(String::new()), Decision::Leave);
        }
        match &plan.outcome {
            RenderOutcome::NoTemplate | RenderOutcome::NoFacts if refused => {
                Decision::Leave(edited(planned.document, plan, &self.project.folder))
            }
            RenderOutcome::Blocked(blockers) => Decision::Leave(BlockStatus::Blocked(blockers.clone())),
            RenderOutcome::Failed(error) => Decision::Leave(BlockStatus::Failed(error.to_string())),
            RenderOutcome::NoFacts if plan.state == ChecksumState::Edited => restore(planned, plan, None, warnings),
            RenderOutcome::Body(body) if plan.state == ChecksumState::Edited => {
                self.decide_edited(planned, plan, body, warnings)
            }
            RenderOutcome::NoTemplate => Decision::Leave(BlockStatus::NoTemplate),
            RenderOutcome::NoFacts => Decision::Leave(BlockStatus::NoFacts),
            RenderOutcome::Body(body) if plan.state == ChecksumState::Ungenerated => {
                self.loss(planned.document, plan, body).map_or_else(|| Decision::Body(body.clone()), Decision::Leave)
            }
            RenderOutcome::Body(body) => Decision::Body(body.clone()),
        }
    }

    /// Returns the reason not to replace a body: it has rows, pairs or lines that the new body lacks. Returns `None`
    /// with `Edited::Restore`.
    fn loss(&self, document: &Document, plan: &BlockPlan, body: &str) -> Option<BlockStatus> {
        if self.edited == Edited::Restore {
            return None;
        }
        let block = &document.blocks[plan.block];
        // The template itself may drop a label that it renders without a value.
        let rendered = plan.coverage.rendered.as_deref().unwrap_or_default();
        let losses = losses::find(document.slice(block.body), &[body, rendered], &document.shape.aliases);
        let first = losses.first()?;
        let line = document.line(block.body.start) + first.line;
        let more = match losses.len() - 1 {
            0 => String::new(),
            1 => " and one more line".to_owned(),
            more => format!(" and {more} more lines"),
        };
        let command = match self.action {
            WriteAction::Render => "phx regen --force",
            WriteAction::Clean => "phx regen --clean --force",
        };
        Some(BlockStatus::Edited(format!(
            "it has content that no template renders: line {line} `{}`{more}; move it out of the block, or run `{command} {}` to drop it",
            first.text,
            self.project.folder.quoted(&document.path)
        )))
    }

    /// Decides on a body that was edited by hand. It is restored on request, and accepted if phx would have written the
    /// same text or if a merge is in progress.
    fn decide_edited(
        &self,
        planned: Planned<'_>,
        plan: &BlockPlan,
        body: &str,
        warnings: &mut Vec<String>,
    ) -> Decision {
        if self.edited == Edited::Restore {
            return restore(planned, plan, Some(body), warnings);
        }
        let document = planned.document;
        if self.mode == RewriteMode::Check {
            return Decision::Leave(edited(document, plan, &self.project.folder));
        }
        let current = document.slice(document.blocks[plan.block].body);
        // Without a committed body, only a rendering on an empty body certainly contains no edits.
        let rendered = rendered_on(planned, plan, plan.committed.as_deref().unwrap_or_default());
        if matches!(rendered, RenderOutcome::Body(body) if body == current) || self.project.is_merging() {
            return Decision::Body(body.to_owned());
        }
        Decision::Leave(edited(document, plan, &self.project.folder))
    }

    fn prove_and_write(&self, document: &Arc<Document>, edits: &Edits) -> Result<(), Failure> {
        if self.mode == RewriteMode::Check {
            return Ok(());
        }
        let text = self.project.apply_verified(document, edits)?;
        self.project.write(document, &text)
    }
}

/// Restores an edited body from the latest committed one. Values that are maintained by hand stay unchanged.
fn restore(planned: Planned<'_>, plan: &BlockPlan, body: Option<&str>, warnings: &mut Vec<String>) -> Decision {
    let Some(committed) = plan.committed.as_deref() else {
        warnings
            .push("no committed body matches its checksum, so values of unavailable facts stay unchanged".to_owned());
        return body.map_or(Decision::Leave(BlockStatus::NoFacts), |body| Decision::Body(body.to_owned()));
    };
    let current = planned.document.slice(planned.document.blocks[plan.block].body);
    match rendered_on(planned, plan, committed) {
        RenderOutcome::Body(body) => Decision::Body(body),
        RenderOutcome::Blocked(blockers) => Decision::Leave(BlockStatus::Blocked(blockers)),
        _ => Decision::Body(by_hand::transfer(committed, current, &plan.coverage)),
    }
}

/// Renders a block on a committed body with the current values that are maintained by hand.
fn rendered_on(planned: Planned<'_>, plan: &BlockPlan, committed: &str) -> RenderOutcome {
    let Planned { document, sources, .. } = planned;
    let current = document.slice(document.blocks[plan.block].body);
    let base: Arc<str> = by_hand::transfer(committed, current, &plan.coverage).into();
    plan::block(document, plan.block, Some(&base), sources).outcome
}

/// Returns the syntax error that prevents writing any block of a document.
pub(crate) fn unwritable(document: &Document) -> Option<String> {
    let syntax_error = document.syntax_errors.first()?;
    let line = document.line(syntax_error.span.start);
    Some(format!("line {line}: {}; no block of the document is written", syntax_error.message))
}

fn edited(document: &Document, plan: &BlockPlan, folder: &Folder) -> BlockStatus {
    let hint = plan.config_hint().map(|hint| format!("; {hint}")).unwrap_or_default();
    let edit = plan.edit(document).map(|edit| format!(" ({edit})")).unwrap_or_default();
    BlockStatus::Edited(format!(
        "it was edited by hand{edit}; run `phx regen --force {}` to restore it{hint}",
        folder.quoted(&document.path)
    ))
}

impl Project {
    /// Applies edits of AUTO bodies.
    ///
    /// # Errors
    /// Returns an error if the document would change anywhere else.
    pub fn apply_verified(&self, document: &Document, edits: &Edits) -> Result<String, Failure> {
        self.proved_by(proof::bodies, document, edits)
    }

    /// Applies edits of a stamp.
    ///
    /// # Errors
    /// Returns an error if the document would change anywhere else.
    pub fn apply_stamp_verified(&self, document: &Document, edits: &Edits) -> Result<String, Failure> {
        self.proved_by(proof::stamps, document, edits)
    }

    fn proved_by(
        &self,
        proof: fn(&Document, &Document, &Edits) -> Result<(), String>,
        document: &Document,
        edits: &Edits,
    ) -> Result<String, Failure> {
        let text = edits.apply(&document.text);
        let after = self.parse_again(document, &text);
        proof(document, &after, edits).map_err(|why| {
            Failure::internal(format!(
                "the edits would change `{}` outside of the edited text: {why}; nothing was written",
                document.path
            ))
            .hint("report this bug and attach the document")
        })?;
        Ok(text)
    }

    /// Parses a new text of a document with the same path and kind.
    pub fn parse_again(&self, document: &Document, text: &str) -> Document {
        let shape = |_: Option<&str>| Arc::clone(&document.shape);
        Document::parse(&document.path, decode::decode(text.as_bytes().to_vec()), &self.dialect, &shape)
    }
}
