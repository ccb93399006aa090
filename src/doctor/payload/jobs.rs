//! Job control as in a shell: a job receives the terminal, stops, returns it, continues and ends.

use super::Orders;

/// Runs the job control steps and reports the completed steps and the error, if any.
#[cfg(unix)]
pub(super) fn run(orders: &Orders) -> u8 {
    use serde_json::json;
    let mut steps = Vec::new();
    let why = shell(orders, &mut steps).err().unwrap_or_default();
    orders.report(&json!({ "event": "jobs", "steps": steps, "why": why }));
    0
}

#[cfg(unix)]
fn shell(orders: &Orders, steps: &mut Vec<&'static str>) -> Result<(), String> {
    use rustix::process::{Pid, Signal, WaitOptions, getpgrp, kill_process_group, waitpid};
    use rustix::stdio::stdin;
    use rustix::termios::{tcgetpgrp, tcsetpgrp};
    use std::os::unix::process::CommandExt;

    // A shell is in the background when it takes the terminal back, and SIGTTOU would stop it.
    // SAFETY: the disposition is set before any other thread exists, and no signal handler is installed.
    #[allow(unsafe_code)]
    unsafe {
        libc::signal(libc::SIGTTOU, libc::SIG_IGN);
    }
    let context = |action: &'static str| move |error: rustix::io::Errno| format!("{action}: {error}");
    let program = std::env::current_exe().map_err(|error| error.to_string())?;
    #[allow(clippy::disallowed_methods)]
    let mut command = std::process::Command::new(program);
    let job = command
        .args(["__payload", "stop", &orders.token])
        .process_group(0)
        .spawn()
        .map_err(|error| error.to_string())?;
    let id = i32::try_from(job.id()).ok().and_then(Pid::from_raw).ok_or("the job has no id")?;
    let result = (|| {
        tcsetpgrp(stdin(), id).map_err(context("cannot put the job in the foreground"))?;
        steps.push("foreground");
        let (_, status) = waitpid(Some(id), WaitOptions::UNTRACED)
            .map_err(context("cannot wait for the job"))?
            .ok_or("the job was not found")?;
        if !status.stopped() {
            return Err("the job did not stop".to_owned());
        }
        steps.push("stopped");
        tcsetpgrp(stdin(), getpgrp()).map_err(context("cannot take the terminal back"))?;
        if tcgetpgrp(stdin()).ok() != Some(getpgrp()) {
            return Err("the terminal was not returned".to_owned());
        }
        steps.push("taken_back");
        kill_process_group(id, Signal::CONT).map_err(context("cannot continue the job"))?;
        let (_, status) = waitpid(Some(id), WaitOptions::empty())
            .map_err(context("cannot wait for the job"))?
            .ok_or("the job was not found")?;
        if status.exit_status() != Some(7) {
            return Err("the job did not exit with code 7".to_owned());
        }
        steps.push("continued");
        Ok(())
    })();
    let _ = kill_process_group(id, Signal::KILL);
    result
}

/// Stops itself, and exits with 7 after it is continued.
#[cfg(unix)]
pub(super) fn stop(_: &Orders) -> u8 {
    let _ = rustix::process::kill_process(rustix::process::getpid(), rustix::process::Signal::STOP);
    7
}

/// Fails: job control exists only on Unix.
#[cfg(not(unix))]
pub fn run(_: &Orders) -> u8 {
    2
}

/// Fails: job control exists only on Unix.
#[cfg(not(unix))]
pub fn stop(_: &Orders) -> u8 {
    2
}
