//! Facts about the terminal, session and environment of the payload, read from the kernel.

use serde_json::{Value, json};

use super::Orders;

/// Reports the facts and waits for the acknowledgement.
pub(super) fn run(orders: &Orders) -> u8 {
    orders.report(&facts("facts"));
    super::wait_for_ack();
    0
}

/// Returns the facts as an event with this name.
#[cfg(unix)]
pub(super) fn facts(event: &str) -> Value {
    use rustix::process::{getpgrp, getpid, getppid, getsid};
    use rustix::stdio::{stderr, stdin, stdout};
    use rustix::termios::{isatty, tcgetattr, tcgetpgrp, tcgetwinsize, ttyname};

    // Direct system calls, so that a preloaded library cannot fake the results.
    let tty = [isatty(stdin()), isatty(stdout()), isatty(stderr())];
    let name = ttyname(stdout(), Vec::new()).map(|name| name.to_string_lossy().into_owned()).ok();
    let dev_tty = rustix::fs::open("/dev/tty", rustix::fs::OFlags::RDWR, rustix::fs::Mode::empty());
    // Output may be a pipe, so the controlling terminal is asked first.
    let foreground = match &dev_tty {
        Ok(terminal) => tcgetpgrp(terminal),
        Err(_) => tcgetpgrp(stdout()),
    };
    // In a separate PID namespace a group from outside has the id 0.
    let foreground = foreground.ok().map(|group| group.as_raw_nonzero().get());
    let dev_tty = dev_tty.map_or_else(|error| error.to_string(), |_| "ok".to_owned());
    let size = tcgetwinsize(stdout()).map(|size| json!([size.ws_row, size.ws_col])).unwrap_or_default();
    let canonical = tcgetattr(stdin()).map(|modes| modes.local_modes.contains(rustix::termios::LocalModes::ICANON));
    let number = |pid: rustix::process::Pid| pid.as_raw_nonzero().get();
    let mut names: Vec<String> = std::env::vars_os().map(|(name, _)| name.to_string_lossy().into_owned()).collect();
    names.sort();
    json!({
        "event": event,
        "tty": tty,
        "name": name,
        "dev_tty": dev_tty,
        "size": size,
        "canonical": canonical.ok(),
        "pid": number(getpid()),
        "parent": getppid().map(number),
        "session": getsid(None).map(number).ok(),
        "group": number(getpgrp()),
        "foreground": foreground,
        "environment": names,
        "term": crate::system::environment::raw_variable("TERM"),
        "descriptors": descriptors(),
        "status": status(),
    })
}

/// Returns an event without facts: they exist only on Unix.
#[cfg(not(unix))]
pub fn facts(event: &str) -> Value {
    json!({ "event": event })
}

/// Returns the open file descriptors in addition to the standard streams, each with its target.
#[cfg(unix)]
fn descriptors() -> Value {
    let folder = if cfg!(target_os = "linux") { "/proc/self/fd" } else { "/dev/fd" };
    let entries = crate::system::disk::list(std::path::Path::new(folder)).unwrap_or_default();
    let open = entries.iter().filter(|(name, _)| name.parse::<u32>().is_ok_and(|number| number > 2));
    let targets = open.map(|(name, path)| (name, crate::system::disk::link(path)));
    // The descriptor through which the list was read is closed again.
    let targets = targets.filter(|(_, target)| {
        target.as_ref().is_some_and(|target| !target.contains("/proc/") || !target.ends_with("/fd"))
    });
    targets.map(|(name, target)| json!([name, target])).collect()
}

/// Returns the fields of `/proc/self/status` about signals, privileges and seccomp.
#[cfg(unix)]
fn status() -> Value {
    let text = crate::system::disk::read_optional(std::path::Path::new("/proc/self/status"))
        .ok()
        .flatten()
        .unwrap_or_default();
    let text = String::from_utf8_lossy(&text).into_owned();
    let wanted = ["SigIgn", "SigBlk", "NoNewPrivs", "Seccomp", "CapEff"];
    let lines = text.lines().filter_map(|line| line.split_once(':'));
    lines
        .filter(|(key, _)| wanted.contains(key))
        .map(|(key, value)| (key.to_owned(), json!(value.trim())))
        .collect::<serde_json::Map<_, _>>()
        .into()
}
