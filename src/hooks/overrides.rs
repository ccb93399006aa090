//! The ways around the hooks, and the trailers that put them and new stamps on record.

use std::collections::BTreeSet;

use crate::failure::Failure;
use crate::finding::Finding;
use crate::system::environment;

/// The variable that lets a commit pass, with its reason.
pub const OVERRIDE: &str = "PHX_OVERRIDE";

/// The trailer of an override.
pub const OVERRIDE_TRAILER: &str = "Phx-Override";

/// The trailer of a stamp.
pub const STAMP_TRAILER: &str = "Correlation-Id";

/// How many documents an override names.
const NAMED: usize = 5;

/// What the user wants of a hook.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum HookPolicy {
    /// To be checked.
    Enforce,
    /// To be let alone, by the variable of the name.
    Skip(&'static str),
    /// To pass, for a reason.
    Override(String),
}

/// An override as a commit message says it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Override {
    /// The reason with the rules and documents, as it stands there.
    pub text: String,
    /// The rules.
    pub rules: BTreeSet<String>,
}

/// Reads the environment.
///
/// # Errors
/// Where a reason is missing.
pub fn policy() -> Result<HookPolicy, Failure> {
    if environment::given("PHX").as_deref() == Some("0") {
        return Ok(HookPolicy::Skip("PHX=0"));
    }
    let skipped = environment::given("SKIP").unwrap_or_default();
    if skipped.split(',').any(|name| name.trim() == "phx") {
        return Ok(HookPolicy::Skip("SKIP=phx"));
    }
    let Some(reason) = environment::given(OVERRIDE) else {
        return Ok(HookPolicy::Enforce);
    };
    let reason = reason.split_whitespace().collect::<Vec<_>>().join(" ");
    if reason.is_empty() {
        return Err(Failure::usage(format!("{OVERRIDE} gives no reason"))
            .hint(format!("`{OVERRIDE}=\"why it must pass\" git commit`; the reason goes on record")));
    }
    Ok(HookPolicy::Override(reason))
}

/// What the trailer says: the reason, the rules that it overrides, and the documents.
pub fn text(reason: &str, findings: &[Finding], more: usize) -> String {
    let rules: BTreeSet<&str> = findings.iter().map(|finding| finding.rule).collect();
    let documents: BTreeSet<&str> = findings.iter().map(|finding| finding.path.as_str()).collect();
    let rules: Vec<&str> = rules.into_iter().collect();
    let named: Vec<&str> = documents.iter().copied().take(NAMED).collect();
    let rest = documents.len() - named.len() + more;
    let rest = if rest == 0 { String::new() } else { format!(" and {rest} more") };
    // A name with a line end would end the trailer.
    let named = named.join(", ").replace(|c: char| c.is_control(), "\u{fffd}");
    format!("{reason} ({}; {named}{rest})", rules.join(", "))
}

/// The overrides in a commit message, wherever they stand: a squashed commit has them in the middle.
pub fn overrides(message: &str) -> Vec<Override> {
    let read = |text: &str| Override { text: text.to_owned(), rules: rules(text).unwrap_or_default() };
    values(message, OVERRIDE_TRAILER).into_iter().map(read).collect()
}

/// The rules behind the last bracket that holds rules and a `;`: names of documents may have brackets too.
fn rules(text: &str) -> Option<BTreeSet<String>> {
    let is_rule = |word: &str| word.contains('-') && word.chars().all(|c| c.is_ascii_lowercase() || c == '-');
    let brackets: Vec<usize> = text.match_indices(" (").map(|(at, _)| at + 2).collect();
    brackets.into_iter().rev().find_map(|at| {
        let (inside, _) = text[at..].split_once(';')?;
        let rules: BTreeSet<String> = inside.split(',').map(|rule| rule.trim().to_owned()).collect();
        rules.iter().all(|rule| is_rule(rule)).then_some(rules)
    })
}

/// The correlation ids in a commit message.
pub fn stamps(message: &str) -> Vec<String> {
    values(message, STAMP_TRAILER).into_iter().map(str::to_owned).collect()
}

fn values<'a>(message: &'a str, key: &str) -> Vec<&'a str> {
    let value = |line: &'a str| {
        let (found, value) = line.trim_start().split_once(':')?;
        found.eq_ignore_ascii_case(key).then(|| value.trim())
    };
    message.lines().filter_map(value).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn trailers_are_read_wherever_they_stand() {
        let message = "Squash\n\n* one\n\nPhx-Override: late (again) (stale-document, rubber-stamp; a.md)\n\n* two\n\n  correlation-id: 01\n";
        let found = overrides(message);
        assert_eq!(found[0].text, "late (again) (stale-document, rubber-stamp; a.md)");
        assert_eq!(found[0].rules, ["rubber-stamp", "stale-document"].map(str::to_owned).into());
        assert_eq!(stamps(message), ["01"]);
        let odd = overrides("Phx-Override: hot (fix; now) (stale-document; docs/UPCOMING (old; new).md)");
        assert_eq!(odd[0].rules, ["stale-document".to_owned()].into());
    }
}
