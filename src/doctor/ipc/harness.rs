//! Test harness of a service: doctor is both its caller and its upstream.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use tokio::time::sleep;

use super::IpcTarget;
use crate::config::doctor::ServiceEntry;
use crate::doctor::check_result::CheckResult;
use crate::doctor::fault::{Backend, FaultMode, Upstream};
use crate::doctor::http::{Page, Request};
use crate::doctor::program::{self, Placeholders, Running};

/// Timeout of a call if `timeout` is not configured.
const LONGEST: Duration = Duration::from_secs(30);
/// Time that is added to the configured timeout before a call is abandoned.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(2);
/// Time after which the upstream calls of a call are counted.
const SETTLE: Duration = Duration::from_millis(10);
/// Maximum time for a service to recover from the faults of an earlier check.
const RECOVERY: Duration = Duration::from_secs(5);
/// Interval between calls to a service that has not recovered.
const AGAIN: Duration = Duration::from_millis(50);

/// Result of a call.
#[derive(Clone, Debug)]
pub struct Called {
    /// Whether the service reported success.
    pub is_ok: bool,
    /// HTTP status or exit code.
    pub status: Option<i32>,
    /// Response body or program output.
    pub text: String,
    pub time: Duration,
    /// Number of upstream calls during the call.
    pub hits: usize,
    /// Whether there was no answer before the timeout.
    pub is_late: bool,
}

/// Method of calling the service.
#[derive(Debug)]
enum Caller {
    Http(Page, Request),
    Command(Vec<String>, Vec<(String, String)>),
}

/// Service between its caller and its upstream.
#[derive(Debug)]
pub struct Harness {
    /// Upstream that doctor simulates.
    pub upstream: Upstream,
    /// Second upstream, which the entry `other` calls.
    pub other: Option<Upstream>,
    /// Secret that must not appear in answers.
    pub canary: String,
    program: Option<Running>,
    places: Placeholders,
    entry: Caller,
    other_entry: Option<Caller>,
    unsafe_entry: Option<Caller>,
    longest: Duration,
}

/// Endpoint of the service that is called.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Endpoint {
    /// Calls the upstream.
    Primary,
    /// Calls the second upstream.
    Secondary,
    /// Calls the upstream, and must not be retried.
    NonIdempotent,
}

impl IpcTarget {
    /// Starts the service without faults, and verifies that calls reach its upstream.
    pub async fn harness(&self) -> Result<Harness, Box<CheckResult>> {
        if let Some(startup_error) = self.startup_error.borrow().clone() {
            return startup_error.stop();
        }
        let verified = self.start_and_verify().await;
        if let Err(found) = &verified
            && self.ipc.start.is_some()
        {
            // Another start would fail in the same way.
            *self.startup_error.borrow_mut() = Some((**found).clone());
        }
        verified
    }

    async fn start_and_verify(&self) -> Result<Harness, Box<CheckResult>> {
        let mut harness = self.start_unverified().await?;
        // A service that doctor does not start may still be affected by the previous check.
        let open_for = self.ipc.breaker.map_or(Duration::ZERO, |breaker| Duration::from_millis(breaker.open_for_ms));
        let end = Instant::now() + RECOVERY + open_for * 2;
        loop {
            let called = harness.call(Endpoint::Primary).await?;
            if called.is_ok && called.hits > 0 {
                return Ok(harness);
            }
            if Instant::now() >= end {
                let message = if called.is_ok {
                    let status = called.status.map_or_else(String::new, |status| format!(" ({status})"));
                    format!(
                        "a call succeeds{status} without reaching the upstream: the service does not use `{{upstream}}`"
                    )
                } else {
                    format!("a call fails although the upstream works: {}", shortened(&called.text))
                };
                let help = "pass `{upstream}` to the service in `start.env`, or set `upstream.listen` to the address that the service calls";
                return CheckResult::error(message).help(help, &[]).stop();
            }
            sleep(AGAIN).await;
        }
    }

