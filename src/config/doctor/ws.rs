//! `[[doctor.ws]]`: a WebSocket server and its claims.

use url::Url;

use super::fields::is_secret;
use crate::config::reader::ConfigReader;
use crate::text::{Node, Span};

/// Maximum number of connections to one server.
const MAX_CONNECTIONS: u64 = 2_000;
/// Maximum size of a sent message, in bytes.
const MAX_MESSAGE_BYTES: u64 = 256 << 20;
/// Replacement for `${` while a URL is parsed.
const VARIABLE: &str = "phx-variable-";
/// Maximum duration of the stress check, in milliseconds.
const MAX_STRESS_MS: u64 = 300_000;

/// One `[[doctor.ws]]`
#[derive(Clone, Debug, PartialEq)]
pub struct Ws {
    pub name: String,
    /// URL in which `${NAME}` is replaced by an environment variable.
    pub url: String,
    /// File with certificates that are trusted in addition to those of the system.
    pub ca: Option<String>,
    /// Headers of the upgrade request.
    pub headers: Vec<(String, String)>,
    /// Requested subprotocol.
    pub subprotocol: Option<String>,
    /// Maximum number of connections that the server serves.
    pub limit: Option<u64>,
    /// Scope of `limit` (default global).
    pub limit_scope: LimitScope,
    /// Number of server workers, if `limit` applies to each worker.
    pub workers: Option<u64>,
    /// Number of connections tried beyond the limit.
    pub overshoot: Option<u64>,
    /// Classes of graceful refusals, for example `http-503` or `close-1013`.
    pub accept: Vec<String>,
    /// Text in a message by which the server refuses a connection.
    pub refusal_pattern: Option<String>,
    /// Timeout of an upgrade, in milliseconds (default 5000).
    pub handshake_timeout_ms: u64,
    /// Time until a slot is free after a connection closes, in milliseconds (default 2000).
    pub release_deadline_ms: u64,
    /// Time until the slot of a dead peer is free, in milliseconds.
    pub dead_peer_deadline_ms: Option<u64>,
    /// Test that a connection is served (default ping).
    pub liveness: Liveness,
    /// Accepted connections per second.
    pub rate: Option<Rate>,
    /// Accepted messages per second and connection.
    pub message_rate: Option<Rate>,
    /// Maximum size of an accepted message, in bytes.
    pub max_frame: Option<u64>,
    /// Load that the server sustains.
    pub stress: Option<Stress>,
    /// Resources that may leak when connections open and close.
    pub churn: Option<Churn>,
    /// Process of the server, if it runs on this machine.
    pub process: Option<Process>,
    pub metrics: Option<MetricsEndpoint>,
    /// Local addresses to connect from.
    pub source_addrs: Vec<String>,
}

/// Scope of a connection limit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LimitScope {
    /// All connections of the server.
    Global,
    /// Connections of each client address.
    Ip,
    /// Connections of each server worker.
    Worker,
}

/// Test that a connection is served.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Liveness {
    /// The server answers a ping.
    Ping,
    /// The server answers a message with one that contains `expect`.
    Echo { send: String, expect: String },
    /// No test.
    None,
}

/// Rate limit.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Rate {
    /// Sustained rate per second.
    pub per_second: f64,
    /// Number accepted at once in addition to the sustained rate (default 0).
    pub burst: f64,
}

/// Load that a server sustains.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Stress {
    /// Number of concurrent connections (default 10).
    pub connections: u64,
    /// Messages per second over all connections (default 100).
    pub messages_per_second: u64,
    /// Duration, in milliseconds (default 10,000).
    pub duration_ms: u64,
    /// Maximum 99th percentile of the response time, in milliseconds (default 200).
    pub p99_ms: u64,
    /// Maximum share of messages without an answer, from 0 to 1 (default 0.001).
    pub max_errors: f64,
}

/// Resources that may leak when connections open and close.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Churn {
    /// Number of times that all slots are filled and freed (default 20).
    pub cycles: u64,
    /// Tolerated number of additional file descriptors (default 4).
    pub fd_tolerance: u64,
    /// Tolerated additional resident memory, in bytes (default 8 MiB).
    pub rss_tolerance: u64,
}

