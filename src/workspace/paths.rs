//! Paths for messages: relative to the root, with `/` on every platform.

use std::ffi::OsStr;
use std::path::{Component, Path, PathBuf};

/// Makes a path absolute and removes `.` and `..`, without resolving links.
pub(crate) fn absolute(cwd: &Path, path: &Path) -> PathBuf {
    let mut clean = PathBuf::new();
    for component in cwd.join(path).components() {
        match component {
            Component::CurDir => {}
            Component::ParentDir => {
                clean.pop();
            }
            other => clean.push(other),
        }
    }
    clean
}

/// Returns `path` relative to `base`, with `/`. Both must be absolute, without `.` and `..`. Bytes that are not UTF-8
/// become `U+FFFD`.
pub(crate) fn relative(base: &Path, path: &Path) -> String {
    if let Some(below) = below(base, path) {
        return below;
    }
    let mut from = base.components().peekable();
    let mut to = path.components().peekable();
    while from.peek().is_some() && from.peek() == to.peek() {
        from.next();
        to.next();
    }
    if matches!(from.peek(), Some(Component::Prefix(_))) {
        return path.to_string_lossy().replace('\\', "/");
    }
    let up = from.map(|_| OsStr::new(".."));
    let parts: Vec<_> = up.chain(to.map(Component::as_os_str)).map(OsStr::to_string_lossy).collect();
    if parts.is_empty() { ".".to_owned() } else { parts.join("/") }
}

/// Fast path for the usual case, a file below the base.
fn below(base: &Path, path: &Path) -> Option<String> {
    let rest = path.to_str()?.strip_prefix(base.to_str()?)?.strip_prefix(std::path::MAIN_SEPARATOR)?;
    (!rest.is_empty()).then(|| rest.replace(std::path::MAIN_SEPARATOR, "/"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_relative_to_the_root() {
        let root = absolute(Path::new("/"), Path::new("work/repo"));
        let display = |path: &str| relative(&root, &absolute(&root.join("docs"), Path::new(path)));
        assert_eq!(display("a.md"), "docs/a.md");
        assert_eq!(display("../b.md"), "b.md");
        assert_eq!(display("./../../other/c.md"), "../other/c.md");
        assert_eq!(display(".."), ".");
    }
}
