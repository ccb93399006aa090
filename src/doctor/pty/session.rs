//! One session of a host: a payload of phx at its far end, bytes in between, reports out of them.

use std::time::Duration;

use serde_json::Value;
use tokio::time::{Instant, timeout, timeout_at};

use super::host::{Link, SessionEnd, payload};
use super::{PtyTarget, seen, shell};
use crate::doctor::check_result::CheckResult;
use crate::doctor::frame;

/// How long a payload may take to say that it is there.
const START: Duration = Duration::from_secs(10);
/// How long a shell may take to answer.
const ASK: Duration = Duration::from_secs(3);
/// How much without a report is kept while one is waited for, in bytes: a host that floods must not fill the memory.
const FLOOD: usize = 1 << 20;
/// How much of what came is shown where a report is missing, in characters.
const SHOWN: usize = 160;

/// A session. Dropping it ends the host and all that it has started, as far as that can be seen.
#[derive(Debug)]
pub struct PtySession {
    link: Link,
    /// What marks it: in reports, and in the command lines of its processes.
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

/// Reads a field of a report as a text.
pub fn text<'a>(value: &'a Value, key: &str) -> &'a str {
    value[key].as_str().unwrap_or_default()
}

impl PtyTarget {
    /// Starts a payload in a session of its own.
    ///
    /// # Errors
    /// Where the host cannot be started.
    pub async fn open(&self, action: &str, arguments: &[&str]) -> Result<PtySession, Box<CheckResult>> {
        self.open_with(action, arguments, &[]).await
    }

    /// Starts a payload, and gives the host variables beside those that are configured.
    ///
    /// # Errors
    /// Where the host cannot be started.
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
        Ok(PtySession::over(link, token))
    }

    /// Starts a payload and waits until it is there.
    ///
    /// # Errors
    /// Where the host cannot be started, or the payload does not report.
    pub async fn ready(&self, action: &str, arguments: &[&str]) -> Result<(PtySession, Value), Box<CheckResult>> {
        let mut session = self.open(action, arguments).await?;
        let facts = session.report("ready", START).await?;
        Ok((session, facts))
    }

    /// What the world looks like from inside, as phx sees it there, or, where it cannot be run there, a shell.
    ///
    /// # Errors
    /// Where the host cannot be started, or nothing comes from inside.
    pub async fn facts(&self) -> Result<Value, Box<CheckResult>> {
        let mut session = self.open("attest", &[]).await?;
        let why = match session.report("facts", START).await {
            Ok(facts) => {
                session.acknowledge().await;
                session.end(START).await;
                return Ok(facts);
            }
            Err(why) => why,
        };
        drop(session);
        let token = token();
        let words = ["sh".to_owned(), "-c".to_owned(), shell::script(&token)];
        let Ok(link) = Link::open(self, &words, &[]).await else { return Err(why) };
        let mut session = PtySession::over(link, token);
        let end = Instant::now() + ASK;
        while let Ok(true) = timeout_at(end, session.more()).await {
            if shell::facts(&session.token, &session.bytes).is_some() {
                break;
            }
        }
        let facts = shell::facts(&session.token, &session.bytes).ok_or(why)?;
        self.log.note("fallback", "phx did not report from inside, so a shell was asked: it reports less");
        Ok(facts)
    }
}

/// A mark for a session.
fn token() -> String {
    uuid::Uuid::now_v7().simple().to_string()[14..].to_owned()
}

impl PtySession {
    fn over(link: Link, token: String) -> Self {
        Self { link, token, bytes: Vec::new(), read_to: 0, over: false, spares: false }
    }

    /// Reads what there is; whether more may come.
    async fn more(&mut self) -> bool {
        if !self.over {
            self.over = !self.link.read(&mut self.bytes).await;
        }
        !self.over
    }

