//! Visits the selected documents in parallel. Each thread has only one document in memory.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use rayon::prelude::*;

use super::load::{Loaded, Markers};
use super::{Project, paths};
use crate::corpus::{Corpus, CorpusEntry};
use crate::document::Document;
use crate::failure::Failure;
use crate::system::disk;
use crate::system::walk::{self, WalkEntry};

/// Documents that a command works on.
#[derive(Clone, Debug)]
pub enum Selection {
    /// All documents of the project.
    All,
    /// Files and directories that the user named.
    Paths(Vec<PathBuf>),
    /// Changed files, limited to the paths that the user named.
    Changed {
        /// Changed files, relative to the root.
        paths: Vec<String>,
        /// Files and directories that limit the selection; empty for no limit.
        places: Vec<PathBuf>,
    },
    /// Files that are known to be documents, relative to the root.
    Known(Vec<String>),
    /// Bytes of one document, such as standard input.
    Bytes {
        /// Path that the document is validated as.
        name: PathBuf,
        bytes: Vec<u8>,
    },
}

/// Item of a visit. Items are passed on several threads, in no particular order.
#[derive(Debug)]
pub enum Visited<'a> {
    Document(&'a Arc<Document>),
    /// File that cannot be read.
    Unreadable {
        /// Path relative to the root.
        path: &'a str,
        why: &'a str,
    },
    /// File that is not governed.
    Ungoverned {
        /// Path relative to the root.
        path: &'a str,
        /// Presence of markers of a governed document.
        markers: Markers,
    },
    /// File that exceeds the size limit of documents.
    TooLarge {
        /// Path relative to the root.
        path: &'a str,
    },
}

/// Result of a visit.
#[derive(Debug, Default)]
pub struct Visit {
    /// Documents that were visited.
    pub corpus: Corpus,
    /// Notices in addition to the findings, sorted.
    pub notices: Vec<String>,
    /// Errors for paths that the user named and that do not exist, in order.
    pub failures: Vec<Failure>,
}

