//! The section templates that a repository puts in the place of those in the binary.

use std::path::Path;

use super::paths;
use crate::failure::Failure;
use crate::regen::Override;
use crate::system::disk;

/// Reads `.phx/templates/sections/<name>.md` and `.phx/templates/sections/<kind>/<name>.md`.
pub fn overrides(base: &Path, root: &Path) -> Result<Vec<Override>, Failure> {
    let directory = base.join(".phx").join("templates").join("sections");
    let mut found = Vec::new();
    for (name, path) in list(root, &directory)? {
        match name.strip_suffix(".md") {
            Some(key) => found.push(read(root, key.to_owned(), &path)?),
            None => {
                for (file, path) in list(root, &path)? {
                    if let Some(key) = file.strip_suffix(".md") {
                        found.push(read(root, format!("{name}/{key}"), &path)?);
                    }
                }
            }
        }
    }
    Ok(found)
}

fn list(root: &Path, directory: &Path) -> Result<Vec<(String, std::path::PathBuf)>, Failure> {
    disk::list(directory).map_err(|error| failed(root, directory, &error))
}

fn read(root: &Path, key: String, path: &Path) -> Result<Override, Failure> {
    let bytes = disk::read_optional(path).map_err(|error| failed(root, path, &error))?.unwrap_or_default();
    let said = paths::relative(root, path);
    let text = String::from_utf8(bytes)
        .map_err(|_| Failure::usage(format!("`{said}` is not UTF-8")).hint("save it as UTF-8"))?;
    Ok(Override { key, path: said, text })
}

fn failed(root: &Path, path: &Path, error: &std::io::Error) -> Failure {
    let said = paths::relative(root, path);
    Failure::usage(format!("`{said}` cannot be read: {}", disk::explain(error)))
}
