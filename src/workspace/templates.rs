//! Reads the section templates of a repository, which override the built-in ones.

use super::Store;
use super::project::{inside, unreadable};
use crate::failure::Failure;
use crate::regen::TemplateOverride;

/// Reads `.phx/templates/sections/<name>.md` and `.phx/templates/sections/<kind>/<name>.md` below `base`.
pub(crate) fn overrides(store: &Store, base: &str) -> Result<Vec<TemplateOverride>, Failure> {
    let directory = inside(base, ".phx/templates/sections");
    let mut found = Vec::new();
    for (name, path) in list(store, &directory)? {
        match name.strip_suffix(".md") {
            Some(key) => found.push(read(store, key.to_owned(), path)?),
            None => {
                for (file, path) in list(store, &path)? {
                    if let Some(key) = file.strip_suffix(".md") {
                        found.push(read(store, format!("{name}/{key}"), path)?);
                    }
                }
            }
        }
    }
    Ok(found)
}

fn list(store: &Store, directory: &str) -> Result<Vec<(String, String)>, Failure> {
    store.list(directory).map_err(|error| unreadable(directory, &error))
}

fn read(store: &Store, key: String, path: String) -> Result<TemplateOverride, Failure> {
    let bytes = store.read(&path).map_err(|error| unreadable(&path, &error))?.unwrap_or_default();
    let text = String::from_utf8(bytes)
        .map_err(|_| Failure::usage(format!("`{path}` is not valid UTF-8")).hint("save the file as UTF-8"))?;
    Ok(TemplateOverride { key, path, text })
}
