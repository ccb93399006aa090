//! Checks of sandbox boundaries. Each operation runs outside the sandbox first, where it must work (the control), then
//! inside, where it must be denied. If possible, its effect is verified from outside.

pub mod allowed;
pub mod cpu;
pub mod memory;
pub mod mount;
pub mod net;
pub mod nproc;
pub mod proc;
pub mod ptrace;
pub mod rawsock;
pub mod read;
pub mod signal;
pub mod tiocsti;
pub mod victim;
pub mod write;

use std::rc::Rc;
use std::time::Duration;

use super::PtyTarget;
use super::session::text;
use crate::config::doctor::{Host, Pty, Stdio};
use crate::doctor::check_result::{CheckFuture, CheckResult, CheckVerdict, boxed};
use crate::doctor::record::Outcome;
use crate::doctor::scratch::ScratchFolder;
use crate::text::{duration, size};

/// Timeout of an attempt.
const ATTEMPT_TIMEOUT: Duration = Duration::from_secs(12);
/// Time in which a payload must start.
const START_TIMEOUT: Duration = Duration::from_secs(10);

/// Result of an attempt, as reported by the payload.
#[derive(Clone, Debug)]
pub struct AttemptResult {
    /// Whether the operation succeeded.
    pub allowed: bool,
    /// Description of the success or of the error.
    pub got: String,
}

impl PtyTarget {
    /// Returns the arguments of the entries of `sandbox.deny` with this name; an argument is empty if the entry has
    /// none.
    ///
    /// # Errors
    /// Returns a skip if there is no such entry.
    pub fn denied(&self, name: &str) -> Result<Vec<String>, Box<CheckResult>> {
        let sandbox = self.pty.sandbox.clone().unwrap_or_default();
        let argument = |text: &String| {
            let (entry, argument) = text.split_once(':').unwrap_or((text, ""));
            (entry == name).then(|| argument.to_owned())
        };
        let declared: Vec<String> = sandbox.deny.iter().filter_map(argument).collect();
        if declared.is_empty() {
            return CheckResult::skip(format!("`sandbox.deny` does not list `{name}`")).stop();
        }
        Ok(declared)
    }

    /// Returns a target without sandbox: the payload runs on a terminal of this machine, with the rights of phx.
    fn outside(&self) -> Self {
        let host = Host::Exec { command: vec!["{argv}".to_owned()], stdio: Stdio::Pty, env: Vec::new() };
        let pty = Pty { host, payload: None, ..(*self.pty).clone() };
        Self { pty: Rc::new(pty), ..self.clone() }
    }

    /// Attempts an operation in a session.
    ///
    /// # Errors
    /// Returns an error result if the payload does not start, or reports nothing within 12 s although its session runs.
    pub async fn attempt(&self, name: &str, argument: &str) -> Result<AttemptResult, Box<CheckResult>> {
        let mut session = self.open("try", &[name, argument]).await?;
        session.report("tries", START_TIMEOUT).await?;
        let Some(report) = session.next(ATTEMPT_TIMEOUT).await else {
            if session.output_ended() {
                return Ok(AttemptResult { allowed: false, got: "the session ended".to_owned() });
            }
            // A timeout is not a denial.
            return CheckResult::error(format!(
                "inconclusive: the attempt of `{name}` reported nothing within {} s",
                ATTEMPT_TIMEOUT.as_secs()
            ))
            .stop();
        };
        Ok(AttemptResult { allowed: report["allowed"] == true, got: text(&report, "got").to_owned() })
    }

    /// Attempts an operation outside the sandbox, then inside, with the arguments `outside` and `inside`. After each
    /// attempt, `effect` returns whether it had an effect, or `None` if that is not observable; then the reported
    /// result counts.
    pub async fn both(
        &self,
        name: &str,
        outside: &str,
        inside: &str,
        effect: impl AsyncFn(&AttemptResult) -> Option<bool>,
    ) -> CheckVerdict {
        let control = self.outside().attempt(name, outside).await?;
        let control_effect = effect(&control).await;
        self.log.record("outside", format!("{}: {}", if control.allowed { "allowed" } else { "denied" }, control.got));
        let tried = self.attempt(name, inside).await?;
        let effect = effect(&tried).await;
        self.log.record("inside", format!("{}: {}", if tried.allowed { "allowed" } else { "denied" }, tried.got));
        let happened = effect.unwrap_or(tried.allowed);
        let result = if happened {
            CheckResult::fail(2, format!("`{name}` is not denied: {}", tried.got))
                .help("deny it in the sandbox, or remove it from `sandbox.deny`", &[])
        } else {
            CheckResult::pass(2)
        };
        let control_works = control.allowed && control_effect != Some(false);
        let control_outcome = if control_works { Outcome::Pass } else { Outcome::Fail };
        Ok(result
            .observed("inside", tried.got)
            .observed("outside", control.got)
            .observed("effect", effect)
            .control(&format!("{name} outside the sandbox"), control_outcome))
    }
}

/// Runs `one` for each entry of `sandbox.deny` with this name and returns the worst result.
pub fn each(
    target: PtyTarget,
    name: &'static str,
    one: impl AsyncFn(&PtyTarget, String) -> CheckVerdict + 'static,
) -> CheckFuture {
    boxed(async move {
        let mut all = Vec::new();
        for declared in target.denied(name)? {
            all.push(one(&target, declared).await?);
        }
        let worst = all.into_iter().max_by_key(|result| result.outcome);
        worst.map_or_else(|| CheckResult::error("inconclusive: no observations").stop(), Ok)
    })
}

/// Converts the configured amount of `nproc`, `memory` or `cpu` to the argument of the payload: number, bytes or
/// milliseconds. The defaults are 64, 256 MiB and 1 s.
///
/// # Errors
/// Returns an error result if the amount is not valid or above the maximum.
pub fn argument(name: &str, declared: &str) -> Result<String, Box<CheckResult>> {
    let (amount, default, most) = match name {
        "nproc" => (declared.parse::<u64>().ok(), 64, 2_000),
        "memory" => (size::parse(declared), 256 << 20, 8 << 30),
        _ => (duration::milliseconds(declared), 1_000, 3_000),
    };
    let amount = if declared.is_empty() { Some(default) } else { amount };
    if let Some(amount) = amount.filter(|amount| (1..=most).contains(amount)) {
        return Ok(amount.to_string());
    }
    let help = "use at most 2000 for `nproc`, 8GiB for `memory`, 3s for `cpu`";
    CheckResult::error(format!("`{name}:{declared}` is not a valid amount or above the maximum")).help(help, &[]).stop()
}

/// Creates a temporary folder for attempts.
pub fn folder() -> Result<ScratchFolder, Box<CheckResult>> {
    ScratchFolder::new("sandbox")
        .map_err(|error| Box::new(CheckResult::error(format!("cannot create a temporary folder: {error}"))))
}
