//! Cached index of the governed documents of a commit, one line per document. With it, a hook in a repository of ten
//! thousand documents reads only the documents that changed.
//!
//! The file is in the Git directory and may be deleted at any time. Its first line has the format version, the
//! fingerprint of the configuration and the id of the indexed tree. If the current tree differs, only the differences
//! are read.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use chrono::{DateTime, Utc};
use rayon::prelude::*;

use super::{Loaded, Project, Store};
use crate::corpus::{self, Digest, Digests, Phase};
use crate::document::Document;
use crate::failure::Failure;
use crate::system::disk;
use crate::system::git::objects::{self, Change};
use crate::text::Span;

/// Number of documents that may differ from the tree of the file before the file is written again.
const DRIFT: usize = 16;

/// Largest number of parsed documents in the cache: enough for a usual commit, whose documents are used several times.
const CACHE_SIZE: usize = 32;

/// Metadata of a governed document.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct IndexEntry {
    /// Path relative to the root.
    pub path: String,
    pub kind: String,
    /// Group and number of the phase that it describes.
    pub phase: Option<Phase>,
    /// Deadline, `update_required_by`.
    pub deadline: Option<DateTime<Utc>>,
    /// Whether one of its templates reads other documents.
    pub reads_other_documents: bool,
    /// Globs of its source files.
    pub sources: Vec<String>,
}

/// Governed documents of a tree by path: the lines of the file, which are parsed on demand, and the later changes.
#[derive(Clone, Debug, Default)]
pub struct DocumentIndex {
    /// Content of the file.
    text: Arc<String>,
    /// Byte range of the lines of documents.
    lines: Span,
    changed: BTreeMap<String, Option<IndexEntry>>,
}

impl IndexEntry {
    fn of(project: &Project, document: &Document) -> Self {
        Self {
            path: document.path.clone(),
            kind: document.shape.kind.clone(),
            phase: corpus::phase(document),
            deadline: document.governance.update_required_by.as_ref().map(|due| due.value),
            reads_other_documents: project.library.reads_documents(document),
            sources: document.governance.sources(),
        }
    }

    /// Formats the entry as `FLAGS DUE PATH KIND GROUP NUMBER SOURCE…`, separated by tabs, with the values that most
    /// runs need first. The flags are `h` (reads other documents) and `s` (has sources), each `-` if not set.
    fn line(&self) -> String {
        let (group, number) = self.phase.clone().unwrap_or_default();
        let due = self.deadline.map_or_else(String::new, |due| due.timestamp().to_string());
        let (reads_other_documents, names) =
            (if self.reads_other_documents { 'h' } else { '-' }, if self.sources.is_empty() { '-' } else { 's' });
        let mut line = format!("{reads_other_documents}{names}\t{due}\t");
        line.push_str(&[&self.path, &self.kind, &group].map(|text| escape(text)).join("\t"));
        line.push_str(&format!("\t{number}"));
        for source in &self.sources {
            line.push('\t');
            line.push_str(&escape(source));
        }
        line
    }

    fn read(line: &str) -> Option<Self> {
        let mut parts = line.split('\t');
        let (reads_other_documents, deadline) = (parts.next()?.starts_with('h'), due(parts.next()?.as_bytes()));
        let (path, kind, group) = (parts.next()?, parts.next()?, parts.next()?);
        let number: u64 = parts.next()?.parse().ok()?;
        Some(Self {
            path: unescape(path),
            kind: unescape(kind),
            phase: (!group.is_empty()).then(|| (unescape(group), number)),
            deadline,
            reads_other_documents,
            sources: parts.map(unescape).collect(),
        })
    }
}

fn due(seconds: &[u8]) -> Option<DateTime<Utc>> {
    DateTime::from_timestamp(std::str::from_utf8(seconds).ok()?.parse().ok()?, 0)
}

