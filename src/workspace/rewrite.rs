//! Carrying out the plans of a document's AUTO blocks: deciding about each block, proving the result, writing it.

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

/// What is to happen to AUTO blocks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WriteAction {
    /// They get the bodies that their templates render.
    Render,
    /// They are emptied.
    Clean,
}

/// Whether edits are made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RewriteMode {
    /// They are shown.
    Check,
    /// They are written.
    Write,
}

/// Whether bodies that somebody edited are overwritten.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Edited {
    /// They stay, and are told.
    Refuse,
    /// They are restored.
    Restore,
}

/// How documents are rewritten.
#[derive(Clone, Copy, Debug)]
pub struct Rewrite<'a> {
    /// The project.
    pub project: &'a Project,
    /// What is to happen.
    pub action: WriteAction,
    /// Whether it is made.
    pub mode: RewriteMode,
    /// What is done about edited bodies.
    pub edited: Edited,
    /// The only blocks that are touched, by canonical name.
    pub section: Option<&'a str>,
}

/// A document that was rewritten, and why it could not be written.
#[derive(Debug)]
pub struct WriteOutcome {
    /// What became of it.
    pub rewritten: Rewritten,
    /// What went wrong in writing it.
    pub failure: Option<Failure>,
}

/// What is decided about a block: the body it gets, or why it gets none.
enum Decision {
    Body(String),
    Leave(BlockStatus),
}

impl Rewrite<'_> {
    /// Rewrites one document.
    pub fn document(&self, planned: Planned<'_>) -> WriteOutcome {
        if let Some(done) = self.settle(planned) {
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

    /// What is to become of one document, and the edits that do it.
    pub fn edits(&self, planned: Planned<'_>) -> (Rewritten, Edits) {
        let document = planned.document;
        let mut edits = Edits::default();
        if let Some(why) = unwritable(document) {
            return (Rewritten::stopped(&document.path, why), edits);
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
            rewritten.others = planned.plans.iter().map(|plan| document.blocks[plan.block].name.clone()).collect();
        }
        if !edits.is_empty() {
            let source = |block: usize| planned.plans.iter().find(|plan| plan.block == block)?.provenance.of_lines();
            rewritten.diff = diff::unified(document, &edits, &source);
        }
        (rewritten, edits)
    }

    fn block(&self, planned: Planned<'_>, plan: &BlockPlan, block: &Block, edits: &mut Edits) -> BlockResult {
        let document = planned.document;
        let standing = document.slice(block.body);
        let mut result = BlockResult {
            name: block.name.clone(),
            line: document.line(block.opener.start),
            what: BlockStatus::Current,
            changes: String::new(),
            kept: plan.unavailable_facts.clone(),
            warnings: plan.warnings.clone(),
            items: plan.provenance.items(document),
        };
        let decision = self.decide(planned, plan, &mut result.warnings);
        let group = match (self.action, decision) {
            (_, Decision::Leave(what)) => {
                result.what = what;
                return result;
            }
            (WriteAction::Clean, Decision::Body(_)) => plan::clean(document, block),
            (WriteAction::Render, Decision::Body(body)) => {
                let edits = plan::edits(document, plan, &body);
                if !edits.is_empty() {
                    result.changes = changes::words(standing, &body, &plan.provenance);
                }
                edits
            }
        };
        if !group.is_empty() {
            let taken = edits.add(group);
            let failed = || BlockStatus::Failed("its markers stand inside another block".to_owned());
            result.what = if taken { BlockStatus::Outdated } else { failed() };
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

    /// Why a body is not replaced: it has rows, pairs or lines that the new one has not, and nobody asked to drop them.
    fn loss(&self, document: &Document, plan: &BlockPlan, body: &str) -> Option<BlockStatus> {
        if self.edited == Edited::Restore {
            return None;
        }
        let block = &document.blocks[plan.block];
        // A label that the template renders without a value is its own to drop.
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
            "it has what no template renders: line {line} `{}`{more}; move that out of the block, or run `{command} {}` to drop it",
            first.text,
            self.project.folder.quoted(&document.path)
        )))
    }

    /// A body that was edited by hand is restored on request, and accepted if it is what phx would have written, or if a
    /// merge made it.
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
        // Without a committed body only what is rendered on an empty one is sure to hold nothing that was edited.
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
        let text = self.project.proved(document, edits)?;
        self.project.write(document, &text)
    }
}

/// Restores an edited body from the latest committed one; values that are maintained by hand stay.
fn restore(planned: Planned<'_>, plan: &BlockPlan, body: Option<&str>, warnings: &mut Vec<String>) -> Decision {
    let Some(committed) = plan.committed.as_deref() else {
        warnings.push("no committed body matches its checksum, so values of absent facts stay as they are".to_owned());
        return body.map_or(Decision::Leave(BlockStatus::NoFacts), |body| Decision::Body(body.to_owned()));
    };
    let current = planned.document.slice(planned.document.blocks[plan.block].body);
    match rendered_on(planned, plan, committed) {
        RenderOutcome::Body(body) => Decision::Body(body),
        RenderOutcome::Blocked(blockers) => Decision::Leave(BlockStatus::Blocked(blockers)),
        _ => Decision::Body(by_hand::carried(committed, current, &plan.coverage)),
    }
}

/// The rendering of a block on a committed body that has the current values of those that are maintained by hand.
fn rendered_on(planned: Planned<'_>, plan: &BlockPlan, committed: &str) -> RenderOutcome {
    let Planned { document, sources, .. } = planned;
    let current = document.slice(document.blocks[plan.block].body);
    let base: Arc<str> = by_hand::carried(committed, current, &plan.coverage).into();
    plan::block(document, plan.block, Some(&base), sources).outcome
}

/// Why no block of a document can be written.
pub fn unwritable(document: &Document) -> Option<String> {
    let syntax_error = document.syntax_errors.first()?;
    let line = document.line(syntax_error.span.start);
    Some(format!("line {line}: {}; no block of it is written", syntax_error.message))
}

fn edited(document: &Document, plan: &BlockPlan, folder: &Folder) -> BlockStatus {
    let config_hint = plan.config_hint().map(|config_hint| format!("; {config_hint}")).unwrap_or_default();
    let edit = plan.edit(document).map(|edit| format!(" ({edit})")).unwrap_or_default();
    BlockStatus::Edited(format!(
        "it was edited by hand{edit}; run `phx regen --force {}` to restore it{config_hint}",
        folder.quoted(&document.path)
    ))
}

impl Project {
    /// The text after edits of AUTO bodies, if it is the same document but for them.
    ///
    /// # Errors
    /// Where it would not be.
    pub fn proved(&self, document: &Document, edits: &Edits) -> Result<String, Failure> {
        self.proved_by(proof::bodies, document, edits)
    }

    /// The text after edits that stamp it, if it is the same document but for them.
    ///
    /// # Errors
    /// Where it would not be.
    pub fn proved_stamp(&self, document: &Document, edits: &Edits) -> Result<String, Failure> {
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
            Failure::internal(format!("`{}` would not be the same document: {why}; nothing was written", document.path))
                .hint("please report this, with the document")
        })?;
        Ok(text)
    }

    /// Parses a text in the place of a document.
    pub fn parse_again(&self, document: &Document, text: &str) -> Document {
        let shape = |_: Option<&str>| Arc::clone(&document.shape);
        Document::parse(&document.path, decode::decode(text.as_bytes().to_vec()), &self.dialect, &shape)
    }
}
