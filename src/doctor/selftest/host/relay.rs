//! Built-in terminal host: starts a program on a terminal and forwards bytes in both directions until one side ends.

use std::os::fd::AsFd;
use std::process::{ExitStatus, Stdio};
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::process::{Child, Command};
use tokio::signal::unix::{SignalKind, signal};
use tokio::time::{sleep, timeout};

use super::broken::Faults;
use crate::system::disk;

/// Time for which a host with the fault `never-waits` does not wait for its program.
const UNREAPED_TIME: Duration = Duration::from_secs(8);

/// Runs the host and returns its exit code.
pub(super) async fn run(faults: &Faults) -> i32 {
    inherit(faults);
    let ended = if faults.has("pipes") { on_pipes(faults).await } else { on_terminal(faults).await };
    match ended {
        Ok(_) if faults.has("always-zero") => 0,
        Ok(status) => exit_like(status),
        Err(error) => {
            disk::write_stderr(&format!("built-in host: {error}"));
            4
        }
    }
}

/// Sets up inherited descriptors, signals and modes for the faults.
fn inherit(faults: &Faults) {
    if faults.has("leaks-socket")
        && let Ok((ours, theirs)) = std::os::unix::net::UnixStream::pair()
    {
        let _ = rustix::io::fcntl_setfd(&theirs, rustix::io::FdFlags::empty());
        // The sockets stay open until this process ends.
        std::mem::forget((ours, theirs));
    }
    if faults.has("ignores-int") {
        // SAFETY: the disposition is set before any signal handler is installed.
        #[allow(unsafe_code)]
        unsafe {
            libc::signal(libc::SIGINT, libc::SIG_IGN);
        }
    }
    if faults.has("impatient") {
        let _ = rustix::fs::fcntl_setfl(rustix::stdio::stdout(), rustix::fs::OFlags::NONBLOCK);
    }
    if faults.has("ends-all") {
        #[cfg(target_os = "linux")]
        let _ = rustix::process::set_child_subreaper(Some(rustix::process::getpid()));
    }
}

/// Ends like the program: returns its code, or raises its signal.
fn exit_like(status: ExitStatus) -> i32 {
    use std::os::unix::process::ExitStatusExt;
    if let Some(pid) = status.signal().and_then(rustix::process::Signal::from_named_raw) {
        let _ = rustix::process::kill_process(rustix::process::getpid(), pid);
    }
    status.code().unwrap_or(1)
}

async fn on_pipes(faults: &Faults) -> std::io::Result<ExitStatus> {
    let (program, arguments) = split(faults)?;
    // Like a shell that is started on pipes.
    let mut child = Command::new(program).args(arguments).stdin(Stdio::inherit()).stdout(Stdio::inherit()).spawn()?;
    child.wait().await
}

fn split(faults: &Faults) -> std::io::Result<(&String, &[String])> {
    faults.command.split_first().ok_or_else(|| std::io::Error::other("missing command"))
}

async fn on_terminal(faults: &Faults) -> std::io::Result<ExitStatus> {
    let (program, arguments) = split(faults)?;
    let (pty, pts) = pty_process::open().map_err(std::io::Error::other)?;
    if let Some((rows, columns)) = faults.size {
        pty.resize(pty_process::Size::new(rows, columns)).map_err(std::io::Error::other)?;
    }
    if faults.has("raw") {
        use rustix::termios::{OptionalActions, tcgetattr, tcsetattr};
        let mut modes = tcgetattr(pty.as_fd())?;
        modes.make_raw();
        tcsetattr(pty.as_fd(), OptionalActions::Now, &modes)?;
    }
    let name = rustix::pty::ptsname(pty.as_fd(), Vec::new())?;
    let opened = || disk::open_terminal(&name.to_string_lossy());
    let mut child = if faults.has("no-session") {
        drop(pts);
        let (one, two, three) = (opened()?, opened()?, opened()?);
        Command::new(program).args(arguments).stdin(one).stdout(two).stderr(three).kill_on_drop(true).spawn()?
    } else {
        let mut command = pty_process::Command::new(program).args(arguments).kill_on_drop(true);
        if faults.has("clean-env") {
            command = command.env_clear().env("TERM", "xterm").env("PATH", "/usr/bin:/bin");
        }
        #[cfg(target_os = "linux")]
        if let Some(workdir) = &faults.sandbox {
            command = super::restrict::restricted(command, workdir, program)?;
        }
        command.spawn(pts).map_err(std::io::Error::other)?
    };
    if faults.has("leaks-terminal") {
        hold_terminal(faults, pty.as_fd().try_clone_to_owned()?)?;
    }
    relay(faults, pty, &mut child).await;
    if faults.has("never-waits") {
        sleep(UNREAPED_TIME).await;
    }
    if faults.has("ends-all") {
        kill_descendants().await;
    }
    if let Ok(status) = timeout(Duration::from_millis(500), child.wait()).await {
        return status;
    }
    let _ = child.start_kill();
    child.wait().await
}