/// Parses the deadline after the flags of a line, in seconds since the epoch. Returns `None` if there is none.
fn seconds(line: &[u8]) -> Option<i64> {
    let (negative, digits) = match line.get(3)? {
        b'-' => (true, &line[4..]),
        _ => (false, &line[3..]),
    };
    let mut seconds: Option<i64> = None;
    for digit in digits.iter().take_while(|byte| byte.is_ascii_digit()) {
        seconds = Some(seconds.unwrap_or(0).checked_mul(10)?.checked_add(i64::from(digit - b'0'))?);
    }
    seconds.map(|seconds| if negative { -seconds } else { seconds })
}

fn escape(text: &str) -> String {
    text.replace('\\', "\\\\").replace('\t', "\\t").replace('\n', "\\n").replace('\r', "\\r")
}

fn unescape(text: &str) -> String {
    if !text.contains('\\') {
        return text.to_owned();
    }
    let mut out = String::new();
    let mut chars = text.chars();
    while let Some(c) = chars.next() {
        let next = if c == '\\' { chars.next() } else { None };
        out.push(match next {
            Some('t') => '\t',
            Some('n') => '\n',
            Some('r') => '\r',
            Some(other) => other,
            None => c,
        });
    }
    out
}

impl DocumentIndex {
    fn new(documents: &[IndexEntry]) -> Self {
        let text: String = documents.iter().map(|known| known.line() + "\n").collect();
        let lines = Span::new(0, text.len());
        Self::within(text, lines)
    }

    fn within(text: String, lines: Span) -> Self {
        Self { text: Arc::new(text), lines, changed: BTreeMap::new() }
    }

    fn lines(&self) -> &str {
        self.lines.slice(&self.text)
    }

    /// Returns the entries that match, sorted by path. `line` selects stored lines before they are parsed, `known`
    /// selects changed entries.
    fn matching(&self, line: impl Fn(&[u8]) -> bool, known: impl Fn(&IndexEntry) -> bool) -> Vec<IndexEntry> {
        let mut found: Vec<IndexEntry> = self.lines_matching(line).filter_map(IndexEntry::read).collect();
        if !self.changed.is_empty() {
            found.retain(|known| !self.changed.contains_key(&known.path));
            found.extend(self.changed.values().flatten().filter(|one| known(one)).cloned());
            found.sort_by(|a, b| a.path.cmp(&b.path));
        }
        found
    }

    fn lines_matching(&self, matches: impl Fn(&[u8]) -> bool) -> impl Iterator<Item = &str> {
        let bytes = self.lines().as_bytes();
        let mut start = 0;
        let lines = memchr::memchr_iter(b'\n', bytes).map(move |end| {
            let line = (start, end);
            start = end + 1;
            line
        });
        let matches = move |(start, end): &(usize, usize)| matches(&bytes[*start..*end]);
        lines.filter(matches).filter_map(|(start, end)| self.lines().get(start..end))
    }

    /// Returns all entries, sorted by path.
    pub fn documents(&self) -> Vec<IndexEntry> {
        self.matching(|_| true, |_| true)
    }

    /// Returns the paths of the documents that are stale at the given time, sorted.
    pub fn stale(&self, now: DateTime<Utc>) -> Vec<String> {
        let limit = now.timestamp();
        let lines = self.lines_matching(|line| seconds(line).is_some_and(|due| due < limit));
        let mut paths: Vec<String> = lines.filter_map(|line| line.split('\t').nth(2)).map(unescape).collect();
        if !self.changed.is_empty() {
            paths.retain(|path| !self.changed.contains_key(path));
            let is_stale = |known: &&IndexEntry| known.deadline.is_some_and(|due| due < now);
            paths.extend(self.changed.values().flatten().filter(is_stale).map(|known| known.path.clone()));
            paths.sort();
        }
        paths
    }

    /// Returns the documents whose templates read other documents.
    pub fn dependents(&self) -> Vec<IndexEntry> {
        self.matching(|line| line.first() == Some(&b'h'), |known| known.reads_other_documents)
    }

