//! The last result, kept beside the configuration: section templates read it as the fact `doctor`.

use std::path::{Path, PathBuf};

use serde_json::Value;

use crate::doctor::repo::Repository;
use crate::failure::Failure;
use crate::regen::facts::doctor::FILE;
use crate::report::Color;
use crate::report::doctor::{Run, json};
use crate::system::git::git_dirs;
use crate::system::{disk, inside};

/// Where the last result stands.
pub struct CacheLocation {
    base: PathBuf,
}

/// Where it stands; nowhere outside of a project.
pub fn place(repository: &Repository) -> Option<CacheLocation> {
    let project = repository.project.as_ref().ok()?;
    let base = project.base.clone();
    let is_one = disk::exists(&base.join(crate::config::FILE))
        || disk::is_directory(&base.join(".phx"))
        || git_dirs::repository(&base).is_some();
    is_one.then_some(CacheLocation { base })
}

impl CacheLocation {
    /// Writes it. What a run of some checks did not touch stays as it was, as long as its subject is configured.
    pub fn write(&self, run: &Run, whole: bool, targets: &[String]) -> Result<(), Failure> {
        let file = self.base.join(FILE);
        let mut result: Value = serde_json::from_str(&json::render(run, Color::Plain)).unwrap_or_default();
        if !whole {
            keep(&mut result, &file, targets);
        }
        let text = format!("{result:#}\n");
        inside::require(&self.base, &file)
            .and_then(|()| disk::keep(&file, text.as_bytes()))
            .map_err(|error| Failure::usage(format!("cannot write `{FILE}`: {}", disk::explain(&error))))?;
        // It differs from run to run and from machine to machine, so it is nothing to commit.
        git_dirs::exclude(&self.base, FILE);
        Ok(())
    }
}

/// Adds the results of an earlier run that this one has none of.
fn keep(result: &mut Value, file: &Path, targets: &[String]) {
    let earlier = disk::read_optional(file).ok().flatten().unwrap_or_default();
    let earlier: Value = serde_json::from_slice(&earlier).unwrap_or_default();
    let Some(now) = result["checks"].as_array().cloned() else { return };
    let is_new = |old: &Value| !now.iter().any(|new| new["id"] == old["id"] && new["target"] == old["target"]);
    let is_there = |old: &&Value| targets.iter().any(|target| old["target"] == target.as_str());
    let kept = earlier["checks"]
        .as_array()
        .into_iter()
        .flatten()
        .filter(|old| earlier["version"] == 1 && is_new(old))
        .filter(is_there);
    let mut all: Vec<Value> = kept.cloned().collect();
    all.extend(now);
    let counted = |check: &&Value, outcome: &str| check["suppressed"].is_null() && check["outcome"] == outcome;
    for outcome in ["pass", "warn", "skip", "fail", "error"] {
        result["summary"][outcome] = all.iter().filter(|check| counted(check, outcome)).count().into();
    }
    result["summary"]["suppressed"] = all.iter().filter(|check| !check["suppressed"].is_null()).count().into();
    result["checks"] = Value::Array(all);
}
