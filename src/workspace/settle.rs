//! Resolves Git conflicts in AUTO blocks by rendering the blocks again, so that neither side has to be chosen.

use std::sync::Arc;

use super::planned::Planned;
use super::rewrite::{Rewrite, RewriteMode, WriteAction, WriteOutcome};
use crate::document::conflict::{self, Conflict};
use crate::document::{Block, Document};
use crate::regen::block_results::{BlockStatus, Rewritten};
use crate::regen::checksum::ChecksumState;
use crate::regen::plan::{self, RenderOutcome};
use crate::text::Span;

/// Document with one side of each conflict.
struct ConflictSide {
    document: Arc<Document>,
    /// Index of the block of each conflict.
    blocks: Vec<usize>,
}

impl Rewrite<'_> {
    /// Resolves the conflicts of a document, each of which must be within one AUTO block, including its END marker.
    /// Returns `None` if there are no conflicts or if one is outside of AUTO blocks.
    pub(crate) fn resolve_conflicts(&self, planned: Planned<'_>) -> Option<WriteOutcome> {
        let document = planned.document;
        let conflicts = conflict::find(&document.text, &document.nodes);
        if conflicts.is_empty() || self.action != WriteAction::Render || self.section.is_some() {
            return None;
        }
        let ours = self.side(document, &conflicts, |conflict| conflict.ours)?;
        let theirs = self.side(document, &conflicts, |conflict| conflict.theirs)?;
        let names = |side: &ConflictSide| -> Vec<String> {
            side.blocks.iter().map(|block| side.document.blocks[*block].name.clone()).collect()
        };
        if names(&ours) != names(&theirs) {
            return None;
        }
        let line = document.line(conflicts[0].span.start);
        let stopped =
            |why: String| Some(WriteOutcome { rewritten: Rewritten::failed(&document.path, why), failure: None });
        if self.mode == RewriteMode::Check {
            let path = self.project.folder.quoted(&document.path);
            return stopped(format!("line {line}: unresolved merge conflict; run `phx regen {path}` to resolve it"));
        }
        let mut plans = plan::document(&ours.document, planned.sources);
        let other = plan::document(&theirs.document, planned.sources);
        for ((conflict, own), their) in conflicts.iter().zip(&ours.blocks).zip(&theirs.blocks) {
            let of = |plans: &[plan::BlockPlan], block: usize| {
                plans.iter().find(|plan| plan.block == block).map(|plan| plan.outcome.clone())
            };
            let line = document.line(conflict.span.start);
            let name = &ours.document.blocks[*own].name;
            match (of(&plans, *own), of(&other, *their)) {
                (Some(RenderOutcome::Body(one)), Some(RenderOutcome::Body(two))) if one == two => {}
                (Some(RenderOutcome::Body(_)), Some(RenderOutcome::Body(_))) => {
                    return stopped(format!(
                        "line {line}: the sides of the conflict in AUTO block `{name}` differ in values or text that no fact \
                         provides; keep one side, then run the same command again"
                    ));
                }
                _ => {
                    return stopped(format!(
                        "line {line}: unresolved conflict in AUTO block `{name}`, which cannot be rendered; keep one side"
                    ));
                }
            }
            for plan in plans.iter_mut().filter(|plan| plan.block == *own) {
                // The merge produced this body; it was not edited by hand.
                plan.state = ChecksumState::Ungenerated;
            }
        }
        let (mut rewritten, edits) =
            self.edits(Planned { document: &ours.document, plans: &plans, sources: planned.sources });
        let text = if edits.is_empty() {
            Ok(ours.document.text.clone())
        } else {
            self.project.apply_verified(&ours.document, &edits)
        };
        let failure = text.and_then(|text| self.project.write(document, &text)).err();
        if failure.is_none() {
            rewritten.mark_written();
            for block in &mut rewritten.blocks {
                if matches!(block.what, BlockStatus::Written | BlockStatus::Current)
                    && names(&ours).contains(&block.name)
                {
                    block.what = BlockStatus::Written;
                    "conflict resolved".clone_into(&mut block.changes);
                }
            }
        }
        Some(WriteOutcome { rewritten, failure })
    }

    /// Returns the document with one side of each conflict, if it has no syntax errors and each side is within one AUTO
    /// block.
    fn side(&self, document: &Document, conflicts: &[Conflict], side: fn(&Conflict) -> Span) -> Option<ConflictSide> {
        let (text, spans) = conflict::resolved(&document.text, conflicts, side);
        let document = self.project.parse_again(document, &text);
        if !document.syntax_errors.is_empty() {
            return None;
        }
        let within = |block: &Block, span: Span| {
            let closer = block.closer.map_or(block.body.end, |closer| closer.end);
            let rest = &document.text[closer..];
            let end = closer + rest.find('\n').map_or(rest.len(), |at| at + 1);
            block.body.start <= span.start && span.end <= end
        };
        let of =
            |span: &Span| plan::writable(&document).find(|(_, block)| within(block, *span)).map(|(index, _)| index);
        let blocks = spans.iter().map(of).collect::<Option<Vec<usize>>>()?;
        Some(ConflictSide { document: Arc::new(document), blocks })
    }
}
