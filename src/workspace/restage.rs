//! Putting edited documents into the index and the worktree, where that is provably harmless: the worktree file changes in
//! the edited AUTO bodies alone, and git sees the same difference between index and worktree as before.

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

/// A document of the index with edits.
#[derive(Clone, Debug)]
pub struct Restaged {
    /// The document as the index has it.
    pub document: Arc<Document>,
    /// The edits.
    pub edits: Edits,
    /// The text after them.
    pub text: String,
    /// The stamp that they put on it; else they are those of AUTO bodies.
    pub stamp: Option<Stamp>,
}

/// One whose worktree file can follow.
#[derive(Debug)]
pub struct PreparedWrite {
    path: String,
    change: Change,
    /// What the worktree file holds; nothing where there is none yet.
    old: Option<Vec<u8>>,
    new: Vec<u8>,
}

impl Project {
    /// Looks whether a document can be written to index and worktree without harm, and stores its new blob.
    ///
    /// # Errors
    /// Why it cannot: a clause that says what stands in the way.
    pub fn prepare_write(&self, restaged: &Restaged) -> Result<PreparedWrite, String> {
        let path = &restaged.document.path;
        let old = self.store.object(path).ok_or("the index does not have it")?;
        let file = paths::absolute(&self.root, Path::new(path));
        if !disk::is_plain_file(&file) {
            let way = "bring it back with `git restore` or `git sparse-checkout add`, then `phx regen --staged`";
            return Err(format!("the worktree has no plain file there; {way}"));
        }
        let raw = disk::read_optional(&file).ok().flatten().ok_or("the worktree file cannot be read")?;
        let (new, id) = self.apply_to_worktree(restaged, &raw, &old)?;
        let change = Change { path: path.clone(), new: Some(Object { mode: old.mode.clone(), id }), old: Some(old) };
        Ok(PreparedWrite { path: path.clone(), change, old: Some(raw), new })
    }

    /// A new file for index and worktree.
    ///
    /// # Errors
    /// What git says.
    pub fn prepare_new_file(&self, path: &str, bytes: &[u8]) -> Result<PreparedWrite, String> {
        let new = Object { mode: "100644".to_owned(), id: index::store(&self.root, bytes)? };
        let change = Change { path: path.to_owned(), old: None, new: Some(new) };
        Ok(PreparedWrite { path: path.to_owned(), change, old: None, new: bytes.to_vec() })
    }

