//! The folder in which a user works: paths are stored from the root of the repository, and shown from this folder.

use std::borrow::Cow;

use super::shell;

/// A folder of the repository, as its path from the root.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Folder(Vec<String>);

impl Folder {
    /// A folder by its path from the root, with `/`; the root itself if it is empty, `.`, or outside.
    pub fn new(path: &str) -> Self {
        let parts: Vec<&str> = path.split('/').filter(|part| !part.is_empty() && *part != ".").collect();
        if parts.contains(&"..") { Self::default() } else { Self(parts.into_iter().map(str::to_owned).collect()) }
    }

    /// A path from the root, as it is written in this folder.
    pub fn shown<'p>(&self, path: &'p str) -> Cow<'p, str> {
        if self.0.is_empty() || path.is_empty() {
            return Cow::Borrowed(path);
        }
        let parts: Vec<&str> = path.split('/').collect();
        let common = self.0.iter().zip(&parts[..parts.len() - 1]).take_while(|(own, part)| own == *part).count();
        let up = "../".repeat(self.0.len() - common);
        Cow::Owned(up + &parts[common..].join("/"))
    }

    /// The same, as one word of a command.
    pub fn quoted(&self, path: &str) -> String {
        shell::quoted(&self.shown(path)).into_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::Folder;

    #[test]
    fn a_path_is_shown_from_the_folder() {
        let folder = Folder::new("docs/plans");
        for (path, shown) in [
            ("docs/plans/a.md", "a.md"),
            ("docs/b.md", "../b.md"),
            ("docs/plans", "../plans"),
            ("README.md", "../../README.md"),
            ("docs/plans/old/c.md", "old/c.md"),
        ] {
            assert_eq!(folder.shown(path), shown);
        }
        assert_eq!(folder.quoted("docs/plans/-x.md"), "'./-x.md'");
        for root in ["", ".", "../elsewhere"] {
            assert_eq!(Folder::new(root).shown("docs/a.md"), "docs/a.md");
        }
    }
}
