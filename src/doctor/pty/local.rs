//! Check `pty.local`: pseudo-terminals can be allocated on this machine.

use super::{MACHINE, seen};
use crate::doctor::Check;
use crate::doctor::check_result::CheckResult;

/// Number of pseudo-terminals that must be available.
const MIN_FREE: u64 = 16;

pub const CHECK: Check = Check {
    id: "pty.local",
    claim: "pseudo-terminals can be allocated",
    method: "Opens and closes one pseudo-terminal, and compares the number of open ones with the maximum. Fails if \
             fewer than 16 are left. Inconclusive if none can be opened.",
    side_effects: "one pseudo-terminal of this machine",
    risk: "",
    deadline_ms: 2_000,
};

pub fn run() -> CheckResult {
    run_with(None)
}

/// Runs the check with `simulated` as the number of open terminals, for the self-test.
pub fn run_with(simulated: Option<u64>) -> CheckResult {
    if let Err(why) = open() {
        let help = "mount /dev/pts and allow access to /dev/ptmx";
        return CheckResult::error(format!("cannot allocate a pseudo-terminal on {MACHINE}: {why}"))
            .help(help, &["mount -t devpts devpts /dev/pts"]);
    }
    let most = seen::most_terminals().or(simulated);
    let open = simulated.map(|open| open.min(most.unwrap_or(open))).or_else(seen::terminals);
    let result = match open.zip(most) {
        Some((open, most)) if most.saturating_sub(open) < MIN_FREE => {
            CheckResult::fail(1, format!("{open} of {most} pseudo-terminals are open"))
                .help("close some of them, or raise the maximum", &["sysctl kernel.pty.max=4096"])
        }
        _ => CheckResult::pass(1),
    };
    result.observed("open", open).observed("most", most)
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
    if rustix::termios::isatty(&terminal) { Ok(()) } else { Err("the allocated device is not a terminal".to_owned()) }
}

#[cfg(windows)]
fn open() -> Result<(), String> {
    let system = portable_pty::native_pty_system();
    system.openpty(portable_pty::PtySize::default()).map(drop).map_err(|error| error.to_string())
}

#[cfg(not(any(unix, windows)))]
fn open() -> Result<(), String> {
    Err("not supported on this system".to_owned())
}
