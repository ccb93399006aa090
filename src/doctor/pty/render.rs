//! Check `pty.render`: the screen shows what a program draws.

use std::time::Duration;

use super::PtyTarget;
use crate::doctor::Check;
use crate::doctor::check_result::{CheckFuture, CheckResult, CheckVerdict, boxed};
use crate::doctor::payload::{CELLS, Dress};

/// Time without output after which the output is considered complete.
const IDLE_TIME: Duration = Duration::from_millis(500);

pub const CHECK: Check = Check {
    id: "pty.render",
    claim: "the screen shows what a program draws",
    method: "A payload draws a known screen: cursor positions, colours, wide characters, tabs, erased and inserted \
             lines (ECMA-48). A terminal emulator interprets the output, and its cells are compared with the drawing. \
             Fails if one differs. Skipped if the terminal is smaller than 13x40.",
    side_effects: "one session",
    risk: "",
    deadline_ms: 15_000,
};

pub fn run(target: PtyTarget) -> CheckFuture {
    boxed(check(target))
}

async fn check(target: PtyTarget) -> CheckVerdict {
    let (rows, columns) = target.pty.size.unwrap_or((24, 80));
    let bounds = std::num::NonZeroU16::new(rows).zip(std::num::NonZeroU16::new(columns));
    let Some((high, wide)) = bounds.filter(|_| rows > 12 && columns > 39) else {
        return CheckResult::skip("the terminal is smaller than 13x40").stop();
    };
    let mut session = target.open("screen", &[]).await?;
    session.end(Duration::from_secs(8)).await;
    session.drain(IDLE_TIME).await;
    let mut parser = vt100::Parser::new(high, wide, 0);
    let bytes = session.bytes().to_vec();
    let drawn = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| parser.process(&bytes)));
    if drawn.is_err() {
        return CheckResult::error("the terminal emulator failed on this output").stop();
    }
    let screen = parser.screen();
    let mut wrong = Vec::new();
    for (row, column, text, style) in CELLS {
        let width = text.chars().map(|character| if is_wide(character) { 2 } else { 1 }).sum::<u16>();
        let end = (*column + width).min(columns);
        let seen = screen.contents_between(*row, *column, *row, end);
        let cell = screen.cell(*row, *column);
        let has_style = cell.is_some_and(|cell| match style {
            Dress::Plain => !cell.bold() && !cell.inverse(),
            Dress::BoldRed => cell.bold() && cell.fgcolor() == vt100::Color::Idx(1),
            Dress::Inverse => cell.inverse(),
        });
        if seen.trim_end() != text.trim_end() {
            wrong.push(format!("row {row}: expected `{text}`, found `{}`", seen.trim_end().escape_debug()));
        } else if !has_style {
            wrong.push(format!("row {row}: `{text}` has the wrong style"));
        }
    }
    for line in &wrong {
        target.log.record("cell", line.as_str());
    }
    let result = match wrong.first() {
        None => CheckResult::pass(CELLS.len() as u64),
        Some(first) => CheckResult::fail(CELLS.len() as u64, first.as_str())
            .help("pass on all bytes unchanged; the terminal of the user interprets them", &[]),
    };
    Ok(result.observed("wrong", wrong.len()).expected("wrong", 0))
}

/// Returns whether a character of the drawing occupies two cells.
fn is_wide(character: char) -> bool {
    ('\u{4E00}'..='\u{9FFF}').contains(&character)
}
