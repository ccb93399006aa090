//! Escapes text from documents, file names and commits for terminals and logs.
//!
//! Control characters can move the cursor, hide text or start a new line; bidirectional controls can reorder text. Both
//! are replaced by visible escapes such as `\u{1b}`. In a line that a CI system would interpret as a workflow command
//! (`::add-mask::`, `##[group]`, also if indented), the first character of the command is escaped.

use std::borrow::Cow;

/// Escapes text for a single line, including line endings.
pub fn line(text: &str) -> Cow<'_, str> {
    escaped(text, |c, _| is_control(c) && c != '\t')
}

/// Escapes text of several lines, such as a diff. A carriage return is kept only as part of CRLF.
pub fn lines(text: &str) -> Cow<'_, str> {
    escaped(text, |c, next| match c {
        '\n' | '\t' => false,
        '\r' => next != Some('\n'),
        c => is_control(c),
    })
}

/// Escapes JSON text. Control characters except line feeds occur only inside strings, so the value does not change.
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

/// Escapes text for a cell of a Markdown table, so that it is displayed literally.
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
    // Unicode Bidi_Control, the line and paragraph separators, and the tag characters.
    let is_bidirectional =
        matches!(c, '\u{61C}' | '\u{200E}' | '\u{200F}' | '\u{202A}'..='\u{202E}' | '\u{2066}'..='\u{2069}');
    c.is_control() || is_bidirectional || matches!(c, '\u{2028}' | '\u{2029}' | '\u{E0000}'..='\u{E007F}')
}

fn escaped(text: &str, is_unsafe: impl Fn(char, Option<char>) -> bool) -> Cow<'_, str> {
    // Fast path: printable ASCII that is not a workflow command.
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

/// Returns whether a line starts with a workflow command of GitHub Actions or Azure Pipelines.
fn is_command(line: &str) -> bool {
    let line = line.trim_start();
    line.starts_with("::") || line.starts_with("##[")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn escapes_control_characters_and_commands() {
        assert_eq!(line("a\u{1b}[2K\nb\tc\r\u{9b}"), "a\\u{1b}[2K\\nb\tc\\r\\u{9b}");
        assert_eq!(lines("a\u{1b}[8m\r\nb\rc\n"), "a\\u{1b}[8m\r\nb\\rc\n");
        assert_eq!(line("x\u{202e}y\u{2066}"), "x\\u{202e}y\\u{2066}");
        assert_eq!(line("größe – ✅ 漢字"), "größe – ✅ 漢字");
        assert_eq!(lines(" ::add-mask::x\n##[group]\n# a\n"), " \\u{3a}:add-mask::x\n\\u{23}#[group]\n# a\n");
    }

    #[test]
    fn json_escapes_preserve_the_value() {
        let text = "\u{9b}\u{202e}\u{7f}\u{e0001}ö";
        let escaped = json(&serde_json::Value::from(text).to_string()).into_owned();
        assert_eq!(escaped, "\"\\u009b\\u202e\\u007f\\udb40\\udc01ö\"");
        assert_eq!(serde_json::from_str::<String>(&escaped).ok().as_deref(), Some(text));
    }

    #[test]
    fn markdown_escapes_markup() {
        assert_eq!(markdown("`<img>` a\\|b\n@x"), "\\`\\<img\\>\\` a\\\\\\|b\\\\n\\@x");
    }
}
