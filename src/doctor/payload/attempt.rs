//! Attempts at operations that a sandbox may deny. The payload reports the result of the system call; doctor verifies
//! the effect from outside.

use std::io::Write;
use std::time::{Duration, Instant};

use serde_json::json;

use super::Orders;
use crate::doctor::pty::io::sum;

/// Result of an attempt: a description of what was obtained, or the error.
type AttemptOutcome = Result<String, String>;

/// Name of an operation, and the function that attempts it with an argument.
type Attempt = (&'static str, fn(&str) -> AttemptOutcome);

const ATTEMPTS: &[Attempt] = &[
    ("read", read),
    ("write", write),
    ("net", connect),
    ("signal", signal),
    ("proc", read_process),
    ("ptrace", trace),
    ("mount", mount),
    ("rawsock", raw_socket),
    ("tiocsti", push_input),
    ("nproc", start_processes),
    ("memory", allocate_memory),
    ("cpu", use_cpu),
];

/// Attempts one operation and reports the result.
pub(super) fn run(orders: &Orders) -> u8 {
    let Some((_, attempt)) = ATTEMPTS.iter().find(|(name, _)| *name == orders.word(0)) else { return 2 };
    orders.report(&json!({ "event": "tries" }));
    let report = match attempt(orders.word(1)) {
        Ok(got) => json!({ "event": "tried", "allowed": true, "got": got }),
        Err(why) => json!({ "event": "tried", "allowed": false, "got": why }),
    };
    orders.report(&report);
    0
}

fn message(error: impl std::fmt::Display) -> String {
    error.to_string()
}

/// Reads a file, given as `SALT:PATH`.
fn read(file: &str) -> AttemptOutcome {
    let (salt, path) = file.split_once(':').ok_or("missing path")?;
    let bytes = crate::system::disk::read_optional(std::path::Path::new(path)).map_err(message)?;
    let bytes = bytes.ok_or_else(|| "not found".to_owned())?;
    // The content of other files is not reported: results are stored in places where that content must not appear.
    let is_own = bytes == super::super::pty::sandbox::read::MARK.as_bytes();
    // A salted hash does not reveal the content, and equal hashes identify the same file.
    let salted = [salt.as_bytes(), &bytes].concat();
    Ok(if is_own { "the mark".to_owned() } else { format!("{} bytes, {}", bytes.len(), sum(&salted)) })
}

fn write(path: &str) -> AttemptOutcome {
    crate::system::disk::create(std::path::Path::new(path), b"phx").map_err(message)?;
    Ok("written".to_owned())
}

/// Connects to `HOST:PORT` over TCP, to `udp:HOST:PORT`, or to the abstract socket `unix:NAME`, and sends a few bytes.
fn connect(address: &str) -> AttemptOutcome {
    if let Some(address) = address.strip_prefix("udp:") {
        let socket = std::net::UdpSocket::bind("0.0.0.0:0").map_err(message)?;
        socket.send_to(b"phx", address).map_err(message)?;
        return Ok("sent".to_owned());
    }
    #[cfg(target_os = "linux")]
    if let Some(name) = address.strip_prefix("unix:") {
        use std::os::linux::net::SocketAddrExt;
        let address = std::os::unix::net::SocketAddr::from_abstract_name(name).map_err(message)?;
        let mut stream = std::os::unix::net::UnixStream::connect_addr(&address).map_err(message)?;
        stream.write_all(b"phx").map_err(message)?;
        return Ok("connected".to_owned());
    }
    let address = address.parse().map_err(message)?;
    let mut stream = std::net::TcpStream::connect_timeout(&address, Duration::from_secs(3)).map_err(message)?;
    stream.write_all(b"phx").map_err(message)?;
    Ok("connected".to_owned())
}

/// Reads the command line of another process from `/proc`.
fn read_process(id: &str) -> AttemptOutcome {
    let bytes =
        crate::system::disk::read_optional(std::path::Path::new(&format!("/proc/{id}/cmdline"))).map_err(message)?;
    bytes.map(|_| "seen".to_owned()).ok_or_else(|| "not found".to_owned())
}

/// Allocates this number of bytes and writes to every page.
fn allocate_memory(bytes: &str) -> AttemptOutcome {
    let bytes: usize = bytes.parse().map_err(message)?;
    let mut memory: Vec<u8> = Vec::new();
    memory.try_reserve_exact(bytes).map_err(message)?;
    // One written byte commits a whole page.
    let pages = memory.spare_capacity_mut()[..bytes].chunks_mut(4096);
    let count = pages.map(|page| page[0].write(1)).filter(|byte| std::hint::black_box(**byte) == 1).count();
    Ok(format!("{count} pages"))
}

/// Uses this number of milliseconds of CPU time, for at most three times as long in real time.
fn use_cpu(milliseconds: &str) -> AttemptOutcome {
    let target = Duration::from_millis(milliseconds.parse().map_err(message)?);
    let (start, mut rounds) = (Instant::now(), 0_u64);
    while cpu_time(start) < target {
        rounds = std::hint::black_box(rounds.wrapping_add(1));
        if start.elapsed() > 3 * target {
            return Err("got less than a third of a CPU".to_owned());
        }
    }
    Ok("worked".to_owned())
}

/// Returns the CPU time of this process.
#[cfg(unix)]
fn cpu_time(_: Instant) -> Duration {
    let time = rustix::time::clock_gettime(rustix::time::ClockId::ProcessCPUTime);
    Duration::new(u64::try_from(time.tv_sec).unwrap_or_default(), u32::try_from(time.tv_nsec).unwrap_or_default())
}

/// Returns the elapsed time, since the CPU time is available only on Unix.
#[cfg(not(unix))]
fn cpu_time(start: Instant) -> Duration {
    start.elapsed()
}

#[cfg(unix)]
fn signal(id: &str) -> AttemptOutcome {
    use rustix::process::{Pid, Signal, kill_process};
    let id = id.parse().ok().and_then(Pid::from_raw).ok_or("not a valid process id")?;
    kill_process(id, Signal::USR1).map_err(message)?;
    Ok("sent".to_owned())
}

/// Starts this number of waiting processes and kills them.
#[cfg(unix)]
fn start_processes(count: &str) -> AttemptOutcome {
    let count: usize = count.parse().map_err(message)?;
    let program = std::env::current_exe().map_err(message)?;
    let mut children = Vec::new();
    let mut why = None;
    for _ in 0..count {
        #[allow(clippy::disallowed_methods)]
        let mut command = std::process::Command::new(&program);
        command
            .args(["__payload", "linger", "none", "many"])
            .stdin(std::process::Stdio::null())
            .stdout(std::process::Stdio::null());
        match command.spawn() {
            Ok(child) => children.push(child),
            Err(error) => {
                why = Some(format!("after {}: {error}", children.len()));
                break;
            }
        }
    }
    for child in &mut children {
        let _ = child.kill();
        let _ = child.wait();
    }
    why.map_or_else(|| Ok(format!("{count} processes")), Err)
}

#[cfg(unix)]
fn raw_socket(_: &str) -> AttemptOutcome {
    use rustix::net::{AddressFamily, SocketType, ipproto, socket};
    socket(AddressFamily::INET, SocketType::RAW, Some(ipproto::ICMP)).map_err(message)?;
    Ok("opened".to_owned())
}

/// Pushes a byte into the input of its own terminal, as if it had been typed (`TIOCSTI`).
#[cfg(target_os = "linux")]
fn push_input(_: &str) -> AttemptOutcome {
    let byte = b'\n';
    // SAFETY: the request reads one byte from a pointer that is valid for the call.
    #[allow(unsafe_code)]
    let status = unsafe { libc::ioctl(0, libc::TIOCSTI, std::ptr::from_ref(&byte)) };
    if status == 0 { Ok("pushed".to_owned()) } else { Err(message(std::io::Error::last_os_error())) }
}

#[cfg(target_os = "linux")]
fn trace(id: &str) -> AttemptOutcome {
    let id: libc::pid_t = id.parse().map_err(message)?;
    let none = std::ptr::null_mut::<libc::c_void>();
    // SAFETY: attach and detach do not access memory of this process; the traced process was started by doctor for this
    // purpose.
    #[allow(unsafe_code)]
    let status = unsafe { libc::ptrace(libc::PTRACE_ATTACH, id, none, none) };
    if status != 0 {
        return Err(message(std::io::Error::last_os_error()));
    }
    // SAFETY: as above; a traced process must be stopped before it is detached, and `waitpid` accepts a null status.
    #[allow(unsafe_code)]
    unsafe {
        libc::waitpid(id, std::ptr::null_mut(), libc::__WALL);
        libc::ptrace(libc::PTRACE_DETACH, id, none, none);
    }
    Ok("traced".to_owned())
}

/// Mounts an empty file system on a folder and unmounts it again.
#[cfg(target_os = "linux")]
fn mount(folder: &str) -> AttemptOutcome {
    let name = std::ffi::CString::new(folder).map_err(message)?;
    let kind = c"tmpfs".as_ptr();
    // SAFETY: all strings end with a null byte and outlive the call; the data may be null.
    #[allow(unsafe_code)]
    let status = unsafe { libc::mount(kind, name.as_ptr(), kind, 0, std::ptr::null()) };
    if status != 0 {
        return Err(message(std::io::Error::last_os_error()));
    }
    // SAFETY: as above.
    #[allow(unsafe_code)]
    unsafe {
        libc::umount2(name.as_ptr(), libc::MNT_DETACH);
    }
    Ok("mounted".to_owned())
}

#[cfg(not(target_os = "linux"))]
fn trace(_: &str) -> AttemptOutcome {
    Err("not supported on this system".to_owned())
}

#[cfg(not(target_os = "linux"))]
fn mount(_: &str) -> AttemptOutcome {
    Err("not supported on this system".to_owned())
}

#[cfg(not(unix))]
fn signal(_: &str) -> AttemptOutcome {
    Err("not supported on this system".to_owned())
}

#[cfg(not(unix))]
fn start_processes(_: &str) -> AttemptOutcome {
    Err("not supported on this system".to_owned())
}

#[cfg(not(unix))]
fn raw_socket(_: &str) -> AttemptOutcome {
    Err("not supported on this system".to_owned())
}

#[cfg(not(target_os = "linux"))]
fn push_input(_: &str) -> AttemptOutcome {
    Err("not supported on this system".to_owned())
}
