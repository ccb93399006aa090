//! `[[doctor.ws]]`: a WebSocket server, and what it claims.

use url::Url;

use super::fields::is_secret;
use crate::config::reader::ConfigReader;
use crate::text::{Node, Span};

/// The most connections that are ever opened to one server.
const MOST: u64 = 2_000;
/// The largest message that is sent, in bytes.
const LARGEST: u64 = 256 << 20;
/// What a variable is while a URL is looked at.
const VARIABLE: &str = "phx-variable-";
/// The longest that one thing may be watched, in milliseconds.
const LONGEST: u64 = 300_000;

/// One `[[doctor.ws]]`
#[derive(Clone, Debug, PartialEq)]
pub struct Ws {
    /// What it is called.
    pub name: String,
    /// Where it is. `${NAME}` stands for a variable of the environment.
    pub url: String,
    /// A file with certificates that are trusted beside those of the system.
    pub ca: Option<String>,
    /// Headers of the upgrade.
    pub headers: Vec<(String, String)>,
    /// The subprotocol that is asked for.
    pub subprotocol: Option<String>,
    /// How many connections it serves at most.
    pub limit: Option<u64>,
    /// Whose limit it is.
    pub limit_scope: LimitScope,
    /// How many workers it has, each with the limit, where that is claimed for each worker.
    pub workers: Option<u64>,
    /// How many connections beyond the limit are tried.
    pub overshoot: Option<u64>,
    /// Refusals that are graceful, as `http-503` or `close-1013`.
    pub accept: Vec<String>,
    /// A text in a message by which the server refuses.
    pub refusal_pattern: Option<String>,
    /// How long an upgrade may take, in milliseconds.
    pub handshake_timeout_ms: u64,
    /// How long a freed slot may take to be free, in milliseconds.
    pub release_deadline_ms: u64,
    /// How long a peer that is gone may keep its slot, in milliseconds.
    pub dead_peer_deadline_ms: Option<u64>,
    /// How one sees that a connection is served.
    pub liveness: Liveness,
    /// How many connections it accepts in a second.
    pub rate: Option<Rate>,
    /// How many messages of one connection it takes in a second.
    pub message_rate: Option<Rate>,
    /// The largest message that it takes, in bytes.
    pub max_frame: Option<u64>,
    /// What it bears.
    pub stress: Option<Stress>,
    /// What coming and going must not cost.
    pub churn: Option<Churn>,
    /// Its process, where it runs on this machine.
    pub process: Option<Process>,
    /// What it says of itself.
    pub metrics: Option<MetricsEndpoint>,
    /// Addresses of this machine to come from.
    pub source_addrs: Vec<String>,
}

/// Whose limit a limit is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LimitScope {
    /// The server's, for all.
    Global,
    /// Each address's.
    Ip,
    /// Each worker's.
    Worker,
}

/// How one sees that a connection is served.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Liveness {
    /// A ping is answered.
    Ping,
    /// A message is answered by one that contains something.
    Echo {
        /// What is sent.
        send: String,
        /// What the answer contains.
        expect: String,
    },
    /// One does not.
    None,
}

/// A rate, and what may come at once.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Rate {
    /// How many in a second, in the long run.
    pub per_second: f64,
    /// How many more at once.
    pub burst: f64,
}

/// What a server bears.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Stress {
    /// Connections held.
    pub connections: u64,
    /// Messages a second, over all connections.
    pub messages_per_second: u64,
    /// For how long, in milliseconds.
    pub duration_ms: u64,
    /// The 99th percentile of the time to the answer, in milliseconds.
    pub p99_ms: u64,
    /// The share of messages without an answer.
    pub max_errors: f64,
}

/// What coming and going must not cost.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Churn {
    /// How often all slots are filled and freed.
    pub cycles: u64,
    /// Descriptors more than before.
    pub fd_tolerance: u64,
    /// Bytes of memory more than before.
    pub rss_tolerance: u64,
}

/// How to find a process.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Process {
    /// It listens on this port.
    Port(u16),
    /// Its id stands in this file.
    PidFile(String),
}

/// A page of metrics.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MetricsEndpoint {
    /// Where it is.
    pub url: String,
    /// The gauge of connections that are served.
    pub active: String,
    /// The counter of those that were refused.
    pub refused: Option<String>,
}

