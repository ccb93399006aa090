//! Output of `phx doctor` other than results: dry run, progress and hints for probes without targets.

use std::fmt::Write;

use crate::command::session::Session;
use crate::doctor::Check;
use crate::doctor::plan::Plan;
use crate::doctor::run::Progress;
use crate::system::{disk, environment};

/// Renders a dry run: each target with its risks and its checks.
pub(super) fn planned(plan: &Plan) -> String {
    let mut out = String::new();
    for subject in &plan.targets {
        let _ = writeln!(out, "{} ({})", subject.target, subject.about);
        for risk in risks(&subject.checks) {
            let _ = writeln!(out, "  {risk}");
        }
        for check in &subject.checks {
            let _ = writeln!(out, "  {}: opens {}", check.id, check.side_effects);
        }
    }
    out
}

/// Returns the distinct risks of checks, sorted.
fn risks(checks: &[&'static Check]) -> Vec<&'static str> {
    let mut risks: Vec<&str> = checks.iter().map(|check| check.risk).filter(|harm| !harm.is_empty()).collect();
    risks.sort_unstable();
    risks.dedup();
    risks
}

/// Renders a hint that a probe has no configured target, with an example configuration.
pub(super) fn unconfigured_probes(word: &str, subject: &str) -> String {
    let lines: String = subject.lines().fold(String::new(), |lines, line| lines + "\n    " + line);
    if word == "db" {
        return format!("`db` verified only a built-in SQLite file; add a target to phx.toml:{lines}");
    }
    format!("no target for `{word}`; add a target to phx.toml:{lines}")
}

/// Progress line on standard error.
pub(super) struct Terminal<'a> {
    session: &'a Session,
    is_shown: bool,
}

impl<'a> Terminal<'a> {
    /// Creates a progress line, shown only if standard error is a terminal and `-q` was not passed.
    pub(super) fn new(session: &'a Session) -> Self {
        Self { session, is_shown: environment::stderr_is_terminal() && !session.is_quiet() }
    }
}

impl Progress for Terminal<'_> {
    fn begins(&self, id: &str, target: &str, (at, of): (usize, usize)) {
        if self.is_shown {
            disk::write_stderr_raw(&format!("\r\u{1b}[K[{at}/{of}] {id} on {target} "));
        }
    }

    fn is_slow(&self, id: &str, target: &str, deadline_ms: u64) {
        self.ends();
        self.session
            .notice(&format!("{id} on {target} is still running after 10 s; it may take {} s", deadline_ms / 1_000));
    }

    fn ends(&self) {
        if self.is_shown {
            disk::write_stderr_raw("\r\u{1b}[K");
        }
    }
}
