//! `phx doctor ipc`: what a service claims to do when one that it calls fails, verified from both sides. Doctor calls the service,
//! and is what the service calls.

pub mod baseline;
pub mod breaker;
pub mod error;
pub mod recover;
pub mod retry;
pub mod rig;
pub mod timeout;

use std::cell::RefCell;
use std::rc::Rc;

use super::Check;
use super::allow::Allow;
use super::found::{Found, Looking};
use super::log::Log;
use super::secrets::Secrets;
use crate::config::doctor::{Entry, Ipc, Program};

/// What all of them open.
pub const OPENS: &str = "a port of this machine that the service calls, and the service itself, which is started where the configuration says so";

/// Why a check needs leave that loads a service.
pub const HARM: &str =
    "It calls the service for a while, at a steady rate: on another machine it needs `[doctor] destructive = true`.";

/// A check, and how it looks.
pub type Look = (&'static Check, fn(Site) -> Looking);

/// All checks, in the order in which they run.
pub const CHECKS: &[Look] = &[
    (&baseline::CHECK, baseline::look),
    (&breaker::opens::CHECK, breaker::opens::look),
    (&breaker::open::CHECK, breaker::open::look),
    (&breaker::half_opens::CHECK, breaker::half_opens::look),
    (&breaker::reopens::CHECK, breaker::reopens::look),
    (&breaker::single_trial::CHECK, breaker::single_trial::look),
    (&breaker::closes::CHECK, breaker::closes::look),
    (&breaker::isolated::CHECK, breaker::isolated::look),
    (&timeout::refuse::CHECK, timeout::refuse::look),
    (&timeout::syn::CHECK, timeout::syn::look),
    (&timeout::accept::CHECK, timeout::accept::look),
    (&timeout::headers::CHECK, timeout::headers::look),
    (&timeout::body::CHECK, timeout::body::look),
    (&timeout::drip::CHECK, timeout::drip::look),
    (&timeout::truncate::CHECK, timeout::truncate::look),
    (&timeout::reset::CHECK, timeout::reset::look),
    (&timeout::garbage::CHECK, timeout::garbage::look),
    (&timeout::half_close::CHECK, timeout::half_close::look),
    (&timeout::cancel::CHECK, timeout::cancel::look),
    (&retry::count::CHECK, retry::count::look),
    (&retry::backoff::CHECK, retry::backoff::look),
    (&retry::jitter::CHECK, retry::jitter::look),
    (&retry::cap::CHECK, retry::cap::look),
    (&retry::never::CHECK, retry::never::look),
    (&retry::after::CHECK, retry::after::look),
    (&error::clear::CHECK, error::clear::look),
    (&error::secret::CHECK, error::secret::look),
    (&recover::CHECK, recover::look),
    (&retry::amplification::CHECK, retry::amplification::look),
];

/// What a check works with.
#[derive(Clone, Debug)]
pub struct Site {
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
    pub unfit: Rc<RefCell<Option<Found>>>,
}

impl Site {
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

fn expand_entry(entry: &mut Entry, secrets: &Secrets) -> Result<(), String> {
    match entry {
        Entry::Http { url, headers, body, .. } => {
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
        Entry::Command { command, env } => expand_words(command, env, secrets)?,
    }
    Ok(())
}

/// The words and variables of a program, with the values of variables.
///
/// # Errors
/// The variable that is not set.
pub fn expand_program(program: &mut Program, secrets: &Secrets) -> Result<(), String> {
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
