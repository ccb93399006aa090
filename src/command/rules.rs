//! `phx rules`: lists the rules.

use serde_json::{Value, json};

use super::session::Session;
use crate::cli::{ListFormat, RulesArgs};
use crate::failure::{CLEAN, Failure};
use crate::rules::{RULES, Rule};

pub(super) fn run(arguments: &RulesArgs) -> Result<u8, Failure> {
    let text = match arguments.output {
        ListFormat::Text => {
            let width = RULES.iter().map(|rule| rule.slug.len()).max().unwrap_or(0);
            let line = |rule: &&Rule| format!("{:width$}  {:7}  {}\n", rule.slug, rule.severity.name(), rule.summary);
            RULES.iter().map(line).collect()
        }
        ListFormat::Json => {
            let rule = |rule: &&Rule| json!({ "rule": rule.slug, "severity": rule.severity.name(), "summary": rule.summary, "options": rule.options });
            let rules: Vec<Value> = RULES.iter().map(rule).collect();
            format!("{:#}\n", Value::Array(rules))
        }
    };
    match arguments.output {
        ListFormat::Text => Session::show(&text)?,
        ListFormat::Json => Session::print(&text)?,
    }
    Ok(CLEAN)
}