impl Project {
    /// Visits the selected documents and passes them to `see`.
    pub fn visit(&self, selection: Selection, see: &(dyn Fn(Visited<'_>) + Sync)) -> Visit {
        let several = matches!(&selection, Selection::Paths(named) if named.len() > 1);
        let visitor = Visitor { project: self, see, seen: several.then(Mutex::default), result: Mutex::default() };
        match selection {
            Selection::All => visitor.tree(&self.base),
            Selection::Changed { paths, places } => visitor.changed(paths, &places),
            Selection::Known(paths) => match paths.as_slice() {
                // One document needs no threads.
                [path] => visitor.file(&self.root.join(path)),
                paths => paths.par_iter().for_each(|path| visitor.file(&self.root.join(path))),
            },
            Selection::Bytes { name, bytes } => {
                let (path, relative_to_base) = self.display_path(&paths::absolute(&self.cwd, &name));
                visitor.loaded(self.load_bytes(bytes, &path, &relative_to_base), &path);
            }
            Selection::Paths(named) => {
                let mut files = Vec::new();
                for path in named {
                    let absolute = paths::absolute(&self.cwd, &path);
                    if !self.store.is_worktree() {
                        if !visitor.stored(&absolute) {
                            visitor.fail(Failure::usage(format!(
                                "`{}` does not exist in the index or revision",
                                path.display()
                            )));
                        }
                    } else if let Some(why) = self.foreign(&absolute).filter(|_| disk::exists(&absolute)) {
                        visitor.notice(format!("skipped `{}`: {why}", self.display_path(&absolute).0));
                    } else if disk::is_directory(&absolute) {
                        visitor.tree(&absolute);
                    } else if disk::exists(&absolute) {
                        files.push(absolute);
                    } else {
                        visitor.fail(Failure::usage(format!("`{}` does not exist", path.display())));
                    }
                }
                match files.as_slice() {
                    [file] => visitor.named(file),
                    files => files.par_iter().for_each(|file| visitor.named(file)),
                }
            }
        }
        visitor.finish()
    }
}

impl Project {
    /// Converts a path relative to the root to one relative to the configuration's directory.
    pub fn relative_to_base(&self, path: &str) -> String {
        if self.base == self.root { path.to_owned() } else { paths::relative(&self.base, &self.root.join(path)) }
    }

    /// Returns a path relative to the root, for messages, and relative to the configuration's directory, for globs.
    pub fn display_path(&self, file: &Path) -> (String, String) {
        let path = paths::relative(&self.root, file);
        if self.base == self.root {
            return (path.clone(), path);
        }
        (path, paths::relative(&self.base, file))
    }

    /// Returns whether a file may be a document, according to its path and the configuration.
    pub fn may_be_governed(&self, file: &Path) -> bool {
        if self.is_setting(file) {
            return false;
        }
        let documents = &self.config.documents;
        // The configuration applies only to files below its directory.
        let own = file.starts_with(&self.base);
        if let Some(include) = documents.include.as_ref().filter(|_| own) {
            let (_, path) = self.display_path(file);
            return include.matches(&path) && !documents.exclude.matches(&path);
        }
        let markdown = file.extension().is_some_and(|extension| extension.eq_ignore_ascii_case("md"));
        if !markdown {
            return false;
        }
        !own || documents.exclude.patterns().is_empty() || !documents.exclude.matches(&self.display_path(file).1)
    }
}

impl Project {
    /// Returns whether a file is below `.phx`, the folder of schemas, templates and the ledger.
    fn is_setting(&self, file: &Path) -> bool {
        let below = file.strip_prefix(&self.root).unwrap_or(file);
        below.components().any(|part| part.as_os_str() == ".phx")
    }

    /// Returns the reason why a path that the user named cannot contain documents of this project.
    fn foreign(&self, path: &Path) -> Option<&'static str> {
        if self.is_setting(path) {
            return Some("files below `.phx` are not documents");
        }
        let around = path.ancestors().take_while(|folder| *folder != self.root && folder.starts_with(&self.root));
        let is_other = walk::is_repository(&self.root) && around.into_iter().any(walk::is_repository);
        is_other.then_some("it is in a nested repository; run phx there")
    }
}

struct Visitor<'a> {
    project: &'a Project,
    see: &'a (dyn Fn(Visited<'_>) + Sync),
    /// Files visited so far, if several named paths may contain the same file.
    seen: Option<Mutex<BTreeSet<PathBuf>>>,
    result: Mutex<Visit>,
}

