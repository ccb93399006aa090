//! Writes edited documents to the index and the worktree if this provably loses nothing: the worktree file changes only
//! in the edited AUTO bodies, and the difference between index and worktree stays the same.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::{Project, paths};
use crate::corpus::stamp::Stamp;
use crate::document::{Block, BlockMode, Document};
use crate::regen::plan;
use crate::system::disk;
use crate::system::git::git_dirs::GitDirs;
use crate::system::git::index::{self, IndexError, Swap};
use crate::system::git::objects::{Change, Object};
use crate::system::replace::{self, Replacement};
use crate::text::{Edits, Span, lines};

/// Document of the index with edits.
#[derive(Clone, Debug)]
pub struct Restaged {
    /// Document as in the index.
    pub document: Arc<Document>,
    pub edits: Edits,
    /// Text after the edits.
    pub text: String,
    /// Stamp that the edits set; if `None`, they are edits of AUTO bodies.
    pub stamp: Option<Stamp>,
}

/// Verified write of a document to index and worktree.
#[derive(Debug)]
pub struct PreparedWrite {
    path: String,
    change: Change,
    /// Content of the worktree file; `None` if it does not exist yet.
    old: Option<Vec<u8>>,
    new: Vec<u8>,
}

impl Project {
    /// Verifies that a document can be written to index and worktree, and stores its new blob.
    ///
    /// # Errors
    /// Returns a clause with the reason if the worktree file cannot be changed in the same way as the index.
    pub fn prepare_write(&self, restaged: &Restaged) -> Result<PreparedWrite, String> {
        let path = &restaged.document.path;
        let old = self.store.object(path).ok_or("it is not in the index")?;
        let file = paths::absolute(&self.root, Path::new(path));
        if !disk::is_plain_file(&file) {
            let help = "restore it with `git restore` or `git sparse-checkout add`, then run `phx regen --staged`";
            return Err(format!("it is not a regular file in the worktree; {help}"));
        }
        let raw = disk::read_optional(&file).ok().flatten().ok_or("cannot read the worktree file")?;
        let (new, id) = self.apply_to_worktree(restaged, &raw, &old)?;
        let change = Change { path: path.clone(), new: Some(Object { mode: old.mode.clone(), id }), old: Some(old) };
        Ok(PreparedWrite { path: path.clone(), change, old: Some(raw), new })
    }

    /// Prepares a new file for index and worktree, and stores its blob.
    pub fn prepare_new_file(&self, path: &str, bytes: &[u8]) -> Result<PreparedWrite, String> {
        let new = Object { mode: "100644".to_owned(), id: index::store(&self.root, bytes)? };
        let change = Change { path: path.to_owned(), old: None, new: Some(new) };
        Ok(PreparedWrite { path: path.to_owned(), change, old: None, new: bytes.to_vec() })
    }

    /// Applies the same edits to the worktree file. Returns its new content and the id of the new blob.
    fn apply_to_worktree(&self, restaged: &Restaged, raw: &[u8], old: &Object) -> Result<(Vec<u8>, String), String> {
        let Restaged { document, text, .. } = restaged;
        let path = &document.path;
        let is_blob = |id: &str, bytes: &[u8]| {
            let found = self.store.ask(id).ok().flatten();
            found.is_some_and(|found| found.bytes == bytes)
        };
        if raw == document.text.as_bytes() {
            let id = index::store_cleaned(&self.root, path, text.as_bytes())?;
            if is_blob(&id, text.as_bytes()) {
                return Ok((text.clone().into_bytes(), id));
            }
        }
        // The blob is stored only when it is certain to be used.
        let id = index::plain_id(&self.root, text.as_bytes())?;
        let stored = |new: Vec<u8>| index::store(&self.root, text.as_bytes()).map(|id| (new, id));
        let mapped = match &restaged.stamp {
            Some(stamp) => self.mapped_stamp(restaged, raw, stamp),
            None => self.mapped(restaged, raw),
        };
        let is_mapped = mapped.is_some();
        if let Some(edited) = mapped
            && self.is_clean_like(path, raw, &edited, &old.id, &id)?
        {
            return stored(edited.into_bytes());
        }
        // The worktree file is the unchanged output of a filter: write the output of the filter for the new text.
        if index::cleaned_id(&self.root, path, raw)? == old.id && index::checked_out(&self.root, path, &old.id)? == raw
        {
            let id = index::store(&self.root, text.as_bytes())?;
            let out = index::checked_out(&self.root, path, &id)?;
            if index::cleaned_id(&self.root, path, &out)? == id {
                return Ok((out, id));
            }
        }
        let why = match (is_mapped, &restaged.stamp) {
            (true, _) => "filters or attributes of Git would store the changed worktree file differently",
            (false, Some(_)) => "the worktree file has a different stamp or different review dates",
            (false, None) => {
                "the worktree file has other changes in the same AUTO blocks; stage or undo them, then run `phx regen --staged`"
            }
        };
        Err(why.to_owned())
    }

