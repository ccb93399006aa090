//! Where a run reads from: the worktree, the index, or a revision. All that a verdict depends on comes from one of them.
//!
//! The index is read as the last commit with what is staged over it: asking for a few files costs the same in a
//! repository of any size.

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

/// The mode of a folder.
const TREE: &str = "40000";

/// What a user asks to be read.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Origin {
    /// The files as they stand.
    #[default]
    Worktree,
    /// What is staged.
    Index,
    /// A commit.
    Revision(String),
}

/// Reads files by their paths from the root.
#[derive(Debug)]
pub struct Store {
    root: PathBuf,
    objects: Option<ObjectReader>,
}

#[derive(Debug)]
struct ObjectReader {
    /// The commit that holds what did not change.
    base: String,
    /// What the index has otherwise, by path.
    changes: Vec<Change>,
    /// Whether the index is read, and not the commit alone.
    index: bool,
    listing: OnceLock<Result<Listing, String>>,
    blobs: Mutex<Blobs>,
    /// The folders of the commit that were looked into.
    folders: Mutex<BTreeMap<String, Option<Arc<Listing>>>>,
    /// The id of its tree, once it was looked into.
    tree: OnceLock<String>,
    /// What is about to be staged, by path: read as if it was.
    over: Mutex<BTreeMap<String, Arc<[u8]>>>,
}

impl Store {
    /// Opens what is to be read.
    ///
    /// # Errors
    /// Where git cannot give it.
    pub fn open(root: &Path, origin: &Origin) -> Result<Self, Failure> {
        let objects = match origin {
            Origin::Worktree => None,
            Origin::Index => Some(ObjectReader::of_index(root)),
            Origin::Revision(revision) => Some(ObjectReader::of_revision(root, revision)),
        };
        let objects = objects.transpose().map_err(|why| {
            let what = if *origin == Origin::Index { "the index" } else { "the revision" };
            Failure::usage(format!("{what} cannot be read: {why}"))
        })?;
        Ok(Self { root: root.to_path_buf(), objects })
    }

    /// A store that is asked for objects alone.
    ///
    /// # Errors
    /// What git says.
    pub fn blobs(root: &Path) -> Result<Self, String> {
        let objects = ObjectReader::new("HEAD".to_owned(), Vec::new(), false, Blobs::start(root)?);
        Ok(Self { root: root.to_path_buf(), objects: Some(objects) })
    }

    /// Whether files are read as they stand.
    pub fn is_worktree(&self) -> bool {
        self.objects.is_none()
    }

    /// The commit that is read, where it is one.
    pub fn revision(&self) -> Option<&str> {
        self.objects.as_ref().filter(|objects| !objects.index).map(|objects| objects.base.as_str())
    }

    /// What is staged, by path.
    pub fn changes(&self) -> &[Change] {
        self.objects.as_ref().map(|objects| objects.changes.as_slice()).unwrap_or_default()
    }

    /// All that git holds, by path; `None` for the worktree.
    ///
    /// # Errors
    /// What git says.
    pub fn listing(&self) -> Result<Option<&Listing>, Failure> {
        let Some(objects) = &self.objects else { return Ok(None) };
        let listing = objects.listing.get_or_init(|| {
            if objects.index { objects::index(&self.root) } else { objects::tree(&self.root, &objects.base) }
        });
        let failed = |why: &String| Failure::usage(format!("git does not list its files: {why}"));
        listing.as_ref().map(Some).map_err(failed)
    }

    /// The entry of a path, where git is read from.
    pub fn object(&self, path: &str) -> Option<Object> {
        if let Some(change) = change(&self.objects.as_ref()?.changes, path) {
            return change.new.clone();
        }
        self.committed(path)
    }

    /// The entry of a path in the commit. git is not asked for what is not there: to be sure of that costs it more.
    fn committed(&self, path: &str) -> Option<Object> {
        let (folder, name) = path.rsplit_once('/').unwrap_or(("", path));
        self.folder(folder)?.get(name).cloned()
    }

    /// The entries of a folder of the commit; the root is empty.
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

    /// From now on reads other bytes at some paths, or what git holds again.
    pub fn read_over(&self, over: BTreeMap<String, Arc<[u8]>>) {
        if let Some(objects) = &self.objects {
            *objects.over() = over;
        }
    }

    /// Whether a file is there.
    pub fn exists(&self, path: &str) -> bool {
        match &self.objects {
            None => disk::exists(&self.root.join(path)),
            Some(_) => self.read(path).is_ok_and(|bytes| bytes.is_some()),
        }
    }

    /// A whole file; `None` if there is none.
    ///
    /// # Errors
    /// As the system or git says.
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

    /// An object of git's, by any name that git has for it; `None` where there is none, or nothing is read from git.
    ///
    /// # Errors
    /// As git says.
    pub fn ask(&self, name: &str) -> io::Result<Option<BlobLookup>> {
        let Some(objects) = &self.objects else { return Ok(None) };
        objects.blobs().ask(name, SIZE).map_err(io::Error::other)
    }

    /// The id of a commit's tree; nothing where there is no such commit.
    ///
    /// # Errors
    /// As git says.
    pub fn tree_of(&self, commit: &str) -> io::Result<Option<String>> {
        if let Some(objects) = self.objects.as_ref().filter(|objects| objects.base == commit) {
            self.folder("");
            return Ok(objects.tree.get().cloned());
        }
        Ok(self.ask(&format!("{commit}^{{tree}}"))?.map(|found| found.id))
    }

    /// How a tree differs from another, by path; nothing where one of them is not there. Folders that are the same are not
    /// looked into, so it costs as much as what changed.
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

    /// The names in a directory with their paths, sorted; none if it is not there.
    ///
    /// # Errors
    /// As the system says.
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
            // A folder that only lost files may be gone.
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

    /// Whether the index has a file or a folder.
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
        // It starts while git looks for what is staged.
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
