//! Tree that a run reads: worktree, index or revision. All inputs of a result come from the same tree.
//!
//! The index is read as `HEAD` plus the staged changes, so that the cost of reading a few files does not depend on the
//! size of the repository.

use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};

use super::paths;
use crate::document::SIZE;
use crate::failure::Failure;
use crate::system::git::blobs::{BlobLookup, Blobs};
use crate::system::git::objects::{self, Change, Listing, Object};
use crate::system::{disk, inside};

/// Mode of a folder in a tree object.
const TREE: &str = "40000";

/// Tree that the user selects.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Origin {
    /// Files on disk.
    #[default]
    Worktree,
    /// Staged files.
    Index,
    /// Files of a commit.
    Revision(String),
}

/// Reader of files by their paths relative to the root.
#[derive(Debug)]
pub struct Store {
    root: PathBuf,
    objects: Option<ObjectReader>,
}

#[derive(Debug)]
struct ObjectReader {
    /// Commit with the unchanged files.
    base: String,
    /// Changes of the index relative to the commit, sorted by path.
    changes: Vec<Change>,
    /// Whether the index is read, and not only the commit.
    index: bool,
    listing: OnceLock<Result<Listing, String>>,
    blobs: Mutex<Blobs>,
    /// Cached folders of the commit; `None` for paths that are not folders.
    folders: Mutex<BTreeMap<String, Option<Arc<Listing>>>>,
    /// Id of the commit's tree, set after the first access.
    tree: OnceLock<String>,
    /// Bytes by path that are read instead of the stored ones.
    over: Mutex<BTreeMap<String, Arc<[u8]>>>,
}

impl Store {
    /// Opens a tree.
    pub fn open(root: &Path, origin: &Origin) -> Result<Self, Failure> {
        let objects = match origin {
            Origin::Worktree => None,
            Origin::Index => Some(ObjectReader::of_index(root)),
            Origin::Revision(revision) => Some(ObjectReader::of_revision(root, revision)),
        };
        let objects = objects.transpose().map_err(|why| {
            let tree = if *origin == Origin::Index { "the index" } else { "the revision" };
            Failure::usage(format!("cannot read {tree}: {why}"))
        })?;
        Ok(Self { root: root.to_path_buf(), objects })
    }

    /// Creates a store for reading objects only.
    pub fn blobs(root: &Path) -> Result<Self, String> {
        let objects = ObjectReader::new("HEAD".to_owned(), Vec::new(), false, Blobs::start(root)?);
        Ok(Self { root: root.to_path_buf(), objects: Some(objects) })
    }

    /// Returns whether files are read from disk.
    pub fn is_worktree(&self) -> bool {
        self.objects.is_none()
    }

    /// Returns the id of the commit that is read; `None` for the worktree and the index.
    pub fn revision(&self) -> Option<&str> {
        self.objects.as_ref().filter(|objects| !objects.index).map(|objects| objects.base.as_str())
    }

    /// Returns the staged changes, sorted by path; empty unless the index is read.
    pub fn changes(&self) -> &[Change] {
        self.objects.as_ref().map(|objects| objects.changes.as_slice()).unwrap_or_default()
    }

    /// Returns all entries by path; `None` for the worktree.
    pub fn listing(&self) -> Result<Option<&Listing>, Failure> {
        let Some(objects) = &self.objects else { return Ok(None) };
        let listing = objects.listing.get_or_init(|| {
            if objects.index { objects::index(&self.root) } else { objects::tree(&self.root, &objects.base) }
        });
        let failed = |why: &String| Failure::usage(format!("cannot list the files of the repository: {why}"));
        listing.as_ref().map(Some).map_err(failed)
    }

    /// Returns the entry of a path; `None` for the worktree.
    pub fn object(&self, path: &str) -> Option<Object> {
        if let Some(change) = change(&self.objects.as_ref()?.changes, path) {
            return change.new.clone();
        }
        self.committed(path)
    }

    /// Returns the entry of a path in the commit. It is looked up in the folder, because Git is slow to answer for
    /// objects that do not exist.
    fn committed(&self, path: &str) -> Option<Object> {
        let (folder, name) = path.rsplit_once('/').unwrap_or(("", path));
        self.folder(folder)?.get(name).cloned()
    }