/// What a URL says of where to connect.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Endpoint {
    /// Whether it is over TLS.
    pub tls: bool,
    /// The host, a name or an address.
    pub host: String,
    /// The port.
    pub port: u16,
    /// Path and query.
    pub path: String,
    /// User and password as `user:password`, if any.
    pub user: Option<String>,
}

impl Endpoint {
    /// Reads a URL of one of two schemes, the second being that over TLS.
    ///
    /// # Errors
    /// Why it is none.
    pub fn parse(text: &str, [plain, over_tls]: [&str; 2]) -> Result<Self, String> {
        let url = Url::parse(text).map_err(|error| error.to_string())?;
        if url.scheme() != plain && url.scheme() != over_tls {
            return Err(format!("its scheme is `{}`; it must be `{plain}` or `{over_tls}`", url.scheme()));
        }
        let tls = url.scheme() == over_tls;
        let host = match url.host() {
            Some(url::Host::Ipv6(address)) => address.to_string(),
            Some(host) => host.to_string(),
            None => return Err("it names no host".to_owned()),
        };
        let user = (!url.username().is_empty() || url.password().is_some())
            .then(|| format!("{}:{}", decoded(url.username()), decoded(url.password().unwrap_or_default())));
        let query = url.query().map_or_else(String::new, |query| format!("?{query}"));
        let port = url.port().unwrap_or(if tls { 443 } else { 80 });
        Ok(Self { tls, host, port, path: format!("{}{query}", url.path()), user })
    }

    /// Whether it is on this machine.
    pub fn is_local(&self) -> bool {
        self.host == "localhost" || self.host.parse::<std::net::IpAddr>().is_ok_and(|address| address.is_loopback())
    }
}

