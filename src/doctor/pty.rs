//! Checks of the probe `pty`: a terminal host provides real terminals, isolates its sessions and cleans up after them.

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

/// A check and the function that runs it.
pub type PtyCheck = (&'static Check, fn(PtyTarget) -> CheckFuture);

/// Name of the built-in target of `pty.local`.
pub use crate::regen::facts::doctor::MACHINE;

/// All checks of a terminal host, in the order in which they run.
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

/// The terminal host under test.
#[derive(Clone, Debug)]
pub struct PtyTarget {
    /// Configuration of the host, with variables expanded.
    pub pty: Rc<Pty>,
    /// Hosts that doctor may connect to.
    pub allow: Rc<Allow>,
    /// Whether to run fewer and shorter trials (`--quick`).
    pub quick: bool,
    pub log: Log,
}

/// Placeholder for the working folder of the sessions.
const WORKDIR: &str = "{workdir}";

/// Returns whether the command or the sandbox of a host contains `{workdir}`.
pub fn needs_workdir(pty: &Pty) -> bool {
    let command = match &pty.host {
        Host::Exec { command, .. } => command.as_slice(),
        Host::Websocket { .. } => &[],
    };
    let sandbox = pty.sandbox.iter().flat_map(|sandbox| sandbox.deny.iter().chain(&sandbox.allow));
    command.iter().chain(sandbox).any(|text| text.contains(WORKDIR))
}

/// Returns the configuration of a host with variables expanded and `{workdir}` replaced.
///
/// # Errors
/// Returns an error if a variable cannot be expanded.
pub fn resolved(pty: &Pty, secrets: &Secrets, workdir: Option<&Path>) -> Result<Pty, String> {
    let mut pty = pty.clone();
    let workdir = workdir.map(|folder| folder.display().to_string()).unwrap_or_default();
    let replace = |text: &mut String| *text = text.replace(WORKDIR, &workdir);
    if let Host::Exec { command, .. } = &mut pty.host {
        command.iter_mut().for_each(replace);
    }
    if let Some(sandbox) = &mut pty.sandbox {
        sandbox.deny.iter_mut().chain(&mut sandbox.allow).for_each(replace);
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
    /// Returns whether the host is a program that doctor starts.
    pub fn is_started(&self) -> bool {
        matches!(self.pty.host, Host::Exec { .. })
    }

    /// Returns the time that processes of a session may run after it was closed.
    pub fn grace(&self) -> Duration {
        Duration::from_millis(self.pty.grace_ms)
    }

    /// Returns the number of sessions that `pty.leak` and `pty.io.tail` open.
    pub fn sessions(&self) -> usize {
        let all = usize::try_from(self.pty.sessions).unwrap_or(usize::MAX);
        if self.quick { all.min(20) } else { all }
    }

    /// Returns the number of bytes that `pty.io.out` and `pty.io.slow` transfer.
    pub fn volume(&self) -> usize {
        let all = usize::try_from(self.pty.volume).unwrap_or(usize::MAX);
        if self.quick { all.min(1_000_000) } else { all }
    }
}

/// Requires Linux.
///
/// # Errors
/// Returns a skip on every other system.
pub fn on_linux() -> Result<(), Box<CheckResult>> {
    if cfg!(target_os = "linux") { Ok(()) } else { CheckResult::skip("platform: only available on Linux").stop() }
}