    /// Returns the entries of a folder of the commit. The path of the root is empty.
    fn folder(&self, folder: &str) -> Option<Arc<Listing>> {
        let objects = self.objects.as_ref()?;
        let known = |objects: &ObjectReader| {
            objects.folders.lock().unwrap_or_else(PoisonError::into_inner).get(folder).cloned()
        };
        if let Some(known) = known(objects) {
            return known;
        }
        let name = if folder.is_empty() {
            Some(format!("{}^{{tree}}", objects.base))
        } else {
            self.committed(folder).filter(|object| object.mode == TREE).map(|object| object.id)
        };
        let found = name.and_then(|name| self.ask(&name).ok().flatten());
        if let Some(found) = found.as_ref().filter(|_| folder.is_empty()) {
            let _ = objects.tree.set(found.id.clone());
        }
        let listing = found.map(|found| Arc::new(found.entries().into_iter().collect::<Listing>()));
        let mut folders = objects.folders.lock().unwrap_or_else(PoisonError::into_inner);
        folders.insert(folder.to_owned(), listing.clone());
        listing
    }

    /// Sets the bytes to read instead of the stored ones, by path. An empty map restores normal reading.
    pub fn set_overlay(&self, over: BTreeMap<String, Arc<[u8]>>) {
        if let Some(objects) = &self.objects {
            *objects.over() = over;
        }
    }

    /// Returns whether a file exists.
    pub fn exists(&self, path: &str) -> bool {
        match &self.objects {
            None => disk::exists(&self.root.join(path)),
            Some(_) => self.read(path).is_ok_and(|bytes| bytes.is_some()),
        }
    }

    /// Reads a whole file. Returns `None` if it does not exist.
    pub fn read(&self, path: &str) -> io::Result<Option<Vec<u8>>> {
        let Some(objects) = &self.objects else {
            return inside::read(&self.root, &self.root.join(path));
        };
        if let Some(bytes) = objects.over().get(path) {
            return Ok(Some(bytes.to_vec()));
        }
        let name = match change(&objects.changes, path) {
            Some(change) => match &change.new {
                Some(object) => object.id.clone(),
                None => return Ok(None),
            },
            None => match self.committed(path) {
                Some(object) => object.id,
                None => return Ok(None),
            },
        };
        Ok(self.ask(&name)?.filter(|found| found.kind == "blob").map(|found| found.bytes))
    }

    /// Reads an object by any name that `git rev-parse` accepts. Returns `None` if it does not exist or the worktree is
    /// read.
    pub fn ask(&self, name: &str) -> io::Result<Option<BlobLookup>> {
        let Some(objects) = &self.objects else { return Ok(None) };
        objects.blobs().ask(name, SIZE).map_err(io::Error::other)
    }

    /// Returns the id of a commit's tree. Returns `None` if the commit does not exist.
    pub fn tree_of(&self, commit: &str) -> io::Result<Option<String>> {
        if let Some(objects) = self.objects.as_ref().filter(|objects| objects.base == commit) {
            self.folder("");
            return Ok(objects.tree.get().cloned());
        }
        Ok(self.ask(&format!("{commit}^{{tree}}"))?.map(|found| found.id))
    }

    /// Diffs two Git trees, sorted by path. Returns `None` if either is missing. Equal folders are skipped, so the cost
    /// is proportional to the changes.
    pub fn trees_differ(&self, old: &str, new: &str) -> Option<Vec<Change>> {
        let mut changes = Vec::new();
        self.tree_differs("", Some(old), Some(new), &mut changes)?;
        changes.sort_by(|a, b| a.path.cmp(&b.path));
        Some(changes)
    }

