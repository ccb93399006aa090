//! Host that is a program. It starts in a session of its own, so that it has only the terminals that it allocates, and
//! is killed together with its process group.

use std::process::Stdio;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use pty_process::OwnedWritePty;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::process::{Child, ChildStdin, ChildStdout, Command};
use tokio::time::{sleep, timeout};

use super::SessionEnd;
use crate::doctor::ending::reset_signals_and_bind_to_parent;

/// Size of one read, in bytes.
const BLOCK: usize = 64 << 10;
/// Time in which a host must exit after its streams were closed, before it gets SIGHUP.
const EXIT_TIMEOUT: Duration = Duration::from_millis(500);
/// Number of bytes of standard error after which no more is kept.
const MAX_STDERR: usize = 4 << 10;

enum Output {
    Pipe(ChildStdout),
    Pty(pty_process::OwnedReadPty),
}

enum ExecInput {
    Pipe(Option<ChildStdin>),
    Pty(Option<OwnedWritePty>),
}

/// A running host program.
pub struct Exec {
    child: Child,
    input: ExecInput,
    output: Option<Output>,
    complaint: Arc<Mutex<Vec<u8>>>,
    group: Option<rustix::process::Pid>,
}

impl std::fmt::Debug for Exec {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "Exec({:?})", self.child.id())
    }
}

impl Exec {
    /// Starts a program with pipes, or with a terminal of `size` (rows, columns).
    pub fn start(line: &[String], env: &[(String, String)], size: Option<(u16, u16)>) -> Result<Self, String> {
        set_close_on_exec();
        let (program, arguments) = line.split_first().ok_or("`host.command` is empty")?;
        let failed = |error: &dyn std::fmt::Display| format!("cannot start `{program}`: {error}");
        if let Some((rows, columns)) = size {
            let (pty, pts) = pty_process::open().map_err(|error| failed(&error))?;
            pty.resize(pty_process::Size::new(rows, columns)).map_err(|error| failed(&error))?;
            let command =
                pty_process::Command::new(program).args(arguments).envs(env.iter().cloned()).kill_on_drop(true);
            // SAFETY: between fork and exec, only system calls are made, which neither allocate nor lock.
            #[allow(unsafe_code)]
            let command = unsafe { command.pre_exec(reset_signals_and_bind_to_parent) };
            let child = command.spawn(pts).map_err(|error| failed(&error))?;
            let (output, input) = pty.into_split();
            let group = group(&child);
            return Ok(Self {
                child,
                input: ExecInput::Pty(Some(input)),
                output: Some(Output::Pty(output)),
                complaint: Arc::default(),
                group,
            });
        }
        let mut command = Command::new(program);
        command.args(arguments).envs(env.iter().cloned()).kill_on_drop(true);
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        // SAFETY: between fork and exec, only system calls are made, which neither allocate nor lock.
        #[allow(unsafe_code)]
        unsafe {
            command.pre_exec(|| {
                reset_signals_and_bind_to_parent()?;
                rustix::process::setsid().map(drop).map_err(std::io::Error::from)
            });
        }
        let mut child = command.spawn().map_err(|error| failed(&error))?;
        let (input, output) = (child.stdin.take(), child.stdout.take().map(Output::Pipe));
        let complaint = Arc::new(Mutex::new(Vec::new()));
        if let Some(mut stream) = child.stderr.take() {
            let stderr = Arc::clone(&complaint);
            tokio::spawn(async move {
                let mut block = [0; 1024];
                while let Ok(read @ 1..) = stream.read(&mut block).await {
                    let mut stderr = stderr.lock().unwrap_or_else(PoisonError::into_inner);
                    if stderr.len() < MAX_STDERR {
                        stderr.extend_from_slice(&block[..read]);
                    }
                }
            });
        }
        let group = group(&child);
        Ok(Self { child, input: ExecInput::Pipe(input), output, complaint, group })
    }

    /// Appends available output to `bytes`. Returns whether more may follow. Reading from a terminal that no process
    /// has open returns an error, which counts as its end.
    pub async fn read(&mut self, bytes: &mut Vec<u8>) -> bool {
        bytes.reserve(BLOCK);
        let read = match &mut self.output {
            Some(Output::Pipe(pipe)) => pipe.read_buf(bytes).await,
            Some(Output::Pty(pty)) => pty.read_buf(bytes).await,
            None => return false,
        };
        read.is_ok_and(|read| read > 0)
    }

