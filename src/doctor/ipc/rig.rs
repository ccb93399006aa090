//! A service between its caller and its dependency: both of them are doctor.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use tokio::time::sleep;

use super::Site;
use crate::config::doctor::Entry;
use crate::doctor::fault::{Behind, Mode, Upstream};
use crate::doctor::found::Found;
use crate::doctor::http::{Page, Request};
use crate::doctor::program::{self, Places, Running};

/// How long a call may take where nothing is claimed.
const LONGEST: Duration = Duration::from_secs(30);
/// What a call may take beyond what is claimed before nobody waits any more.
const PATIENCE: Duration = Duration::from_secs(2);
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
pub struct Rig {
    /// What the service calls.
    pub upstream: Upstream,
    /// The other thing that it calls.
    pub other: Option<Upstream>,
    /// A word that must not come back.
    pub canary: String,
    program: Option<Running>,
    places: Places,
    entry: Caller,
    other_entry: Option<Caller>,
    unsafe_entry: Option<Caller>,
    longest: Duration,
}

/// Which way a service is called.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Way {
    /// So that it calls its dependency.
    Entry,
    /// So that it calls the other one.
    Other,
    /// So that it calls its dependency and must not do so twice.
    Unsafe,
}

impl Site {
    /// Puts the service to work, all being well, and sees that calls reach its dependency.
    ///
    /// # Errors
    /// Why nothing can be verified.
    pub async fn rig(&self) -> Result<Rig, Box<Found>> {
        if let Some(unfit) = self.unfit.borrow().clone() {
            return unfit.early();
        }
        let proven = self.proven_rig().await;
        if let Err(found) = &proven
            && self.ipc.start.is_some()
        {
            // Started anew it does the same again.
            *self.unfit.borrow_mut() = Some((**found).clone());
        }
        proven
    }

    async fn proven_rig(&self) -> Result<Rig, Box<Found>> {
        let mut rig = self.unproven_rig().await?;
        // A service that others use may have been left broken by the check before.
        let open_for = self.ipc.breaker.map_or(Duration::ZERO, |breaker| Duration::from_millis(breaker.open_for_ms));
        let end = Instant::now() + RECOVERY + open_for * 2;
        loop {
            let called = rig.call(Way::Entry).await?;
            if called.is_ok && called.hits > 0 {
                return Ok(rig);
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
                return Found::error(said).remedy(help, &[]).early();
            }
            sleep(AGAIN).await;
        }
    }

    /// Puts the service to work, and proves nothing.
    ///
    /// # Errors
    /// Why it cannot be.
    pub async fn unproven_rig(&self) -> Result<Rig, Box<Found>> {
        let broken = |why: String| Box::new(Found::error(why));
        let listen: SocketAddr =
            self.ipc.upstream.listen.parse().map_err(|_| broken("`upstream.listen` is no address".to_owned()))?;
        let behind = self.behind().await?;
        let upstream = Upstream::start(listen, behind.clone()).map_err(|error| {
            Box::new(
                Found::error(format!("nothing can listen at {listen}: {error}"))
                    .remedy("end what listens there, or take `127.0.0.1:0`", &[]),
            )
        })?;
        let other = match &self.ipc.other {
            Some(_) => Some(Upstream::local(behind).map_err(|error| broken(error.to_string()))?),
            None => None,
        };
        let canary = format!("phxcanary{}", uuid::Uuid::now_v7().simple());
        let mut places = Places::default()
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
                    .map_err(|why| Box::new(Found::error(why).remedy("correct `start` of this subject", &[])))?,
            ),
            None => None,
        };
        let claimed =
            self.ipc.timeout.map(|timeout| Duration::from_millis(timeout.max_ms + timeout.grace_ms) + PATIENCE);
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
        Ok(Rig { upstream, other, canary, program, places, entry, other_entry, unsafe_entry, longest })
    }

    async fn behind(&self) -> Result<Behind, Box<Found>> {
        let Some(forward) = &self.ipc.upstream.forward else { return Ok(Behind::Stub(self.ipc.upstream.body.clone())) };
        let broken = |why: String| Box::new(Found::error(why));
        let (host, port) = forward.rsplit_once(':').ok_or_else(|| broken(format!("`{forward}` names no port")))?;
        let port = port.parse().map_err(|_| broken(format!("`{forward}` names no port")))?;
        let host = host.trim_start_matches('[').trim_end_matches(']');
        let addresses = self.allow.addresses(host, port).await.map_err(broken)?;
        Ok(Behind::Tcp(addresses[0]))
    }

    async fn caller(&self, entry: &Entry, places: &Places, canary: &str) -> Result<Caller, Box<Found>> {
        match entry {
            Entry::Http { method, url, headers, body } => {
                let page = Page::find(&places.fill(url), &self.allow, None).await;
                let page = page.map_err(|why| {
                    let help = "if it may be connected to, say so: `[doctor] allow_hosts = […]`";
                    Box::new(Found::error(why).remedy(help, &[]))
                })?;
                let mut headers = headers.clone();
                if !headers.iter().any(|(name, _)| name.eq_ignore_ascii_case("authorization")) {
                    headers.push(("authorization".to_owned(), format!("Bearer {canary}")));
                }
                let body = body.clone().unwrap_or_default();
                Ok(Caller::Http(page, Request { method: method.clone(), headers, body }))
            }
            Entry::Command { command, env } => Ok(Caller::Command(command.clone(), env.clone())),
        }
    }
}

