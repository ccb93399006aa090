//! Format `ndjson`: one JSON object per check result and line.

use super::{Color, Run, json};

pub(super) fn render(run: &Run, _: Color) -> String {
    run.records.iter().fold(String::new(), |all, record| format!("{all}{}\n", json::record(record)))
}
