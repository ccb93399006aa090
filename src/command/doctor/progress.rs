//! What a person sees beside the result: what would be done, how far it is, what is missing.

use std::fmt::Write;

use crate::command::session::Session;
use crate::doctor::Check;
use crate::doctor::plan::Plan;
use crate::doctor::run::Progress;
use crate::system::{disk, environment};

/// What would be done, a line a check.
pub fn planned(plan: &Plan) -> String {
    let mut out = String::new();
    for subject in &plan.subjects {
        let _ = writeln!(out, "{} ({})", subject.target, subject.about);
        for harm in harms(&subject.checks) {
            let _ = writeln!(out, "  {harm}");
        }
        for check in &subject.checks {
            let _ = writeln!(out, "  {}: opens {}", check.id, check.opens);
        }
    }
    out
}

/// What the checks of a subject may do to others, each once.
fn harms(checks: &[&'static Check]) -> Vec<&'static str> {
    let mut harms: Vec<&str> = checks.iter().map(|check| check.harm).filter(|harm| !harm.is_empty()).collect();
    harms.sort_unstable();
    harms.dedup();
    harms
}

/// That there is no subject for a probe, and how to name one.
pub fn unconfigured_probes(word: &str, subject: &str) -> String {
    let lines: String = subject.lines().fold(String::new(), |lines, line| lines + "\n    " + line);
    if word == "db" {
        return format!("for `db`, only a file of phx itself was verified; name a subject in phx.toml:{lines}");
    }
    format!("nothing to verify for `{word}`; name a subject in phx.toml:{lines}")
}

/// A person at a terminal.
pub struct Terminal<'a> {
    session: &'a Session,
    watched: bool,
}

impl<'a> Terminal<'a> {
    /// Where somebody looks, the line of progress is written over and over.
    pub fn new(session: &'a Session) -> Self {
        Self { session, watched: environment::stderr_is_terminal() && !session.is_quiet() }
    }
}

impl Progress for Terminal<'_> {
    fn begins(&self, id: &str, target: &str, (at, of): (usize, usize)) {
        if self.watched {
            disk::write_stderr_raw(&format!("\r\u{1b}[K[{at}/{of}] {id} on {target} "));
        }
    }

    fn is_slow(&self, id: &str, target: &str, deadline_ms: u64) {
        self.ends();
        self.session
            .notice(&format!("{id} on {target} is still running after 10 s; it may take {} s", deadline_ms / 1_000));
    }

    fn ends(&self) {
        if self.watched {
            disk::write_stderr_raw("\r\u{1b}[K");
        }
    }
}
