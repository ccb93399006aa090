//! What a person reads: the snippet with the place underlined, and the way out. Rendered by miette.

use std::fmt;

use miette::{
    Diagnostic, GraphicalReportHandler, GraphicalTheme, LabeledSpan, MietteError, MietteSpanContents, SourceCode,
    SourceSpan, SpanContents, ThemeCharacters, ThemeStyles,
};

use super::{Color, Report};
use crate::finding::{Excerpt, Finding, Severity};

/// Renders the report, with a line that counts behind.
pub fn render(report: &Report<'_>, color: Color) -> String {
    let mut text: String = report.findings.iter().map(|found| finding(found, color) + "\n").collect();
    let summary = report.summary();
    if !summary.is_empty() {
        text.push_str(&summary);
        text.push('\n');
    }
    text
}

/// Renders one finding.
pub fn finding(finding: &Finding, color: Color) -> String {
    let mut text = header(finding, color);
    if finding.excerpt.text.is_empty() {
        text.push_str(&format!("   ╭─[{}]\n   ╰─\n", finding.path));
        if !finding.help.is_empty() {
            text.push_str(&format!("  help: {}\n", finding.help));
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
    if handler.render_report(&mut rendered, &Snippet(finding)).is_err() {
        rendered.clear();
    }
    // The first line is miette's own header, which is empty here.
    let body = rendered.split_once('\n').map_or("", |(_, body)| body);
    for line in body.trim_end().lines() {
        text.push_str(line.trim_end());
        text.push('\n');
    }
    text
}

fn header(finding: &Finding, color: Color) -> String {
    let head = format!("{}[{}]", finding.severity.name(), finding.rule);
    match color {
        Color::Plain => format!("{head}: {}\n", finding.message),
        Color::Ansi => {
            let shade = if finding.severity == Severity::Error { 31 } else { 33 };
            format!("\x1b[1;{shade}m{head}\x1b[0m\x1b[1m: {}\x1b[0m\n", finding.message)
        }
    }
}

/// A finding as miette sees it.
struct Snippet<'a>(&'a Finding);

impl fmt::Debug for Snippet<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0.message)
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
        let help = &self.0.help;
        (!help.is_empty()).then(|| Box::new(help) as Box<dyn fmt::Display>)
    }

    fn source_code(&self) -> Option<&dyn SourceCode> {
        Some(self)
    }

    fn labels(&self) -> Option<Box<dyn Iterator<Item = LabeledSpan> + '_>> {
        let span = self.visible();
        let label = (!self.0.label.is_empty()).then(|| self.0.label.clone());
        let label = LabeledSpan::new(label, span.0, span.1);
        Some(Box::new(std::iter::once(label)))
    }
}

impl Snippet<'_> {
    /// Offset and length of the part of the place that stands on its first line.
    fn visible(&self) -> (usize, usize) {
        let excerpt: &Excerpt = &self.0.excerpt;
        let bytes = self.0.range.bytes;
        let start = bytes.start.clamp(excerpt.offset, excerpt.offset + excerpt.text.len());
        let rest = excerpt.text.get(start - excerpt.offset..).unwrap_or_default();
        let line = rest.find(['\n', '\r']).unwrap_or(rest.len());
        (start, bytes.len().min(line))
    }
}

impl SourceCode for Snippet<'_> {
    fn read_span<'a>(
        &'a self,
        span: &SourceSpan,
        lines_before: usize,
        _: usize,
    ) -> Result<Box<dyn SpanContents<'a> + 'a>, MietteError> {
        let excerpt = &self.0.excerpt;
        let end = excerpt.offset + excerpt.text.len();
        if span.offset() < excerpt.offset || span.offset() > end {
            return Err(MietteError::OutOfBounds);
        }
        let text = excerpt.text.trim_end_matches(['\n', '\r']);
        if lines_before == 0 {
            // Asked for the place alone, to name its line and column.
            let start = self.0.range.start;
            let (line, column) = (start.line - 1, start.column - 1);
            let rest = text.get(span.offset() - excerpt.offset..).unwrap_or_default().as_bytes();
            let name = self.0.path.clone();
            return Ok(Box::new(MietteSpanContents::new_named(name, rest, *span, line, column, 1)));
        }
        Ok(Box::new(MietteSpanContents::new_named(
            self.0.path.clone(),
            text.as_bytes(),
            SourceSpan::new(excerpt.offset.into(), text.len()),
            excerpt.line - 1,
            0,
            text.lines().count(),
        )))
    }
}
