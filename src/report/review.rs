//! What changed since the last review, for the person who is to vouch for it.

use super::{Color, regen};
use crate::corpus::reviews::{Changed, ChangesSinceReview};
use crate::text::printable;

/// One document as a person reads it.
pub fn text(path: &str, since: &ChangesSinceReview, color: Color) -> String {
    let mut out = format!("{}\n", printable::line(path));
    match since.last.as_ref().map(|review| review.at) {
        Some(at) => out.push_str(&format!("  last review on record: {}\n", super::rfc3339(at))),
        None => out.push_str("  no review on record\n"),
    }
    for section in &since.sections {
        let (word, text, sign) = match &section.what {
            Changed::New(text) => ("nobody has reviewed it on record", text.as_str(), " "),
            Changed::Nothing => ("unchanged", "", ""),
            Changed::Text(diff) => ("changed", diff.as_str(), ""),
        };
        out.push_str(&format!("  {} (line {}): {word}\n", printable::line(&section.name), section.line));
        let shown = text.lines().fold(String::new(), |all, line| format!("{all}{sign}{line}\n"));
        for line in regen::colored(&shown, color).lines() {
            out.push_str(&format!("    {line}\n"));
        }
    }
    if since.sections.is_empty() {
        out.push_str("  no MANUAL section is marked\n");
    }
    for name in &since.edited {
        out.push_str(&format!(
            "  the AUTO block {} was edited by hand; no review vouches for it\n",
            printable::line(name)
        ));
    }
    match (&since.sources, since.names_sources) {
        (_, false) => {}
        (None, true) => out.push_str("  sources: no review knows them yet\n"),
        (Some(changed), true) if changed.is_empty() => out.push_str("  sources: unchanged\n"),
        (Some(changed), true) => {
            out.push_str("  sources that changed:\n");
            for path in changed {
                out.push_str(&format!("    {}\n", printable::line(path)));
            }
        }
    }
    out
}
