//! How programs end: with their groups, and with what they have left behind.

use std::fmt;
use std::process::ExitStatus;

use tokio::process::Command;

/// How a program ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ExitReason {
    /// With a code.
    Code(i32),
    /// By a signal.
    Signal(i32),
    /// Nobody can say.
    Unknown,
}

impl ExitReason {
    /// As the system says.
    #[cfg(unix)]
    pub fn of(status: ExitStatus) -> Self {
        use std::os::unix::process::ExitStatusExt;
        status.signal().map_or_else(|| status.code().map_or(Self::Unknown, Self::Code), Self::Signal)
    }

    /// As the system says.
    #[cfg(not(unix))]
    pub fn of(status: ExitStatus) -> Self {
        status.code().map_or(Self::Unknown, Self::Code)
    }

    /// The code, where there is one.
    pub fn code(self) -> Option<i32> {
        if let Self::Code(code) = self { Some(code) } else { None }
    }
}

impl fmt::Display for ExitReason {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Code(code) => write!(formatter, "code {code}"),
            Self::Signal(signal) => write!(formatter, "signal {signal}"),
            Self::Unknown => formatter.write_str("nobody can say how"),
        }
    }
}

#[cfg(unix)]
fn group(id: Option<u32>) -> Option<rustix::process::Pid> {
    id.and_then(|id| i32::try_from(id).ok()).and_then(rustix::process::Pid::from_raw)
}

/// Gives a program a group of its own and signals as they are by default, and on Linux an end when phx ends, however that happens.
#[cfg(unix)]
pub fn set_process_group(command: &mut Command) {
    command.process_group(0);
    #[cfg(target_os = "linux")]
    become_subreaper();
    // SAFETY: between fork and exec calls of the system are made, which allocate nothing and take no lock.
    #[allow(unsafe_code)]
    unsafe {
        command.pre_exec(bound);
    }
}

/// Sets every signal to its default, and on Linux has the program end when phx ends, however that happens. To be called between
/// fork and exec.
///
/// # Errors
/// None that is known.
#[cfg(unix)]
pub fn bound() -> std::io::Result<()> {
    default_signals()?;
    #[cfg(target_os = "linux")]
    rustix::process::set_parent_process_death_signal(Some(rustix::process::Signal::KILL))?;
    Ok(())
}

/// Sets every signal of this process to its default. To be called between fork and exec: a program inherits the signals that phx
/// itself was started without, by `nohup` or in the background of a shell, and would be deaf to them.
///
/// # Errors
/// None that is known: all of these signals have a default.
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
        // SAFETY: `signal` may be called between fork and exec, and no handler is installed.
        #[allow(unsafe_code)]
        if unsafe { libc::signal(signal, libc::SIG_DFL) } == libc::SIG_ERR {
            return Err(std::io::Error::last_os_error());
        }
    }
    Ok(())
}

/// Whether phx was started with hang-ups ignored, as by `nohup`.
#[cfg(unix)]
pub fn ignores_hangup() -> bool {
    let mut current = std::mem::MaybeUninit::<libc::sigaction>::uninit();
    // SAFETY: without a new action the call only writes the current one, to memory of its type; it is read where that succeeded.
    #[allow(unsafe_code)]
    unsafe {
        libc::sigaction(libc::SIGHUP, std::ptr::null(), current.as_mut_ptr()) == 0
            && current.assume_init().sa_sigaction == libc::SIG_IGN
    }
}

/// Interrupts a program.
#[cfg(unix)]
pub fn interrupt(id: Option<u32>) {
    if let Some(id) = group(id) {
        let _ = rustix::process::kill_process(id, rustix::process::Signal::INT);
    }
}

/// Ends a group.
#[cfg(unix)]
pub fn end(id: Option<u32>) {
    if let Some(group) = group(id) {
        let _ = rustix::process::kill_process_group(group, rustix::process::Signal::KILL);
    }
}

/// Holds a group still, or lets it go on.
#[cfg(unix)]
pub fn freeze(id: Option<u32>, still: bool) {
    use rustix::process::Signal;
    if let Some(id) = group(id) {
        let _ = rustix::process::kill_process_group(id, if still { Signal::STOP } else { Signal::CONT });
    }
}

/// Has what programs leave behind become children of this process, so that it can be found.
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

/// Ends all children of this process: between two checks there are none but those that a program has left behind.
#[cfg(target_os = "linux")]
pub fn kill_orphans() {
    use crate::system::disk;
    use rustix::process::{Pid, Signal, WaitOptions, getpid, kill_process, waitpid};
    if !STARTED.load(std::sync::atomic::Ordering::Relaxed) {
        return;
    }
    let own = getpid().as_raw_nonzero().get().to_string();
    // Those that one of them has left behind come to light when it is gone.
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

/// Ends what programs have left behind: only Linux shows it.
#[cfg(not(target_os = "linux"))]
pub fn kill_orphans() {}

/// Gives a program a group of its own: there are none here.
#[cfg(not(unix))]
pub fn set_process_group(_: &mut Command) {}

/// Interrupts a program: there is no way here.
#[cfg(not(unix))]
pub fn interrupt(_: Option<u32>) {}

/// Ends a group: the program itself is ended by its handle.
#[cfg(not(unix))]
pub fn end(_: Option<u32>) {}

/// Holds a group still: there is no way here.
#[cfg(not(unix))]
pub fn freeze(_: Option<u32>, _: bool) {}
