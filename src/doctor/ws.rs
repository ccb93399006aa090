//! Checks of the probe `ws`: the configured limits and guarantees of a WebSocket server, verified from outside.

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
use crate::config::doctor::{LimitScope, Liveness, UrlParts, Ws};
use client::Client;
use dial::{Dialed, Refused, Route};

/// Timeout of a liveness request.
const ANSWER: Duration = Duration::from_secs(2);
/// Longest wait until a rate limit has reset.
const LONGEST_REST: Duration = Duration::from_secs(10);
/// Shortest connection timeout for a server that queues connections without an answer.
const MIN_TIMEOUT: Duration = Duration::from_secs(1);
/// Descriptors that phx needs in addition to those of the connections.
const SPARE: u64 = 64;

/// Risk of the checks that put load on a server.
pub const HARM: &str =
    "This may slow down the server for other clients; on another machine it needs `[doctor] destructive = true`.";

/// A check and the function that runs it.
pub type WsCheck = (&'static Check, fn(WsTarget) -> CheckFuture);

/// All checks, in the order in which they run. Each restores the state of the server; those that put load on it are
/// last.
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

/// The server under test, with the state that the checks of a run share.
#[derive(Clone, Debug)]
pub struct WsTarget {
    /// Configuration of the server, with variables expanded.
    pub ws: Rc<Ws>,
    /// Hosts that doctor may connect to.
    pub allow: Rc<Allow>,
    /// Whether to run fewer and shorter trials (`--quick`).
    pub quick: bool,
    pub log: Log,
    /// Refusals recorded by earlier checks of the run.
    pub refusals: Rc<RefCell<Vec<Refused>>>,
    pub seen: Rc<ServerBehaviour>,
}

/// Behaviour of the server observed by the checks of a run.
#[derive(Debug, Default)]
pub struct ServerBehaviour {
    /// Whether any connection was served.
    was_served: Cell<bool>,
    /// Whether the server did not answer an upgrade request within `handshake_timeout`.
    queues: Cell<bool>,
    /// Longest time that a successful upgrade took.
    slowest: Cell<Duration>,
}

/// Start of the message for a server whose slots ran out during the run.
pub const LOST: &str = "the server ran out of slots";

/// Outcome of a connection attempt.
#[derive(Debug)]
pub enum Joined {
    Served(Client),
    Refused(Refused),
}

/// Returns the configuration of a server with variables expanded.
///
/// # Errors
/// Returns an error if a variable cannot be expanded, or if a header value contains a control character.
pub fn resolved(ws: &Ws, secrets: &Secrets) -> Result<Ws, String> {
    let mut ws = ws.clone();
    ws.url = secrets.expand(&ws.url)?;
    for (name, value) in &mut ws.headers {
        *value = secrets.expand(value)?;
        if value.contains(char::is_control) {
            return Err(format!("the value of the header `{name}` contains a line break or another control character"));
        }
    }
    if let Some(metrics) = &mut ws.metrics {
        metrics.url = secrets.expand(&metrics.url)?;
    }
    if let Ok(UrlParts { user: Some(user), .. }) = UrlParts::parse(&ws.url, ["ws", "wss"]) {
        user.split(':').for_each(|part| secrets.register(part));
        secrets.register(&user);
    }
    Ok(ws)
}

impl WsTarget {
    /// Returns the resolved route to the server.
    ///
    /// # Errors
    /// Returns an error result if the URL is invalid, its host is not allowed or has no address, or `ca` cannot be
    /// used.
    pub async fn route(&self) -> Result<Route, Box<CheckResult>> {
        let error = |why: String| Box::new(CheckResult::error(why));
        let endpoint = UrlParts::parse(&self.ws.url, ["ws", "wss"])
            .map_err(|why| error(format!("`url` is not a valid URL: {why}")))?;
        let addresses = self.allow.addresses(&endpoint.host, endpoint.port).await;
        let addresses = addresses.map_err(|why| {
            let help = "to allow it, add it to `[doctor] allow_hosts = [\"127.0.0.0/8\", \"::1\", …]`";
            Box::new(CheckResult::error(why).help(help, &[]))
        })?;
        let tls = if endpoint.tls { Some(self.tls().map_err(error)?) } else { None };
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

    /// Returns the route with a shorter timeout if the server is known to queue connections without an answer: 20
    /// times the slowest upgrade so far, so that the check waits for the full `handshake_timeout` only once.
    fn with_short_timeout<'r>(&self, route: &'r Route) -> Cow<'r, Route> {
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

    /// Waits for a possible rate limit to reset, raises the file descriptor limit of this process for `connections`,
    /// and returns the route.
    pub async fn route_with_fd_limit(&self, connections: u64) -> Result<Route, Box<CheckResult>> {
        self.wait_for_rate_limit_reset().await;
        process::raise_fd_limit(connections + SPARE).map_err(|why| {
            let help = "raise the limit of open files, then run phx again";
            Box::new(CheckResult::error(why).help(help, &["ulimit -n 4096"]))
        })?;
        self.route().await
    }

    /// Returns the route after a first connection was served, which is the control of most checks.
    ///
    /// # Errors
    /// Returns an error result if the route, the file descriptors or the first connection are not available. Its
    /// message starts with [`LOST`] if the server served connections earlier in the run.
    pub async fn prepare(&self, connections: u64) -> Result<Route, Box<CheckResult>> {
        let route = self.route_with_fd_limit(connections).await?;
        // The full timeout applies here, because a slot of the previous check may still become free.
        match self.classify(route.dial().await).await? {
            Joined::Served(client) => match client.check_liveness(ANSWER).await {
                Ok(_) => {
                    self.seen.was_served.set(true);
                    client.close().await;
                }
                Err(missing) => {
                    return CheckResult::error(format!("the first connection is not served: {}", words(&missing)))
                        .stop();
                }
            },
            Joined::Refused(refused) if self.seen.was_served.get() && refused.class != "tcp-refused" => {
                let why = format!(
                    "{LOST}: it served connections earlier in this run, but now refuses the first one: {}",
                    refused.class
                );
                return CheckResult::error(why)
                    .help("release the slot of a connection however it ends; see ws.leak", &[])
                    .stop();
            }
            Joined::Refused(refused) => return unreachable(&refused, &route).stop(),
        }
        Ok(route)
    }

    /// Connects once.
    ///
    /// # Errors
    /// Returns an error result if the failure is on this side, not a refusal by the server.
    pub async fn join(&self, route: &Route) -> Result<Joined, Box<CheckResult>> {
        self.classify(self.with_short_timeout(route).dial().await).await
    }

    /// Connects once, and holds the last byte of the upgrade request until all connections have reached the gate.
    pub async fn join_at(&self, route: &Route, gate: &Barrier) -> Result<Joined, Box<CheckResult>> {
        self.classify(self.with_short_timeout(route).dial_at(Some(gate)).await).await
    }

    async fn classify(&self, dialed: Dialed) -> Result<Joined, Box<CheckResult>> {
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

    /// Returns the limit of all workers together and the number of connections to try beyond it.
    ///
    /// # Errors
    /// Returns a skip if `limit` is not set, or if the scope is `worker` and `workers` is not set.
    pub fn total_limit(&self) -> Result<(usize, usize), Box<CheckResult>> {
        let (limit, over) = self.limit()?;
        match (self.ws.limit_scope, self.ws.workers) {
            (LimitScope::Worker, Some(workers)) => {
                Ok((limit.saturating_mul(usize::try_from(workers).unwrap_or(usize::MAX)), over))
            }
            (LimitScope::Worker, None) => {
                CheckResult::skip("`limit_scope` is `worker`, but `workers` is not set").stop()
            }
            _ => Ok((limit, over)),
        }
    }

    /// Returns whether each worker has its own limit. Then fewer connections than the total limit may be served,
    /// depending on their distribution.
    pub fn is_uneven(&self) -> bool {
        self.ws.limit_scope == LimitScope::Worker
    }

    /// Returns `limit` and the number of connections to try beyond it: `overshoot`, by default a tenth of the limit and
    /// at least 5.
    ///
    /// # Errors
    /// Returns a skip if `limit` is not set.
    pub fn limit(&self) -> Result<(usize, usize), Box<CheckResult>> {
        let Some(limit) = self.ws.limit else {
            return CheckResult::skip("`limit` is not set").stop();
        };
        let over = self.ws.overshoot.unwrap_or_else(|| (limit / 10).max(5));
        Ok((usize::try_from(limit).unwrap_or(usize::MAX), usize::try_from(over).unwrap_or(usize::MAX)))
    }

    /// Returns the least time between two messages of a connection that keeps within `message_rate`.
    fn gap(&self) -> Duration {
        self.ws.message_rate.map_or(Duration::ZERO, |rate| seconds(1.05 / rate.per_second))
    }

    /// Waits until a connection rate limit has refilled its burst.
    pub async fn wait_for_rate_limit_reset(&self) {
        if let Some(rate) = self.ws.rate {
            let time = seconds((rate.burst + 1.0) / rate.per_second);
            tokio::time::sleep(time.min(LONGEST_REST)).await;
        }
    }

    /// Returns the number of trials: 3, or 1 with `--quick`.
    pub fn trials(&self) -> usize {
        if self.quick { 1 } else { 3 }
    }

    pub fn release_deadline(&self) -> Duration {
        Duration::from_millis(self.ws.release_deadline_ms)
    }

    /// Returns whether liveness requests are sent. If not, every open connection counts as served.
    pub fn has_liveness(&self) -> bool {
        self.ws.liveness != Liveness::None
    }

    pub fn is_local(ws: &Ws) -> bool {
        UrlParts::parse(&ws.url, ["ws", "wss"]).is_ok_and(|endpoint| endpoint.is_local())
    }
}

/// Converts seconds to a duration of at most one hour. NaN becomes one hour.
pub fn seconds(time: f64) -> Duration {
    Duration::from_secs_f64(if time.is_nan() { 3_600.0 } else { time.clamp(0.0, 3_600.0) })
}

/// Describes a missing answer for messages.
pub fn words(missing: &client::Missing) -> String {
    match missing {
        client::Missing::Silent => format!("no answer within {} s", ANSWER.as_secs()),
        client::Missing::Gone(gone) if gone.reason.is_empty() => format!("the connection ended with {}", gone.class),
        client::Missing::Gone(gone) => format!("the connection ended with {}: {}", gone.class, gone.reason),
    }
}

/// Returns the result for a server that refuses even the first connection.
pub fn unreachable(refused: &Refused, route: &Route) -> CheckResult {
    let UrlParts { host, port, .. } = &route.endpoint;
    let reason = if refused.reason.is_empty() { String::new() } else { format!(" ({})", refused.reason) };
    let message = match refused.class.as_str() {
        "tcp-refused" => format!("nothing listens at {host}:{port} (tcp-refused)"),
        class => format!("the first connection to {host}:{port} is refused: {class}{reason}"),
    };
    CheckResult::error(message)
        .observed("class", refused.class.as_str())
        .help("start the server, or correct `url`", &[])
}
