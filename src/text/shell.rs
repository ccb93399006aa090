//! Quotes names for a POSIX shell.

use std::borrow::Cow;

/// Quotes a file name as one word, if necessary. A name that starts with `-` gets the prefix `./`, so that it is not an
/// option.
pub fn quoted(name: &str) -> Cow<'_, str> {
    if name.starts_with('-') { Cow::Owned(format!("'./{}'", escaped(name))) } else { word(name) }
}

/// Quotes a word of a command, if necessary. A leading `-` is kept.
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
    fn word_keeps_a_leading_dash() {
        assert_eq!((word("-c"), word("a b"), word("")), ("-c".into(), "'a b'".into(), "''".into()));
    }

    #[test]
    fn quotes_names_with_special_characters() {
        assert_eq!(quoted("docs/PLAN-1.md"), "docs/PLAN-1.md");
        assert_eq!(quoted("größe.md"), "größe.md");
        assert_eq!(quoted("my docs/it's.md"), "'my docs/it'\\''s.md'");
        assert_eq!(quoted("-f"), "'./-f'");
    }
}