    /// The next report, of any name; nothing where it does not come.
    pub async fn next(&mut self, within: Duration) -> Option<Value> {
        let end = Instant::now() + within;
        loop {
            let found = frame::reports(&self.token, &self.bytes[self.read_to..]);
            if let Some((value, to)) = found.into_iter().next() {
                self.read_to += to;
                return Some(value);
            }
            if self.bytes.len() - self.read_to > FLOOD {
                let last = self.bytes.split_off(self.bytes.len() - FLOOD / 16);
                self.bytes = last;
                self.read_to = 0;
            }
            match timeout_at(end, self.more()).await {
                // What came last is looked through once more.
                Ok(false) if frame::reports(&self.token, &self.bytes[self.read_to..]).is_empty() => return None,
                Ok(_) => {}
                Err(_) => return None,
            }
        }
    }

    /// The report of a name.
    ///
    /// # Errors
    /// Where it does not come: with what came instead.
    pub async fn report(&mut self, event: &str, within: Duration) -> Result<Value, Box<CheckResult>> {
        while let Some(value) = self.next(within).await {
            if value["event"] == event {
                return Ok(value);
            }
        }
        let came_in_part = frame::begins(&self.token, &self.bytes[self.read_to..]);
        let why = if came_in_part {
            "the report from inside came in part: the host cut or repainted what was written".to_owned()
        } else if self.over {
            let ended = self.link.ended(Duration::from_secs(1)).await;
            // What it complained of comes over another stream.
            tokio::time::sleep(Duration::from_millis(50)).await;
            let said = self.said();
            format!("the host ended ({ended}) before phx could report from inside{said}")
        } else {
            let said = self.said();
            format!("no report came from inside within {} ms{said}", within.as_millis())
        };
        if came_in_part {
            let help = "hand on what a program writes as it is, to its end; see what `phx doctor pty.io.tail` says";
            return CheckResult::error(why).help(help, &[]).stop();
        }
        let help =
            "see that the host runs what stands for `{cmd}`, and that phx can be run inside; `payload` names it there";
        CheckResult::error(why).help(help, &[]).stop()
    }

    /// The end of what came, and what the host itself complained of.
    fn said(&self) -> String {
        let text = String::from_utf8_lossy(&self.bytes).into_owned() + &self.link.complaint();
        let text: String = text.trim().chars().rev().take(SHOWN).collect::<Vec<_>>().into_iter().rev().collect();
        if text.is_empty() { String::new() } else { format!("; it said `{}`", text.escape_debug()) }
    }

    /// The raw bytes between the marks, as far as they came in time, and whether all did.
    pub async fn raw(&mut self, within: Duration) -> (Vec<u8>, bool) {
        let end = Instant::now() + within;
        loop {
            // The end is looked for where it can have come since.
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
                if timeout_at(end, self.more()).await.is_err() {
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

    /// Whether the host has nothing more to say.
    pub fn is_over(&self) -> bool {
        self.over
    }

    /// All that came so far.
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// Reads until the host is silent for a moment, or it has all been said.
    pub async fn drain(&mut self, silence: Duration) {
        while let Ok(true) = timeout(silence, self.more()).await {}
    }

    /// Sends bytes, and reads meanwhile what comes: a host that waits for one must not wait for the other.
    pub async fn send(&mut self, bytes: &[u8]) {
        if !self.link.write(bytes, &mut self.bytes).await {
            self.over = true;
        }
    }

    /// Tells a payload that waits for it that its report has come.
    pub async fn acknowledge(&mut self) {
        self.send(b"\n").await;
    }

    /// Sets the size; whether this host can.
    pub async fn resize(&mut self, rows: u16, columns: u16) -> bool {
        self.link.resize(rows, columns).await
    }

    /// Reads until the end, and how the host ended.
    pub async fn end(&mut self, within: Duration) -> SessionEnd {
        let end = Instant::now() + within;
        while let Ok(true) = timeout_at(end, self.more()).await {}
        self.link.ended(end.saturating_duration_since(Instant::now()).max(Duration::from_millis(100))).await
    }

    /// Goes away, as a person does who closes the window: the streams are closed, then the host is asked to end.
    pub async fn leave(&mut self) {
        self.link.leave().await;
    }

    /// Ends the host alone, and leaves what it has left behind for somebody to count: it bears this token.
    pub fn spare(mut self) -> String {
        self.spares = true;
        self.token.clone()
    }

    /// The process id of the host, where doctor started it.
    pub fn host_id(&self) -> Option<u32> {
        self.link.id()
    }
}
