//! Programs that the configuration names: each in a group of its own, its output kept within bounds, and ended with all that is left
//! of it.

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

/// How much of the start, and of the end, of what a program says is kept, in bytes.
const KEPT: usize = 32 << 10;
/// How long the streams of a program that has ended are listened to: a child of it may hold them open.
const LAST_WORDS: Duration = Duration::from_millis(200);
/// How long a page may take to say that a service is ready.
const ANSWER: Duration = Duration::from_secs(2);

/// What stands in a configuration for what is known only at run time: names without braces, and values.
#[derive(Clone, Debug, Default)]
pub struct Placeholders(Vec<(&'static str, String)>);

impl Placeholders {
    /// With one more.
    #[must_use]
    pub fn with(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.0.retain(|(known, _)| *known != name);
        self.0.push((name, value.into()));
        self
    }

    /// A text with its places filled; braces that name no place stay.
    pub fn fill(&self, text: &str) -> String {
        self.0.iter().fold(text.to_owned(), |text, (name, value)| text.replace(&format!("{{{name}}}"), value))
    }
}

/// What a program said: its start and its end.
#[derive(Debug, Default)]
struct ProgramOutput {
    start: Vec<u8>,
    end: Vec<u8>,
    total: u64,
}

impl ProgramOutput {
    fn add(&mut self, bytes: &[u8]) {
        self.total += bytes.len() as u64;
        let (first, rest) = bytes.split_at(bytes.len().min(KEPT.saturating_sub(self.start.len())));
        self.start.extend_from_slice(first);
        self.end.extend_from_slice(rest);
        if self.end.len() > 2 * KEPT {
            self.end.drain(..self.end.len() - KEPT);
        }
    }

    fn text(&self) -> String {
        let end = &self.end[self.end.len().saturating_sub(KEPT)..];
        let left = self.total - (self.start.len() + end.len()) as u64;
        let gap = if left > 0 { format!("\n… {left} bytes …\n") } else { String::new() };
        format!("{}{gap}{}", String::from_utf8_lossy(&self.start), String::from_utf8_lossy(end))
    }
}

/// A program that runs.
#[derive(Debug)]
pub struct Running {
    child: Child,
    said: Arc<Mutex<ProgramOutput>>,
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
    /// Starts a command, with variables beside those of phx.
    ///
    /// # Errors
    /// Why it cannot be started.
    pub fn start(command: &[String], env: &[(String, String)], places: &Placeholders) -> Result<Self, String> {
        let words: Vec<String> = command.iter().map(|word| places.fill(word)).collect();
        let (program, arguments) = words.split_first().ok_or("there is no command")?;
        let mut command = Command::new(program);
        command.args(arguments).envs(env.iter().map(|(name, value)| (name, places.fill(value)))).kill_on_drop(true);
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        ending::set_process_group(&mut command);
        let mut child = command.spawn().map_err(|error| format!("`{program}` cannot be started: {error}"))?;
        let said = Arc::new(Mutex::new(ProgramOutput::default()));
        let mut streams = tokio::task::JoinSet::new();
        if let Some(stream) = child.stdout.take() {
            streams.spawn(listen(stream, Arc::clone(&said)));
        }
        if let Some(stream) = child.stderr.take() {
            streams.spawn(listen(stream, Arc::clone(&said)));
        }
        let group = child.id();
        Ok(Self { child, said, streams, group, ended: None })
    }

    /// Its process id, as long as it runs.
    pub fn id(&self) -> Option<u32> {
        self.child.id()
    }

    /// Whether it runs.
    pub fn is_alive(&mut self) -> bool {
        self.ended.is_none() && matches!(self.child.try_wait(), Ok(None))
    }

    /// How it ended, in words, where it has.
    pub fn exit_description(&mut self) -> String {
        let known = self.ended.or_else(|| self.child.try_wait().ok().flatten().map(ExitReason::of));
        known.map_or_else(|| "still running".to_owned(), |ended| format!("with {ended}"))
    }

    /// How it ended, where it did within this time; what it said last is there then, too.
    pub async fn ended(&mut self, within: Duration) -> Option<ExitReason> {
        if self.ended.is_none() {
            let status = timeout(within, self.child.wait()).await.ok()?;
            self.ended = Some(status.map_or(ExitReason::Unknown, ExitReason::of));
            // Now its number is not yet another's.
            ending::end(self.group.take());
            let _ = timeout(LAST_WORDS, async { while self.streams.join_next().await.is_some() {} }).await;
        }
        self.ended
    }

    /// What it said so far on both streams.
    pub fn output(&self) -> String {
        self.said.lock().unwrap_or_else(PoisonError::into_inner).text()
    }

    /// The last line of what it said, for a sentence.
    pub fn last_line(&self) -> String {
        let output = self.output();
        let line = output.lines().rev().find(|line| !line.trim().is_empty()).unwrap_or_default().trim();
        match line.char_indices().nth(200) {
            Some((at, _)) => format!("{}…", &line[..at]),
            None => line.to_owned(),
        }
    }

    /// What it said last, as part of a sentence.
    pub fn last_output_line(&self) -> String {
        match self.last_line() {
            line if line.is_empty() => "it said nothing".to_owned(),
            line => format!("it said last: {line}"),
        }
    }

    /// Ends it, and what is left of its group, at once.
    pub fn kill(&mut self) {
        if self.ended.is_none() {
            ending::end(self.group.take());
            let _ = self.child.start_kill();
        }
    }

    /// Holds it still, or lets it go on.
    pub fn freeze(&self, still: bool) {
        ending::freeze(self.group.filter(|_| self.child.id().is_some()), still);
    }
}

async fn listen(mut stream: impl AsyncRead + Unpin, said: Arc<Mutex<ProgramOutput>>) {
    let mut block = vec![0; 16 << 10];
    while let Ok(read @ 1..) = stream.read(&mut block).await {
        said.lock().unwrap_or_else(PoisonError::into_inner).add(&block[..read]);
        // Who floods does not keep the others from their turn.
        tokio::task::yield_now().await;
    }
}

/// Runs a program to its end.
///
/// # Errors
/// Why it could not be started, or that it did not end in time, with what it said.
pub async fn run(program: &ProgramSettings, places: &Placeholders) -> Result<(ExitReason, String), String> {
    let mut running = Running::start(&program.command, &program.env, places)?;
    match running.ended(Duration::from_millis(program.within_ms)).await {
        Some(ended) => Ok((ended, running.output())),
        None => Err(format!("it did not end within {} ms; {}", program.within_ms, running.last_output_line())),
    }
}

/// Starts a service, and waits until it is ready.
///
/// # Errors
/// Why it could not be started, or was not ready in time, with what it said.
pub async fn serve(program: &ProgramSettings, places: &Placeholders, allow: &Allow) -> Result<Running, String> {
    let mut running = Running::start(&program.command, &program.env, places)?;
    let Some(ready) = &program.ready else { return Ok(running) };
    let page = Page::find(&places.fill(ready), allow, None).await?;
    let within = Duration::from_millis(program.within_ms);
    let end = Instant::now() + within;
    loop {
        if page.get(within.min(ANSWER)).await.is_ok_and(|answer| answer.status < 400) {
            return Ok(running);
        }
        if !running.is_alive() {
            let _ = running.ended(LAST_WORDS).await;
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

/// A port of this machine on which nobody listens.
///
/// # Errors
/// As the system says.
pub fn free_port() -> std::io::Result<u16> {
    Ok(std::net::TcpListener::bind("127.0.0.1:0")?.local_addr()?.port())
}

/// Waits until something is so; whether it was in time.
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
