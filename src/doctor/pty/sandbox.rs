//! What a sandbox denies: each thing is done outside first, where it must work, then inside, where it must not, and its effect is looked
//! at from outside.

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

/// How long a try may take.
const TRY: Duration = Duration::from_secs(12);
/// How long a payload may take to begin.
const START: Duration = Duration::from_secs(10);

/// What a try came to.
#[derive(Clone, Debug)]
pub struct AttemptResult {
    /// Whether the system allowed it.
    pub allowed: bool,
    /// What was got, or why not.
    pub got: String,
}

impl PtyTarget {
    /// What is declared to be denied under a name: the argument of each, empty where there is none.
    ///
    /// # Errors
    /// A skip, where nothing is declared.
    pub fn denied(&self, name: &str) -> Result<Vec<String>, Box<CheckResult>> {
        let sandbox = self.pty.sandbox.clone().unwrap_or_default();
        let argument = |text: &String| {
            let (known, argument) = text.split_once(':').unwrap_or((text, ""));
            (known == name).then(|| argument.to_owned())
        };
        let declared: Vec<String> = sandbox.deny.iter().filter_map(argument).collect();
        if declared.is_empty() {
            return CheckResult::skip(format!("`sandbox.deny` does not name `{name}`")).stop();
        }
        Ok(declared)
    }

    /// The same payload without a host: on a terminal of this machine, with the rights of phx.
    fn outside(&self) -> Self {
        let host = Host::Exec { command: vec!["{argv}".to_owned()], stdio: Stdio::Pty, env: Vec::new() };
        let pty = Pty { host, payload: None, ..(*self.pty).clone() };
        Self { pty: Rc::new(pty), ..self.clone() }
    }

    /// Tries something in a session.
    ///
    /// # Errors
    /// Where the payload does not begin.
    pub async fn attempt(&self, name: &str, argument: &str) -> Result<AttemptResult, Box<CheckResult>> {
        let mut session = self.open("try", &[name, argument]).await?;
        session.report("tries", START).await?;
        let Some(report) = session.next(TRY).await else {
            if session.is_over() {
                return Ok(AttemptResult { allowed: false, got: "it was ended".to_owned() });
            }
            // What takes long is not denied.
            return CheckResult::error(format!(
                "`{name}` was tried, and nothing came of it within {} s",
                TRY.as_secs()
            ))
            .stop();
        };
        Ok(AttemptResult { allowed: report["allowed"] == true, got: text(&report, "got").to_owned() })
    }

    /// Tries something outside, then inside. `outside` and `inside` say what to try; whether it had an effect is asked afterwards,
    /// where that can be seen.
    ///
    /// # Errors
    /// Where a payload does not begin.
    pub async fn both(
        &self,
        name: &str,
        outside: &str,
        inside: &str,
        effect: impl AsyncFn(&AttemptResult) -> Option<bool>,
    ) -> CheckVerdict {
        let control = self.outside().attempt(name, outside).await?;
        let control_effect = effect(&control).await;
        self.log.note("outside", format!("{}: {}", if control.allowed { "allowed" } else { "denied" }, control.got));
        let tried = self.attempt(name, inside).await?;
        let effect = effect(&tried).await;
        self.log.note("inside", format!("{}: {}", if tried.allowed { "allowed" } else { "denied" }, tried.got));
        let happened = effect.unwrap_or(tried.allowed);
        let found = if happened {
            CheckResult::fail(2, format!("`{name}` is not denied: {}", tried.got))
                .help("deny it in the sandbox, or do not claim that it is denied", &[])
        } else {
            CheckResult::pass(2)
        };
        let works = control.allowed && control_effect != Some(false);
        let works = if works { Outcome::Pass } else { Outcome::Fail };
        Ok(found
            .observed("inside", tried.got)
            .observed("outside", control.got)
            .observed("effect", effect)
            .control(&format!("`{name}` outside of the sandbox"), works))
    }
}

/// Tries each of what is declared to be denied under a name; the worst counts.
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
        let worst = all.into_iter().max_by_key(|found| found.outcome);
        worst.map_or_else(|| CheckResult::error("nothing was tried").stop(), Ok)
    })
}

/// What a payload is told of an amount, as it is declared; its default where nothing is.
///
/// # Errors
/// Where it is none, or more than can be tried.
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
    let help = "`nproc` takes up to 2000, `memory` up to 8GiB, `cpu` up to 3s";
    CheckResult::error(format!("`{name}:{declared}` cannot be tried")).help(help, &[]).stop()
}

/// A folder for what is tried.
///
/// # Errors
/// Where there is none.
pub fn folder() -> Result<ScratchFolder, Box<CheckResult>> {
    ScratchFolder::new("sandbox")
        .map_err(|error| Box::new(CheckResult::error(format!("there is no room to try it: {error}"))))
}