    /// The worktree file after the same edits, and the id of the new blob.
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
        // Nothing is stored before it is sure to be used.
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
        // A filter made of the text what stands in the worktree: what it makes of the new text is written.
        if index::cleaned_id(&self.root, path, raw)? == old.id && index::checked_out(&self.root, path, &old.id)? == raw
        {
            let id = index::store(&self.root, text.as_bytes())?;
            let out = index::checked_out(&self.root, path, &id)?;
            if index::cleaned_id(&self.root, path, &out)? == id {
                return Ok((out, id));
            }
        }
        let why = match (is_mapped, &restaged.stamp) {
            (true, _) => "git's filters or attributes make something else of what is changed in the worktree",
            (false, Some(_)) => "the worktree has another stamp, or other review dates",
            (false, None) => {
                "the worktree has other changes in the same AUTO blocks; stage or undo those, then `phx regen --staged`"
            }
        };
        Err(why.to_owned())
    }

    /// Whether git reads the worktree file after the edits as it should: as the new blob where it read it as the old one,
    /// else as what it read with just the edits made.
    fn is_clean_like(&self, path: &str, raw: &[u8], edited: &str, old: &str, new: &str) -> Result<bool, String> {
        let before = index::cleaned_id(&self.root, path, raw)?;
        let after = index::cleaned_id(&self.root, path, edited.as_bytes())?;
        if before == old {
            return Ok(after == new);
        }
        // What git makes of the bytes is the bytes themselves, or the bytes with LF line ends.
        let plain = |bytes: &[u8]| index::plain_id(&self.root, bytes);
        let with_lf = |bytes: &[u8]| String::from_utf8_lossy(bytes).replace("\r\n", "\n").into_bytes();
        let edited = edited.as_bytes();
        let same = before == plain(raw)? && after == plain(edited)?;
        Ok(same || (before == plain(&with_lf(raw))? && after == plain(&with_lf(edited))?))
    }

    /// The worktree file with the same edits, where it holds the same AUTO bodies.
    fn mapped(&self, restaged: &Restaged, raw: &[u8]) -> Option<String> {
        let Restaged { document, edits, text, .. } = restaged;
        let standing = self.parse_again(document, std::str::from_utf8(raw).ok()?);
        let after = self.parse_again(document, text);
        let mut made = Edits::default();
        let mut seen: BTreeSet<(usize, usize)> = BTreeSet::new();
        for edit in edits.iter() {
            let block = block_of(document, edit.span)?;
            if !seen.insert((block.opener.start, block.opener.end)) {
                continue;
            }
            let own = matching_block(document, block, &standing)?;
            let new = matching_block(document, block, &after)?;
            let same = |a: &Document, one: Span, b: &Document, other: Span| {
                lines::with_lf(a.slice(one)) == lines::with_lf(b.slice(other))
            };
            // What the worktree has already need not be written.
            if same(&after, new.body, &standing, own.body) && same(&after, new.closer?, &standing, own.closer?) {
                continue;
            }
            if !same(document, block.body, &standing, own.body)
                || !same(document, block.closer?, &standing, own.closer?)
            {
                return None;
            }
            let body = lines::with_lf(after.slice(new.body)).replace('\n', lines::ending(&standing.text));
            if !made.add(plan::replace(&standing, own, &body, after.slice(new.closer?))) {
                return None;
            }
        }
        let edited = self.proved(&standing, &made).ok()?;
        Some(edited)
    }

    /// The worktree file with the same stamp, where it bears the one that is replaced.
    fn mapped_stamp(&self, restaged: &Restaged, raw: &[u8], stamp: &Stamp) -> Option<String> {
        let standing = self.parse_again(&restaged.document, std::str::from_utf8(raw).ok()?);
        let edits = stamp.edits(&standing).ok()?;
        let replaced = |document: &Document, edits: &Edits| -> Vec<String> {
            edits.iter().map(|edit| document.slice(edit.span).to_owned()).collect()
        };
        if replaced(&standing, &edits) != replaced(&restaged.document, &restaged.edits) {
            return None;
        }
        self.proved_stamp(&standing, &edits).ok()
    }

    /// Writes documents to the index and to the worktree: all that can fail comes before the first of them changes.
    ///
    /// # Errors
    /// Why nothing was written.
    pub fn restage(&self, place: &GitDirs, prepare_write: &[PreparedWrite]) -> Result<Vec<String>, String> {
        let changes: Vec<Change> = prepare_write.iter().map(|prepare_write| prepare_write.change.clone()).collect();
        let swap = Swap::prepare(&self.root, place, &changes).map_err(|refusal| say(&refusal))?;
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
                        return undo(&created, format!("`{path}` cannot be written: {}", disk::explain(&error)));
                    }
                },
                Some(old) => Replacement::prepare(&file, &self.root, old, new),
            };
            match prepared {
                Ok(replacement) => replacements.push((path, replacement)),
                Err(refusal) => return undo(&created, format!("`{path}` {}", say_file(&refusal))),
            }
        }
        if let Err(refusal) = swap.finish() {
            return undo(&created, say(&refusal));
        }
        let mut notices = Vec::new();
        for (path, replacement) in replacements {
            if let Err(refusal) = replacement.finish() {
                let why = say_file(&refusal);
                notices.push(format!("the index has the new `{path}`; the worktree file {why}"));
            }
        }
        Ok(notices)
    }
}

/// The AUTO block that an edit is in.
fn block_of(document: &Document, edit: Span) -> Option<&Block> {
    document.blocks_of(BlockMode::Auto).find(|block| block.body.covers(edit) || block.closer == Some(edit))
}

/// The block of another version of the document that is this one: of the same name, at the same place among those.
fn matching_block<'a>(document: &Document, block: &Block, other: &'a Document) -> Option<&'a Block> {
    if !other.syntax_errors.is_empty() {
        return None;
    }
    let same = |found: &&Block| found.name == block.name;
    let own: Vec<&Block> = document.blocks_of(BlockMode::Auto).filter(same).collect();
    let others: Vec<&Block> = other.blocks_of(BlockMode::Auto).filter(same).collect();
    let at = own.iter().position(|found| found.opener == block.opener)?;
    if own.len() == others.len() { others.get(at).copied() } else { None }
}

fn say(refusal: &IndexError) -> String {
    match refusal {
        IndexError::Locked => "another git holds the lock of the index".to_owned(),
        IndexError::Changed(path) if path.is_empty() => "another git changed the index meanwhile".to_owned(),
        IndexError::Changed(path) => format!("another git staged `{path}` meanwhile"),
        IndexError::Harm(why) => (*why).to_owned(),
        IndexError::System(why) => why.clone(),
    }
}

fn say_file(refusal: &replace::ReplaceError) -> String {
    match refusal {
        replace::ReplaceError::ReadOnly => "is read-only".to_owned(),
        replace::ReplaceError::Changed => "was changed meanwhile, and is as it was left".to_owned(),
        replace::ReplaceError::HardLinked(names) => {
            format!("has {names} names (hard links), of which only one would change")
        }
        replace::ReplaceError::Outside(_) => "is reached by a link out of the repository".to_owned(),
        replace::ReplaceError::System(error) => format!("cannot be written: {}", disk::explain(error)),
    }
}