impl Visitor<'_> {
    fn tree(&self, root: &Path) {
        if !self.project.store.is_worktree() {
            self.stored(root);
            return;
        }
        walk::walk(root, &|path| self.project.may_be_governed(path), &|entry| match entry {
            WalkEntry::File(file) => self.file(&file),
            WalkEntry::Link(file) => self.link(&file),
            WalkEntry::Unreadable { path, why } => {
                let (path, _) = self.project.display_path(&path);
                (self.see)(Visited::Unreadable { path: &path, why: &why });
            }
        });
    }

    /// Visits the stored files at a path or below it. Returns whether there are any.
    fn stored(&self, root: &Path) -> bool {
        let listing = match self.project.store.listing() {
            Ok(Some(listing)) => listing,
            Ok(None) => return false,
            Err(failure) => {
                self.fail(failure);
                return true;
            }
        };
        let path = paths::relative(&self.project.root, root);
        if listing.contains_key(&path) {
            self.named(root);
            return true;
        }
        let prefix = if path == "." { String::new() } else { format!("{path}/") };
        let below = listing.range(prefix.clone()..).take_while(|(path, _)| path.starts_with(&prefix));
        let files: Vec<PathBuf> =
            below.filter(|(_, object)| object.is_file()).map(|(path, _)| self.project.root.join(path)).collect();
        files.par_iter().filter(|file| self.project.may_be_governed(file)).for_each(|file| self.file(file));
        path == "." || !files.is_empty()
    }

    /// Visits the changed files that may be documents.
    fn changed(&self, changed: Vec<String>, places: &[PathBuf]) {
        let places: Vec<PathBuf> = places.iter().map(|place| paths::absolute(&self.project.cwd, place)).collect();
        let files: Vec<PathBuf> = changed.into_iter().map(|path| self.project.root.join(path)).collect();
        let is_selected = |file: &&PathBuf| {
            let is_below = places.is_empty() || places.iter().any(|place| file.starts_with(place));
            is_below && file.starts_with(&self.project.base) && self.is_file(file) && self.project.may_be_governed(file)
        };
        files.par_iter().filter(is_selected).for_each(|file| self.file(file));
    }

    /// Returns whether a path is a regular file, and not a link or submodule.
    fn is_file(&self, file: &Path) -> bool {
        if self.project.store.is_worktree() {
            return disk::is_plain_file(file);
        }
        self.project.store.object(&self.project.display_path(file).0).is_some_and(|object| object.is_file())
    }

    /// Skips a symbolic link, which is not a document itself. Adds a notice if its target is not a file or directory.
    fn link(&self, file: &Path) {
        if let Err(error) = disk::require_regular(file)
            && !disk::is_directory(file)
        {
            let (path, _) = self.project.display_path(file);
            self.notice(format!("skipped symbolic link `{path}`: {}", disk::explain(&error)));
        }
    }

    /// Visits a file that the user named, even if `documents.include` does not match it, unless it is excluded.
    fn named(&self, file: &Path) {
        let (path, relative_to_base) = self.project.display_path(file);
        if self.project.config.documents.exclude.matches(&relative_to_base) {
            self.notice(format!("skipped `{path}`: it matches `documents.exclude` in phx.toml"));
            return;
        }
        if !self.project.store.is_worktree() {
            if self.is_file(file) {
                self.file(file);
            } else {
                self.notice(format!("skipped `{path}`: links and submodules are not documents"));
            }
            return;
        }
        if let Err(error) = disk::require_regular(file) {
            let why = disk::explain(&error);
            (self.see)(Visited::Unreadable { path: &path, why: &why });
            return;
        }
        self.file(file);
    }

    fn file(&self, file: &Path) {
        if let Some(seen) = &self.seen
            && !lock(seen).insert(file.to_path_buf())
        {
            return;
        }
        let (path, relative_to_base) = self.project.display_path(file);
        self.loaded(self.project.load(file, &path, &relative_to_base), &path);
    }

    fn loaded(&self, loaded: Loaded, path: &str) {
        match loaded {
            Loaded::Document(document) => {
                (self.see)(Visited::Document(&document));
                let entry = CorpusEntry::of(&document);
                self.result(|result| result.corpus.entries.push(entry));
            }
            Loaded::Ignored(markers) => {
                (self.see)(Visited::Ungoverned { path, markers });
                self.result(|result| result.corpus.ignored += 1);
            }
            Loaded::Gone => self.notice(format!("skipped `{path}`: it was removed while phx was reading")),
            Loaded::Unreadable(why) => (self.see)(Visited::Unreadable { path, why: &why }),
            Loaded::TooLarge => (self.see)(Visited::TooLarge { path }),
        }
    }

    fn notice(&self, notice: String) {
        self.result(|result| result.notices.push(notice));
    }

    fn fail(&self, failure: Failure) {
        self.result(|result| result.failures.push(failure));
    }

    fn result(&self, change: impl FnOnce(&mut Visit)) {
        change(&mut lock(&self.result));
    }

    fn finish(self) -> Visit {
        let mut visit = self.result.into_inner().unwrap_or_else(PoisonError::into_inner);
        visit.corpus.entries.sort();
        visit.notices.sort();
        visit
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
