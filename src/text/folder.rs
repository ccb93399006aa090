//! Working directory of the user. Paths are stored relative to the repository root and displayed relative to it.

use std::borrow::Cow;

use super::shell;

/// Folder of the repository, stored as the components of its path from the root.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Folder(Vec<String>);

impl Folder {
    /// Creates a folder from its `/`-separated path from the root. Empty, `.` and paths with `..` are the root.
    pub fn new(path: &str) -> Self {
        let parts: Vec<&str> = path.split('/').filter(|part| !part.is_empty() && *part != ".").collect();
        if parts.contains(&"..") { Self::default() } else { Self(parts.into_iter().map(str::to_owned).collect()) }
    }

    /// Returns a path from the root relative to this folder.
    pub fn display_path<'p>(&self, path: &'p str) -> Cow<'p, str> {
        if self.0.is_empty() || path.is_empty() {
            return Cow::Borrowed(path);
        }
        let parts: Vec<&str> = path.split('/').collect();
        let common = self.0.iter().zip(&parts[..parts.len() - 1]).take_while(|(own, part)| own == *part).count();
        let up = "../".repeat(self.0.len() - common);
        Cow::Owned(up + &parts[common..].join("/"))
    }

    /// Returns the path relative to this folder, quoted as one shell word.
    pub fn quoted(&self, path: &str) -> String {
        shell::quoted(&self.display_path(path)).into_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::Folder;

    #[test]
    fn returns_paths_relative_to_the_folder() {
        let folder = Folder::new("docs/plans");
        for (path, shown) in [
            ("docs/plans/a.md", "a.md"),
            ("docs/b.md", "../b.md"),
            ("docs/plans", "../plans"),
            ("README.md", "../../README.md"),
            ("docs/plans/old/c.md", "old/c.md"),
        ] {
            assert_eq!(folder.display_path(path), shown);
        }
        assert_eq!(folder.quoted("docs/plans/-x.md"), "'./-x.md'");
        for root in ["", ".", "../elsewhere"] {
            assert_eq!(Folder::new(root).display_path("docs/a.md"), "docs/a.md");
        }
    }
}