    /// Returns the documents that have sources.
    pub fn describing(&self) -> Vec<IndexEntry> {
        self.matching(|line| line.get(1) == Some(&b's'), |known| !known.sources.is_empty())
    }

    /// Looks up a document by path.
    pub fn get(&self, path: &str) -> Option<IndexEntry> {
        if let Some(changed) = self.changed.get(path) {
            return changed.clone();
        }
        let word = format!("\t{}\t", escape(path));
        let bytes = self.lines().as_bytes();
        let mut found = memchr::memmem::find_iter(bytes, &word).filter_map(|at| {
            let start = memchr::memrchr(b'\n', &bytes[..at]).map_or(0, |end| end + 1);
            let end = memchr::memchr(b'\n', &bytes[at..]).map_or(bytes.len(), |end| at + end);
            IndexEntry::read(self.lines().get(start..end)?).filter(|known| known.path == path)
        });
        found.next()
    }

    /// Returns a digest of each document; documents are read on demand.
    pub fn digests(&self) -> Digests {
        let unread = |known: &IndexEntry| Digest::unread(&known.path, &known.kind, known.phase.clone());
        Digests::new(self.documents().iter().map(unread).collect())
    }

    /// Applies changes of files. Returns the number of files that had to be read.
    pub fn apply_changes(&mut self, project: &Project, changes: &[Change]) -> usize {
        let candidates: Vec<&Change> =
            changes.iter().filter(|change| project.may_be_governed(&project.root.join(&change.path))).collect();
        let read = |change: &&Change| {
            let id = change.new.as_ref().filter(|object| object.is_file()).map(|object| object.id.as_str());
            let document = id.and_then(|id| project.load_object(id, &change.path));
            (change.path.clone(), document.map(|document| IndexEntry::of(project, &document)))
        };
        self.changed.extend(candidates.iter().map(read));
        candidates.len()
    }
}

impl Project {
    /// Returns the index of a commit, read with this project's configuration. It is empty if the commit does not exist.
    /// `git_dir` is the Git directory with the cache file.
    pub fn document_index(&self, commit: &str, git_dir: Option<&Path>) -> Result<DocumentIndex, Failure> {
        let failed = |why: String| Failure::usage(format!("cannot read the repository: {why}"));
        let tree = self.store.tree_of(commit).map_err(|error| failed(error.to_string()))?;
        let Some(tree) = tree else {
            return Ok(DocumentIndex::default());
        };
        let file = git_dir.map(|folder| folder.join("phx").join("census"));
        if let Some((old, mut document_index)) = file.as_deref().and_then(|file| self.read_document_index(file)) {
            if old == tree {
                return Ok(document_index);
            }
            if let Some(changes) = self.store.trees_differ(&old, &tree) {
                if document_index.apply_changes(self, &changes) > DRIFT || changes.len() > DRIFT * 64 {
                    self.store_document_index(file.as_ref(), &tree, &document_index);
                }
                return Ok(document_index);
            }
        }
        let document_index = self.build_document_index(&tree).map_err(failed)?;
        self.store_document_index(file.as_ref(), &tree, &document_index);
        Ok(document_index)
    }

    /// Returns the index of a commit or tree. Starts from `known` (fingerprint, commit, index) if that was read with
    /// the same configuration.
    pub fn document_index_after(
        &self,
        known: Option<(String, String, DocumentIndex)>,
        commit: &str,
    ) -> Result<DocumentIndex, Failure> {
        if let Some((fingerprint, old, mut document_index)) = known
            && fingerprint == self.fingerprint
        {
            if old == commit {
                return Ok(document_index);
            }
            if let Ok(changes) = objects::between(&self.root, &old, commit) {
                document_index.apply_changes(self, &changes);
                return Ok(document_index);
            }
        }
        self.build_document_index(commit).map_err(|why| Failure::usage(format!("cannot read the repository: {why}")))
    }

