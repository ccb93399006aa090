//! Source files of documents: the files that the globs in `sources` match, relative to the root.

use std::path::Path;

use super::Project;
use crate::config::Globs;
use crate::corpus::reviews;
use crate::system::disk;
use crate::system::git::objects;

impl Project {
    /// Returns a hash of the paths and contents of the files that the globs match, in the tree of the project's store.
    /// Returns `None` if Git fails.
    pub fn sources_hash(&self, globs: &[String]) -> Option<String> {
        if let Some(known) = self.sources.lock().ok()?.get(globs) {
            return known.clone();
        }
        let hash = self.hash_sources(globs);
        self.sources.lock().ok()?.insert(globs.to_vec(), hash.clone());
        hash
    }

    fn hash_sources(&self, globs: &[String]) -> Option<String> {
        let matching = Globs::new(globs.to_vec()).ok()?;
        let mut files = match self.store.revision() {
            Some(_) => self.store.listing().ok()??.clone(),
            None => objects::matching(&self.root, globs).ok()?,
        };
        if self.store.is_worktree() {
            let changed = objects::unstaged(&self.root, globs).ok()?;
            let there = |path: &&String| disk::is_plain_file(&self.root.join(Path::new(path.as_str())));
            let ids = objects::hashes(&self.root, &changed.iter().filter(there).collect::<Vec<_>>()).ok()?;
            for path in &changed {
                files.remove(path);
            }
            files.extend(ids);
        }
        let matched = files.iter().filter(|(path, _)| matching.matches(path));
        Some(reviews::files_hash(matched.map(|(path, object)| (path.as_str(), object.id.as_str()))))
    }

    /// Returns whether the globs match one of the paths.
    pub fn are_sources_touched(globs: &[String], paths: &[&str]) -> bool {
        // Most globs start with a folder that none of the paths has, and need not be compiled.
        let near = |glob: &&String| {
            let plain = glob.trim_start_matches("./");
            let plain = &plain[..plain.find(['*', '?', '[', '{', '\\']).unwrap_or(plain.len())];
            paths.iter().any(|path| path.starts_with(plain))
        };
        let near: Vec<String> = globs.iter().filter(near).cloned().collect();
        !near.is_empty() && Globs::new(near).is_ok_and(|globs| paths.iter().any(|path| globs.matches(path)))
    }
}
