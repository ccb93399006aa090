//! Whether output makes the right screen.

use std::time::Duration;

use super::PtyTarget;
use crate::doctor::Check;
use crate::doctor::check_result::{CheckFuture, CheckResult, CheckVerdict, boxed};
use crate::doctor::payload::{CELLS, Dress};

/// How long a host may be silent before its output is taken to be whole.
const SILENCE: Duration = Duration::from_millis(500);

/// The check.
pub const CHECK: Check = Check {
    id: "pty.render",
    claim: "what a program draws is what is seen",
    method: "A payload draws something known: places, colours, wide letters, tabs, erased and inserted lines (ECMA-48). What comes out is given to a terminal emulator, and its cells are compared. Fails where one differs.",
    opens: "one session",
    harm: "",
    deadline_ms: 15_000,
};

/// Looks.
pub fn run(target: PtyTarget) -> CheckFuture {
    boxed(check(target))
}

async fn check(target: PtyTarget) -> CheckVerdict {
    let (rows, columns) = target.pty.size.unwrap_or((24, 80));
    let bounds = std::num::NonZeroU16::new(rows).zip(std::num::NonZeroU16::new(columns));
    let Some((high, wide)) = bounds.filter(|_| rows > 12 && columns > 39) else {
        return CheckResult::skip("the terminal is smaller than the drawing (13x40)").stop();
    };
    let mut session = target.open("screen", &[]).await?;
    session.end(Duration::from_secs(8)).await;
    session.drain(SILENCE).await;
    let mut parser = vt100::Parser::new(high, wide, 0);
    let bytes = session.bytes().to_vec();
    let drawn = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| parser.process(&bytes)));
    if drawn.is_err() {
        return CheckResult::error("the emulator failed on this output").stop();
    }
    let screen = parser.screen();
    let mut wrong = Vec::new();
    for (row, column, text, dress) in CELLS {
        let width = text.chars().map(|letter| if is_wide(letter) { 2 } else { 1 }).sum::<u16>();
        let end = (*column + width).min(columns);
        let seen = screen.contents_between(*row, *column, *row, end);
        let cell = screen.cell(*row, *column);
        let dressed = cell.is_some_and(|cell| match dress {
            Dress::Plain => !cell.bold() && !cell.inverse(),
            Dress::BoldRed => cell.bold() && cell.fgcolor() == vt100::Color::Idx(1),
            Dress::Inverse => cell.inverse(),
        });
        if seen.trim_end() != text.trim_end() {
            wrong.push(format!("row {row}: `{}` instead of `{text}`", seen.trim_end().escape_debug()));
        } else if !dressed {
            wrong.push(format!("row {row}: `{text}` does not look as it was drawn"));
        }
    }
    for line in &wrong {
        target.log.note("cell", line.as_str());
    }
    let found = match wrong.first() {
        None => CheckResult::pass(CELLS.len() as u64),
        Some(first) => CheckResult::fail(CELLS.len() as u64, first.as_str())
            .help("pass on every byte as it is; what a byte means is for the terminal at the end to say", &[]),
    };
    Ok(found.observed("wrong", wrong.len()).expected("wrong", 0))
}

/// Whether one of the letters of the drawing takes two cells.
fn is_wide(letter: char) -> bool {
    ('\u{4E00}'..='\u{9FFF}').contains(&letter)
}
