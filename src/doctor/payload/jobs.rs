//! Job control, as a shell does it: a job gets the terminal, stops, gives it back, goes on, ends.

use super::Orders;

/// Does it, and reports how far it got.
#[cfg(unix)]
pub fn run(orders: &Orders) -> u8 {
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

    // A shell that gives the terminal away is in the background when it takes it back, and must not be stopped for that.
    // SAFETY: a disposition is set before there is any other thread, and no handler of ours runs.
    #[allow(unsafe_code)]
    unsafe {
        libc::signal(libc::SIGTTOU, libc::SIG_IGN);
    }
    let said = |what: &'static str| move |error: rustix::io::Errno| format!("{what}: {error}");
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
        tcsetpgrp(stdin(), id).map_err(said("the job cannot be put in the foreground"))?;
        steps.push("foreground");
        let (_, status) =
            waitpid(Some(id), WaitOptions::UNTRACED).map_err(said("the job cannot be waited for"))?.ok_or("no job")?;
        if !status.stopped() {
            return Err("the job did not stop".to_owned());
        }
        steps.push("stopped");
        tcsetpgrp(stdin(), getpgrp()).map_err(said("the terminal cannot be taken back"))?;
        if tcgetpgrp(stdin()).ok() != Some(getpgrp()) {
            return Err("the terminal was not given back".to_owned());
        }
        steps.push("taken_back");
        kill_process_group(id, Signal::CONT).map_err(said("the job cannot be continued"))?;
        let (_, status) =
            waitpid(Some(id), WaitOptions::empty()).map_err(said("the job cannot be waited for"))?.ok_or("no job")?;
        if status.exit_status() != Some(7) {
            return Err("the job did not end as it should".to_owned());
        }
        steps.push("continued");
        Ok(())
    })();
    let _ = kill_process_group(id, Signal::KILL);
    result
}

/// The job: stops itself, and ends with 7 when it goes on.
#[cfg(unix)]
pub fn stop(_: &Orders) -> u8 {
    let _ = rustix::process::kill_process(rustix::process::getpid(), rustix::process::Signal::STOP);
    7
}

/// There is no job control on this system.
#[cfg(not(unix))]
pub fn run(_: &Orders) -> u8 {
    2
}

/// There is no job control on this system.
#[cfg(not(unix))]
pub fn stop(_: &Orders) -> u8 {
    2
}
