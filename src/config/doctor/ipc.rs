//! `[[doctor.ipc]]`: a service that calls an upstream, and its claims about failures of the upstream.

use super::program::ProgramSettings;
use crate::config::reader::ConfigReader;
use crate::text::Node;

/// One `[[doctor.ipc]]`
#[derive(Clone, Debug, PartialEq)]
pub struct Ipc {
    pub name: String,
    /// Call of the service.
    pub entry: ServiceEntry,
    /// Call of the service that uses another dependency, which stays healthy.
    pub other: Option<ServiceEntry>,
    /// Simulated dependency.
    pub upstream: UpstreamSettings,
    /// Program of the service, if doctor starts it.
    pub start: Option<ProgramSettings>,
    pub breaker: Option<Breaker>,
    pub timeout: Option<Timeout>,
    pub retry: Option<Retry>,
    pub errors: Errors,
}

/// Call of a service.
#[derive(Clone, Debug, PartialEq)]
pub enum ServiceEntry {
    Http {
        method: String,
        url: String,
        /// Headers added to those of doctor.
        headers: Vec<(String, String)>,
        /// Request body.
        body: Option<String>,
    },
    /// A program; the call succeeds if it exits with 0.
    Command {
        /// Program and arguments.
        command: Vec<String>,
        /// Variables added to the environment of phx.
        env: Vec<(String, String)>,
    },
}

/// Dependency that doctor simulates for a service.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UpstreamSettings {
    /// Loopback address and port on which doctor listens (default `127.0.0.1:0`).
    pub listen: String,
    /// Real dependency as `HOST:PORT` to which bytes are forwarded. If `None`, doctor answers HTTP itself.
    pub forward: Option<String>,
    /// Response body while the dependency is healthy.
    pub body: String,
}

/// Claims about a circuit breaker.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Breaker {
    /// Maximum number of failing calls until it opens (default 50).
    pub max_trip_calls: u64,
    /// Time that it stays open, in milliseconds.
    pub open_for_ms: u64,
    /// Maximum number of trial calls while it is half open (default 1).
    pub half_open_max: u64,
    /// Maximum response time while it is open, in milliseconds (default 50).
    pub fast_fail_ms: u64,
}

/// Claims about the duration of a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Timeout {
    /// Timeout including retries, in milliseconds.
    pub max_ms: u64,
    /// Tolerance added to the timeout, in milliseconds (default 250).
    pub grace_ms: u64,
}

/// Claims about retries.
#[derive(Clone, Debug, PartialEq)]
pub struct Retry {
    /// Maximum number of attempts, including the first.
    pub max_attempts: u64,
    /// First backoff, in milliseconds.
    pub base_ms: Option<u64>,
    /// Maximum backoff, in milliseconds.
    pub cap_ms: Option<u64>,
    /// Whether backoffs are randomized (default true).
    pub jitter: bool,
    /// Maximum ratio of upstream calls to service calls over many calls.
    pub amplification: Option<f64>,
    /// Non-idempotent call, which must not be retried.
    pub unsafe_entry: Option<ServiceEntry>,
}

/// Claims about error messages of the service.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Errors {
    /// Texts of which each error contains at least one.
    pub must_name: Vec<String>,
    /// Texts that no error contains; `*` matches any text.
    pub forbid: Vec<String>,
}

/// Default response body of a healthy dependency.
const DEFAULT_BODY: &str = "{\"ok\":true}\n";
/// Upper bound of the numbers of calls in `breaker`.
const MAX_BREAKER_CALLS: u64 = 1_000;

