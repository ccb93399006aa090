//! Programs from the configuration. Each runs in its own process group with bounded output capture, and is killed
//! together with its group.

use std::process::Stdio;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncReadExt};
use tokio::process::{Child, Command};
use tokio::time::{Instant, sleep, timeout};

use super::allow::Allow;
use super::ending::{self, ExitReason};
use super::http::Page;
use crate::config::doctor::ProgramSettings;

/// Number of bytes kept of the start and of the end of the output.
const MAX_OUTPUT: usize = 32 << 10;
/// Time to read the output streams after the program has ended; a child process may keep them open.
const DRAIN_TIMEOUT: Duration = Duration::from_millis(200);
/// Timeout of one request to the readiness URL.
const READY_TIMEOUT: Duration = Duration::from_secs(2);

/// Placeholders such as `{listen}` in a configuration: names without braces, with their values at run time.
#[derive(Clone, Debug, Default)]
pub struct Placeholders(Vec<(&'static str, String)>);

impl Placeholders {
    /// Adds a placeholder or replaces its value.
    #[must_use]
    pub fn with(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.0.retain(|(known, _)| *known != name);
        self.0.push((name, value.into()));
        self
    }

    /// Replaces the placeholders in a text; unknown placeholders are left unchanged.
    pub fn fill(&self, text: &str) -> String {
        self.0.iter().fold(text.to_owned(), |text, (name, value)| text.replace(&format!("{{{name}}}"), value))
    }
}

/// Captured output of a program: its start, its end and its total length.
#[derive(Debug, Default)]
struct ProgramOutput {
    start: Vec<u8>,
    end: Vec<u8>,
    total: u64,
}

impl ProgramOutput {
    fn add(&mut self, bytes: &[u8]) {
        self.total += bytes.len() as u64;
        let (first, rest) = bytes.split_at(bytes.len().min(MAX_OUTPUT.saturating_sub(self.start.len())));
        self.start.extend_from_slice(first);
        self.end.extend_from_slice(rest);
        if self.end.len() > 2 * MAX_OUTPUT {
            self.end.drain(..self.end.len() - MAX_OUTPUT);
        }
    }

    fn text(&self) -> String {
        let end = &self.end[self.end.len().saturating_sub(MAX_OUTPUT)..];
        let omitted = self.total - (self.start.len() + end.len()) as u64;
        let gap = if omitted > 0 { format!("\n… {omitted} bytes omitted …\n") } else { String::new() };
        format!("{}{gap}{}", String::from_utf8_lossy(&self.start), String::from_utf8_lossy(end))
    }
}

/// Running program; it is killed when the value is dropped.
#[derive(Debug)]
pub struct Running {
    child: Child,
    output: Arc<Mutex<ProgramOutput>>,
    streams: tokio::task::JoinSet<()>,
    group: Option<u32>,
    ended: Option<ExitReason>,
}

impl Drop for Running {
    fn drop(&mut self) {
        self.kill();
    }
}

impl Running {
    /// Starts a command with additional environment variables.
    ///
    /// # Errors
    /// Returns an error if the command is empty or the program cannot be started.
    pub fn start(command: &[String], env: &[(String, String)], placeholders: &Placeholders) -> Result<Self, String> {
        let words: Vec<String> = command.iter().map(|word| placeholders.fill(word)).collect();
        let (program, arguments) = words.split_first().ok_or("the command is empty")?;
        let mut command = Command::new(program);
        command
            .args(arguments)
            .envs(env.iter().map(|(name, value)| (name, placeholders.fill(value))))
            .kill_on_drop(true);
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        ending::set_process_group(&mut command);
        let mut child = command.spawn().map_err(|error| format!("cannot start `{program}`: {error}"))?;
        let output = Arc::new(Mutex::new(ProgramOutput::default()));
        let mut streams = tokio::task::JoinSet::new();
        if let Some(stream) = child.stdout.take() {
            streams.spawn(capture(stream, Arc::clone(&output)));
        }
        if let Some(stream) = child.stderr.take() {
            streams.spawn(capture(stream, Arc::clone(&output)));
        }
        let group = child.id();
        Ok(Self { child, output, streams, group, ended: None })
    }

    /// Returns the process id until the program has been waited for.
    pub fn id(&self) -> Option<u32> {
        self.child.id()
    }

    pub fn is_alive(&mut self) -> bool {
        self.ended.is_none() && matches!(self.child.try_wait(), Ok(None))
    }

    /// Describes the exit status for a sentence: `with code 2`, or `still running`.
    pub fn exit_description(&mut self) -> String {
        let known = self.ended.or_else(|| self.child.try_wait().ok().flatten().map(ExitReason::of));
        known.map_or_else(|| "still running".to_owned(), |ended| format!("with {ended}"))
    }

    /// Waits until the program ends and its output is complete. Returns `None` after the timeout.
    pub async fn ended(&mut self, within: Duration) -> Option<ExitReason> {
        if self.ended.is_none() {
            let status = timeout(within, self.child.wait()).await.ok()?;
            self.ended = Some(status.map_or(ExitReason::Unknown, ExitReason::of));
            // The group is killed now, before its id can be reused.
            ending::kill_group(self.group.take());
            let _ = timeout(DRAIN_TIMEOUT, async { while self.streams.join_next().await.is_some() {} }).await;
        }
        self.ended
    }

    /// Returns the output on both streams so far, shortened in the middle.
    pub fn output(&self) -> String {
        self.output.lock().unwrap_or_else(PoisonError::into_inner).text()
    }

    /// Returns the last line of the output that is not blank, shortened to 200 characters.
    pub fn last_line(&self) -> String {
        let output = self.output();
        let line = output.lines().rev().find(|line| !line.trim().is_empty()).unwrap_or_default().trim();
        match line.char_indices().nth(200) {
            Some((at, _)) => format!("{}…", &line[..at]),
            None => line.to_owned(),
        }
    }

    /// Returns the last line of the output as part of a message.
    pub fn last_output_line(&self) -> String {
        match self.last_line() {
            line if line.is_empty() => "no output".to_owned(),
            line => format!("last output: {line}"),
        }
    }

    /// Kills the program and its process group.
    pub fn kill(&mut self) {
        if self.ended.is_none() {
            ending::kill_group(self.group.take());
            let _ = self.child.start_kill();
        }
    }

    /// Stops the process group (SIGSTOP), or continues it (SIGCONT).
    pub fn freeze(&self, stopped: bool) {
        ending::freeze(self.group.filter(|_| self.child.id().is_some()), stopped);
    }
}

async fn capture(mut stream: impl AsyncRead + Unpin, output: Arc<Mutex<ProgramOutput>>) {
    let mut block = vec![0; 16 << 10];
    while let Ok(read @ 1..) = stream.read(&mut block).await {
        output.lock().unwrap_or_else(PoisonError::into_inner).add(&block[..read]);
        // Yields, so that a program with much output does not starve other tasks.
        tokio::task::yield_now().await;
    }
}

/// Runs a program to its end. Returns its exit status and output.
///
/// # Errors
/// Returns an error if the program cannot be started, or with the last line of its output if it times out.
pub async fn run(program: &ProgramSettings, placeholders: &Placeholders) -> Result<(ExitReason, String), String> {
    let mut running = Running::start(&program.command, &program.env, placeholders)?;
    match running.ended(Duration::from_millis(program.within_ms)).await {
        Some(ended) => Ok((ended, running.output())),
        None => Err(format!("timed out after {} ms; {}", program.within_ms, running.last_output_line())),
    }
}

/// Starts a service and waits until its readiness URL responds with a status below 400. Without such a URL it does not
/// wait.
///
/// # Errors
/// Returns an error if the service cannot be started, or with the last line of its output if it ends or times out
/// before it is ready.
pub async fn serve(program: &ProgramSettings, placeholders: &Placeholders, allow: &Allow) -> Result<Running, String> {
    let mut running = Running::start(&program.command, &program.env, placeholders)?;
    let Some(ready) = &program.ready else { return Ok(running) };
    let page = Page::resolve(&placeholders.fill(ready), allow, None).await?;
    let within = Duration::from_millis(program.within_ms);
    let end = Instant::now() + within;
    loop {
        if page.get(within.min(READY_TIMEOUT)).await.is_ok_and(|answer| answer.status < 400) {
            return Ok(running);
        }
        if !running.is_alive() {
            let _ = running.ended(DRAIN_TIMEOUT).await;
            return Err(format!(
                "the service ended {} before it was ready; {}",
                running.exit_description(),
                running.last_output_line()
            ));
        }
        if Instant::now() >= end {
            return Err(format!(
                "the service was not ready within {} ms; {}",
                program.within_ms,
                running.last_output_line()
            ));
        }
        sleep(Duration::from_millis(20)).await;
    }
}

/// Returns a port on 127.0.0.1 that was free a moment ago.
pub fn free_port() -> std::io::Result<u16> {
    Ok(std::net::TcpListener::bind("127.0.0.1:0")?.local_addr()?.port())
}

/// Polls a condition until it holds. Returns false after the timeout.
pub async fn until(within: Duration, every: Duration, mut is_so: impl AsyncFnMut() -> bool) -> bool {
    let end = Instant::now() + within;
    loop {
        if is_so().await {
            return true;
        }
        if Instant::now() >= end {
            return false;
        }
        sleep(every).await;
    }
}
