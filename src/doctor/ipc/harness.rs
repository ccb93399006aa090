//! A service between its caller and its dependency: both of them are doctor.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use tokio::time::sleep;

use super::IpcTarget;
use crate::config::doctor::ServiceEntry;
use crate::doctor::check_result::CheckResult;
use crate::doctor::fault::{Backend, FaultMode, Upstream};
use crate::doctor::http::{Page, Request};
use crate::doctor::program::{self, Placeholders, Running};

/// How long a call may take where nothing is claimed.
const LONGEST: Duration = Duration::from_secs(30);
/// What a call may take beyond what is claimed before nobody waits any more.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(2);
/// How long it takes until what a call has set off is seen.
const SETTLE: Duration = Duration::from_millis(10);
/// How long a service that others have left broken may take to be well.
const RECOVERY: Duration = Duration::from_secs(5);
/// How often a service that is not well is asked again.
const AGAIN: Duration = Duration::from_millis(50);

/// What came of a call.
#[derive(Clone, Debug)]
pub struct Called {
    /// Whether the caller was told that all is well.
    pub is_ok: bool,
    /// The status, or the exit code.
    pub status: Option<i32>,
    /// What the caller was told.
    pub text: String,
    /// How long it took.
    pub time: Duration,
    /// How often the dependency was asked meanwhile.
    pub hits: usize,
    /// Whether there was no answer at all.
    pub is_late: bool,
}

/// How a service is called.
#[derive(Debug)]
enum Caller {
    Http(Page, Request),
    Command(Vec<String>, Vec<(String, String)>),
}

/// A service at work.
#[derive(Debug)]
pub struct Harness {
    /// What the service calls.
    pub upstream: Upstream,
    /// The other thing that it calls.
    pub other: Option<Upstream>,
    /// A word that must not come back.
    pub canary: String,
    program: Option<Running>,
    places: Placeholders,
    entry: Caller,
    other_entry: Option<Caller>,
    unsafe_entry: Option<Caller>,
    longest: Duration,
}

/// Which way a service is called.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Endpoint {
    /// So that it calls its dependency.
    Primary,
    /// So that it calls the other one.
    Secondary,
    /// So that it calls its dependency and must not do so twice.
    NonIdempotent,
}

impl IpcTarget {
    /// Puts the service to work, all being well, and sees that calls reach its dependency.
    ///
    /// # Errors
    /// Why nothing can be verified.
    pub async fn harness(&self) -> Result<Harness, Box<CheckResult>> {
        if let Some(startup_error) = self.startup_error.borrow().clone() {
            return startup_error.stop();
        }
        let proven = self.start_and_verify().await;
        if let Err(found) = &proven
            && self.ipc.start.is_some()
        {
            // Started anew it does the same again.
            *self.startup_error.borrow_mut() = Some((**found).clone());
        }
        proven
    }

    async fn start_and_verify(&self) -> Result<Harness, Box<CheckResult>> {
        let mut harness = self.start_unverified().await?;
        // A service that others use may have been left broken by the check before.
        let open_for = self.ipc.breaker.map_or(Duration::ZERO, |breaker| Duration::from_millis(breaker.open_for_ms));
        let end = Instant::now() + RECOVERY + open_for * 2;
        loop {
            let called = harness.call(Endpoint::Primary).await?;
            if called.is_ok && called.hits > 0 {
                return Ok(harness);
            }
            if Instant::now() >= end {
                let said = if called.is_ok {
                    let status = called.status.map_or_else(String::new, |status| format!(" ({status})"));
                    format!(
                        "a call ends well{status} without reaching the dependency: the service is not wired to `{{upstream}}`"
                    )
                } else {
                    format!("a call fails while its dependency is well: {}", shortened(&called.text))
                };
                let help = "point the service at `{upstream}` by `start.env`, or give `upstream.listen` the address that it knows";
                return CheckResult::error(said).help(help, &[]).stop();
            }
            sleep(AGAIN).await;
        }
    }

