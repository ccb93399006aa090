//! For programs that read line by line: one record a line.

use super::{Color, Run, json};

/// Renders it.
pub fn render(run: &Run, _: Color) -> String {
    run.records.iter().fold(String::new(), |all, record| format!("{all}{}\n", json::record(record)))
}