    /// Returns whether Git would store the edited worktree file as expected: as the new blob if the file corresponded
    /// to the old blob, or else as its former content with only the edits applied.
    fn is_clean_like(&self, path: &str, raw: &[u8], edited: &str, old: &str, new: &str) -> Result<bool, String> {
        let before = index::cleaned_id(&self.root, path, raw)?;
        let after = index::cleaned_id(&self.root, path, edited.as_bytes())?;
        if before == old {
            return Ok(after == new);
        }
        // Git stores the bytes unchanged or with LF line ends.
        let plain = |bytes: &[u8]| index::plain_id(&self.root, bytes);
        let with_lf = |bytes: &[u8]| String::from_utf8_lossy(bytes).replace("\r\n", "\n").into_bytes();
        let edited = edited.as_bytes();
        let same = before == plain(raw)? && after == plain(edited)?;
        Ok(same || (before == plain(&with_lf(raw))? && after == plain(&with_lf(edited))?))
    }

    /// Applies the edits to the worktree file. Returns `None` if its AUTO bodies differ from those of the index.
    fn mapped(&self, restaged: &Restaged, raw: &[u8]) -> Option<String> {
        let Restaged { document, edits, text, .. } = restaged;
        let worktree = self.parse_again(document, std::str::from_utf8(raw).ok()?);
        let after = self.parse_again(document, text);
        let mut made = Edits::default();
        let mut seen: BTreeSet<(usize, usize)> = BTreeSet::new();
        for edit in edits.iter() {
            let block = block_of(document, edit.span)?;
            if !seen.insert((block.opener.start, block.opener.end)) {
                continue;
            }
            let own = matching_block(document, block, &worktree)?;
            let new = matching_block(document, block, &after)?;
            let same = |a: &Document, one: Span, b: &Document, other: Span| {
                lines::with_lf(a.slice(one)) == lines::with_lf(b.slice(other))
            };
            // The worktree already has the new body.
            if same(&after, new.body, &worktree, own.body) && same(&after, new.closer?, &worktree, own.closer?) {
                continue;
            }
            if !same(document, block.body, &worktree, own.body)
                || !same(document, block.closer?, &worktree, own.closer?)
            {
                return None;
            }
            let body = lines::with_lf(after.slice(new.body)).replace('\n', lines::ending(&worktree.text));
            if !made.add(plan::replace(&worktree, own, &body, after.slice(new.closer?))) {
                return None;
            }
        }
        let edited = self.apply_verified(&worktree, &made).ok()?;
        Some(edited)
    }

    /// Sets the stamp in the worktree file. Returns `None` if its old stamp differs from that of the index.
    fn mapped_stamp(&self, restaged: &Restaged, raw: &[u8], stamp: &Stamp) -> Option<String> {
        let worktree = self.parse_again(&restaged.document, std::str::from_utf8(raw).ok()?);
        let edits = stamp.edits(&worktree).ok()?;
        let replaced = |document: &Document, edits: &Edits| -> Vec<String> {
            edits.iter().map(|edit| document.slice(edit.span).to_owned()).collect()
        };
        if replaced(&worktree, &edits) != replaced(&restaged.document, &restaged.edits) {
            return None;
        }
        self.apply_stamp_verified(&worktree, &edits).ok()
    }

