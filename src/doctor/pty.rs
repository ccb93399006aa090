//! `phx doctor pty`: whether what a host of terminals gives is a real terminal, and what its sessions leave behind.

pub mod controlling;
pub mod dispositions;
pub mod env;
pub mod exit;
pub mod fds;
pub mod host;
pub mod hup;
pub mod io;
pub mod isolation;
pub mod jobctl;
pub mod leak;
pub mod local;
pub mod orphans;
pub mod real;
pub mod render;
pub mod resize;
pub mod sandbox;
pub mod seen;
pub mod session;
pub mod shell;
pub mod signals;
pub mod size;
pub mod wire;
pub mod zombies;

use std::path::Path;
use std::rc::Rc;
use std::time::Duration;

use super::Check;
use super::allow::Allow;
use super::check_result::{CheckFuture, CheckResult};
use super::log::Log;
use super::secrets::Secrets;
use crate::config::doctor::{Host, Pty};

/// A check, and how it looks.
pub type PtyCheck = (&'static Check, fn(PtyTarget) -> CheckFuture);

/// The name of the subject that is always there.
pub use crate::regen::facts::doctor::MACHINE;

/// All checks of a host, in the order in which they run.
pub const CHECKS: &[PtyCheck] = &[
    (&real::CHECK, real::run),
    (&controlling::CHECK, controlling::run),
    (&size::CHECK, size::run),
    (&resize::CHECK, resize::run),
    (&exit::CHECK, exit::run),
    (&signals::CHECK, signals::run),
    (&jobctl::CHECK, jobctl::run),
    (&hup::CHECK, hup::run),
    (&io::out::CHECK, io::out::run),
    (&io::tail::CHECK, io::tail::run),
    (&io::input::CHECK, io::input::run),
    (&io::utf8::CHECK, io::utf8::run),
    (&io::binary::CHECK, io::binary::run),
    (&io::slow::CHECK, io::slow::run),
    (&render::CHECK, render::run),
    (&zombies::CHECK, zombies::run),
    (&orphans::CHECK, orphans::run),
    (&leak::CHECK, leak::run),
    (&isolation::CHECK, isolation::run),
    (&env::CHECK, env::run),
    (&fds::CHECK, fds::run),
    (&dispositions::CHECK, dispositions::run),
    (&sandbox::read::CHECK, sandbox::read::run),
    (&sandbox::write::CHECK, sandbox::write::run),
    (&sandbox::net::CHECK, sandbox::net::run),
    (&sandbox::signal::CHECK, sandbox::signal::run),
    (&sandbox::proc::CHECK, sandbox::proc::run),
    (&sandbox::ptrace::CHECK, sandbox::ptrace::run),
    (&sandbox::mount::CHECK, sandbox::mount::run),
    (&sandbox::rawsock::CHECK, sandbox::rawsock::run),
    (&sandbox::tiocsti::CHECK, sandbox::tiocsti::run),
    (&sandbox::nproc::CHECK, sandbox::nproc::run),
    (&sandbox::memory::CHECK, sandbox::memory::run),
    (&sandbox::cpu::CHECK, sandbox::cpu::run),
    (&sandbox::allowed::CHECK, sandbox::allowed::run),
];

/// What a check works with.
#[derive(Clone, Debug)]
pub struct PtyTarget {
    /// What the host claims, with the values of variables.
    pub pty: Rc<Pty>,
    /// What may be connected to.
    pub allow: Rc<Allow>,
    /// Whether fewer trials will do.
    pub quick: bool,
    /// What happens.
    pub log: Log,
}

/// What stands for a folder of the sessions.
const WORKDIR: &str = "{workdir}";

/// Whether a host asks for a folder.
pub fn needs_workdir(pty: &Pty) -> bool {
    let command = match &pty.host {
        Host::Exec { command, .. } => command.as_slice(),
        Host::Websocket { .. } => &[],
    };
    let sandbox = pty.sandbox.iter().flat_map(|sandbox| sandbox.deny.iter().chain(&sandbox.allow));
    command.iter().chain(sandbox).any(|text| text.contains(WORKDIR))
}

/// What the configuration says of a host, with the values of variables, and a folder for `{workdir}`.
///
/// # Errors
/// What cannot be used.
pub fn resolved(pty: &Pty, secrets: &Secrets, workdir: Option<&Path>) -> Result<Pty, String> {
    let mut pty = pty.clone();
    let workdir = workdir.map(|folder| folder.display().to_string()).unwrap_or_default();
    let place = |text: &mut String| *text = text.replace(WORKDIR, &workdir);
    if let Host::Exec { command, .. } = &mut pty.host {
        command.iter_mut().for_each(place);
    }
    if let Some(sandbox) = &mut pty.sandbox {
        sandbox.deny.iter_mut().chain(&mut sandbox.allow).for_each(place);
    }
    match &mut pty.host {
        Host::Exec { command, env, .. } => {
            for text in command.iter_mut().chain(env.iter_mut().map(|(_, value)| value)) {
                *text = secrets.expand(text)?;
            }
        }
        Host::Websocket { url, headers, .. } => {
            for text in headers.iter_mut().map(|(_, value)| value).chain([url]) {
                *text = secrets.expand(text)?;
            }
        }
    }
    Ok(pty)
}

impl PtyTarget {
    /// Whether the host is a program that doctor starts.
    pub fn is_started(&self) -> bool {
        matches!(self.pty.host, Host::Exec { .. })
    }

    /// How long what belongs to a session may stay after it.
    pub fn grace(&self) -> Duration {
        Duration::from_millis(self.pty.grace_ms)
    }

    /// How many sessions the checks for leaks open.
    pub fn sessions(&self) -> usize {
        let all = usize::try_from(self.pty.sessions).unwrap_or(usize::MAX);
        if self.quick { all.min(20) } else { all }
    }

    /// How much is sent through it.
    pub fn volume(&self) -> usize {
        let all = usize::try_from(self.pty.volume).unwrap_or(usize::MAX);
        if self.quick { all.min(1_000_000) } else { all }
    }
}

/// What cannot be looked at but on Linux.
///
/// # Errors
/// A skip, on every other system.
pub fn on_linux() -> Result<(), Box<CheckResult>> {
    if cfg!(target_os = "linux") {
        Ok(())
    } else {
        CheckResult::skip("platform: this can be seen on Linux alone").stop()
    }
}
