//! Fits text to the width of a terminal: wraps prose and truncates the lines of source snippets.

use textwrap::core::display_width;
use textwrap::{WordSeparator, WordSplitter};

/// Fits text to a width in columns. Lines of a source frame (`│` or `·` after an optional line number) are truncated,
/// because a wrapped line would break the alignment; other lines are wrapped with a hanging indent of two columns.
pub fn fit(text: &str, width: usize) -> String {
    let mut fitted = String::with_capacity(text.len());
    for line in text.split_inclusive('\n') {
        let content = line.trim_end_matches('\n');
        let end = &line[content.len()..];
        if display_width(content) <= width {
            fitted.push_str(content);
        } else if is_framed(content) {
            fitted.push_str(&truncated(content, width));
        } else {
            let indent = " ".repeat(content.len() - content.trim_start_matches(' ').len() + 2);
            let options = textwrap::Options::new(width)
                .subsequent_indent(&indent)
                .break_words(false)
                .word_separator(WordSeparator::AsciiSpace)
                .word_splitter(WordSplitter::NoHyphenation);
            let wrapped = textwrap::wrap(content, options);
            fitted.push_str(&wrapped.join("\n"));
        }
        fitted.push_str(end);
    }
    fitted
}

fn is_framed(line: &str) -> bool {
    let mut plain = String::new();
    let mut letters = line.chars();
    while let Some(c) = letters.next() {
        match c {
            '\u{1b}' => while letters.next().is_some_and(|c| c != 'm') {},
            c => plain.push(c),
        }
    }
    let rest = plain.trim_start_matches(|c: char| c == ' ' || c.is_ascii_digit());
    rest.starts_with(['│', '·', '╭', '╰'])
}

/// Truncates a line to `width` columns, including the final `…`, and resets colors.
fn truncated(line: &str, width: usize) -> String {
    let mut out = String::new();
    let (mut used, mut colored) = (0, false);
    let mut letters = line.chars();
    while let Some(c) = letters.next() {
        if c == '\u{1b}' {
            colored = true;
            out.push(c);
            for c in letters.by_ref() {
                out.push(c);
                if c == 'm' {
                    break;
                }
            }
            continue;
        }
        let columns = display_width(c.encode_utf8(&mut [0; 4]));
        if used + columns >= width {
            out.push('…');
            break;
        }
        used += columns;
        out.push(c);
    }
    if colored {
        out.push_str("\u{1b}[0m");
    }
    out
}

#[cfg(test)]
mod tests {
    use super::fit;

    #[test]
    fn wraps_prose_and_truncates_frames() {
        assert_eq!(fit("  help: one two three\n", 14), "  help: one\n    two three\n");
        assert_eq!(fit(" 12 │ one two three\n   · ───────────\n", 10), " 12 │ one…\n   · ────…\n");
        assert_eq!(fit("\u{1b}[31m 1 │ abcdef\u{1b}[0m", 6), "\u{1b}[31m 1 │ …\u{1b}[0m");
        assert_eq!(fit("short\n\n", 10), "short\n\n");
        // Words are not broken, so that paths and commands can be copied.
        assert_eq!(fit("see docs/a-very-long-name.md\n", 10), "see\n  docs/a-very-long-name.md\n");
    }
}