    /// Writes `given` and concurrently appends output to `bytes`. Returns whether more output may follow.
    pub async fn write(&mut self, mut given: &[u8], bytes: &mut Vec<u8>) -> bool {
        bytes.reserve(BLOCK);
        while !given.is_empty() {
            let writing = async {
                match &mut self.input {
                    ExecInput::Pipe(Some(pipe)) => pipe.write(given).await,
                    ExecInput::Pty(Some(pty)) => pty.write(given).await,
                    _ => Err(std::io::Error::from(std::io::ErrorKind::BrokenPipe)),
                }
            };
            let reading = async {
                match &mut self.output {
                    Some(Output::Pipe(pipe)) => pipe.read_buf(bytes).await,
                    Some(Output::Pty(pty)) => pty.read_buf(bytes).await,
                    None => std::future::pending().await,
                }
            };
            tokio::select! {
                written = writing => match written {
                    Ok(written) => given = &given[written..],
                    Err(_) => return true,
                },
                read = reading => if !read.is_ok_and(|read| read > 0) { return false },
            }
        }
        true
    }

    /// Sets the size of the terminal of the program. Returns `false` if it has pipes instead.
    pub fn resize(&mut self, rows: u16, columns: u16) -> bool {
        match &self.input {
            ExecInput::Pty(Some(pty)) => pty.resize(pty_process::Size::new(rows, columns)).is_ok(),
            _ => false,
        }
    }

    /// Waits until the program has ended.
    pub async fn ended(&mut self) -> SessionEnd {
        use std::os::unix::process::ExitStatusExt;
        match self.child.wait().await {
            Ok(status) => status.signal().map_or(SessionEnd::Code(status.code().unwrap_or(-1)), SessionEnd::Signal),
            Err(_) => SessionEnd::Unknown,
        }
    }

    /// Closes the streams of the program, then sends SIGHUP and SIGTERM if it still runs.
    pub async fn leave(&mut self) {
        match &mut self.input {
            ExecInput::Pipe(pipe) => drop(pipe.take()),
            ExecInput::Pty(pty) => drop(pty.take()),
        }
        self.output = None;
        if timeout(EXIT_TIMEOUT, self.child.wait()).await.is_err() {
            self.signal(rustix::process::Signal::HUP);
            sleep(EXIT_TIMEOUT / 5).await;
            self.signal(rustix::process::Signal::TERM);
        }
        let _ = timeout(EXIT_TIMEOUT, self.child.wait()).await;
    }

    fn signal(&self, signal: rustix::process::Signal) {
        if let Some(id) = self.child.id().and_then(|id| i32::try_from(id).ok()).and_then(rustix::process::Pid::from_raw)
        {
            let _ = rustix::process::kill_process(id, signal);
        }
    }

    /// Kills the program and its process group. The group is killed only while its leader has not been reaped, because
    /// its number may be reused afterwards.
    pub fn kill(&mut self) {
        if let (Some(group), Some(_)) = (self.group, self.child.id()) {
            let _ = rustix::process::kill_process_group(group, rustix::process::Signal::KILL);
        }
        let _ = self.child.start_kill();
    }

    /// Returns the start of its standard error output.
    pub fn complaint(&self) -> String {
        String::from_utf8_lossy(&self.complaint.lock().unwrap_or_else(PoisonError::into_inner)).into_owned()
    }

    pub fn id(&self) -> Option<u32> {
        self.child.id()
    }
}

/// Marks all descriptors that this process inherited as close-on-exec, so that a session inherits only descriptors of
/// the host.
fn set_close_on_exec() {
    static ONCE: std::sync::Once = std::sync::Once::new();
    ONCE.call_once(|| {
        let open = crate::system::disk::list(std::path::Path::new("/dev/fd")).unwrap_or_default();
        for number in open.iter().filter_map(|(name, _)| name.parse::<i32>().ok()).filter(|number| *number > 2) {
            // SAFETY: setting a flag on a descriptor accesses no memory; a descriptor that was closed returns an error.
            #[allow(unsafe_code)]
            unsafe {
                libc::fcntl(number, libc::F_SETFD, libc::FD_CLOEXEC);
            }
        }
    });
}

fn group(child: &Child) -> Option<rustix::process::Pid> {
    child.id().and_then(|id| i32::try_from(id).ok()).and_then(rustix::process::Pid::from_raw)
}
