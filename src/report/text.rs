//! Format `text`: message, source snippet and help, rendered by miette.

use std::borrow::Cow;
use std::fmt;

use miette::{
    Diagnostic, GraphicalReportHandler, GraphicalTheme, LabeledSpan, MietteError, MietteSpanContents, SourceCode,
    SourceSpan, SpanContents, ThemeCharacters, ThemeStyles,
};

use super::{Color, Report};
use crate::finding::{Excerpt, Finding, Severity};
use crate::text::{Folder, printable};

/// Renders all findings and a summary line.
pub(crate) fn render(report: &Report<'_>, color: Color) -> String {
    let mut text: String = report.findings.iter().map(|found| finding(found, report.folder, color) + "\n").collect();
    let summary = report.summary();
    if !summary.is_empty() {
        text.push_str(&summary);
        text.push('\n');
    }
    text
}

pub(crate) fn finding(finding: &Finding, folder: &Folder, color: Color) -> String {
    let mut text = header(finding, color);
    if finding.excerpt.text.is_empty() {
        text.push_str(&format!("   ╭─[{}]\n   ╰─\n", printable::line(&folder.display_path(&finding.path))));
        if !finding.help.is_empty() {
            text.push_str(&format!("  help: {}\n", printable::line(&finding.help)));
        }
        return text;
    }
    let theme = GraphicalTheme {
        characters: ThemeCharacters::unicode(),
        styles: match color {
            Color::Ansi => ThemeStyles::ansi(),
            Color::Plain => ThemeStyles::none(),
        },
    };
    let handler = GraphicalReportHandler::new_themed(theme)
        .with_context_lines(1)
        .with_width(4096)
        .with_links(false)
        .with_wrap_lines(false);
    let mut rendered = String::new();
    if handler.render_report(&mut rendered, &Snippet::new(finding, folder)).is_err() {
        rendered.clear();
    }
    // The first line is the header of miette, which is empty.
    let body = rendered.split_once('\n').map_or("", |(_, body)| body);
    for line in body.trim_end().lines() {
        text.push_str(line.trim_end());
        text.push('\n');
    }
    text
}

fn header(finding: &Finding, color: Color) -> String {
    let head = format!("{}[{}]", finding.severity.name(), finding.rule);
    let message = printable::line(&finding.message);
    match color {
        Color::Plain => format!("{head}: {message}\n"),
        Color::Ansi => {
            let shade = if finding.severity == Severity::Error { 31 } else { 33 };
            format!("\x1b[1;{shade}m{head}\x1b[0m\x1b[1m: {message}\x1b[0m\n")
        }
    }
}

/// Adapter from a finding to miette, with escaped control characters.
struct Snippet<'a> {
    finding: &'a Finding,
    path: String,
    text: String,
    help: Cow<'a, str>,
    /// Offset and length, in `text`, of the first line of the finding's range.
    location: (usize, usize),
}

impl<'a> Snippet<'a> {
    fn new(finding: &'a Finding, folder: &Folder) -> Self {
        let path = printable::line(&folder.display_path(&finding.path)).into_owned();
        let excerpt: &Excerpt = &finding.excerpt;
        let bytes = finding.range.bytes;
        let at = bytes.start.clamp(excerpt.offset, excerpt.offset + excerpt.text.len()) - excerpt.offset;
        let (before, rest) = excerpt.text.split_at_checked(at).unwrap_or((&excerpt.text, ""));
        let line = rest.find(['\n', '\r']).unwrap_or(rest.len());
        let length = bytes.len().min(line);
        let marked = rest.get(..length).unwrap_or(&rest[..line]);
        let location = (printable::lines(before).len(), printable::lines(marked).len());
        let text = printable::lines(&excerpt.text).trim_end_matches(['\n', '\r']).to_owned();
        Self { finding, path, text, help: printable::line(&finding.help), location }
    }
}

impl fmt::Debug for Snippet<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.finding.message)
    }
}

impl fmt::Display for Snippet<'_> {
    fn fmt(&self, _: &mut fmt::Formatter<'_>) -> fmt::Result {
        Ok(())
    }
}

impl std::error::Error for Snippet<'_> {}

impl Diagnostic for Snippet<'_> {
    fn help<'a>(&'a self) -> Option<Box<dyn fmt::Display + 'a>> {
        (!self.help.is_empty()).then(|| Box::new(&self.help) as Box<dyn fmt::Display>)
    }

    fn source_code(&self) -> Option<&dyn SourceCode> {
        Some(self)
    }

    fn labels(&self) -> Option<Box<dyn Iterator<Item = LabeledSpan> + '_>> {
        let label = &self.finding.label;
        let label = (!label.is_empty()).then(|| printable::line(label).into_owned());
        let label = LabeledSpan::new(label, self.location.0, self.location.1);
        Some(Box::new(std::iter::once(label)))
    }
}

impl SourceCode for Snippet<'_> {
    fn read_span<'a>(
        &'a self,
        span: &SourceSpan,
        lines_before: usize,
        _: usize,
    ) -> Result<Box<dyn SpanContents<'a> + 'a>, MietteError> {
        if span.offset() > self.text.len() + 1 {
            return Err(MietteError::OutOfBounds);
        }
        let name = self.path.clone();
        if lines_before == 0 {
            // miette requests the label position only, to print line and column.
            let start = self.finding.range.start;
            let (line, column) = (start.line - 1, start.column - 1);
            let rest = self.text.get(span.offset()..).unwrap_or_default().as_bytes();
            return Ok(Box::new(MietteSpanContents::new_named(name, rest, *span, line, column, 1)));
        }
        Ok(Box::new(MietteSpanContents::new_named(
            name,
            self.text.as_bytes(),
            SourceSpan::new(0.into(), self.text.len()),
            self.finding.excerpt.line - 1,
            0,
            self.text.lines().count(),
        )))
    }
}