    /// Starts the service without verifying it.
    pub async fn start_unverified(&self) -> Result<Harness, Box<CheckResult>> {
        let to_error = |why: String| Box::new(CheckResult::error(why));
        let listen: SocketAddr = self
            .ipc
            .upstream
            .listen
            .parse()
            .map_err(|_| to_error("`upstream.listen` is not a valid address".to_owned()))?;
        let behind = self.behind().await?;
        let upstream = Upstream::start(listen, behind.clone()).map_err(|error| {
            Box::new(
                CheckResult::error(format!("cannot listen on {listen}: {error}"))
                    .help("stop the process that listens there, or set `upstream.listen` to `127.0.0.1:0`", &[]),
            )
        })?;
        let other = match &self.ipc.other {
            Some(_) => Some(Upstream::local(behind).map_err(|error| to_error(error.to_string()))?),
            None => None,
        };
        let canary = format!("phxcanary{}", uuid::Uuid::now_v7().simple());
        let mut places = Placeholders::default()
            .with("upstream", upstream.address.to_string())
            .with("canary", canary.as_str())
            .with("listen", program::free_port().map_err(|error| to_error(error.to_string()))?.to_string());
        if let Some(other) = &other {
            places = places.with("other", other.address.to_string());
        }
        let program = match &self.ipc.start {
            Some(start) => Some(
                program::serve(start, &places, &self.allow)
                    .await
                    .map_err(|why| Box::new(CheckResult::error(why).help("correct `start` of this target", &[])))?,
            ),
            None => None,
        };
        let claimed =
            self.ipc.timeout.map(|timeout| Duration::from_millis(timeout.max_ms + timeout.grace_ms) + CONNECT_TIMEOUT);
        let entry = self.caller(&self.ipc.entry, &places, &canary).await?;
        let other_entry = match &self.ipc.other {
            Some(entry) => Some(self.caller(entry, &places, &canary).await?),
            None => None,
        };
        let unsafe_entry = match self.ipc.retry.as_ref().and_then(|retry| retry.unsafe_entry.as_ref()) {
            Some(entry) => Some(self.caller(entry, &places, &canary).await?),
            None => None,
        };
        let longest = claimed.unwrap_or(LONGEST);
        Ok(Harness { upstream, other, canary, program, places, entry, other_entry, unsafe_entry, longest })
    }

    async fn behind(&self) -> Result<Backend, Box<CheckResult>> {
        let Some(forward) = &self.ipc.upstream.forward else {
            return Ok(Backend::Stub(self.ipc.upstream.body.clone()));
        };
        let to_error = |why: String| Box::new(CheckResult::error(why));
        let (host, port) = forward.rsplit_once(':').ok_or_else(|| {
            to_error(format!("`upstream.forward` is not a valid address: expected `HOST:PORT`, found `{forward}`"))
        })?;
        let port = port.parse().map_err(|_| {
            to_error(format!("`upstream.forward` is not a valid address: expected `HOST:PORT`, found `{forward}`"))
        })?;
        let host = host.trim_start_matches('[').trim_end_matches(']');
        let addresses = self.allow.addresses(host, port).await.map_err(to_error)?;
        Ok(Backend::Tcp(addresses[0]))
    }

    async fn caller(
        &self,
        entry: &ServiceEntry,
        places: &Placeholders,
        canary: &str,
    ) -> Result<Caller, Box<CheckResult>> {
        match entry {
            ServiceEntry::Http { method, url, headers, body } => {
                let page = Page::resolve(&places.fill(url), &self.allow, None).await;
                let page = page.map_err(|why| {
                    let help = "add the host to `[doctor] allow_hosts` if doctor may connect to it";
                    Box::new(CheckResult::error(why).help(help, &[]))
                })?;
                let mut headers = headers.clone();
                if !headers.iter().any(|(name, _)| name.eq_ignore_ascii_case("authorization")) {
                    headers.push(("authorization".to_owned(), format!("Bearer {canary}")));
                }
                let body = body.clone().unwrap_or_default();
                Ok(Caller::Http(page, Request { method: method.clone(), headers, body }))
            }
            ServiceEntry::Command { command, env } => Ok(Caller::Command(command.clone(), env.clone())),
        }
    }
}

impl Harness {
    /// Calls the service once and counts its upstream calls.
    ///
    /// # Errors
    /// Returns a failure if the service has ended.
    pub async fn call(&mut self, way: Endpoint) -> Result<Called, Box<CheckResult>> {
        let before = self.hits(way);
        let called = self.asked(way).await?;
        if called.hits == 0 {
            sleep(SETTLE).await;
        }
        self.ensure_running()?;
        Ok(Called { hits: self.hits(way) - before, ..called })
    }

