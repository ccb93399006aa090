//! Session of a terminal host: a payload of phx runs inside and sends reports in its output.

use std::time::Duration;

use serde_json::Value;
use tokio::time::{Instant, timeout, timeout_at};

use super::host::{Link, SessionEnd, payload};
use super::{PtyTarget, seen, shell};
use crate::doctor::check_result::CheckResult;
use crate::doctor::frame;

/// Time in which a payload must send its first report.
const START_TIMEOUT: Duration = Duration::from_secs(10);
/// Timeout of the answer of a shell.
const SHELL_TIMEOUT: Duration = Duration::from_secs(3);
/// Output without a report that is kept while waiting for one, in bytes. Limits the memory use for a host that floods.
const MAX_BUFFER: usize = 1 << 20;
/// Length of the output shown in a message if a report is missing, in characters.
const EXCERPT: usize = 160;

/// An open session. Dropping it kills the host and all visible payload processes of the session.
#[derive(Debug)]
pub struct PtySession {
    link: Link,
    /// Unique token in the reports and in the command lines of the processes of the session.
    pub token: String,
    bytes: Vec<u8>,
    read_to: usize,
    over: bool,
    spares: bool,
}

impl Drop for PtySession {
    fn drop(&mut self) {
        self.link.kill();
        if self.spares {
            return;
        }
        for id in seen::marked(&self.token) {
            seen::kill(id);
        }
    }
}

/// Returns a field of a report as text; empty if it is missing or not a string.
pub fn text<'a>(value: &'a Value, key: &str) -> &'a str {
    value[key].as_str().unwrap_or_default()
}

impl PtyTarget {
    /// Opens a session and starts a payload in it.
    pub async fn open(&self, action: &str, arguments: &[&str]) -> Result<PtySession, Box<CheckResult>> {
        self.open_with(action, arguments, &[]).await
    }

    /// Like [`PtyTarget::open`], with environment variables for the host in addition to the configured ones.
    pub async fn open_with(
        &self,
        action: &str,
        arguments: &[&str],
        env: &[(String, String)],
    ) -> Result<PtySession, Box<CheckResult>> {
        let token = token();
        let words: Vec<String> = [payload(self)?.as_str(), "__payload", action, &token]
            .iter()
            .chain(arguments)
            .map(|&word| word.to_owned())
            .collect();
        let link = Link::open(self, &words, env).await?;
        Ok(PtySession::with_host(link, token))
    }

    /// Starts a payload and waits for its report `ready`.
    ///
    /// # Errors
    /// Returns an error result if the host cannot be started, or if the payload does not report within 10 s.
    pub async fn ready(&self, action: &str, arguments: &[&str]) -> Result<(PtySession, Value), Box<CheckResult>> {
        let mut session = self.open(action, arguments).await?;
        let facts = session.report("ready", START_TIMEOUT).await?;
        Ok((session, facts))
    }

    /// Returns facts about the environment inside a session (streams, terminal, process ids, variables, descriptors),
    /// reported by a payload. If phx cannot run inside, a shell reports some of them.
    ///
    /// # Errors
    /// Returns an error result if the host cannot be started, or if neither of them reports.
    pub async fn facts(&self) -> Result<Value, Box<CheckResult>> {
        let mut session = self.open("attest", &[]).await?;
        let why = match session.report("facts", START_TIMEOUT).await {
            Ok(facts) => {
                session.acknowledge().await;
                session.end(START_TIMEOUT).await;
                return Ok(facts);
            }
            Err(why) => why,
        };
        drop(session);
        let token = token();
        let words = ["sh".to_owned(), "-c".to_owned(), shell::script(&token)];
        let Ok(link) = Link::open(self, &words, &[]).await else { return Err(why) };
        let mut session = PtySession::with_host(link, token);
        let end = Instant::now() + SHELL_TIMEOUT;
        while let Ok(true) = timeout_at(end, session.read_more()).await {
            if shell::facts(&session.token, &session.bytes).is_some() {
                break;
            }
        }
        let facts = shell::facts(&session.token, &session.bytes).ok_or(why)?;
        self.log.record("fallback", "the payload did not report, so a shell was used, which reports fewer facts");
        Ok(facts)
    }
}

/// Returns a random token for a session.
fn token() -> String {
    uuid::Uuid::now_v7().simple().to_string()[14..].to_owned()
}

impl PtySession {
    fn with_host(link: Link, token: String) -> Self {
        Self { link, token, bytes: Vec::new(), read_to: 0, over: false, spares: false }
    }

    /// Reads available output. Returns whether more may follow.
    async fn read_more(&mut self) -> bool {
        if !self.over {
            self.over = !self.link.read(&mut self.bytes).await;
        }
        !self.over
    }

    /// Returns the next report of any name, or `None` if there is none in time.
    pub async fn next(&mut self, within: Duration) -> Option<Value> {
        let end = Instant::now() + within;
        loop {
            let reports = frame::reports(&self.token, &self.bytes[self.read_to..]);
            if let Some((value, to)) = reports.into_iter().next() {
                self.read_to += to;
                return Some(value);
            }
            if self.bytes.len() - self.read_to > MAX_BUFFER {
                let last = self.bytes.split_off(self.bytes.len() - MAX_BUFFER / 16);
                self.bytes = last;
                self.read_to = 0;
            }
            match timeout_at(end, self.read_more()).await {
                // The last output may contain a complete report, which the next iteration returns.
                Ok(false) if frame::reports(&self.token, &self.bytes[self.read_to..]).is_empty() => return None,
                Ok(_) => {}
                Err(_) => return None,
            }
        }
    }

