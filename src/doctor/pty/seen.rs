//! Processes and terminals as seen from outside the sessions, in `/proc`. On systems other than Linux, results are
//! empty.

use std::path::Path;

use crate::system::disk;

/// Returns the payload processes whose command line contains a token. Every payload has the token of its session there,
/// even if it is detached from its environment, session, terminal and parent.
pub fn marked(token: &str) -> Vec<u32> {
    let processes = disk::list(Path::new("/proc")).unwrap_or_default();
    let has_token = |id: &u32| {
        let line = read(&format!("/proc/{id}/cmdline"));
        line.split(|byte| *byte == 0).any(|word| word == token.as_bytes())
    };
    let own = std::process::id();
    // A host may have the token as an argument, too; a payload is a process `phx __payload`.
    let is_payload =
        |id: &u32| read(&format!("/proc/{id}/cmdline")).split(|byte| *byte == 0).nth(1) == Some(b"__payload");
    processes
        .iter()
        .filter_map(|(name, _)| name.parse().ok())
        .filter(|id| *id != own && has_token(id) && is_payload(id))
        .collect()
}

/// Returns the state of a process, such as `S` or `Z`, or `None` if it has ended.
pub fn state(id: u32) -> Option<char> {
    let stat = read(&format!("/proc/{id}/stat"));
    let stat = String::from_utf8_lossy(&stat).into_owned();
    // The process name may contain parentheses, so the fields start after the last one.
    stat.rsplit_once(')')?.1.trim_start().chars().next()
}

/// Returns the parent of a process.
pub fn parent(id: u32) -> Option<u32> {
    let stat = read(&format!("/proc/{id}/stat"));
    let stat = String::from_utf8_lossy(&stat).into_owned();
    stat.rsplit_once(')')?.1.split_whitespace().nth(1)?.parse().ok()
}

/// Returns the arguments of a process after its token.
pub fn words(id: u32, token: &str) -> String {
    let line = read(&format!("/proc/{id}/cmdline"));
    let words: Vec<String> =
        line.split(|byte| *byte == 0).map(|word| String::from_utf8_lossy(word).into_owned()).collect();
    words.iter().skip_while(|word| *word != token).skip(1).cloned().collect::<Vec<_>>().join(" ").trim().to_owned()
}

/// Returns the resident memory of a process in bytes.
pub fn memory(id: u32) -> Option<u64> {
    let status = read(&format!("/proc/{id}/status"));
    let status = String::from_utf8_lossy(&status).into_owned();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
    Some(line.split_whitespace().next()?.parse::<u64>().ok()? << 10)
}

/// Returns the number of open pseudo-terminals of this machine.
pub fn terminals() -> Option<u64> {
    String::from_utf8_lossy(&read("/proc/sys/kernel/pty/nr")).trim().parse().ok()
}

/// Returns the maximum number of pseudo-terminals of this machine.
pub fn most_terminals() -> Option<u64> {
    String::from_utf8_lossy(&read("/proc/sys/kernel/pty/max")).trim().parse().ok()
}

/// Returns whether the device of a terminal exists.
pub fn is_there(name: &str) -> bool {
    disk::exists(Path::new(name))
}

/// Sends SIGKILL to a process.
#[cfg(unix)]
pub fn kill(id: u32) {
    use rustix::process::{Pid, Signal, kill_process};
    if let Some(pid) = i32::try_from(id).ok().and_then(Pid::from_raw) {
        let _ = kill_process(pid, Signal::KILL);
    }
}

/// Does nothing on this system.
#[cfg(not(unix))]
pub fn kill(_: u32) {}

fn read(path: &str) -> Vec<u8> {
    disk::read_optional(Path::new(path)).ok().flatten().unwrap_or_default()
}