/// Way to find the server process.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Process {
    /// Port on which the process listens.
    Port(u16),
    /// File that contains the process id.
    PidFile(String),
}

/// Endpoint with server metrics.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MetricsEndpoint {
    pub url: String,
    /// Name of the gauge of open connections.
    pub active: String,
    /// Name of the counter of refused connections.
    pub refused: Option<String>,
}

/// Connection parameters of a URL.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UrlParts {
    pub tls: bool,
    /// Host name or IP address.
    pub host: String,
    /// Port; 80 or, with TLS, 443 if the URL has none.
    pub port: u16,
    /// Path and query.
    pub path: String,
    /// User and password as `user:password`, percent-decoded.
    pub user: Option<String>,
}

impl UrlParts {
    /// Parses a URL with one of two schemes. The second scheme uses TLS.
    ///
    /// # Errors
    /// Returns the reason if the text is not a URL, its scheme is not one of the two, or it has no host.
    pub fn parse(text: &str, [plain, over_tls]: [&str; 2]) -> Result<Self, String> {
        let url = Url::parse(text).map_err(|error| error.to_string())?;
        if url.scheme() != plain && url.scheme() != over_tls {
            return Err(format!("expected scheme `{plain}` or `{over_tls}`, found `{}`", url.scheme()));
        }
        let tls = url.scheme() == over_tls;
        let host = match url.host() {
            Some(url::Host::Ipv6(address)) => address.to_string(),
            Some(host) => host.to_string(),
            None => return Err("missing host".to_owned()),
        };
        let user = (!url.username().is_empty() || url.password().is_some())
            .then(|| format!("{}:{}", decoded(url.username()), decoded(url.password().unwrap_or_default())));
        let query = url.query().map_or_else(String::new, |query| format!("?{query}"));
        let port = url.port().unwrap_or(if tls { 443 } else { 80 });
        Ok(Self { tls, host, port, path: format!("{}{query}", url.path()), user })
    }

    /// Returns true if the host is `localhost` or a loopback address.
    pub fn is_local(&self) -> bool {
        self.host == "localhost" || self.host.parse::<std::net::IpAddr>().is_ok_and(|address| address.is_loopback())
    }
}

