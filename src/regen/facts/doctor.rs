//! Fact `doctor`: the last result of `phx doctor` (version 1), with outcome and measurements of each target.

use minijinja::Value;
use serde_json::Value as Json;

use super::super::values;

/// Path of the result file, relative to the directory of the configuration.
pub const FILE: &str = ".phx/doctor.json";

/// Target name of the local machine. Like the repository, it is not an integration.
pub const MACHINE: &str = "this machine";

/// Outcomes from best to worst, each with the status that documents show.
const OUTCOMES: &[(&str, &str)] = &[
    ("skip", "⏭️ Not checked"),
    ("pass", "✅ Healthy"),
    ("warn", "⚠️ Degraded"),
    ("error", "❔ Unknown"),
    ("fail", "❌ Failing"),
];

/// Suffixes of the observations that are metrics, and their units. Other observations are not metrics.
const UNITS: &[(&str, &str)] =
    &[("_megabytes_per_second", " MB/s"), ("_per_second", "/s"), ("latency_ms", "ms"), ("_percent", "%")];

/// Parses a result into the fact `doctor`: `now`, and `subjects`, each with `name`, `outcome`, `status`, `checks`,
/// `latency`, `error_rate` and `metrics` (`name`, `value`).
///
/// # Errors
/// Returns location and reason if the bytes are not a valid result.
pub fn read(path: &str, bytes: &[u8]) -> Result<Value, String> {
    let result: Json = serde_json::from_slice(bytes)
        .map_err(|error| format!("{path}:{}: not valid JSON: {error}; run `phx doctor` again", error.line()))?;
    if result["version"] != 1 {
        return Err(format!("{path}:1: expected `version` 1; run `phx doctor` again"));
    }
    let checks = result["checks"].as_array().ok_or_else(|| format!("{path}:1: missing list `checks`"))?;
    let mut targets: Vec<(&str, Vec<&Json>)> = Vec::new();
    for (at, check) in checks.iter().enumerate() {
        let (Some(target), Some(outcome)) = (check["target"].as_str(), check["outcome"].as_str()) else {
            return Err(format!("{path}:1: check {} has no `target` or no `outcome`", at + 1));
        };
        // The repository and the local machine are not integrations.
        let id = check["id"].as_str().unwrap_or_default();
        if id.starts_with("repo.") || target == MACHINE {
            continue;
        }
        if !OUTCOMES.iter().any(|(known, _)| *known == outcome) {
            return Err(format!("{path}:1: unknown outcome `{outcome}`"));
        }
        match targets.iter_mut().find(|(known, _)| *known == target) {
            Some((_, checks)) => checks.push(check),
            None => targets.push((target, vec![check])),
        }
    }
    // The order does not depend on which checks ran last.
    for (_, checks) in &mut targets {
        checks.sort_by_key(|check| check["id"].as_str().unwrap_or_default());
    }
    let targets: Vec<Value> = targets.iter().map(|(name, checks)| target_value(name, checks)).collect();
    Ok(Value::from_pairs([
        ("now", Value::from(result["now"].as_str().unwrap_or_default())),
        ("subjects", Value::from(targets)),
    ]))
}

fn target_value(name: &str, checks: &[&Json]) -> Value {
    let rank = |check: &&Json| {
        // Suppressed outcomes count as skipped.
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

/// Returns the observations in known units, each name once: `latency_ms` of `WebSocket` is the metric `WebSocket
/// latency`.
fn metrics(target: &str, checks: &[&Json]) -> Vec<Value> {
    let (mut metrics, mut named) = (Vec::new(), Vec::new());
    for (key, value) in checks.iter().flat_map(|check| check["observed"].as_object().into_iter().flatten()) {
        let unit = UNITS.iter().find_map(|(end, unit)| {
            let start = if *end == "latency_ms" { (key == end).then_some("latency")? } else { key.strip_suffix(end)? };
            Some((start, unit))
        });
        let (Some((words, unit)), Some(number)) = (unit, value.as_f64()) else { continue };
        let name = format!("{target} {}", words.replace('_', " "));
        if !named.contains(&name) {
            let value = format!("{}{unit}", values::of_measurement(number));
            metrics.push(Value::from_pairs([("name", name.clone()), ("value", value)]));
            named.push(name);
        }
    }
    metrics
}
