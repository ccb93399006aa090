//! Whether this machine can give terminals.

use super::{MACHINE, seen};
use crate::doctor::Check;
use crate::doctor::check_result::CheckResult;

/// Terminals that must be free.
const FREE: u64 = 16;

/// The check.
pub const CHECK: Check = Check {
    id: "pty.local",
    claim: "this machine gives terminals",
    method: "One is opened and closed again, and those that are open are compared with how many there may be. An error where none can be \
             opened; fails where fewer than 16 are left.",
    opens: "one pseudo-terminal of this machine",
    harm: "",
    deadline_ms: 2_000,
};

/// Looks.
pub fn run() -> CheckResult {
    run_with(None)
}

/// Looks, as if so many terminals were open.
pub fn run_with(pretended: Option<u64>) -> CheckResult {
    if let Err(why) = open() {
        let help = "see that /dev/pts is mounted, and that /dev/ptmx may be opened";
        return CheckResult::error(format!("{MACHINE} gives no terminal: {why}"))
            .help(help, &["mount -t devpts devpts /dev/pts"]);
    }
    let most = seen::most_terminals().or(pretended);
    let open = pretended.map(|open| open.min(most.unwrap_or(open))).or_else(seen::terminals);
    let found = match open.zip(most) {
        Some((open, most)) if most.saturating_sub(open) < FREE => {
            CheckResult::fail(1, format!("{open} of {most} terminals are open"))
                .help("close some, or allow more", &["sysctl kernel.pty.max=4096"])
        }
        _ => CheckResult::pass(1),
    };
    found.observed("open", open).observed("most", most)
}

#[cfg(unix)]
fn open() -> Result<(), String> {
    use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};
    let controller = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY).map_err(|error| error.to_string())?;
    grantpt(&controller).map_err(|error| error.to_string())?;
    unlockpt(&controller).map_err(|error| error.to_string())?;
    let name = ptsname(&controller, Vec::new()).map_err(|error| error.to_string())?;
    let flags = rustix::fs::OFlags::RDWR | rustix::fs::OFlags::NOCTTY;
    let terminal =
        rustix::fs::open(name.as_c_str(), flags, rustix::fs::Mode::empty()).map_err(|error| error.to_string())?;
    if rustix::termios::isatty(&terminal) { Ok(()) } else { Err("what it gives is none".to_owned()) }
}

#[cfg(windows)]
fn open() -> Result<(), String> {
    let system = portable_pty::native_pty_system();
    system.openpty(portable_pty::PtySize::default()).map(drop).map_err(|error| error.to_string())
}

#[cfg(not(any(unix, windows)))]
fn open() -> Result<(), String> {
    Err("not on this system".to_owned())
}