    /// Calls the service `count` times at the same time.
    ///
    /// # Errors
    /// Returns a failure if the service has ended.
    pub async fn crowd(&mut self, count: usize) -> Result<Vec<Called>, Box<CheckResult>> {
        let calls = (0..count).map(|_| self.asked(Endpoint::Primary));
        let called: Result<Vec<Called>, Box<CheckResult>> =
            futures_util::future::join_all(calls).await.into_iter().collect();
        sleep(SETTLE).await;
        self.ensure_running()?;
        called
    }

    /// Calls the service once without counting upstream calls.
    ///
    /// # Errors
    /// Returns an error if the endpoint is not configured or its program cannot be started.
    pub async fn asked(&self, way: Endpoint) -> Result<Called, Box<CheckResult>> {
        let entry = match way {
            Endpoint::Primary => Some(&self.entry),
            Endpoint::Secondary => self.other_entry.as_ref(),
            Endpoint::NonIdempotent => self.unsafe_entry.as_ref(),
        };
        let start = Instant::now();
        let result = |is_ok, status, text: String, is_late| Called {
            is_ok,
            status,
            text,
            time: start.elapsed(),
            hits: 0,
            is_late,
        };
        match entry {
            None => CheckResult::error("the endpoint is not configured").stop(),
            Some(Caller::Http(page, request)) => Ok(match page.send(request, self.longest).await {
                Ok(answer) => result(answer.status < 400, Some(i32::from(answer.status)), answer.body, false),
                Err(failed) => {
                    let is_late = matches!(failed, crate::doctor::http::HttpError::Late(_));
                    result(false, None, format!("({failed})"), is_late)
                }
            }),
            Some(Caller::Command(command, env)) => {
                let running = Running::start(command, env, &self.places);
                let mut running =
                    running.map_err(|why| Box::new(CheckResult::error(why).help("correct `entry.command`", &[])))?;
                let ended = running.ended(self.longest).await;
                let code = ended.and_then(crate::doctor::ending::ExitReason::code);
                let text = match running.output() {
                    text if text.is_empty() && code.is_none() => format!("({})", running.exit_description()),
                    text => text,
                };
                Ok(result(code == Some(0), code, text, ended.is_none()))
            }
        }
    }

    fn hits(&self, way: Endpoint) -> usize {
        let other = self.other.as_ref().filter(|_| way == Endpoint::Secondary);
        other.unwrap_or(&self.upstream).count()
    }

    /// Returns a failure if doctor started the service and it has ended.
    fn ensure_running(&mut self) -> Result<(), Box<CheckResult>> {
        let Some(program) = &mut self.program else { return Ok(()) };
        if program.is_alive() {
            return Ok(());
        }
        let exit_description = program.exit_description();
        CheckResult::fail(1, format!("the service ended {exit_description}; {}", program.last_output_line()))
            .help("keep the service running if its upstream fails", &[])
            .stop()
    }

    /// Returns the output of the service process; empty if doctor did not start it.
    pub fn output(&self) -> String {
        self.program.as_ref().map(Running::output).unwrap_or_default()
    }

    /// Makes the upstream fail in the given way.
    ///
    /// # Errors
    /// Returns an error, or a skip if the platform cannot drop SYN packets, if the fault cannot be simulated.
    pub async fn fail(&self, mode: FaultMode) -> Result<(), Box<CheckResult>> {
        self.upstream.set(mode).await;
        match self.upstream.mode_error() {
            Some(why) if mode == FaultMode::SynDrop => CheckResult::skip(format!("platform: {why}")).stop(),
            Some(why) => CheckResult::error(why).stop(),
            None => Ok(()),
        }
    }
}

/// Returns the first 160 characters of a text in one line, in backticks.
pub fn shortened(text: &str) -> String {
    let line = text.split_whitespace().collect::<Vec<_>>().join(" ");
    match line.char_indices().nth(160) {
        Some((at, _)) => format!("`{}…`", &line[..at]),
        None => format!("`{line}`"),
    }
}
