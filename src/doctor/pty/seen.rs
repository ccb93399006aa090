//! What can be seen of processes and terminals from outside, in `/proc`: nothing on other systems than Linux.

use std::path::Path;

use crate::system::disk;

/// The processes in whose command line a token stands. Every payload bears the one of its session, whatever it has detached itself
/// from: environment, session, terminal, parent.
pub fn marked(token: &str) -> Vec<u32> {
    let processes = disk::list(Path::new("/proc")).unwrap_or_default();
    let bears = |id: &u32| {
        let line = read(&format!("/proc/{id}/cmdline"));
        line.split(|byte| *byte == 0).any(|word| word == token.as_bytes())
    };
    let own = std::process::id();
    // A host may bear it too, as an argument; a payload is phx itself.
    let is_payload =
        |id: &u32| read(&format!("/proc/{id}/cmdline")).split(|byte| *byte == 0).nth(1) == Some(b"__payload");
    processes
        .iter()
        .filter_map(|(name, _)| name.parse().ok())
        .filter(|id| *id != own && bears(id) && is_payload(id))
        .collect()
}

/// The state of a process, as `S` or `Z`; nothing where it is gone.
pub fn state(id: u32) -> Option<char> {
    let stat = read(&format!("/proc/{id}/stat"));
    let stat = String::from_utf8_lossy(&stat).into_owned();
    // The name may hold anything; what follows its last parenthesis does not.
    stat.rsplit_once(')')?.1.trim_start().chars().next()
}

/// The parent of a process.
pub fn parent(id: u32) -> Option<u32> {
    let stat = read(&format!("/proc/{id}/stat"));
    let stat = String::from_utf8_lossy(&stat).into_owned();
    stat.rsplit_once(')')?.1.split_whitespace().nth(1)?.parse().ok()
}

/// The words of a process's command line behind its token.
pub fn words(id: u32, token: &str) -> String {
    let line = read(&format!("/proc/{id}/cmdline"));
    let words: Vec<String> =
        line.split(|byte| *byte == 0).map(|word| String::from_utf8_lossy(word).into_owned()).collect();
    words.iter().skip_while(|word| *word != token).skip(1).cloned().collect::<Vec<_>>().join(" ").trim().to_owned()
}

/// Resident memory of a process, in bytes.
pub fn memory(id: u32) -> Option<u64> {
    let status = read(&format!("/proc/{id}/status"));
    let status = String::from_utf8_lossy(&status).into_owned();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
    Some(line.split_whitespace().next()?.parse::<u64>().ok()? << 10)
}

/// How many pseudo-terminals are open on this machine.
pub fn terminals() -> Option<u64> {
    String::from_utf8_lossy(&read("/proc/sys/kernel/pty/nr")).trim().parse().ok()
}

/// How many there may be.
pub fn most_terminals() -> Option<u64> {
    String::from_utf8_lossy(&read("/proc/sys/kernel/pty/max")).trim().parse().ok()
}

/// Whether a terminal is there.
pub fn is_there(name: &str) -> bool {
    disk::exists(Path::new(name))
}

/// Ends a process that doctor has started, at once.
#[cfg(unix)]
pub fn kill(id: u32) {
    use rustix::process::{Pid, Signal, kill_process};
    if let Some(pid) = i32::try_from(id).ok().and_then(Pid::from_raw) {
        let _ = kill_process(pid, Signal::KILL);
    }
}

/// Ends a process.
#[cfg(not(unix))]
pub fn kill(_: u32) {}

fn read(path: &str) -> Vec<u8> {
    disk::read_optional(Path::new(path)).ok().flatten().unwrap_or_default()
}
