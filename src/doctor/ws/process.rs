//! Process resources: the file descriptor limit of this process, and the resources of the server processes.

use std::path::Path;

use crate::config::doctor::Process;
use crate::system::disk;

/// Raises the soft limit of open file descriptors to `needed`, if the hard limit allows it.
///
/// # Errors
/// Returns an error if the hard limit is lower.
#[cfg(unix)]
pub fn raise_fd_limit(needed: u64) -> Result<(), String> {
    use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
    let limit = getrlimit(Resource::Nofile);
    if limit.current.is_none_or(|current| current >= needed) {
        return Ok(());
    }
    let raised = Rlimit { current: Some(limit.maximum.map_or(needed, |most| most.min(needed))), ..limit };
    if limit.maximum.is_none_or(|most| most >= needed) && setrlimit(Resource::Nofile, raised).is_ok() {
        return Ok(());
    }
    let most = limit.maximum.unwrap_or_default();
    Err(format!("{needed} open files are needed, but the limit of this process is {most}"))
}

/// Does nothing: Windows has no such limit.
#[cfg(not(unix))]
#[allow(clippy::unnecessary_wraps)]
pub fn raise_fd_limit(_: u64) -> Result<(), String> {
    Ok(())
}

/// Resources of all processes of a server together.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Held {
    pub descriptors: u64,
    /// Resident memory, in bytes.
    pub memory: u64,
    pub threads: u64,
}

/// Returns the process ids of a server; empty if they are not visible, as on systems other than Linux.
pub fn of(process: Option<&Process>) -> Vec<u32> {
    match process {
        None => Vec::new(),
        Some(Process::PidFile(file)) => {
            let text = disk::read_optional(Path::new(file)).ok().flatten().unwrap_or_default();
            String::from_utf8_lossy(&text).trim().parse().into_iter().collect()
        }
        Some(Process::Port(port)) => listening(*port),
    }
}

/// Returns the resources of the processes, or `None` if one of them has ended or `ids` is empty.
pub fn held(ids: &[u32]) -> Option<Held> {
    let mut total = Held { descriptors: 0, memory: 0, threads: 0 };
    for id in ids {
        let status = text(&format!("/proc/{id}/status"))?;
        let number = |key: &str| -> Option<u64> {
            let line = status.lines().find_map(|line| line.strip_prefix(key))?;
            line.split_whitespace().next()?.parse().ok()
        };
        total.memory += number("VmRSS:")? << 10;
        total.threads += number("Threads:")?;
        total.descriptors += disk::list(Path::new(&format!("/proc/{id}/fd"))).ok()?.len() as u64;
    }
    (!ids.is_empty()).then_some(total)
}

fn text(path: &str) -> Option<String> {
    let bytes = disk::read_optional(Path::new(path)).ok()??;
    Some(String::from_utf8_lossy(&bytes).into_owned())
}

/// Returns the processes that have a listening socket on a port. A parent and its workers share one.
fn listening(port: u16) -> Vec<u32> {
    // State TCP_LISTEN in /proc/net/tcp.
    let listen_state = "0A";
    let inode = |line: &str| -> Option<String> {
        let fields: Vec<&str> = line.split_whitespace().collect();
        let (_, local) = fields.get(1)?.rsplit_once(':')?;
        let is_match = u16::from_str_radix(local, 16).ok()? == port && *fields.get(3)? == listen_state;
        is_match.then(|| format!("socket:[{}]", fields.get(9).copied().unwrap_or_default()))
    };
    let tables = ["/proc/net/tcp", "/proc/net/tcp6"].map(|table| text(table).unwrap_or_default());
    let sockets: Vec<String> = tables.iter().flat_map(|table| table.lines()).filter_map(inode).collect();
    let processes = disk::list(Path::new("/proc")).unwrap_or_default();
    let ids = processes.iter().filter_map(|(name, _)| name.parse::<u32>().ok());
    let holds = |id: &u32| {
        let links = disk::list(Path::new(&format!("/proc/{id}/fd"))).unwrap_or_default();
        links.iter().any(|(_, path)| disk::link(path).is_some_and(|target| sockets.contains(&target)))
    };
    ids.filter(holds).collect()
}
