//! Finds rows, pairs and lines that a new body no longer contains and that no template renders again.

use super::labels;
use crate::document::{body, fields};
use crate::text::{Span, emoji, lines, slug};

/// Line of the old body that the new one does not contain in any form.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Loss {
    /// Line in the body, from 0.
    pub line: usize,
    pub text: String,
}

/// Finds the losses. A line is not lost if a new text contains it, or a line with the same label, title or first cell.
pub fn find(old: &str, new: &[&str], aliases: &[(String, String)]) -> Vec<Loss> {
    let remaining: Vec<&str> = new.iter().flat_map(|text| texts(text)).map(str::trim).collect();
    let keys: Vec<String> = remaining.iter().filter_map(|line| key(line)).collect();
    let present: Vec<&str> = keys.iter().map(String::as_str).collect();
    let is_lost = |line: &str| {
        let Some(key) = key(line) else { return false };
        !remaining.contains(&line) && labels::find(&present, &key, aliases).is_none()
    };
    let losses = texts(old).map(str::trim).enumerate().filter(|(_, line)| is_lost(line));
    losses.map(|(line, text)| Loss { line, text: text.to_owned() }).collect()
}

fn texts(body: &str) -> impl Iterator<Item = &str> {
    lines::of(body, Span::new(0, body.len())).map(move |line| line.slice(body))
}

/// Returns the words that identify a line; `None` for a line without words, such as the delimiter row of a table.
fn key(line: &str) -> Option<String> {
    let line = line.trim();
    let bare = line.trim_start_matches(['#', '>']).trim_start();
    let bare = emoji::split_leading(&bare[body::bullet(bare)..]).1.trim_start();
    let bare = ["[ ]", "[x]", "[X]"].into_iter().find_map(|mark| bare.strip_prefix(mark)).unwrap_or(bare);
    let words = if let Some(row) = bare.strip_prefix('|') {
        row.split('|').next().unwrap_or_default()
    } else {
        // A label, a title before a dash, or all of it.
        let end = [":", " - ", " – ", " — ", " ("].iter().filter_map(|mark| bare.find(mark)).min();
        &bare[..end.unwrap_or(bare.len())]
    };
    let words = fields::plain(words.trim_matches(['*', '_', '~', ' ']));
    let id = slug(&words);
    (!id.is_empty() && id.chars().any(char::is_alphanumeric)).then_some(words)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lost(old: &str, new: &str) -> Vec<String> {
        find(old, &[new], &[]).into_iter().map(|loss| loss.text).collect()
    }

    #[test]
    fn a_line_is_lost_if_no_similar_line_remains() {
        let new = "Total: 3\n\n| Name | State |\n|---|---|\n| Tides | Done |\n\n- **Berths** (2 points)\n";
        assert_eq!(lost("**Total**: 2\n\n| Tides | Open |\n- ✅ Berths - planned\n|:--|--:|\n", new), [""; 0]);
        assert_eq!(
            lost("Total: 2\nCapacity: 9 days\n| Vendor API | signed |\nA word of mine.\n", new),
            ["Capacity: 9 days", "| Vendor API | signed |", "A word of mine."]
        );
    }
}
