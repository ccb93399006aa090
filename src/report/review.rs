//! Output of `phx review`: changes since the last review.

use super::{Color, regen};
use crate::corpus::reviews::{Changed, ChangesSinceReview};
use crate::text::printable;

/// Renders the changes of one document.
pub(crate) fn text(path: &str, since: &ChangesSinceReview, color: Color) -> String {
    let mut out = format!("{}\n", printable::line(path));
    match since.last.as_ref().map(|review| review.at) {
        Some(at) => out.push_str(&format!("  last review: {}\n", super::rfc3339(at))),
        None => out.push_str("  never reviewed\n"),
    }
    for section in &since.sections {
        let (status, text, prefix) = match &section.change {
            Changed::New(text) => ("never reviewed", text.as_str(), " "),
            Changed::Nothing => ("unchanged", "", ""),
            Changed::Text(diff) => ("changed", diff.as_str(), ""),
        };
        out.push_str(&format!("  {} (line {}): {status}\n", printable::line(&section.name), section.line));
        let shown = text.lines().fold(String::new(), |all, line| format!("{all}{prefix}{line}\n"));
        for line in regen::colored(&shown, color).lines() {
            out.push_str(&format!("    {line}\n"));
        }
    }
    if since.sections.is_empty() {
        out.push_str("  no section has a MANUAL marker\n");
    }
    for name in &since.edited {
        out.push_str(&format!(
            "  AUTO block `{}` was edited by hand; reviews do not cover it\n",
            printable::line(name)
        ));
    }
    match (&since.sources, since.names_sources) {
        (_, false) => {}
        (None, true) => out.push_str("  source files: never reviewed\n"),
        (Some(changed), true) if changed.is_empty() => out.push_str("  source files: unchanged\n"),
        (Some(changed), true) => {
            out.push_str("  changed source files:\n");
            for path in changed {
                out.push_str(&format!("    {}\n", printable::line(path)));
            }
        }
    }
    out
}