impl Rig {
    /// Calls the service once.
    ///
    /// # Errors
    /// Where the service is gone.
    pub async fn call(&mut self, way: Way) -> Result<Called, Box<Found>> {
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
    pub async fn crowd(&mut self, count: usize) -> Result<Vec<Called>, Box<Found>> {
        let calls = (0..count).map(|_| self.asked(Way::Entry));
        let called: Result<Vec<Called>, Box<Found>> = futures_util::future::join_all(calls).await.into_iter().collect();
        sleep(SETTLE).await;
        self.is_there()?;
        called
    }

    /// Calls the service, and does not look at who else does.
    ///
    /// # Errors
    /// Where it cannot be called.
    pub async fn asked(&self, way: Way) -> Result<Called, Box<Found>> {
        let entry = match way {
            Way::Entry => Some(&self.entry),
            Way::Other => self.other_entry.as_ref(),
            Way::Unsafe => self.unsafe_entry.as_ref(),
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
            None => Found::error("there is no such entry").early(),
            Some(Caller::Http(page, request)) => Ok(match page.ask(request, self.longest).await {
                Ok(answer) => told(answer.status < 400, Some(i32::from(answer.status)), answer.body, false),
                Err(failed) => {
                    let is_late = matches!(failed, crate::doctor::http::Failed::Late(_));
                    told(false, None, format!("({failed})"), is_late)
                }
            }),
            Some(Caller::Command(command, env)) => {
                let running = Running::start(command, env, &self.places);
                let mut running =
                    running.map_err(|why| Box::new(Found::error(why).remedy("correct `entry.command`", &[])))?;
                let ended = running.ended(self.longest).await;
                let code = ended.and_then(crate::doctor::ending::Ended::code);
                let text = match running.output() {
                    text if text.is_empty() && code.is_none() => format!("({})", running.fate()),
                    text => text,
                };
                Ok(told(code == Some(0), code, text, ended.is_none()))
            }
        }
    }

    fn hits(&self, way: Way) -> usize {
        let other = self.other.as_ref().filter(|_| way == Way::Other);
        other.unwrap_or(&self.upstream).count()
    }

    /// Whether the service is there, where doctor has started it.
    fn is_there(&mut self) -> Result<(), Box<Found>> {
        let Some(program) = &mut self.program else { return Ok(()) };
        if program.is_alive() {
            return Ok(());
        }
        let fate = program.fate();
        Found::fail(1, format!("the service itself ended {fate}; {}", program.said_last()))
            .remedy("a service must outlive the failures of what it calls", &[])
            .early()
    }

    /// What the service itself wrote.
    pub fn output(&self) -> String {
        self.program.as_ref().map(Running::output).unwrap_or_default()
    }

    /// Lets the dependency fail in a way.
    ///
    /// # Errors
    /// Where this machine cannot do that.
    pub async fn fail(&self, mode: Mode) -> Result<(), Box<Found>> {
        self.upstream.set(mode).await;
        match self.upstream.broken() {
            Some(why) if mode == Mode::SynDrop => Found::skip(format!("platform: {why}")).early(),
            Some(why) => Found::error(why).early(),
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