/// Starts a process that keeps the terminal open after all others have ended. It has the token of the session, so that
/// doctor ends it with the session.
fn hold_terminal(faults: &Faults, terminal: std::os::fd::OwnedFd) -> std::io::Result<()> {
    let token = faults.command.get(3).cloned().unwrap_or_default();
    let holder = Command::new(&faults.command[0])
        .args(["__payload", "linger", &token, "nohup"])
        .stdin(terminal)
        .stdout(Stdio::null())
        .spawn()?;
    std::mem::forget(holder);
    Ok(())
}

/// Forwards bytes until the program or the client ends.
async fn relay(faults: &Faults, mut pty: pty_process::Pty, child: &mut Child) {
    let (mut input, mut output) = (tokio::io::stdin(), tokio::io::stdout());
    let signals = [SignalKind::window_change(), SignalKind::hangup(), SignalKind::terminate()].map(signal);
    let [Ok(mut resize), Ok(mut hangup), Ok(mut end)] = signals else { return };
    let (mut from_client, mut from_program) = (vec![0; 16 << 10], vec![0; 16 << 10]);
    let (mut passed_in, mut passed_out, mut is_open) = (0, 0, true);
    if faults.has("cuts") {
        // Reads once, and does not read the rest after the program has ended.
        if let Ok(read) = pty.read(&mut from_program[..1_000]).await {
            let _ = output.write_all(&from_program[..read]).await;
            let _ = output.flush().await;
        }
        let _ = child.wait().await;
        return;
    }
    loop {
        tokio::select! {
            read = pty.read(&mut from_program) => {
                let Ok(read @ 1..) = read else { break };
                let bytes = faults.out(&from_program[..read], passed_out);
                passed_out += read;
                if let Some(file) = &faults.shared {
                    let _ = disk::append(file, &bytes);
                }
                if faults.has("impatient") {
                    // Bytes that cannot be written at once are discarded.
                    let _ = rustix::io::write(rustix::stdio::stdout(), &bytes);
                } else if output.write_all(&bytes).await.is_err() {
                    break;
                }
                let _ = output.flush().await;
            }
            read = input.read(&mut from_client), if is_open => {
                let Ok(read @ 1..) = read else {
                    is_open = false;
                    if faults.has("stays") { continue }
                    break;
                };
                let bytes = faults.into(&from_client[..read], passed_in);
                passed_in += read;
                let _ = pty.write_all(&bytes).await;
            }
            _ = resize.recv() => {
                if !faults.has("deaf") && let Ok(size) = rustix::termios::tcgetwinsize(rustix::stdio::stdin()) {
                    let _ = pty.resize(pty_process::Size::new(size.ws_row, size.ws_col));
                }
            },
            _ = hangup.recv() => if !faults.has("stays") { break },
            _ = end.recv() => if !faults.has("stays") { break },
        }
    }
    if let Some(file) = &faults.shared {
        sleep(Duration::from_millis(200)).await;
        let all = disk::read_optional(file).ok().flatten().unwrap_or_default();
        let _ = output.write_all(&all).await;
        let _ = output.flush().await;
    }
}

/// Kills all descendants. Orphans become children of this process, so the list is read again until it is empty.
async fn kill_descendants() {
    for _ in 0..50 {
        let children = children();
        if children.is_empty() {
            return;
        }
        children.into_iter().for_each(crate::doctor::pty::seen::kill);
        sleep(Duration::from_millis(10)).await;
    }
}

/// Returns the child processes that have not ended.
fn children() -> Vec<u32> {
    use crate::doctor::pty::seen;
    let own = std::process::id();
    let all = disk::list(std::path::Path::new("/proc")).unwrap_or_default();
    let ids = all.iter().filter_map(|(name, _)| name.parse::<u32>().ok());
    ids.filter(|id| seen::parent(*id) == Some(own) && seen::state(*id) != Some('Z')).collect()
}
