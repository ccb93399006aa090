//! Ends programs together with their process groups and the orphans that they leave, and describes how programs ended.

use std::fmt;
use std::process::ExitStatus;

use tokio::process::Command;

/// Exit status of a program.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ExitReason {
    Code(i32),
    Signal(i32),
    /// The system reports neither a code nor a signal.
    Unknown,
}

impl ExitReason {
    /// Converts a status of the standard library.
    #[cfg(unix)]
    pub fn of(status: ExitStatus) -> Self {
        use std::os::unix::process::ExitStatusExt;
        status.signal().map_or_else(|| status.code().map_or(Self::Unknown, Self::Code), Self::Signal)
    }

    /// Converts a status of the standard library.
    #[cfg(not(unix))]
    pub fn of(status: ExitStatus) -> Self {
        status.code().map_or(Self::Unknown, Self::Code)
    }

    /// Returns the exit code, if the program was not ended by a signal.
    pub fn code(self) -> Option<i32> {
        if let Self::Code(code) = self { Some(code) } else { None }
    }
}

impl fmt::Display for ExitReason {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Code(code) => write!(formatter, "code {code}"),
            Self::Signal(signal) => write!(formatter, "signal {signal}"),
            Self::Unknown => formatter.write_str("an unknown status"),
        }
    }
}

#[cfg(unix)]
fn group(id: Option<u32>) -> Option<rustix::process::Pid> {
    id.and_then(|id| i32::try_from(id).ok()).and_then(rustix::process::Pid::from_raw)
}

/// Puts a program into its own process group and resets its signals. On Linux the program is also killed when phx ends
/// for any reason, and its orphans become children of phx.
#[cfg(unix)]
pub fn set_process_group(command: &mut Command) {
    command.process_group(0);
    #[cfg(target_os = "linux")]
    become_subreaper();
    // SAFETY: between fork and exec the closure makes only system calls, which do not allocate and take no lock.
    #[allow(unsafe_code)]
    unsafe {
        command.pre_exec(reset_signals_and_bind_to_parent);
    }
}

/// Resets all signals to their defaults and, on Linux, makes the kernel kill the program when phx ends. Call it between
/// fork and exec.
#[cfg(unix)]
pub fn reset_signals_and_bind_to_parent() -> std::io::Result<()> {
    default_signals()?;
    #[cfg(target_os = "linux")]
    rustix::process::set_parent_process_death_signal(Some(rustix::process::Signal::KILL))?;
    Ok(())
}

/// Resets the signals of this process to their defaults. Call it between fork and exec: if phx was started with ignored
/// signals (by `nohup`, or in the background of a shell), a program would inherit that and ignore them too.
#[cfg(unix)]
fn default_signals() -> std::io::Result<()> {
    for signal in [
        libc::SIGHUP,
        libc::SIGINT,
        libc::SIGQUIT,
        libc::SIGTERM,
        libc::SIGALRM,
        libc::SIGUSR1,
        libc::SIGUSR2,
        libc::SIGCHLD,
        libc::SIGCONT,
        libc::SIGTSTP,
        libc::SIGTTIN,
        libc::SIGTTOU,
        libc::SIGWINCH,
    ] {
        // SAFETY: `signal` is async-signal-safe, and no handler is installed.
        #[allow(unsafe_code)]
        if unsafe { libc::signal(signal, libc::SIG_DFL) } == libc::SIG_ERR {
            return Err(std::io::Error::last_os_error());
        }
    }
    Ok(())
}

/// Returns whether phx was started with SIGHUP ignored, for example by `nohup`.
#[cfg(unix)]
pub fn ignores_hangup() -> bool {
    let mut current = std::mem::MaybeUninit::<libc::sigaction>::uninit();
    // SAFETY: without a new action the call only writes the current one into memory of its type, which is read only on
    // success.
    #[allow(unsafe_code)]
    unsafe {
        libc::sigaction(libc::SIGHUP, std::ptr::null(), current.as_mut_ptr()) == 0
            && current.assume_init().sa_sigaction == libc::SIG_IGN
    }
}

/// Sends SIGINT to a process.
#[cfg(unix)]
pub fn interrupt(id: Option<u32>) {
    if let Some(id) = group(id) {
        let _ = rustix::process::kill_process(id, rustix::process::Signal::INT);
    }
}

/// Kills a process group.
#[cfg(unix)]
pub fn kill_group(id: Option<u32>) {
    if let Some(group) = group(id) {
        let _ = rustix::process::kill_process_group(group, rustix::process::Signal::KILL);
    }
}

/// Stops a process group (SIGSTOP), or continues it (SIGCONT).
#[cfg(unix)]
pub fn freeze(id: Option<u32>, stopped: bool) {
    use rustix::process::Signal;
    if let Some(id) = group(id) {
        let _ = rustix::process::kill_process_group(id, if stopped { Signal::STOP } else { Signal::CONT });
    }
}

/// Makes orphaned descendants children of this process, so that they can be found.
#[cfg(target_os = "linux")]
fn become_subreaper() {
    static ONCE: std::sync::Once = std::sync::Once::new();
    ONCE.call_once(|| {
        let _ = rustix::process::set_child_subreaper(Some(rustix::process::getpid()));
        STARTED.store(true, std::sync::atomic::Ordering::Relaxed);
    });
}

#[cfg(target_os = "linux")]
static STARTED: std::sync::atomic::AtomicBool = std::sync::atomic::AtomicBool::new(false);

/// Kills all children of this process. Between two checks the only children are orphans of programs that doctor
/// started.
#[cfg(target_os = "linux")]
pub fn kill_orphans() {
    use crate::system::disk;
    use rustix::process::{Pid, Signal, WaitOptions, getpid, kill_process, waitpid};
    if !STARTED.load(std::sync::atomic::Ordering::Relaxed) {
        return;
    }
    let own = getpid().as_raw_nonzero().get().to_string();
    // When an orphan dies, its own children become children of this process, so the list is read again.
    for _ in 0..20 {
        let processes = disk::list(std::path::Path::new("/proc")).unwrap_or_default();
        let parent = |stat: &str| stat.rsplit_once(')')?.1.split_whitespace().nth(1).map(str::to_owned);
        let children: Vec<Pid> = processes
            .iter()
            .filter_map(|(name, path)| {
                let id = name.parse::<i32>().ok().and_then(Pid::from_raw)?;
                let stat = disk::read_optional(&path.join("stat")).ok()??;
                (parent(&String::from_utf8_lossy(&stat))? == own).then_some(id)
            })
            .collect();
        if children.is_empty() {
            return;
        }
        for child in children {
            let _ = kill_process(child, Signal::KILL);
            let _ = waitpid(Some(child), WaitOptions::empty());
        }
    }
}

/// Does nothing: orphans can be found only on Linux.
#[cfg(not(target_os = "linux"))]
pub fn kill_orphans() {}

/// Does nothing: process groups exist only on Unix.
#[cfg(not(unix))]
pub fn set_process_group(_: &mut Command) {}

/// Does nothing: SIGINT exists only on Unix.
#[cfg(not(unix))]
pub fn interrupt(_: Option<u32>) {}

/// Does nothing: the handle of the program ends it.
#[cfg(not(unix))]
pub fn kill_group(_: Option<u32>) {}

/// Does nothing: SIGSTOP exists only on Unix.
#[cfg(not(unix))]
pub fn freeze(_: Option<u32>, _: bool) {}
