//! Names as a POSIX shell reads them.

use std::borrow::Cow;

/// The name as one word of a command: in quotes where it holds anything that a shell might read otherwise.
pub fn quoted(name: &str) -> Cow<'_, str> {
    if name.starts_with('-') { Cow::Owned(format!("'./{}'", escaped(name))) } else { word(name) }
}

/// A word of a command, an option too.
pub fn word(text: &str) -> Cow<'_, str> {
    let plain = |c: char| c.is_alphanumeric() || matches!(c, '/' | '.' | '_' | '-' | '+' | ',' | '=' | ':' | '@' | '%');
    if !text.is_empty() && text.chars().all(plain) {
        return Cow::Borrowed(text);
    }
    Cow::Owned(format!("'{}'", escaped(text)))
}

fn escaped(text: &str) -> String {
    text.replace('\'', "'\\''")
}

#[cfg(test)]
mod tests {
    use super::{quoted, word};

    #[test]
    fn an_option_stays_one() {
        assert_eq!((word("-c"), word("a b"), word("")), ("-c".into(), "'a b'".into(), "''".into()));
    }

    #[test]
    fn odd_names_are_quoted() {
        assert_eq!(quoted("docs/PLAN-1.md"), "docs/PLAN-1.md");
        assert_eq!(quoted("größe.md"), "größe.md");
        assert_eq!(quoted("my docs/it's.md"), "'my docs/it'\\''s.md'");
        assert_eq!(quoted("-f"), "'./-f'");
    }
}