    /// Returns the next report with this name and drops others.
    ///
    /// # Errors
    /// Returns an error result with an excerpt of the output if the report is missing or incomplete.
    pub async fn report(&mut self, event: &str, within: Duration) -> Result<Value, Box<CheckResult>> {
        while let Some(value) = self.next(within).await {
            if value["event"] == event {
                return Ok(value);
            }
        }
        let is_partial = frame::begins(&self.token, &self.bytes[self.read_to..]);
        let why = if is_partial {
            "the report from the payload is incomplete: the host truncated or redrew its output".to_owned()
        } else if self.over {
            let ended = self.link.ended(Duration::from_secs(1)).await;
            // Standard error arrives over another stream, so it may be delayed.
            tokio::time::sleep(Duration::from_millis(50)).await;
            let output = self.output_excerpt();
            format!("the host ended ({ended}) before the payload reported{output}")
        } else {
            let output = self.output_excerpt();
            format!("no report from the payload within {} ms{output}", within.as_millis())
        };
        if is_partial {
            let help =
                "pass on the output of the program unchanged and completely; run `phx doctor pty.io.tail` for details";
            return CheckResult::error(why).help(help, &[]).stop();
        }
        let help = "make the host run the command of `{cmd}`; if phx has another path inside, set `payload` to it";
        CheckResult::error(why).help(help, &[]).stop()
    }

    /// Returns the end of the output and of the standard error of the host, for messages.
    fn output_excerpt(&self) -> String {
        let text = String::from_utf8_lossy(&self.bytes).into_owned() + &self.link.complaint();
        let text: String = text.trim().chars().rev().take(EXCERPT).collect::<Vec<_>>().into_iter().rev().collect();
        if text.is_empty() { String::new() } else { format!("; output: `{}`", text.escape_debug()) }
    }

    /// Returns the raw bytes between the marks that arrived in time, and whether they are complete.
    pub async fn raw(&mut self, within: Duration) -> (Vec<u8>, bool) {
        let end = Instant::now() + within;
        loop {
            // The end mark is searched only in new output, because a search of all output for each read would be
            // quadratic.
            if let Some((from, to)) = frame::raw(&self.token, &self.bytes) {
                if let Some(to) = to {
                    return (self.bytes[from..to].to_vec(), true);
                }
                if self.over {
                    return (self.bytes[from..].to_vec(), false);
                }
            } else if self.over {
                return (Vec::new(), false);
            }
            let before = self.bytes.len();
            loop {
                if timeout_at(end, self.read_more()).await.is_err() {
                    let from = frame::raw(&self.token, &self.bytes).map_or(self.bytes.len(), |(from, _)| from);
                    return (self.bytes[from..].to_vec(), false);
                }
                let tail = before.saturating_sub(64);
                if self.over || memchr::memmem::find(&self.bytes[tail..], &frame::raw_end(&self.token)).is_some() {
                    break;
                }
            }
        }
    }

    /// Returns whether the output of the host has ended.
    pub fn output_ended(&self) -> bool {
        self.over
    }

    /// Returns the output received so far.
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// Reads until no output arrives for the time `silence`, or until the output ends.
    pub async fn drain(&mut self, silence: Duration) {
        while let Ok(true) = timeout(silence, self.read_more()).await {}
    }

    /// Sends bytes and concurrently reads output, so that a host that blocks on its output does not cause a deadlock.
    pub async fn send(&mut self, bytes: &[u8]) {
        if !self.link.write(bytes, &mut self.bytes).await {
            self.over = true;
        }
    }

    /// Acknowledges a report to a payload that waits for this before it exits.
    pub async fn acknowledge(&mut self) {
        self.send(b"\n").await;
    }

    /// Sets the size of the terminal. Returns whether this host supports it.
    pub async fn resize(&mut self, rows: u16, columns: u16) -> bool {
        self.link.resize(rows, columns).await
    }

    /// Reads until the output ends and returns how the host ended.
    pub async fn end(&mut self, within: Duration) -> SessionEnd {
        let end = Instant::now() + within;
        while let Ok(true) = timeout_at(end, self.read_more()).await {}
        self.link.ended(end.saturating_duration_since(Instant::now()).max(Duration::from_millis(100))).await
    }

    /// Closes the session as a user does who closes the window: first the streams of the host, then SIGHUP and SIGTERM.
    pub async fn close(&mut self) {
        self.link.leave().await;
    }

    /// Kills only the host, so that remaining processes can be counted. Returns the token that identifies them.
    pub fn kill_host_only(mut self) -> String {
        self.spares = true;
        self.token.clone()
    }

    /// Returns the process id of the host if doctor started it.
    pub fn host_id(&self) -> Option<u32> {
        self.link.id()
    }
}
