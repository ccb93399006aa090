//! Splits emoji off the start or end of a text.

use unicode_properties::UnicodeEmoji;

/// Returns whether a character only occurs as part of an emoji sequence: joiner, variation selector, keycap, skin tone.
fn is_emoji_modifier(c: char) -> bool {
    matches!(c, '\u{200D}' | '\u{FE0E}' | '\u{FE0F}' | '\u{20E3}' | '\u{1F3FB}'..='\u{1F3FF}')
}

/// Returns whether a character is displayed as an emoji. Digits, `#`, `*`, `©` and other characters up to U+00FF that
/// have the Unicode property Emoji (UTS #51) count as text.
pub fn is_emoji(c: char) -> bool {
    c > '\u{FF}' && c.is_emoji_char()
}

/// Splits leading emoji and the white space after them off a text.
///
/// `🚧 In Progress` becomes (`🚧`, `In Progress`); without an emoji the first part is empty.
pub fn split_leading(text: &str) -> (&str, &str) {
    if text.as_bytes().first().is_some_and(u8::is_ascii_graphic) {
        return ("", text);
    }
    let mut end = 0;
    for (at, c) in text.char_indices() {
        if is_emoji(c) || (end > 0 && is_emoji_modifier(c)) {
            end = at + c.len_utf8();
        } else if !(end > 0 && c == ' ' && text[at..].trim_start().starts_with(is_emoji)) {
            break;
        }
    }
    (&text[..end], text[end..].trim_start())
}

/// Splits trailing emoji, and the white space before them, off a text: (`text`, `emoji`).
pub fn split_trailing(text: &str) -> (&str, &str) {
    let text = text.trim_end();
    if text.as_bytes().last().is_some_and(u8::is_ascii) {
        return (text, "");
    }
    let mut start = text.len();
    for (at, c) in text.char_indices().rev() {
        if is_emoji(c) {
            start = at;
        } else if !(is_emoji_modifier(c) || c == ' ') {
            break;
        }
    }
    (text[..start].trim_end(), &text[start..])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn splits_leading_emoji_with_modifiers() {
        assert_eq!(split_leading("🚧 In Progress"), ("🚧", "In Progress"));
        assert_eq!(split_leading("⚠️ Database"), ("⚠️", "Database"));
        assert_eq!(split_leading("3 of 4"), ("", "3 of 4"));
        assert_eq!(split_leading("©2025"), ("", "©2025"));
    }

    #[test]
    fn splits_trailing_emoji() {
        assert_eq!(split_trailing("Phase 1 ✅"), ("Phase 1", "✅"));
        assert_eq!(split_trailing("Phase 1"), ("Phase 1", ""));
    }
}
