//! `phx doctor ipc`: claims of a service about failures of its upstream, verified from both sides. Doctor calls the
//! service and simulates the upstream that the service calls.

pub mod baseline;
pub mod breaker;
pub mod error;
pub mod recover;
pub mod retry;
pub mod harness;
pub mod timeout;

use std::cell::RefCell;
use std::rc::Rc;

use super::Check;
use super::allow::Allow;
use super::check_result::{CheckFuture, CheckResult};
use super::log::Log;
use super::secrets::Secrets;
use crate::config::doctor::{Ipc, ProgramSettings, ServiceEntry};

/// Side effects of all checks.
pub const OPENS: &str = "a local port that the service calls, and the service itself if `start` is configured";

/// Warning of the checks that put load on a service.
pub const HARM: &str =
    "Calls the service repeatedly at a fixed rate. On another machine this requires `[doctor] destructive = true`.";

/// Check definition and the function that runs it.
pub type IpcCheck = (&'static Check, fn(IpcTarget) -> CheckFuture);

/// All checks, in execution order.
pub const CHECKS: &[IpcCheck] = &[
    (&baseline::CHECK, baseline::run),
    (&breaker::opens::CHECK, breaker::opens::run),
    (&breaker::open::CHECK, breaker::open::run),
    (&breaker::half_opens::CHECK, breaker::half_opens::run),
    (&breaker::reopens::CHECK, breaker::reopens::run),
    (&breaker::single_trial::CHECK, breaker::single_trial::run),
    (&breaker::closes::CHECK, breaker::closes::run),
    (&breaker::isolated::CHECK, breaker::isolated::run),
    (&timeout::refuse::CHECK, timeout::refuse::run),
    (&timeout::syn::CHECK, timeout::syn::run),
    (&timeout::accept::CHECK, timeout::accept::run),
    (&timeout::headers::CHECK, timeout::headers::run),
    (&timeout::body::CHECK, timeout::body::run),
    (&timeout::drip::CHECK, timeout::drip::run),
    (&timeout::truncate::CHECK, timeout::truncate::run),
    (&timeout::reset::CHECK, timeout::reset::run),
    (&timeout::garbage::CHECK, timeout::garbage::run),
    (&timeout::half_close::CHECK, timeout::half_close::run),
    (&timeout::cancel::CHECK, timeout::cancel::run),
    (&retry::count::CHECK, retry::count::run),
    (&retry::backoff::CHECK, retry::backoff::run),
    (&retry::jitter::CHECK, retry::jitter::run),
    (&retry::cap::CHECK, retry::cap::run),
    (&retry::never::CHECK, retry::never::run),
    (&retry::after::CHECK, retry::after::run),
    (&error::clear::CHECK, error::clear::run),
    (&error::secret::CHECK, error::secret::run),
    (&recover::CHECK, recover::run),
    (&retry::amplification::CHECK, retry::amplification::run),
];

/// Service under test and the context of its checks.
#[derive(Clone, Debug)]
pub struct IpcTarget {
    /// Settings with environment variables expanded.
    pub ipc: Rc<Ipc>,
    /// Hosts that doctor may connect to.
    pub allow: Rc<Allow>,
    /// Whether fewer trials are run (`--quick`).
    pub quick: bool,
    pub log: Log,
    /// Waits between attempts that earlier checks of the run measured.
    pub waits: Rc<RefCell<retry::Waits>>,
    /// Error of an earlier check of the run that could not start the service.
    pub startup_error: Rc<RefCell<Option<CheckResult>>>,
}

impl IpcTarget {
    /// Returns the number of trials: 3, or 1 with `--quick`.
    pub fn trials(&self) -> u64 {
        if self.quick { 1 } else { 3 }
    }
}

/// Expands environment variables in the settings.
///
/// # Errors
/// Returns an error if a variable is not set, or a header value is not valid.
pub fn resolved(ipc: &Ipc, secrets: &Secrets) -> Result<Ipc, String> {
    let mut ipc = ipc.clone();
    let unsafe_entry = ipc.retry.as_mut().and_then(|retry| retry.unsafe_entry.as_mut());
    for entry in [Some(&mut ipc.entry), ipc.other.as_mut(), unsafe_entry].into_iter().flatten() {
        expand_entry(entry, secrets)?;
    }
    if let Some(program) = &mut ipc.start {
        expand_program(program, secrets)?;
    }
    if let Some(forward) = &mut ipc.upstream.forward {
        *forward = secrets.expand(forward)?;
    }
    Ok(ipc)
}

fn expand_entry(entry: &mut ServiceEntry, secrets: &Secrets) -> Result<(), String> {
    match entry {
        ServiceEntry::Http { url, headers, body, .. } => {
            *url = secrets.expand(url)?;
            for (name, value) in headers {
                *value = secrets.expand(value)?;
                if value.contains(char::is_control) {
                    return Err(format!("the value of header `{name}` contains a control character"));
                }
            }
            if let Some(body) = body {
                *body = secrets.expand(body)?;
            }
        }
        ServiceEntry::Command { command, env } => expand_words(command, env, secrets)?,
    }
    Ok(())
}

/// Expands environment variables in the command, the environment and the readiness URL of a program.
///
/// # Errors
/// Returns an error if a variable is not set.
pub fn expand_program(program: &mut ProgramSettings, secrets: &Secrets) -> Result<(), String> {
    expand_words(&mut program.command, &mut program.env, secrets)?;
    if let Some(ready) = &mut program.ready {
        *ready = secrets.expand(ready)?;
    }
    Ok(())
}

fn expand_words(command: &mut [String], env: &mut [(String, String)], secrets: &Secrets) -> Result<(), String> {
    for word in command.iter_mut().chain(env.iter_mut().map(|(_, value)| value)) {
        *word = secrets.expand(word)?;
    }
    Ok(())
}
