//! Names as a POSIX shell reads them.

use std::borrow::Cow;

/// The name as one word of a command: in quotes where it holds anything that a shell might read otherwise.
pub fn quoted(name: &str) -> Cow<'_, str> {
    let plain = |c: char| c.is_alphanumeric() || matches!(c, '/' | '.' | '_' | '-' | '+' | ',' | '=' | ':' | '@' | '%');
    if !name.is_empty() && name.chars().all(plain) && !name.starts_with('-') {
        return Cow::Borrowed(name);
    }
    let dashed = if name.starts_with('-') { "./" } else { "" };
    Cow::Owned(format!("'{dashed}{}'", name.replace('\'', "'\\''")))
}

#[cfg(test)]
mod tests {
    use super::quoted;

    #[test]
    fn odd_names_are_quoted() {
        assert_eq!(quoted("docs/PLAN-1.md"), "docs/PLAN-1.md");
        assert_eq!(quoted("größe.md"), "größe.md");
        assert_eq!(quoted("my docs/it's.md"), "'my docs/it'\\''s.md'");
        assert_eq!(quoted("-f"), "'./-f'");
    }
}
