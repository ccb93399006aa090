//! `phx doctor ws`: what a WebSocket server claims of its limits, verified from outside.

pub mod alive;
pub mod client;
pub mod conformance;
pub mod connection_set;
pub mod dial;
pub mod frame_max;
pub mod handshake;
pub mod leak;
pub mod limit;
pub mod metrics;
pub mod process;
pub mod rate;
pub mod recover;
pub mod refusal;
pub mod release;
pub mod scrape;
pub mod slow_consumer;
pub mod stress;

use std::borrow::Cow;
use std::cell::{Cell, RefCell};
use std::rc::Rc;
use std::time::Duration;

use tokio::sync::Barrier;

use super::Check;
use super::allow::Allow;
use super::check_result::{CheckFuture, CheckResult};
use super::http;
use super::log::Log;
use super::secrets::Secrets;
use super::stream::Tls;
use crate::config::doctor::{Endpoint, LimitScope, Liveness, Ws};
use client::Client;
use dial::{Dialed, Refused, Route};

/// How long an answer to a sign of life may take.
const ANSWER: Duration = Duration::from_secs(2);
/// How long a limit of a rate is given to forget.
const LONGEST_REST: Duration = Duration::from_secs(10);
/// The least time for a connection to a server that queues in silence.
const MIN_TIMEOUT: Duration = Duration::from_secs(1);
/// Descriptors that phx needs beside those of the connections.
const SPARE: u64 = 64;

/// Why a check needs leave that loads a server.
pub const HARM: &str = "It may slow down what others use: on another machine it needs `[doctor] destructive = true`.";