    fn tree_differs(&self, prefix: &str, old: Option<&str>, new: Option<&str>, out: &mut Vec<Change>) -> Option<()> {
        let entries = |id: Option<&str>| -> Option<Listing> {
            let Some(id) = id else { return Some(Listing::new()) };
            Some(self.ask(id).ok()??.entries().into_iter().collect())
        };
        let (old, new) = (entries(old)?, entries(new)?);
        let names: BTreeSet<&String> = old.keys().chain(new.keys()).collect();
        for name in names {
            let (before, after) = (old.get(name), new.get(name));
            if before == after {
                continue;
            }
            let path = format!("{prefix}{name}");
            let is_tree = |object: &&Object| object.mode == TREE;
            let (old_tree, new_tree) = (before.filter(is_tree), after.filter(is_tree));
            if old_tree.is_some() || new_tree.is_some() {
                let id = |object: Option<&'_ Object>| object.map(|object| object.id.clone());
                let (old_id, new_id) = (id(old_tree), id(new_tree));
                self.tree_differs(&format!("{path}/"), old_id.as_deref(), new_id.as_deref(), out)?;
            }
            let file = |object: Option<&Object>| object.filter(|object| object.mode != TREE).cloned();
            let (before, after) = (file(before), file(after));
            if before.is_some() || after.is_some() {
                out.push(Change { path, old: before, new: after });
            }
        }
        Some(())
    }

    /// Lists the names in a directory with their paths, sorted. Returns an empty list if it does not exist.
    pub fn list(&self, directory: &str) -> io::Result<Vec<(String, String)>> {
        let Some(objects) = &self.objects else {
            let found = disk::list(&self.root.join(directory))?;
            return Ok(found.into_iter().map(|(name, path)| (name, paths::relative(&self.root, &path))).collect());
        };
        let prefix = format!("{directory}/");
        let below: Vec<(&str, bool)> = objects
            .changes
            .iter()
            .filter_map(|change| Some((change.path.strip_prefix(&prefix)?, change.new.is_some())))
            .collect();
        let mut names: Vec<String> = Vec::new();
        for name in self.folder(directory).iter().flat_map(|listing| listing.keys()) {
            let inside = format!("{name}/");
            let touched = below.iter().any(|(path, _)| *path == name || path.starts_with(&inside));
            // A folder that only lost files may no longer exist.
            if !touched || self.is_there(&format!("{prefix}{name}")) {
                names.push(name.clone());
            }
        }
        let added = below.iter().filter(|(_, there)| *there);
        names.extend(added.filter_map(|(path, _)| path.split('/').next().map(str::to_owned)));
        names.sort();
        names.dedup();
        Ok(names.into_iter().map(|name| (name.clone(), format!("{prefix}{name}"))).collect())
    }

    /// Returns whether the tree has a file or a folder at the path.
    fn is_there(&self, path: &str) -> bool {
        let inside = format!("{path}/");
        let within = |listing: &Listing| {
            listing.contains_key(path)
                || listing.range(inside.clone()..).next().is_some_and(|(below, _)| below.starts_with(&inside))
        };
        self.listing().ok().flatten().is_some_and(within)
    }
}

impl ObjectReader {
    fn of_index(root: &Path) -> Result<Self, String> {
        // The process starts while Git computes the staged changes.
        let blobs = Blobs::start(root)?;
        Ok(Self::new("HEAD".to_owned(), objects::staged(root)?, true, blobs))
    }

    fn of_revision(root: &Path, revision: &str) -> Result<Self, String> {
        let base = objects::commit(root, revision)?;
        Ok(Self::new(base, Vec::new(), false, Blobs::start(root)?))
    }

    fn new(base: String, changes: Vec<Change>, index: bool, blobs: Blobs) -> Self {
        Self {
            base,
            changes,
            index,
            listing: OnceLock::new(),
            blobs: Mutex::new(blobs),
            folders: Mutex::default(),
            tree: OnceLock::new(),
            over: Mutex::default(),
        }
    }

    fn over(&self) -> MutexGuard<'_, BTreeMap<String, Arc<[u8]>>> {
        self.over.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn blobs(&self) -> MutexGuard<'_, Blobs> {
        self.blobs.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn change<'a>(changes: &'a [Change], path: &str) -> Option<&'a Change> {
    let at = changes.binary_search_by(|change| change.path.as_str().cmp(path)).ok()?;
    Some(&changes[at])
}