    /// Writes documents to the index and the worktree. All steps that are likely to fail run before the first change.
    /// Returns notices about worktree files that were not written.
    pub fn restage(&self, place: &GitDirs, prepare_write: &[PreparedWrite]) -> Result<Vec<String>, String> {
        let changes: Vec<Change> = prepare_write.iter().map(|prepare_write| prepare_write.change.clone()).collect();
        let swap = Swap::prepare(&self.root, place, &changes).map_err(|error| index_reason(&error))?;
        let mut replacements = Vec::new();
        let mut created: Vec<PathBuf> = Vec::new();
        let undo = |created: &[PathBuf], why: String| {
            for file in created {
                let _ = disk::remove(file);
            }
            Err(why)
        };
        for PreparedWrite { path, old, new, .. } in prepare_write {
            let file = paths::absolute(&self.root, Path::new(path));
            let prepared = match old {
                None => match disk::create(&file, new) {
                    Ok(()) => {
                        created.push(file);
                        continue;
                    }
                    Err(error) => {
                        return undo(&created, format!("cannot write `{path}`: {}", disk::explain(&error)));
                    }
                },
                Some(old) => Replacement::prepare(&file, &self.root, old, new),
            };
            match prepared {
                Ok(replacement) => replacements.push((path, replacement)),
                Err(error) => return undo(&created, format!("`{path}` {}", file_reason(&error))),
            }
        }
        if let Err(error) = swap.finish() {
            return undo(&created, index_reason(&error));
        }
        let mut notices = Vec::new();
        for (path, replacement) in replacements {
            if let Err(error) = replacement.finish() {
                let why = file_reason(&error);
                notices.push(format!("`{path}` was written to the index, but the worktree file {why}"));
            }
        }
        Ok(notices)
    }
}

/// Returns the AUTO block that contains an edit.
fn block_of(document: &Document, edit: Span) -> Option<&Block> {
    document.blocks_of(BlockMode::Auto).find(|block| block.body.covers(edit) || block.closer == Some(edit))
}

/// Finds the block in another version of the document: same name, same position among the blocks of that name.
fn matching_block<'a>(document: &Document, block: &Block, other: &'a Document) -> Option<&'a Block> {
    if !other.syntax_errors.is_empty() {
        return None;
    }
    let same = |other: &&Block| other.name == block.name;
    let own: Vec<&Block> = document.blocks_of(BlockMode::Auto).filter(same).collect();
    let others: Vec<&Block> = other.blocks_of(BlockMode::Auto).filter(same).collect();
    let at = own.iter().position(|found| found.opener == block.opener)?;
    if own.len() == others.len() { others.get(at).copied() } else { None }
}

fn index_reason(error: &IndexError) -> String {
    match error {
        IndexError::Locked => "another Git process holds the lock of the index".to_owned(),
        IndexError::Changed(path) if path.is_empty() => "another Git process changed the index".to_owned(),
        IndexError::Changed(path) => format!("another Git process staged `{path}`"),
        IndexError::Harm(why) => (*why).to_owned(),
        IndexError::System(why) => why.clone(),
    }
}

fn file_reason(error: &replace::ReplaceError) -> String {
    match error {
        replace::ReplaceError::ReadOnly => "is read-only".to_owned(),
        replace::ReplaceError::Changed => "changed on disk; it was not overwritten".to_owned(),
        replace::ReplaceError::HardLinked(names) => {
            format!("has {names} hard links, of which only one would change")
        }
        replace::ReplaceError::Outside(_) => "is a link to a location outside the repository".to_owned(),
        replace::ReplaceError::System(error) => format!("cannot be written: {}", disk::explain(error)),
    }
}