    /// Puts the service to work, and proves nothing.
    ///
    /// # Errors
    /// Why it cannot be.
    pub async fn start_unverified(&self) -> Result<Harness, Box<CheckResult>> {
        let broken = |why: String| Box::new(CheckResult::error(why));
        let listen: SocketAddr =
            self.ipc.upstream.listen.parse().map_err(|_| broken("`upstream.listen` is no address".to_owned()))?;
        let behind = self.behind().await?;
        let upstream = Upstream::start(listen, behind.clone()).map_err(|error| {
            Box::new(
                CheckResult::error(format!("nothing can listen at {listen}: {error}"))
                    .help("end what listens there, or take `127.0.0.1:0`", &[]),
            )
        })?;
        let other = match &self.ipc.other {
            Some(_) => Some(Upstream::local(behind).map_err(|error| broken(error.to_string()))?),
            None => None,
        };
        let canary = format!("phxcanary{}", uuid::Uuid::now_v7().simple());
        let mut places = Placeholders::default()
            .with("upstream", upstream.address.to_string())
            .with("canary", canary.as_str())
            .with("listen", program::free_port().map_err(|error| broken(error.to_string()))?.to_string());
        if let Some(other) = &other {
            places = places.with("other", other.address.to_string());
        }
        let program = match &self.ipc.start {
            Some(start) => Some(
                program::serve(start, &places, &self.allow)
                    .await
                    .map_err(|why| Box::new(CheckResult::error(why).help("correct `start` of this subject", &[])))?,
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
        let broken = |why: String| Box::new(CheckResult::error(why));
        let (host, port) = forward.rsplit_once(':').ok_or_else(|| broken(format!("`{forward}` names no port")))?;
        let port = port.parse().map_err(|_| broken(format!("`{forward}` names no port")))?;
        let host = host.trim_start_matches('[').trim_end_matches(']');
        let addresses = self.allow.addresses(host, port).await.map_err(broken)?;
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
                let page = Page::find(&places.fill(url), &self.allow, None).await;
                let page = page.map_err(|why| {
                    let help = "if it may be connected to, say so: `[doctor] allow_hosts = […]`";
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
    /// Calls the service once.
    ///
    /// # Errors
    /// Where the service is gone.
    pub async fn call(&mut self, way: Endpoint) -> Result<Called, Box<CheckResult>> {
        let before = self.hits(way);
        let called = self.asked(way).await?;
        if called.hits == 0 {
            sleep(SETTLE).await;
        }
        self.is_there()?;
        Ok(Called { hits: self.hits(way) - before, ..called })
    }

    /// Calls the service so many times at once.
    ///
    /// # Errors
    /// Where the service is gone.
    pub async fn crowd(&mut self, count: usize) -> Result<Vec<Called>, Box<CheckResult>> {
        let calls = (0..count).map(|_| self.asked(Endpoint::Primary));
        let called: Result<Vec<Called>, Box<CheckResult>> =
            futures_util::future::join_all(calls).await.into_iter().collect();
        sleep(SETTLE).await;
        self.is_there()?;
        called
    }

    /// Calls the service, and does not look at who else does.
    ///
    /// # Errors
    /// Where it cannot be called.
    pub async fn asked(&self, way: Endpoint) -> Result<Called, Box<CheckResult>> {
        let entry = match way {
            Endpoint::Primary => Some(&self.entry),
            Endpoint::Secondary => self.other_entry.as_ref(),
            Endpoint::NonIdempotent => self.unsafe_entry.as_ref(),
        };
        let start = Instant::now();
        let told = |is_ok, status, text: String, is_late| Called {
            is_ok,
            status,
            text,
            time: start.elapsed(),
            hits: 0,
            is_late,
        };
        match entry {
            None => CheckResult::error("there is no such entry").stop(),
            Some(Caller::Http(page, request)) => Ok(match page.ask(request, self.longest).await {
                Ok(answer) => told(answer.status < 400, Some(i32::from(answer.status)), answer.body, false),
                Err(failed) => {
                    let is_late = matches!(failed, crate::doctor::http::HttpError::Late(_));
                    told(false, None, format!("({failed})"), is_late)
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
                Ok(told(code == Some(0), code, text, ended.is_none()))
            }
        }
    }

    fn hits(&self, way: Endpoint) -> usize {
        let other = self.other.as_ref().filter(|_| way == Endpoint::Secondary);
        other.unwrap_or(&self.upstream).count()
    }

    /// Whether the service is there, where doctor has started it.
    fn is_there(&mut self) -> Result<(), Box<CheckResult>> {
        let Some(program) = &mut self.program else { return Ok(()) };
        if program.is_alive() {
            return Ok(());
        }
        let exit_description = program.exit_description();
        CheckResult::fail(1, format!("the service itself ended {exit_description}; {}", program.last_output_line()))
            .help("a service must outlive the failures of what it calls", &[])
            .stop()
    }

    /// What the service itself wrote.
    pub fn output(&self) -> String {
        self.program.as_ref().map(Running::output).unwrap_or_default()
    }

    /// Lets the dependency fail in a way.
    ///
    /// # Errors
    /// Where this machine cannot do that.
    pub async fn fail(&self, mode: FaultMode) -> Result<(), Box<CheckResult>> {
        self.upstream.set(mode).await;
        match self.upstream.broken() {
            Some(why) if mode == FaultMode::SynDrop => CheckResult::skip(format!("platform: {why}")).stop(),
            Some(why) => CheckResult::error(why).stop(),
            None => Ok(()),
        }
    }
}

/// The start of a text, in one line.
pub fn shortened(text: &str) -> String {
    let line = text.split_whitespace().collect::<Vec<_>>().join(" ");
    match line.char_indices().nth(160) {
        Some((at, _)) => format!("`{}…`", &line[..at]),
        None => format!("`{line}`"),
    }
}
