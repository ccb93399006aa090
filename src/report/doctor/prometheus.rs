//! Format `prometheus`: text file for the textfile collector, with gauges and without timestamps.

use std::fmt::Write;

use super::{Color, Run};
use crate::doctor::Outcome;

pub(super) fn render(run: &Run, _: Color) -> String {
    let mut out = String::new();
    head(&mut out, "phx_doctor_check_status", "1 if the check has the outcome, otherwise 0.");
    for record in &run.records {
        for outcome in Outcome::ALL {
            let labels = labels(&[("id", record.id), ("target", &record.target), ("outcome", outcome.name())]);
            let _ = writeln!(out, "phx_doctor_check_status{labels} {}", u8::from(record.result.outcome == *outcome));
        }
    }
    head(&mut out, "phx_doctor_check_suppressed", "1 if the check is suppressed, otherwise 0.");
    for record in &run.records {
        let labels = labels(&[("id", record.id), ("target", &record.target)]);
        let _ = writeln!(out, "phx_doctor_check_suppressed{labels} {}", u8::from(record.suppressed.is_some()));
    }
    head(&mut out, "phx_doctor_check_duration_seconds", "Duration of the check in seconds.");
    for record in &run.records {
        let labels = labels(&[("id", record.id), ("target", &record.target)]);
        let (seconds, rest) = (record.duration_ms / 1000, record.duration_ms % 1000);
        let _ = writeln!(out, "phx_doctor_check_duration_seconds{labels} {seconds}.{rest:03}");
    }
    let observed: Vec<_> = run
        .records
        .iter()
        .flat_map(|record| record.result.observed.iter().map(move |(name, value)| (record, name, value)))
        .filter_map(|(record, name, value)| Some((record, name, value.as_f64()?)))
        .collect();
    if !observed.is_empty() {
        head(&mut out, "phx_doctor_observed", "Value that the check observed.");
    }
    for (record, name, value) in observed {
        let labels = labels(&[("id", record.id), ("target", &record.target), ("name", name)]);
        let _ = writeln!(out, "phx_doctor_observed{labels} {value}");
    }
    head(&mut out, "phx_doctor_last_run_timestamp_seconds", "Unix time of the run.");
    let _ = writeln!(out, "phx_doctor_last_run_timestamp_seconds {}", run.now.timestamp());
    out
}

fn head(out: &mut String, name: &str, help: &str) {
    let _ = writeln!(out, "# HELP {name} {help}\n# TYPE {name} gauge");
}

/// Renders labels with escaped values (Prometheus text format 0.0.4).
fn labels(pairs: &[(&str, &str)]) -> String {
    let escape = |value: &str| value.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n");
    let pairs: Vec<String> = pairs.iter().map(|(name, value)| format!("{name}=\"{}\"", escape(value))).collect();
    format!("{{{}}}", pairs.join(","))
}
