//! Format `junit`: JUnit XML with one suite per probe. Failed checks are failures, inconclusive checks are errors.

use std::fmt::Write;

use super::super::junit::escape;
use super::{Color, Run, text};
use crate::doctor::{CheckRecord, Outcome};

pub(super) fn render(run: &Run, _: Color) -> String {
    let mut probes: Vec<&str> = run.records.iter().map(probe).collect();
    probes.sort_unstable();
    probes.dedup();
    let mut out = String::from("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites name=\"phx doctor\">\n");
    for name in probes {
        let records: Vec<&CheckRecord> = run.records.iter().filter(|record| probe(record) == name).collect();
        let count = |outcome| records.iter().filter(|record| record.shown().0 == outcome).count();
        let _ = writeln!(
            out,
            "  <testsuite name=\"{name}\" tests=\"{}\" failures=\"{}\" errors=\"{}\" skipped=\"{}\">",
            records.len(),
            count(Outcome::Fail),
            count(Outcome::Error),
            count(Outcome::Skip)
        );
        for record in records {
            case(&mut out, record);
        }
        out.push_str("  </testsuite>\n");
    }
    out.push_str("</testsuites>\n");
    out
}

fn probe(record: &CheckRecord) -> &str {
    record.id.split('.').next().unwrap_or(record.id)
}

fn case(out: &mut String, record: &CheckRecord) {
    let (seconds, rest) = (record.duration_ms / 1000, record.duration_ms % 1000);
    let target = escape(&record.target);
    let _ = write!(
        out,
        "    <testcase classname=\"{}\" name=\"{} {target}\" time=\"{seconds}.{rest:03}\"",
        probe(record),
        record.id
    );
    let (outcome, message) = record.shown();
    let detail = escape(&message);
    let mut more = String::new();
    text::more(&mut more, record);
    let more = escape(more.trim_end());
    let inside = match outcome {
        Outcome::Pass => String::new(),
        Outcome::Warn => format!("<system-out>{detail}</system-out>"),
        Outcome::Skip => format!("<skipped message=\"{detail}\"/>"),
        Outcome::Fail => format!("<failure message=\"{detail}\">{more}</failure>"),
        Outcome::Error => format!("<error message=\"{detail}\">{more}</error>"),
    };
    let _ = if inside.is_empty() { writeln!(out, "/>") } else { writeln!(out, ">{inside}</testcase>") };
}
