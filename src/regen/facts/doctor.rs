//! The last result of `phx doctor`, version 1: what each subject came to, and what was measured on it.

use minijinja::Value;
use serde_json::Value as Json;

use super::super::values;

/// Where it stands, from the configuration's directory.
pub const FILE: &str = ".phx/doctor.json";

/// The subject that is this machine: no integration of anything, as little as the repository.
pub const MACHINE: &str = "this machine";

/// Outcomes from best to worst, each with what a document says of it.
const OUTCOMES: &[(&str, &str)] = &[
    ("skip", "⏭️ Not checked"),
    ("pass", "✅ Healthy"),
    ("warn", "⚠️ Degraded"),
    ("error", "❔ Unknown"),
    ("fail", "❌ Failing"),
];

/// What is a metric of a subject, by the end of its name, and its unit. What else a check observes is for who reads its result.
const UNITS: &[(&str, &str)] =
    &[("_megabytes_per_second", " MB/s"), ("_per_second", "/s"), ("latency_ms", "ms"), ("_percent", "%")];

/// Reads the bytes into the fact `doctor`: `now`, and `subjects`, each with `name`, `outcome`, `status`, `checks`, `latency`,
/// `error_rate` and `metrics` (`name`, `value`).
///
/// # Errors
/// The place and the reason, where it is no such result.
pub fn read(path: &str, bytes: &[u8]) -> Result<Value, String> {
    let result: Json = serde_json::from_slice(bytes)
        .map_err(|error| format!("{path}:{}: not JSON: {error}; run `phx doctor` again", error.line()))?;
    if result["version"] != 1 {
        return Err(format!("{path}:1: no result of version 1; run `phx doctor` again"));
    }
    let checks = result["checks"].as_array().ok_or_else(|| format!("{path}:1: it has no list `checks`"))?;
    let mut subjects: Vec<(&str, Vec<&Json>)> = Vec::new();
    for (at, check) in checks.iter().enumerate() {
        let (Some(target), Some(outcome)) = (check["target"].as_str(), check["outcome"].as_str()) else {
            return Err(format!("{path}:1: check {} has no `target` and `outcome`", at + 1));
        };
        // The repository and the machine are no integrations of anything.
        let id = check["id"].as_str().unwrap_or_default();
        if id.starts_with("repo.") || target == MACHINE {
            continue;
        }
        if !OUTCOMES.iter().any(|(known, _)| *known == outcome) {
            return Err(format!("{path}:1: `{outcome}` is no outcome of a check"));
        }
        match subjects.iter_mut().find(|(known, _)| *known == target) {
            Some((_, checks)) => checks.push(check),
            None => subjects.push((target, vec![check])),
        }
    }
    // Whichever ran last, the order is the same.
    for (_, checks) in &mut subjects {
        checks.sort_by_key(|check| check["id"].as_str().unwrap_or_default());
    }
    let subjects: Vec<Value> = subjects.iter().map(|(name, checks)| subject(name, checks)).collect();
    Ok(Value::from_pairs([
        ("now", Value::from(result["now"].as_str().unwrap_or_default())),
        ("subjects", Value::from(subjects)),
    ]))
}

fn subject(name: &str, checks: &[&Json]) -> Value {
    let rank = |check: &&Json| {
        // What is suppressed does not count.
        let outcome =
            if check["suppressed"].is_object() { "skip" } else { check["outcome"].as_str().unwrap_or_default() };
        OUTCOMES.iter().position(|(known, _)| *known == outcome).unwrap_or_default()
    };
    let (outcome, status) = OUTCOMES[checks.iter().map(rank).max().unwrap_or_default()];
    let observed = |key: &str| checks.iter().find_map(|check| check["observed"][key].as_f64());
    let unit = |value: Option<f64>, unit: &str| {
        value.map_or(Value::from(()), |value| Value::from(format!("{}{unit}", values::of_measurement(value))))
    };
    Value::from_pairs([
        ("name", Value::from(name)),
        ("outcome", Value::from(outcome)),
        ("status", Value::from(status)),
        ("checks", Value::from(checks.len())),
        ("latency", unit(observed("latency_ms"), "ms")),
        ("error_rate", unit(observed("error_rate_percent"), "%")),
        ("metrics", Value::from(metrics(name, checks))),
    ])
}

/// What was observed in a known unit, each once: `latency_ms` of `WebSocket` is the metric `WebSocket latency`.
fn metrics(subject: &str, checks: &[&Json]) -> Vec<Value> {
    let (mut metrics, mut named) = (Vec::new(), Vec::new());
    for (key, value) in checks.iter().flat_map(|check| check["observed"].as_object().into_iter().flatten()) {
        let unit = UNITS.iter().find_map(|(end, unit)| {
            let start = if *end == "latency_ms" { (key == end).then_some("latency")? } else { key.strip_suffix(end)? };
            Some((start, unit))
        });
        let (Some((words, unit)), Some(number)) = (unit, value.as_f64()) else { continue };
        let name = format!("{subject} {}", words.replace('_', " "));
        if !named.contains(&name) {
            let value = format!("{}{unit}", values::of_measurement(number));
            metrics.push(Value::from_pairs([("name", name.clone()), ("value", value)]));
            named.push(name);
        }
    }
    metrics
}