impl ConfigReader<'_> {
    pub(super) fn ws(&mut self, tree: &Node<'static>) -> Option<Ws> {
        let tree = self.table(Some(tree), "doctor.ws")?;
        let name = self.required(tree, "name", "doctor.ws");
        let url = self.required(tree, "url", "doctor.ws");
        if let (Some(url), Some(value)) = (&url, tree.get("url")) {
            self.endpoint(url, value.span, ["ws", "wss"]);
        }
        let ws = Ws {
            name: name?,
            url: url?,
            ca: self.text(tree, "ca").map(|(file, _)| file.to_owned()),
            headers: self.named(tree, "headers"),
            subprotocol: self.text(tree, "subprotocol").map(|(text, _)| text.to_owned()),
            limit: self.count(tree, "limit", (1, MAX_CONNECTIONS)),
            limit_scope: self.scope(tree),
            workers: self.count(tree, "workers", (1, 64)),
            overshoot: self.count(tree, "overshoot", (1, MAX_CONNECTIONS)),
            accept: self.words(tree, "accept").unwrap_or_else(graceful),
            refusal_pattern: self.text(tree, "refusal_pattern").map(|(text, _)| text.to_owned()),
            handshake_timeout_ms: self.milliseconds(tree, "handshake_timeout").unwrap_or(5_000),
            release_deadline_ms: self.milliseconds(tree, "release_deadline").unwrap_or(2_000),
            dead_peer_deadline_ms: self.milliseconds(tree, "dead_peer_deadline"),
            liveness: self.liveness(tree.get("liveness")),
            rate: self.rate(tree, "rate"),
            message_rate: self.rate(tree, "message_rate"),
            max_frame: self.frame(tree),
            stress: self.stress(tree.get("stress")),
            churn: self.churn(tree.get("churn")),
            process: self.process(tree.get("process")),
            metrics: self.metrics_endpoint(tree.get("metrics")),
            source_addrs: self.words(tree, "source_addrs").unwrap_or_default(),
        };
        for class in ws.accept.iter().filter(|class| !is_class(class)) {
            let span = tree.get("accept").map_or(tree.span, |value| value.span);
            let help = "write `http-503`, `close-1013`, `rst`, `eof`, `silent`, `tcp-refused` or `app-error`";
            self.error(span, format!("unknown refusal class `{class}`"), help);
        }
        for address in ws.source_addrs.iter().filter(|address| address.parse::<std::net::IpAddr>().is_err()) {
            let span = tree.get("source_addrs").map_or(tree.span, |value| value.span);
            self.error(span, format!("`{address}` is not a valid IP address"), "write an address such as `127.0.0.2`");
        }
        if ws.limit.unwrap_or(0) + ws.overshoot.unwrap_or(0) > MAX_CONNECTIONS {
            let message = format!("the sum of `limit` and `overshoot` is above {MAX_CONNECTIONS} connections");
            self.error(tree.span, message, "lower `limit` or `overshoot`");
        }
        Some(ws)
    }

    /// Validates that a URL is well formed and contains no secret. Values of variables are unknown here and are not
    /// validated.
    pub(super) fn endpoint(&mut self, url: &str, span: Span, schemes: [&str; 2]) {
        let given = url.replace("{listen}", "1").replace("${", VARIABLE).replace('}', "");
        match UrlParts::parse(&given, schemes) {
            // The port or the whole URL may be a variable.
            Err(_) if given.contains(VARIABLE) => {}
            Err(why) => {
                let help = if given.contains('{') {
                    "use only the placeholders `{listen}` (port of the service that doctor starts) and `${NAME}` (environment variable)"
                        .to_owned()
                } else {
                    format!("write a URL such as `{}://127.0.0.1:8080/`", schemes[0])
                };
                self.error(span, format!("invalid URL: {why}"), help);
            }
            Ok(endpoint) => {
                let is_literal = |value: &str| !value.is_empty() && !value.contains(VARIABLE);
                let user = endpoint.user.unwrap_or_default();
                let password = user.split_once(':').map_or("", |(_, password)| password);
                let query = endpoint.path.split_once('?').map_or("", |(_, query)| query);
                let mut named = query.split('&').filter_map(|pair| pair.split_once('='));
                if is_literal(password) || named.any(|(name, value)| is_secret(name) && is_literal(value)) {
                    let help = "write the secret as `${NAME}`, and set NAME in the environment";
                    self.error(span, "the URL contains a secret", help);
                }
            }
        }
    }

    /// Parses `max_frame`. The upper bound lets a message fit into memory twice.
    fn frame(&mut self, tree: &Node<'static>) -> Option<u64> {
        let bytes = self.bytes(tree, "max_frame")?;
        if (1..=MAX_MESSAGE_BYTES).contains(&bytes) {
            return Some(bytes);
        }
        let span = tree.get("max_frame").map_or(tree.span, |value| value.span);
        self.error(span, "`max_frame` must be from 1 byte to 256 MiB", "write a size such as `64KiB`");
        None
    }

    fn scope(&mut self, tree: &Node<'static>) -> LimitScope {
        let options = [("global", LimitScope::Global), ("ip", LimitScope::Ip), ("worker", LimitScope::Worker)];
        self.choice(tree, "limit_scope", &options).unwrap_or(LimitScope::Global)
    }

    fn liveness(&mut self, tree: Option<&Node<'static>>) -> Liveness {
        let Some(tree) = self.table(tree, "doctor.ws.liveness") else { return Liveness::Ping };
        let kind = self.choice(tree, "kind", &[("ping", 0), ("echo", 1), ("none", 2)]);
        // `send` or `expect` without `kind` selects echo.
        let has_echo_keys = tree.get("send").is_some() || tree.get("expect").is_some();
        match kind.or((tree.get("kind").is_none() && has_echo_keys).then_some(1)) {
            Some(1) => {
                let send = self.text(tree, "send").map_or("ping", |(text, _)| text).to_owned();
                let expect = self.text(tree, "expect").map_or_else(|| send.clone(), |(text, _)| text.to_owned());
                Liveness::Echo { send, expect }
            }
            Some(2) => Liveness::None,
            _ => Liveness::Ping,
        }
    }

    fn rate(&mut self, tree: &Node<'static>, key: &str) -> Option<Rate> {
        let tree = self.table(tree.get(key), &format!("doctor.ws.{key}"))?;
        let burst = self.number(tree, "burst").unwrap_or_default();
        let Some(per_second) = self.number(tree, "per_second").filter(|rate| *rate > 0.0) else {
            self.error(tree.span, format!("missing `per_second` in `{key}`"), "write `{ per_second = 5, burst = 10 }`");
            return None;
        };
        Some(Rate { per_second, burst })
    }

    fn stress(&mut self, tree: Option<&Node<'static>>) -> Option<Stress> {
        let tree = self.table(tree, "doctor.ws.stress")?;
        Some(Stress {
            connections: self.count(tree, "connections", (1, MAX_CONNECTIONS)).unwrap_or(10),
            messages_per_second: self.count(tree, "messages_per_second", (1, 1_000_000)).unwrap_or(100),
            duration_ms: self.milliseconds(tree, "duration").unwrap_or(10_000).min(MAX_STRESS_MS),
            p99_ms: self.milliseconds(tree, "p99").unwrap_or(200),
            max_errors: self.number(tree, "max_errors").unwrap_or(0.001),
        })
    }

    fn churn(&mut self, tree: Option<&Node<'static>>) -> Option<Churn> {
        let tree = self.table(tree, "doctor.ws.churn")?;
        Some(Churn {
            cycles: self.count(tree, "cycles", (10, 1_000)).unwrap_or(20),
            fd_tolerance: self.count(tree, "fd_tolerance", (0, 10_000)).unwrap_or(4),
            rss_tolerance: self.bytes(tree, "rss_tolerance").unwrap_or(8 << 20),
        })
    }

    fn process(&mut self, tree: Option<&Node<'static>>) -> Option<Process> {
        let tree = self.table(tree, "doctor.ws.process")?;
        if let Some((file, _)) = self.text(tree, "pid_file") {
            return Some(Process::PidFile(file.to_owned()));
        }
        let port = self.count(tree, "port", (1, 65_535)).and_then(|port| u16::try_from(port).ok());
        if port.is_none() && tree.get("port").is_none() {
            self.error(tree.span, "missing `port` or `pid_file` in `process`", "write `{ port = 8080 }`");
        }
        port.map(Process::Port)
    }

    fn metrics_endpoint(&mut self, tree: Option<&Node<'static>>) -> Option<MetricsEndpoint> {
        let tree = self.table(tree, "doctor.ws.metrics")?;
        let missing = |key| tree.get(key).is_none();
        if missing("url") || missing("active") {
            let help = "write `{ url = \"http://127.0.0.1:9090/metrics\", active = \"ws_active\" }`";
            self.error(tree.span, "missing `url` or `active` in `metrics`", help);
        }
        if let Some((url, span)) = self.text(tree, "url") {
            self.endpoint(url, span, ["http", "https"]);
        }
        Some(MetricsEndpoint {
            url: self.text(tree, "url")?.0.to_owned(),
            active: self.text(tree, "active")?.0.to_owned(),
            refused: self.text(tree, "refused").map(|(text, _)| text.to_owned()),
        })
    }
}

/// Returns true if a text is a known class of refusals.
fn is_class(text: &str) -> bool {
    let known = ["tcp-refused", "tcp-timeout", "rst", "eof", "silent", "101-eof", "101-rst", "app-error", "zombie"];
    let numbered = |kind: &str, digits: usize| {
        text.strip_prefix(kind)
            .is_some_and(|code| code.len() == digits && code.bytes().all(|byte| byte.is_ascii_digit()))
    };
    known.contains(&text) || numbered("http-", 3) || numbered("close-", 4)
}

/// Percent-decodes a part of a URL.
fn decoded(part: &str) -> String {
    percent_encoding::percent_decode_str(part).decode_utf8_lossy().into_owned()
}

/// Returns the default of `accept`.
fn graceful() -> Vec<String> {
    ["http-503", "http-429", "close-1013", "close-1008"].map(str::to_owned).to_vec()
}
