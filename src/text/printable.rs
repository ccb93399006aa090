//! Makes text from documents, names and commits safe to print on a terminal or into a log.
//!
//! Control characters, which move the cursor, hide text or start a line of their own, and bidirectional controls, which
//! show text in another order, become visible escapes such as `\u{1b}`. A line that a pipeline would take for a command
//! (`::add-mask::`, `##[group]`), which may be indented, loses the first character of the mark in the same way.

use std::borrow::Cow;

/// Text on one line; line ends are escaped too.
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
    if text.bytes().all(|byte| matches!(byte, b' '..=b'~')) && !is_command(text) {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len());
    let mut starts_line = true;
    for (at, c) in text.char_indices() {
        let next = text[at + c.len_utf8()..].chars().next();
        if is_unsafe(c, next) {
            out.extend(c.escape_default());
        } else if starts_line && matches!(c, ':' | '#') && is_command(&text[at..]) {
            out.extend(c.escape_unicode());
        } else {
            out.push(c);
        }
        starts_line = c == '\n' || (starts_line && c.is_whitespace());
    }
    Cow::Owned(out)
}

/// Whether a line starts with a command of a pipeline.
fn is_command(line: &str) -> bool {
    let line = line.trim_start();
    line.starts_with("::") || line.starts_with("##[")
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
        assert_eq!(lines(" ::add-mask::x\n##[group]\n# a\n"), " \\u{3a}:add-mask::x\n\\u{23}#[group]\n# a\n");
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