    /// Builds the index of a tree by reading all of its documents.
    fn build_document_index(&self, tree: &str) -> Result<DocumentIndex, String> {
        let listing = objects::entries(&self.root, tree)?;
        let files: Vec<_> = listing
            .iter()
            .filter(|(path, object)| object.is_file() && self.may_be_governed(&self.root.join(path)))
            .collect();
        // One Git process per core: unpacking objects takes longer than parsing them.
        let chunk = files.len().div_ceil(rayon::current_num_threads()).max(1);
        let documents = Mutex::new(Vec::new());
        files.par_chunks(chunk).try_for_each(|files| {
            let store = Store::blobs(&self.root)?;
            for (path, object) in files {
                let found = store.ask(&object.id).map_err(|error| error.to_string())?;
                let Some(found) = found else { continue };
                if let Loaded::Document(document) = self.load_bytes(found.bytes, path, &self.relative_to_base(path)) {
                    let known = IndexEntry::of(self, &document);
                    documents.lock().unwrap_or_else(PoisonError::into_inner).push(known);
                }
            }
            Ok::<(), String>(())
        })?;
        let mut documents = documents.into_inner().unwrap_or_else(PoisonError::into_inner);
        documents.sort_by(|a, b| a.path.cmp(&b.path));
        Ok(DocumentIndex::new(&documents))
    }

    fn read_document_index(&self, file: &Path) -> Option<(String, DocumentIndex)> {
        let text = String::from_utf8(disk::read_optional(file).ok()??).ok()?;
        let (head, rest) = text.split_once('\n')?;
        let tree = head.strip_prefix(&self.document_index_header())?.to_owned();
        // A truncated file has no `.` line at its end and is ignored.
        let lines = rest.strip_suffix(".\n")?;
        let lines = Span::new(head.len() + 1, head.len() + 1 + lines.len());
        Some((tree, DocumentIndex::within(text, lines)))
    }

    /// Writes the cache file. Errors are ignored: then the next run reads more documents.
    fn store_document_index(&self, file: Option<&PathBuf>, tree: &str, document_index: &DocumentIndex) {
        let Some(file) = file else { return };
        let mut text = format!("{}{tree}\n", self.document_index_header());
        for known in document_index.documents() {
            text.push_str(&known.line());
            text.push('\n');
        }
        text.push_str(".\n");
        let _ = disk::replace_unsynced(file, text.as_bytes());
    }

    fn document_index_header(&self) -> String {
        format!("phx census 3 {} ", self.fingerprint)
    }

    /// Loads the governed document in an object, from the cache if possible.
    pub fn load_object(&self, id: &str, path: &str) -> Option<Arc<Document>> {
        let key = (id.to_owned(), path.to_owned());
        let cache = || self.objects.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = cache().get(&key) {
            return known.clone();
        }
        let found = self.store.ask(id).ok()??;
        let document = match self.load_bytes(found.bytes, path, &self.relative_to_base(path)) {
            Loaded::Document(document) => Some(document),
            _ => None,
        };
        let mut cache = cache();
        if cache.len() < CACHE_SIZE {
            cache.insert(key, document.clone());
        }
        document
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_entry_survives_writing_and_reading_its_line() {
        let known = IndexEntry {
            path: "a\tb\\n.md".to_owned(),
            kind: "phase-plan".to_owned(),
            phase: Some(("RED_FOX".to_owned(), 3)),
            deadline: DateTime::from_timestamp(1_757_000_000, 0),
            reads_other_documents: true,
            sources: vec!["src/**".to_owned()],
        };
        assert_eq!(IndexEntry::read(&known.line()), Some(known.clone()));
        let bare = IndexEntry { phase: None, deadline: None, sources: Vec::new(), ..known };
        assert_eq!(IndexEntry::read(&bare.line()), Some(bare.clone()));
        assert_eq!(IndexEntry::read("a.md\tdocument"), None);
    }
}
