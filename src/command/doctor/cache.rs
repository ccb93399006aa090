//! Cache of the last results, stored next to the configuration. Templates read it as the fact `doctor`.

use std::path::{Path, PathBuf};

use serde_json::Value;

use crate::doctor::repo::Repository;
use crate::failure::Failure;
use crate::regen::facts::doctor::FILE;
use crate::report::Color;
use crate::report::doctor::{Run, json};
use crate::system::git::git_dirs;
use crate::system::{disk, inside};

/// Location of the cached results.
pub(super) struct CacheLocation {
    base: PathBuf,
}

/// Returns the location of the cache, or `None` outside of a project.
pub(super) fn place(repository: &Repository) -> Option<CacheLocation> {
    let project = repository.project.as_ref().ok()?;
    let base = project.base.clone();
    let is_project = disk::exists(&base.join(crate::config::FILE))
        || disk::is_directory(&base.join(".phx"))
        || git_dirs::repository(&base).is_some();
    is_project.then_some(CacheLocation { base })
}

impl CacheLocation {
    /// Writes the results. If `whole` is false, keeps earlier results of other checks whose targets are still
    /// configured.
    pub(super) fn write(&self, run: &Run, whole: bool, targets: &[String]) -> Result<(), Failure> {
        let file = self.base.join(FILE);
        let mut result: Value = serde_json::from_str(&json::render(run, Color::Plain)).unwrap_or_default();
        if !whole {
            merge_earlier(&mut result, &file, targets);
        }
        let text = format!("{result:#}\n");
        inside::require(&self.base, &file)
            .and_then(|()| disk::replace_unsynced(&file, text.as_bytes()))
            .map_err(|error| Failure::usage(format!("cannot write `{FILE}`: {}", disk::explain(&error))))?;
        // Results differ between runs and machines, so the file must not be committed.
        git_dirs::exclude(&self.base, FILE);
        Ok(())
    }
}

/// Adds results of an earlier run for checks that this run did not execute.
fn merge_earlier(result: &mut Value, file: &Path, targets: &[String]) {
    let earlier = disk::read_optional(file).ok().flatten().unwrap_or_default();
    let earlier: Value = serde_json::from_slice(&earlier).unwrap_or_default();
    let Some(now) = result["checks"].as_array().cloned() else { return };
    let is_new = |old: &Value| !now.iter().any(|new| new["id"] == old["id"] && new["target"] == old["target"]);
    let is_configured = |old: &&Value| targets.iter().any(|target| old["target"] == target.as_str());
    let retained = earlier["checks"]
        .as_array()
        .into_iter()
        .flatten()
        .filter(|old| earlier["version"] == 1 && is_new(old))
        .filter(is_configured);
    let mut all: Vec<Value> = retained.cloned().collect();
    all.extend(now);
    let counted = |check: &&Value, outcome: &str| check["suppressed"].is_null() && check["outcome"] == outcome;
    for outcome in ["pass", "warn", "skip", "fail", "error"] {
        result["summary"][outcome] = all.iter().filter(|check| counted(check, outcome)).count().into();
    }
    result["summary"]["suppressed"] = all.iter().filter(|check| !check["suppressed"].is_null()).count().into();
    result["checks"] = Value::Array(all);
}