impl ConfigReader<'_> {
    pub(super) fn ipc(&mut self, tree: &Node<'static>) -> Option<Ipc> {
        let tree = self.table(Some(tree), "doctor.ipc")?;
        let name = self.required(tree, "name", "doctor.ipc");
        if tree.get("entry").is_none() {
            let help = "add `entry = { url = \"http://127.0.0.1:8080/pay\" }`, the call of the service";
            self.error(tree.span, "missing `entry` in `[[doctor.ipc]]`", help);
        }
        let entry = self.entry(tree, "entry");
        Some(Ipc {
            entry: entry?,
            other: self.entry(tree, "other"),
            upstream: self.upstream(tree.get("upstream")),
            start: self.program(tree, "start", "doctor.ipc"),
            breaker: self.breaker(tree.get("breaker")),
            timeout: self.timeout(tree.get("timeout")),
            retry: self.retry(tree.get("retry")),
            errors: self.errors(tree.get("errors")),
            name: name?,
        })
    }

    fn entry(&mut self, tree: &Node<'static>, key: &str) -> Option<ServiceEntry> {
        let tree = self.table(tree.get(key), "doctor.ipc.entry")?;
        if tree.get("command").is_some() {
            return Some(ServiceEntry::Command { command: self.command(tree, key)?, env: self.named(tree, "env") });
        }
        let method = self.text(tree, "method").map_or("GET", |(method, _)| method).to_owned();
        if method.is_empty() || !method.bytes().all(|byte| byte.is_ascii_uppercase()) {
            self.error(
                tree.span,
                format!("`{method}` is not a valid HTTP method"),
                "write a method such as `GET` or `POST`",
            );
        }
        let url = self.needed_address(tree, "url", key)?;
        let body = self.text(tree, "body").map(|(body, _)| body.to_owned());
        Some(ServiceEntry::Http { method, url, headers: self.named(tree, "headers"), body })
    }

    fn upstream(&mut self, tree: Option<&Node<'static>>) -> UpstreamSettings {
        let default =
            UpstreamSettings { listen: "127.0.0.1:0".to_owned(), forward: None, body: DEFAULT_BODY.to_owned() };
        let Some(tree) = self.table(tree, "doctor.ipc.upstream") else { return default };
        let listen = self.text(tree, "listen").map(|(listen, span)| (listen.to_owned(), span));
        if let Some((listen, span)) = &listen
            && !listen.parse::<std::net::SocketAddr>().is_ok_and(|address| address.ip().is_loopback())
        {
            let help = "write `127.0.0.1:PORT`, or `127.0.0.1:0` if the service gets the address from `{upstream}`";
            self.error(*span, format!("`{listen}` is not a loopback address with a port"), help);
        }
        let forward = self.text(tree, "forward").map(|(forward, span)| (forward.to_owned(), span));
        if let Some((forward, span)) = &forward
            && !forward.contains("${")
            && forward.rsplit_once(':').is_none_or(|(_, port)| port.parse::<u16>().is_err())
        {
            self.error(*span, format!("`{forward}` has no valid port"), "write an address such as `127.0.0.1:5432`");
        }
        let is_tcp = self.choice(tree, "kind", &[("http", false), ("tcp", true)]).unwrap_or(forward.is_some());
        if is_tcp != forward.is_some() {
            let help = "write `kind = \"tcp\"` with `forward = \"HOST:PORT\"` to forward bytes, or `kind = \"http\"` without `forward`";
            self.error(tree.span, "`kind` and `forward` contradict each other", help);
        }
        UpstreamSettings {
            listen: listen.map_or(default.listen, |(listen, _)| listen),
            forward: forward.map(|(forward, _)| forward),
            body: self.text(tree, "body").map_or(default.body, |(body, _)| body.to_owned()),
        }
    }

    fn breaker(&mut self, tree: Option<&Node<'static>>) -> Option<Breaker> {
        let tree = self.table(tree, "doctor.ipc.breaker")?;
        let open_for_ms = self.required_time(tree, "open_for", "doctor.ipc.breaker")?;
        Some(Breaker {
            open_for_ms,
            max_trip_calls: self.count(tree, "max_trip_calls", (1, MAX_BREAKER_CALLS)).unwrap_or(50),
            half_open_max: self.count(tree, "half_open_max", (1, MAX_BREAKER_CALLS)).unwrap_or(1),
            fast_fail_ms: self.milliseconds(tree, "fast_fail").unwrap_or(50),
        })
    }

    fn timeout(&mut self, tree: Option<&Node<'static>>) -> Option<Timeout> {
        let tree = self.table(tree, "doctor.ipc.timeout")?;
        let max_ms = self.required_time(tree, "max", "doctor.ipc.timeout")?;
        Some(Timeout { max_ms, grace_ms: self.milliseconds(tree, "grace").unwrap_or(250) })
    }

    fn required_time(&mut self, tree: &Node<'static>, key: &str, table: &str) -> Option<u64> {
        if tree.get(key).is_none() {
            self.error(tree.span, format!("missing `{key}` in `{table}`"), format!("add `{key} = \"2s\"`"));
        }
        self.milliseconds(tree, key)
    }

    fn retry(&mut self, tree: Option<&Node<'static>>) -> Option<Retry> {
        let tree = self.table(tree, "doctor.ipc.retry")?;
        if tree.get("max_attempts").is_none() {
            let help = "add `max_attempts = 3`, the maximum number of attempts including the first";
            self.error(tree.span, "missing `max_attempts` in `doctor.ipc.retry`", help);
        }
        let max_attempts = self.count(tree, "max_attempts", (1, 100));
        Some(Retry {
            max_attempts: max_attempts?,
            base_ms: self.milliseconds(tree, "base"),
            cap_ms: self.milliseconds(tree, "cap"),
            jitter: self.flag(tree, "jitter").unwrap_or(true),
            amplification: self.number(tree, "amplification"),
            unsafe_entry: self.entry(tree, "unsafe_entry"),
        })
    }

    fn errors(&mut self, tree: Option<&Node<'static>>) -> Errors {
        let Some(tree) = self.table(tree, "doctor.ipc.errors") else { return Errors::default() };
        Errors {
            must_name: self.words(tree, "must_name").unwrap_or_default(),
            forbid: self.words(tree, "forbid").unwrap_or_default(),
        }
    }
}
