//! Processes that may outlive their session, each detached in a different way. They exit after a minute.

use std::io::{Read, Write};
use std::process::{Command, Stdio};
use std::time::Duration;

use serde_json::json;

use super::Orders;

/// Methods to detach a process.
pub(super) const STYLES: &[&str] = &["background", "nohup", "setsid", "daemon"];
/// Maximum lifetime of a detached process.
const LIFETIME: Duration = Duration::from_secs(60);

/// Starts one process per method, reports those that started, and waits for a line.
pub(super) fn orphans(orders: &Orders) -> u8 {
    let Ok(program) = std::env::current_exe() else { return 4 };
    let mut started = Vec::new();
    for style in STYLES {
        #[allow(clippy::disallowed_methods)]
        let mut command = Command::new(&program);
        command.args(["__payload", "linger", &orders.token, style]);
        command.stdin(Stdio::null()).stdout(Stdio::piped());
        if *style != "background" {
            command.stderr(Stdio::null());
        }
        if *style == "daemon" {
            command.env_clear();
        }
        // Each process writes a byte after it has detached itself.
        if let Ok(mut child) = command.spawn()
            && let Some(mut stdout) = child.stdout.take()
            && stdout.read_exact(&mut [0]).is_ok()
        {
            started.push(*style);
        }
    }
    orders.report(&json!({ "event": "ready", "started": started }));
    let mut byte = [0];
    while std::io::stdin().read(&mut byte).is_ok_and(|read| read > 0) && byte[0] != b'\n' {}
    0
}

/// Detaches itself, reports that and sleeps.
pub(super) fn run(orders: &Orders) -> u8 {
    #[cfg(unix)]
    {
        if matches!(orders.word(0), "setsid" | "daemon") {
            let _ = rustix::process::setsid();
        }
        if orders.word(0) == "nohup" {
            // SAFETY: the disposition is set before any other thread exists, and no signal handler is installed.
            #[allow(unsafe_code)]
            unsafe {
                libc::signal(libc::SIGHUP, libc::SIG_IGN);
            }
        }
    }
    if orders.arguments.is_empty() {
        orders.report(&super::attest::facts("ready"));
    } else {
        let mut out = std::io::stdout().lock();
        let _ = out.write_all(b".").and_then(|()| out.flush());
    }
    std::thread::sleep(LIFETIME);
    0
}
