//! Skips and overrides of the hooks, and the commit trailers for overrides and stamps.

use std::collections::BTreeSet;

use crate::failure::Failure;
use crate::finding::Finding;
use crate::system::environment;

/// Environment variable with the reason of an override.
pub(crate) const OVERRIDE: &str = "PHX_OVERRIDE";

/// Trailer of an override.
pub(crate) const OVERRIDE_TRAILER: &str = "Phx-Override";

/// Trailer of a stamp.
pub(crate) const STAMP_TRAILER: &str = "Correlation-Id";

/// Number of documents that the trailer of an override lists.
const LISTED: usize = 5;

/// Treatment of a commit by a hook.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum HookPolicy {
    /// Validate the commit.
    Enforce,
    /// Do not run, because of this assignment, such as `PHX=0`.
    Skip(&'static str),
    /// Validate, but accept the commit for this reason.
    Override(String),
}

/// Override in a commit message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Override {
    /// Value of the trailer: reason, rules and documents.
    pub text: String,
    /// Overridden rules.
    pub rules: BTreeSet<String>,
}

/// Reads the policy from the environment: `PHX=0`, `SKIP=phx` or `PHX_OVERRIDE`.
///
/// # Errors
/// Returns an error if `PHX_OVERRIDE` is set to an empty reason.
pub(crate) fn policy() -> Result<HookPolicy, Failure> {
    if environment::raw_variable("PHX").as_deref() == Some("0") {
        return Ok(HookPolicy::Skip("PHX=0"));
    }
    let skipped = environment::raw_variable("SKIP").unwrap_or_default();
    if skipped.split(',').any(|name| name.trim() == "phx") {
        return Ok(HookPolicy::Skip("SKIP=phx"));
    }
    let Some(reason) = environment::raw_variable(OVERRIDE) else {
        return Ok(HookPolicy::Enforce);
    };
    let reason = reason.split_whitespace().collect::<Vec<_>>().join(" ");
    if reason.is_empty() {
        return Err(Failure::usage(format!("`{OVERRIDE}` has no reason"))
            .hint(format!("run `{OVERRIDE}=\"reason\" git commit` (the reason is recorded)")));
    }
    Ok(HookPolicy::Override(reason))
}

/// Formats the value of an override trailer: `REASON (RULES; DOCUMENTS and N more)`.
pub(crate) fn text(reason: &str, findings: &[Finding], more: usize) -> String {
    let rules: BTreeSet<&str> = findings.iter().map(|finding| finding.rule).collect();
    let documents: BTreeSet<&str> = findings.iter().map(|finding| finding.path.as_str()).collect();
    let rules: Vec<&str> = rules.into_iter().collect();
    let named: Vec<&str> = documents.iter().copied().take(LISTED).collect();
    let rest = documents.len() - named.len() + more;
    let rest = if rest == 0 { String::new() } else { format!(" and {rest} more") };
    // A line end in a file name would end the trailer.
    let named = named.join(", ").replace(|c: char| c.is_control(), "\u{fffd}");
    format!("{reason} ({}; {named}{rest})", rules.join(", "))
}

/// Returns the overrides in a commit message, on any line: in a squashed commit they are not at the end.
pub(crate) fn overrides(message: &str) -> Vec<Override> {
    let read = |text: &str| Override { text: text.to_owned(), rules: rules(text).unwrap_or_default() };
    values(message, OVERRIDE_TRAILER).into_iter().map(read).collect()
}

/// Parses the rules after the last parenthesis that contains rules and a `;`. Names of documents may have parentheses
/// too.
fn rules(text: &str) -> Option<BTreeSet<String>> {
    let is_rule = |word: &str| word.contains('-') && word.chars().all(|c| c.is_ascii_lowercase() || c == '-');
    let parentheses: Vec<usize> = text.match_indices(" (").map(|(at, _)| at + 2).collect();
    parentheses.into_iter().rev().find_map(|at| {
        let (inside, _) = text[at..].split_once(';')?;
        let rules: BTreeSet<String> = inside.split(',').map(|rule| rule.trim().to_owned()).collect();
        rules.iter().all(|rule| is_rule(rule)).then_some(rules)
    })
}

/// Returns the correlation IDs in a commit message.
pub(crate) fn stamps(message: &str) -> Vec<String> {
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
    fn reads_trailers_on_any_line() {
        let message = "Squash\n\n* one\n\nPhx-Override: late (again) (stale-document, rubber-stamp; a.md)\n\n* two\n\n  correlation-id: 01\n";
        let found = overrides(message);
        assert_eq!(found[0].text, "late (again) (stale-document, rubber-stamp; a.md)");
        assert_eq!(found[0].rules, ["rubber-stamp", "stale-document"].map(str::to_owned).into());
        assert_eq!(stamps(message), ["01"]);
        let odd = overrides("Phx-Override: hot (fix; now) (stale-document; docs/UPCOMING (old; new).md)");
        assert_eq!(odd[0].rules, ["stale-document".to_owned()].into());
    }
}
