//! Drawing with escape sequences, and the cells that a terminal must show for it.

use super::{Orders, write};

/// Expected text on the screen: row and column from 0, the text, and its style.
pub(super) type Cell = (u16, u16, &'static str, Dress);

/// Style of a text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Dress {
    Plain,
    BoldRed,
    Inverse,
}

/// Expected content after the drawing, on a screen of at least 12 rows and 40 columns.
pub const CELLS: &[Cell] = &[
    (0, 0, "phx draws", Dress::Plain),
    (2, 4, "bold red", Dress::BoldRed),
    (3, 4, "inverse", Dress::Inverse),
    (4, 0, "漢字 äöü", Dress::Plain),
    (5, 0, "kept      ", Dress::Plain),
    (6, 8, "tab", Dress::Plain),
    (7, 0, "second", Dress::Plain),
    (8, 0, "inserted", Dress::Plain),
    (9, 0, "pushed down", Dress::Plain),
    (10, 0, "box ┌─┐", Dress::Plain),
    (11, 0, "phx is done", Dress::Plain),
];

/// Returns the drawing (ECMA-48): erase, cursor positions, colors, tabs, overwriting, erase to end of line, insert
/// line.
fn drawing() -> String {
    let parts = [
        "\u{1b}[0m\u{1b}[2J\u{1b}[H",
        "phx draws",
        "\u{1b}[3;5H\u{1b}[1;31mbold red\u{1b}[0m",
        "\u{1b}[4;5H\u{1b}[7minverse\u{1b}[27m",
        "\u{1b}[5;1H漢字 äöü",
        "\u{1b}[6;1Hkept and erased\u{1b}[6;5H\u{1b}[K",
        "\u{1b}[7;1H\ttab",
        "\u{1b}[8;1Hfirst\rsecond",
        "\u{1b}[9;1Hpushed down\u{1b}[9;1H\u{1b}[Linserted",
        "\u{1b}[11;1H\u{1b}[Kbox ┌─┐",
        "\u{1b}[12;1Hphx is done",
    ];
    parts.concat()
}

/// Writes the drawing.
pub(super) fn run(_: &Orders) -> u8 {
    write(drawing().as_bytes());
    #[cfg(unix)]
    let _ = rustix::termios::tcdrain(rustix::stdio::stdout());
    0
}
