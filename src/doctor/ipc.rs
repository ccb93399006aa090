//! `phx doctor ipc`: what a service claims to do when one that it calls fails, verified from both sides. Doctor calls the service,
//! and is what the service calls.

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

/// What all of them open.
pub const OPENS: &str = "a port of this machine that the service calls, and the service itself, which is started where the configuration says so";

/// Why a check needs leave that loads a service.
pub const HARM: &str =
    "It calls the service for a while, at a steady rate: on another machine it needs `[doctor] destructive = true`.";

/// A check, and how it looks.
pub type IpcCheck = (&'static Check, fn(IpcTarget) -> CheckFuture);

/// All checks, in the order in which they run.
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

/// What a check works with.
#[derive(Clone, Debug)]
pub struct IpcTarget {
    /// What the service claims, with the values of variables.
    pub ipc: Rc<Ipc>,
    /// What may be connected to.
    pub allow: Rc<Allow>,
    /// Whether fewer trials will do.
    pub quick: bool,
    /// What happens.
    pub log: Log,
    /// Waits of a service before it tries again, as an earlier check of the run has seen them.
    pub waits: Rc<RefCell<retry::Waits>>,
    /// Why the service cannot be put to work, as an earlier check of the run has found out.
    pub startup_error: Rc<RefCell<Option<CheckResult>>>,
}

impl IpcTarget {
    /// How often a trial is made.
    pub fn trials(&self) -> u64 {
        if self.quick { 1 } else { 3 }
    }
}

/// What the configuration says of a service, with the values of variables.
///
/// # Errors
/// What cannot be used.
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
                    return Err(format!("the value of the header `{name}` has a control character in it"));
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

/// The words and variables of a program, with the values of variables.
///
/// # Errors
/// The variable that is not set.
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