/// A check, and how it looks.
pub type WsCheck = (&'static Check, fn(WsTarget) -> CheckFuture);

/// All checks, in the order in which they run: each leaves the server as it found it, and those that load it come last.
pub const CHECKS: &[WsCheck] = &[
    (&handshake::CHECK, handshake::run),
    (&alive::CHECK, alive::run),
    (&limit::exact::CHECK, limit::exact::run),
    (&refusal::CHECK, refusal::run),
    (&limit::burst::CHECK, limit::burst::run),
    (&limit::scope::CHECK, limit::scope::run),
    (&limit::stable::CHECK, limit::stable::run),
    (&release::close::CHECK, release::close::run),
    (&release::rst::CHECK, release::rst::run),
    (&release::fin::CHECK, release::fin::run),
    (&release::abandoned::CHECK, release::abandoned::run),
    (&release::mute::CHECK, release::mute::run),
    (&release::vanish::CHECK, release::vanish::run),
    (&rate::connect::CHECK, rate::connect::run),
    (&rate::message::CHECK, rate::message::run),
    (&frame_max::CHECK, frame_max::run),
    (&conformance::CHECK, conformance::run),
    (&metrics::CHECK, metrics::run),
    (&slow_consumer::CHECK, slow_consumer::run),
    (&stress::CHECK, stress::run),
    (&recover::CHECK, recover::run),
    (&leak::CHECK, leak::run),
];

/// What a check works with.
#[derive(Clone, Debug)]
pub struct WsTarget {
    /// What the server claims, with the values of variables.
    pub ws: Rc<Ws>,
    /// What may be connected to.
    pub allow: Rc<Allow>,
    /// Whether fewer trials will do.
    pub quick: bool,
    /// What happens.
    pub log: Log,
    /// Refusals that an earlier check of the run has seen.
    pub refusals: Rc<RefCell<Vec<Refused>>>,
    /// What earlier checks of the run have seen.
    pub seen: Rc<ServerBehaviour>,
}

/// What the checks of a run have seen of a server.
#[derive(Debug, Default)]
pub struct ServerBehaviour {
    /// Whether a connection was served.
    was_served: Cell<bool>,
    /// Whether the server left a connection without an answer for the whole of `handshake_timeout`.
    queues: Cell<bool>,
    /// The longest time until a connection was upgraded.
    slowest: Cell<Duration>,
}

/// How the message starts of a server that has lost its slots during the run.
pub const LOST: &str = "the server has lost its slots";

/// What became of a connection that wanted to be served.
#[derive(Debug)]
pub enum Joined {
    /// It is upgraded.
    Served(Client),
    /// It is refused.
    Refused(Refused),
}

/// What the configuration says of a server, with the values of variables.
///
/// # Errors
/// What cannot be used.
pub fn resolved(ws: &Ws, secrets: &Secrets) -> Result<Ws, String> {
    let mut ws = ws.clone();
    ws.url = secrets.expand(&ws.url)?;
    for (name, value) in &mut ws.headers {
        *value = secrets.expand(value)?;
        if value.contains(char::is_control) {
            return Err(format!(
                "the value of the header `{name}` has a line break or another control character in it"
            ));
        }
    }
    if let Some(metrics) = &mut ws.metrics {
        metrics.url = secrets.expand(&metrics.url)?;
    }
    if let Ok(Endpoint { user: Some(user), .. }) = Endpoint::parse(&ws.url, ["ws", "wss"]) {
        user.split(':').for_each(|part| secrets.keep(part));
        secrets.keep(&user);
    }
    Ok(ws)
}

impl WsTarget {
    /// The way to the server.
    ///
    /// # Errors
    /// Why there is none, as the result of the check.
    pub async fn route(&self) -> Result<Route, Box<CheckResult>> {
        let broken = |why: String| Box::new(CheckResult::error(why));
        let endpoint =
            Endpoint::parse(&self.ws.url, ["ws", "wss"]).map_err(|why| broken(format!("not a URL: {why}")))?;
        let addresses = self.allow.addresses(&endpoint.host, endpoint.port).await;
        let addresses = addresses.map_err(|why| {
            let help = "if it may be connected to, say so: `[doctor] allow_hosts = [\"127.0.0.0/8\", \"::1\", …]`";
            Box::new(CheckResult::error(why).help(help, &[]))
        })?;
        let tls = if endpoint.tls { Some(self.tls().map_err(broken)?) } else { None };
        Ok(Route {
            endpoint,
            addresses,
            tls,
            headers: self.ws.headers.clone(),
            subprotocol: self.ws.subprotocol.clone(),
            limit: Duration::from_millis(self.ws.handshake_timeout_ms),
            source: None,
        })
    }

    /// The same way, with less time if the server is known to queue in silence: for that it is waited only once, and
    /// after that many times as long as any connection has taken.
    fn hurried<'r>(&self, route: &'r Route) -> Cow<'r, Route> {
        let limit = (self.seen.slowest.get() * 20).max(MIN_TIMEOUT);
        if self.seen.queues.get() && limit < route.limit {
            Cow::Owned(Route { limit, ..route.clone() })
        } else {
            Cow::Borrowed(route)
        }
    }

    fn tls(&self) -> Result<Tls, String> {
        http::tls(self.ws.ca.as_deref())
    }

    /// The way to the server, where as many connections fit into this process.
    ///
    /// # Errors
    /// Why nothing can be verified.
    pub async fn route_with_fd_limit(&self, connections: u64) -> Result<Route, Box<CheckResult>> {
        self.wait_for_rate_limit_reset().await;
        process::make_room(connections + SPARE).map_err(|why| {
            let help = "allow more open files, then run it again";
            Box::new(CheckResult::error(why).help(help, &["ulimit -n 4096"]))
        })?;
        self.route().await
    }

    /// The way to the server, where as many connections fit into this process, and a first one is served.
    ///
    /// # Errors
    /// Why nothing can be verified.
    pub async fn ready(&self, connections: u64) -> Result<Route, Box<CheckResult>> {
        let route = self.route_with_fd_limit(connections).await?;
        // A slot of the check before may still become free, so this one is waited for.
        match self.joined(route.dial().await).await? {
            Joined::Served(client) => match client.check_liveness(ANSWER).await {
                Ok(_) => {
                    self.seen.was_served.set(true);
                    client.close().await;
                }
                Err(missing) => {
                    return CheckResult::error(format!("a first connection is not served: {}", words(&missing))).stop();
                }
            },
            Joined::Refused(refused) if self.seen.was_served.get() && refused.class != "tcp-refused" => {
                let why =
                    format!("{LOST}: it served connections before, and refuses a first one now: {}", refused.class);
                return CheckResult::error(why)
                    .help("free what a connection holds however it ends; see ws.leak", &[])
                    .stop();
            }
            Joined::Refused(refused) => return unreachable(&refused, &route).stop(),
        }
        Ok(route)
    }

    /// Connects once.
    ///
    /// # Errors
    /// Where this side fails.
    pub async fn join(&self, route: &Route) -> Result<Joined, Box<CheckResult>> {
        self.joined(self.hurried(route).dial().await).await
    }

    /// Connects once; the request is completed when all connections of the gate have come so far.
    ///
    /// # Errors
    /// Where this side fails.
    pub async fn join_at(&self, route: &Route, gate: &Barrier) -> Result<Joined, Box<CheckResult>> {
        self.joined(self.hurried(route).dial_at(Some(gate)).await).await
    }

    async fn joined(&self, dialed: Dialed) -> Result<Joined, Box<CheckResult>> {
        match dialed {
            Dialed::Open(opened) => {
                let took = opened.phases.iter().sum();
                self.seen.slowest.set(self.seen.slowest.get().max(took));
                let refusal = self.ws.refusal_pattern.clone();
                Ok(Joined::Served(Client::new(*opened, self.ws.liveness.clone(), refusal, self.gap()).await))
            }
            Dialed::Refused(refused) => {
                if refused.class == "silent" && self.seen.was_served.get() {
                    self.seen.queues.set(true);
                }
                Ok(Joined::Refused(refused))
            }
            Dialed::Broken(why) => CheckResult::error(why).stop(),
        }
    }

    /// The limit of all workers together, and how many are tried beyond it.
    ///
    /// # Errors
    /// A skip, where no limit is claimed, or nobody knows how often.
    pub fn limit_in_all(&self) -> Result<(usize, usize), Box<CheckResult>> {
        let (limit, over) = self.limit()?;
        match (self.ws.limit_scope, self.ws.workers) {
            (LimitScope::Worker, Some(workers)) => {
                Ok((limit.saturating_mul(usize::try_from(workers).unwrap_or(usize::MAX)), over))
            }
            (LimitScope::Worker, None) => {
                CheckResult::skip("the limit is each worker's, and `workers` does not say how many there are").stop()
            }
            _ => Ok((limit, over)),
        }
    }

    /// Whether connections find a slot only if a worker that has one gets them, so that fewer than all may be served.
    pub fn is_uneven(&self) -> bool {
        self.ws.limit_scope == LimitScope::Worker
    }

    /// The limit, and how many are tried beyond it.
    ///
    /// # Errors
    /// A skip, where no limit is claimed.
    pub fn limit(&self) -> Result<(usize, usize), Box<CheckResult>> {
        let Some(limit) = self.ws.limit else {
            return CheckResult::skip("no `limit` is claimed").stop();
        };
        let over = self.ws.overshoot.unwrap_or_else(|| (limit / 10).max(5));
        Ok((usize::try_from(limit).unwrap_or(usize::MAX), usize::try_from(over).unwrap_or(usize::MAX)))
    }

    /// How long it takes between two messages of one connection where their rate is limited.
    fn gap(&self) -> Duration {
        self.ws.message_rate.map_or(Duration::ZERO, |rate| seconds(1.05 / rate.per_second))
    }

    /// Waits until a limit of the rate of connections has forgotten those of the check before.
    pub async fn wait_for_rate_limit_reset(&self) {
        if let Some(rate) = self.ws.rate {
            let time = seconds((rate.burst + 1.0) / rate.per_second);
            tokio::time::sleep(time.min(LONGEST_REST)).await;
        }
    }

    /// How often a trial is made.
    pub fn trials(&self) -> usize {
        if self.quick { 1 } else { 3 }
    }

    /// How long a freed slot may take.
    pub fn release_deadline(&self) -> Duration {
        Duration::from_millis(self.ws.release_deadline_ms)
    }

    /// Whether an answer to a sign of life means anything.
    pub fn has_liveness(&self) -> bool {
        self.ws.liveness != Liveness::None
    }

    /// Whether the server is on this machine.
    pub fn is_local(ws: &Ws) -> bool {
        Endpoint::parse(&ws.url, ["ws", "wss"]).is_ok_and(|endpoint| endpoint.is_local())
    }
}

/// A time in seconds; an hour where it is longer, or none that can be told.
pub fn seconds(time: f64) -> Duration {
    Duration::from_secs_f64(if time.is_nan() { 3_600.0 } else { time.clamp(0.0, 3_600.0) })
}

/// Why there was no answer, in words.
pub fn words(missing: &client::Missing) -> String {
    match missing {
        client::Missing::Silent => format!("no answer within {} s", ANSWER.as_secs()),
        client::Missing::Gone(gone) if gone.reason.is_empty() => format!("it ended with {}", gone.class),
        client::Missing::Gone(gone) => format!("it ended with {}: {}", gone.class, gone.reason),
    }
}

/// The result where not even a first connection is served.
pub fn unreachable(refused: &Refused, route: &Route) -> CheckResult {
    let Endpoint { host, port, .. } = &route.endpoint;
    let reason = if refused.reason.is_empty() { String::new() } else { format!(" ({})", refused.reason) };
    let said = match refused.class.as_str() {
        "tcp-refused" => format!("nothing listens at {host}:{port} (tcp-refused)"),
        class => format!("not even a first connection to {host}:{port} is served: {class}{reason}"),
    };
    CheckResult::error(said).observed("class", refused.class.as_str()).help("start the server, or correct `url`", &[])
}
