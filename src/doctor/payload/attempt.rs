//! What a sandbox may deny: each is tried, and the answer of the system is reported. Whether it had an effect is looked at from
//! outside.

use std::io::Write;
use std::time::{Duration, Instant};

use serde_json::json;

use super::Orders;
use crate::doctor::pty::io::sum;

/// What a try came to: what was got, or why not.
type AttemptOutcome = Result<String, String>;

/// A boundary: its name, and how it is tried with an argument.
type Try = (&'static str, fn(&str) -> AttemptOutcome);

/// All of them.
const TRIES: &[Try] = &[
    ("read", read),
    ("write", write),
    ("net", connect),
    ("signal", signal),
    ("proc", see),
    ("ptrace", trace),
    ("mount", mount),
    ("rawsock", raw_socket),
    ("tiocsti", push_input),
    ("nproc", many_processes),
    ("memory", much_memory),
    ("cpu", long_work),
];

/// Tries one, and reports.
pub fn run(orders: &Orders) -> u8 {
    let Some((_, attempt)) = TRIES.iter().find(|(name, _)| *name == orders.word(0)) else { return 2 };
    orders.report(&json!({ "event": "tries" }));
    let report = match attempt(orders.word(1)) {
        Ok(got) => json!({ "event": "tried", "allowed": true, "got": got }),
        Err(why) => json!({ "event": "tried", "allowed": false, "got": why }),
    };
    orders.report(&report);
    0
}

fn words(error: impl std::fmt::Display) -> String {
    error.to_string()
}

/// Reads a file, given as `SALT:PATH`.
fn read(file: &str) -> AttemptOutcome {
    let (salt, path) = file.split_once(':').ok_or("no file")?;
    let bytes = crate::system::disk::read_optional(std::path::Path::new(path)).map_err(words)?;
    let bytes = bytes.ok_or_else(|| "it is not there".to_owned())?;
    // What is not phx's own is nobody's business: a result goes to places where the file must not.
    let is_own = bytes == super::super::pty::sandbox::read::MARK.as_bytes();
    // Nobody can guess a text from its salted hash, and two that are equal are the same file.
    let salted = [salt.as_bytes(), &bytes].concat();
    Ok(if is_own { "the mark".to_owned() } else { format!("{} bytes, {}", bytes.len(), sum(&salted)) })
}

fn write(path: &str) -> AttemptOutcome {
    crate::system::disk::create(std::path::Path::new(path), b"phx").map_err(words)?;
    Ok("written".to_owned())
}

/// Reaches `HOST:PORT` over TCP, `udp:HOST:PORT`, or the abstract socket `unix:NAME`.
fn connect(address: &str) -> AttemptOutcome {
    if let Some(address) = address.strip_prefix("udp:") {
        let socket = std::net::UdpSocket::bind("0.0.0.0:0").map_err(words)?;
        socket.send_to(b"phx", address).map_err(words)?;
        return Ok("sent".to_owned());
    }
    #[cfg(target_os = "linux")]
    if let Some(name) = address.strip_prefix("unix:") {
        use std::os::linux::net::SocketAddrExt;
        let address = std::os::unix::net::SocketAddr::from_abstract_name(name).map_err(words)?;
        let mut stream = std::os::unix::net::UnixStream::connect_addr(&address).map_err(words)?;
        stream.write_all(b"phx").map_err(words)?;
        return Ok("connected".to_owned());
    }
    let address = address.parse().map_err(words)?;
    let mut stream = std::net::TcpStream::connect_timeout(&address, Duration::from_secs(3)).map_err(words)?;
    stream.write_all(b"phx").map_err(words)?;
    Ok("connected".to_owned())
}

/// Whether the process of another one can be seen.
fn see(id: &str) -> AttemptOutcome {
    let bytes =
        crate::system::disk::read_optional(std::path::Path::new(&format!("/proc/{id}/cmdline"))).map_err(words)?;
    bytes.map(|_| "seen".to_owned()).ok_or_else(|| "it is not there".to_owned())
}

/// Takes so much memory, in bytes, and writes to every page of it.
fn much_memory(bytes: &str) -> AttemptOutcome {
    let bytes: usize = bytes.parse().map_err(words)?;
    let mut memory: Vec<u8> = Vec::new();
    memory.try_reserve_exact(bytes).map_err(words)?;
    // A byte in each page is enough to have it.
    let pages = memory.spare_capacity_mut()[..bytes].chunks_mut(4096);
    let count = pages.map(|page| page[0].write(1)).filter(|byte| std::hint::black_box(**byte) == 1).count();
    Ok(format!("{count} pages"))
}

/// Works for so many milliseconds of this process's own time, at most for three times as long.
fn long_work(milliseconds: &str) -> AttemptOutcome {
    let wanted = Duration::from_millis(milliseconds.parse().map_err(words)?);
    let (start, mut rounds) = (Instant::now(), 0_u64);
    while worked(start) < wanted {
        rounds = std::hint::black_box(rounds.wrapping_add(1));
        if start.elapsed() > 3 * wanted {
            return Err("it is given less than a third of a processor".to_owned());
        }
    }
    Ok("worked".to_owned())
}

/// How long this process has worked.
#[cfg(unix)]
fn worked(_: Instant) -> Duration {
    let time = rustix::time::clock_gettime(rustix::time::ClockId::ProcessCPUTime);
    Duration::new(u64::try_from(time.tv_sec).unwrap_or_default(), u32::try_from(time.tv_nsec).unwrap_or_default())
}

/// How long this process has worked, taken to be all the time.
#[cfg(not(unix))]
fn worked(start: Instant) -> Duration {
    start.elapsed()
}

#[cfg(unix)]
fn signal(id: &str) -> AttemptOutcome {
    use rustix::process::{Pid, Signal, kill_process};
    let id = id.parse().ok().and_then(Pid::from_raw).ok_or("no process")?;
    kill_process(id, Signal::USR1).map_err(words)?;
    Ok("sent".to_owned())
}

/// Starts so many processes that wait, and ends them again.
#[cfg(unix)]
fn many_processes(count: &str) -> AttemptOutcome {
    let count: usize = count.parse().map_err(words)?;
    let program = std::env::current_exe().map_err(words)?;
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
    socket(AddressFamily::INET, SocketType::RAW, Some(ipproto::ICMP)).map_err(words)?;
    Ok("opened".to_owned())
}

/// Pushes a byte into the input of its own terminal, as if somebody had typed it.
#[cfg(target_os = "linux")]
fn push_input(_: &str) -> AttemptOutcome {
    let byte = b'\n';
    // SAFETY: the request reads one byte from a pointer that is valid for the call.
    #[allow(unsafe_code)]
    let answer = unsafe { libc::ioctl(0, libc::TIOCSTI, std::ptr::from_ref(&byte)) };
    if answer == 0 { Ok("pushed".to_owned()) } else { Err(words(std::io::Error::last_os_error())) }
}

#[cfg(target_os = "linux")]
fn trace(id: &str) -> AttemptOutcome {
    let id: libc::pid_t = id.parse().map_err(words)?;
    let none = std::ptr::null_mut::<libc::c_void>();
    // SAFETY: to attach and detach takes no memory of ours; the process is one that doctor started for this.
    #[allow(unsafe_code)]
    let answer = unsafe { libc::ptrace(libc::PTRACE_ATTACH, id, none, none) };
    if answer != 0 {
        return Err(words(std::io::Error::last_os_error()));
    }
    // SAFETY: as above; a traced process must be stopped before it can be let go, and waiting for it takes a null status.
    #[allow(unsafe_code)]
    unsafe {
        libc::waitpid(id, std::ptr::null_mut(), libc::__WALL);
        libc::ptrace(libc::PTRACE_DETACH, id, none, none);
    }
    Ok("traced".to_owned())
}

/// Mounts an empty file system on a folder, and takes it away again.
#[cfg(target_os = "linux")]
fn mount(folder: &str) -> AttemptOutcome {
    let name = std::ffi::CString::new(folder).map_err(words)?;
    let kind = c"tmpfs".as_ptr();
    // SAFETY: all strings end with a null byte and outlive the call; the data may be null.
    #[allow(unsafe_code)]
    let answer = unsafe { libc::mount(kind, name.as_ptr(), kind, 0, std::ptr::null()) };
    if answer != 0 {
        return Err(words(std::io::Error::last_os_error()));
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
    Err("not on this system".to_owned())
}

#[cfg(not(target_os = "linux"))]
fn mount(_: &str) -> AttemptOutcome {
    Err("not on this system".to_owned())
}

#[cfg(not(unix))]
fn signal(_: &str) -> AttemptOutcome {
    Err("not on this system".to_owned())
}

#[cfg(not(unix))]
fn many_processes(_: &str) -> AttemptOutcome {
    Err("not on this system".to_owned())
}

#[cfg(not(unix))]
fn raw_socket(_: &str) -> AttemptOutcome {
    Err("not on this system".to_owned())
}

#[cfg(not(target_os = "linux"))]
fn push_input(_: &str) -> AttemptOutcome {
    Err("not on this system".to_owned())
}
