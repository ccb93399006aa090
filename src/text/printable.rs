//! Text of others on a terminal or in a log: what a reader sees is what is there.
//!
//! Control characters, which move the cursor, hide text or start a line of their own, and bidirectional controls, which
//! show text in another order, become visible escapes such as `\u{1b}`.

use std::borrow::Cow;

/// Text that stands on one line; line ends are escaped too.
pub fn line(text: &str) -> Cow<'_, str> {
    escaped(text, |c, _| is_control(c) && c != '\t')
}

/// Text of several lines, such as a diff. A carriage return is kept at the end of a line only.
pub fn lines(text: &str) -> Cow<'_, str> {
    escaped(text, |c, next| match c {
        '\n' | '\t' => false,
        '\r' => next != Some('\n'),
        c => is_control(c),
    })
}

/// JSON text. Control characters other than line feeds are in its strings, where an escape means the same.
pub fn json(text: &str) -> Cow<'_, str> {
    if text.bytes().all(|byte| matches!(byte, b'\n' | b' '..=b'~')) {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        if c != '\n' && is_control(c) {
            out.extend(c.encode_utf16(&mut [0; 2]).iter().map(|unit| format!("\\u{unit:04x}")));
        } else {
            out.push(c);
        }
    }
    Cow::Owned(out)
}

/// Text in a cell of a Markdown table: a reader of the page sees the characters, and none of them is markup.
pub fn markdown(text: &str) -> String {
    const MARKUP: &[char] = &['\\', '`', '*', '_', '[', ']', '<', '>', '|', '~', '#', '&', '!', '@', '$'];
    let mut out = String::with_capacity(text.len());
    for c in line(text).chars() {
        if MARKUP.contains(&c) {
            out.push('\\');
        }
        out.push(c);
    }
    out
}

fn is_control(c: char) -> bool {
    // Unicode's Bidi_Control, the separators of lines and paragraphs, and the tag characters.
    let is_bidirectional =
        matches!(c, '\u{61C}' | '\u{200E}' | '\u{200F}' | '\u{202A}'..='\u{202E}' | '\u{2066}'..='\u{2069}');
    c.is_control() || is_bidirectional || matches!(c, '\u{2028}' | '\u{2029}' | '\u{E0000}'..='\u{E007F}')
}

fn escaped(text: &str, is_unsafe: impl Fn(char, Option<char>) -> bool) -> Cow<'_, str> {
    // Most text is plain; in ASCII, what is a control character is below the space or DEL.
    if text.bytes().all(|byte| matches!(byte, b' '..=b'~')) {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len());
    let mut rest = text.chars().peekable();
    while let Some(c) = rest.next() {
        if is_unsafe(c, rest.peek().copied()) {
            out.extend(c.escape_default());
        } else {
            out.push(c);
        }
    }
    Cow::Owned(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn controls_are_shown() {
        assert_eq!(line("a\u{1b}[2K\nb\tc\r\u{9b}"), "a\\u{1b}[2K\\nb\tc\\r\\u{9b}");
        assert_eq!(lines("a\u{1b}[8m\r\nb\rc\n"), "a\\u{1b}[8m\r\nb\\rc\n");
        assert_eq!(line("x\u{202e}y\u{2066}"), "x\\u{202e}y\\u{2066}");
        assert_eq!(line("größe – ✅ 漢字"), "größe – ✅ 漢字");
    }

    #[test]
    fn escapes_in_json_mean_the_same() {
        let text = "\u{9b}\u{202e}\u{7f}\u{e0001}ö";
        let escaped = json(&serde_json::Value::from(text).to_string()).into_owned();
        assert_eq!(escaped, "\"\\u009b\\u202e\\u007f\\udb40\\udc01ö\"");
        assert_eq!(serde_json::from_str::<String>(&escaped).ok().as_deref(), Some(text));
    }

    #[test]
    fn markdown_shows_the_characters() {
        assert_eq!(markdown("`<img>` a\\|b\n@x"), "\\`\\<img\\>\\` a\\\\\\|b\\\\n\\@x");
    }
}