impl ConfigReader<'_> {
    pub(super) fn ws(&mut self, tree: &Node<'static>) -> Option<Ws> {
        let tree = self.table(Some(tree), "doctor.ws")?;
        let name = self.needed(tree, "name", "doctor.ws");
        let url = self.needed(tree, "url", "doctor.ws");
        if let (Some(url), Some(value)) = (&url, tree.get("url")) {
            self.endpoint(url, value.span, ["ws", "wss"]);
        }
        let ws = Ws {
            name: name?,
            url: url?,
            ca: self.text(tree, "ca").map(|(file, _)| file.to_owned()),
            headers: self.named(tree, "headers"),
            subprotocol: self.text(tree, "subprotocol").map(|(text, _)| text.to_owned()),
            limit: self.count(tree, "limit", (1, MOST)),
            limit_scope: self.scope(tree),
            workers: self.count(tree, "workers", (1, 64)),
            overshoot: self.count(tree, "overshoot", (1, MOST)),
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
            self.mistake(span, format!("`{class}` is no refusal"), help);
        }
        for address in ws.source_addrs.iter().filter(|address| address.parse::<std::net::IpAddr>().is_err()) {
            let span = tree.get("source_addrs").map_or(tree.span, |value| value.span);
            self.mistake(span, format!("`{address}` is no address"), "write it as `127.0.0.2`");
        }
        if ws.limit.unwrap_or(0) + ws.overshoot.unwrap_or(0) > MOST {
            let said = format!("`limit` and `overshoot` are more than {MOST} connections together");
            self.mistake(tree.span, said, "lower one of them");
        }
        Some(ws)
    }

    /// A URL can be read, and holds no secret. A variable stands for something that cannot be judged here; what stands beside it can.
    pub(super) fn endpoint(&mut self, url: &str, span: Span, schemes: [&str; 2]) {
        let given = url.replace("{listen}", "1").replace("${", VARIABLE).replace('}', "");
        match Endpoint::parse(&given, schemes) {
            // The port, or all of it, may be a variable.
            Err(_) if given.contains(VARIABLE) => {}
            Err(why) => {
                let help = if given.contains('{') {
                    "of words in braces a URL takes `{listen}` (the port of the service that doctor starts) and `${NAME}` (a variable)"
                        .to_owned()
                } else {
                    format!("write it as `{}://127.0.0.1:8080/`", schemes[0])
                };
                self.mistake(span, format!("not a URL: {why}"), help);
            }
            Ok(endpoint) => {
                let is_bare = |value: &str| !value.is_empty() && !value.contains(VARIABLE);
                let user = endpoint.user.unwrap_or_default();
                let password = user.split_once(':').map_or("", |(_, password)| password);
                let query = endpoint.path.split_once('?').map_or("", |(_, query)| query);
                let mut named = query.split('&').filter_map(|pair| pair.split_once('='));
                if is_bare(password) || named.any(|(name, value)| is_secret(name) && is_bare(value)) {
                    let help = "write it as `${NAME}`, and set NAME in the environment";
                    self.mistake(span, "there is a secret in this URL", help);
                }
            }
        }
    }

    /// The largest message: more than nothing, and what fits into the memory of this machine twice.
    fn frame(&mut self, tree: &Node<'static>) -> Option<u64> {
        let most = self.bytes(tree, "max_frame")?;
        if (1..=LARGEST).contains(&most) {
            return Some(most);
        }
        let span = tree.get("max_frame").map_or(tree.span, |value| value.span);
        self.mistake(span, "`max_frame` must be from 1 byte to 256 MiB", "write it as `64KiB`");
        None
    }

    fn scope(&mut self, tree: &Node<'static>) -> LimitScope {
        let options = [("global", LimitScope::Global), ("ip", LimitScope::Ip), ("worker", LimitScope::Worker)];
        self.choice(tree, "limit_scope", &options).unwrap_or(LimitScope::Global)
    }

    fn liveness(&mut self, tree: Option<&Node<'static>>) -> Liveness {
        let Some(tree) = self.table(tree, "doctor.ws.liveness") else { return Liveness::Ping };
        let kind = self.choice(tree, "kind", &[("ping", 0), ("echo", 1), ("none", 2)]);
        // Who says what is sent means an echo.
        let is_said = tree.get("send").is_some() || tree.get("expect").is_some();
        match kind.or((tree.get("kind").is_none() && is_said).then_some(1)) {
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
            self.mistake(tree.span, format!("`{key}` without `per_second`"), "write `{ per_second = 5, burst = 10 }`");
            return None;
        };
        Some(Rate { per_second, burst })
    }

    fn stress(&mut self, tree: Option<&Node<'static>>) -> Option<Stress> {
        let tree = self.table(tree, "doctor.ws.stress")?;
        Some(Stress {
            connections: self.count(tree, "connections", (1, MOST)).unwrap_or(10),
            messages_per_second: self.count(tree, "messages_per_second", (1, 1_000_000)).unwrap_or(100),
            duration_ms: self.milliseconds(tree, "duration").unwrap_or(10_000).min(LONGEST),
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
            self.mistake(tree.span, "`process` without `port` or `pid_file`", "write `{ port = 8080 }`");
        }
        port.map(Process::Port)
    }

    fn metrics_endpoint(&mut self, tree: Option<&Node<'static>>) -> Option<MetricsEndpoint> {
        let tree = self.table(tree, "doctor.ws.metrics")?;
        let missing = |key| tree.get(key).is_none();
        if missing("url") || missing("active") {
            let help = "write `{ url = \"http://127.0.0.1:9090/metrics\", active = \"ws_active\" }`";
            self.mistake(tree.span, "`metrics` without `url` or `active`", help);
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

/// Whether a text is a class of refusals.
fn is_class(text: &str) -> bool {
    let known = ["tcp-refused", "tcp-timeout", "rst", "eof", "silent", "101-eof", "101-rst", "app-error", "zombie"];
    let numbered = |kind: &str, digits: usize| {
        text.strip_prefix(kind)
            .is_some_and(|code| code.len() == digits && code.bytes().all(|byte| byte.is_ascii_digit()))
    };
    known.contains(&text) || numbered("http-", 3) || numbered("close-", 4)
}

/// A part of a URL as it was meant.
fn decoded(part: &str) -> String {
    percent_encoding::percent_decode_str(part).decode_utf8_lossy().into_owned()
}

/// What is graceful where nobody says otherwise.
fn graceful() -> Vec<String> {
    ["http-503", "http-429", "close-1013", "close-1008"].map(str::to_owned).to_vec()
}
