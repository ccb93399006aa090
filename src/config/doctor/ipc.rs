//! `[[doctor.ipc]]`: a service that calls another one, and what it claims to do when that one fails.

use super::program::ProgramSettings;
use crate::config::reader::ConfigReader;
use crate::text::Node;

/// One `[[doctor.ipc]]`
#[derive(Clone, Debug, PartialEq)]
pub struct Ipc {
    /// What it is called.
    pub name: String,
    /// How the service is called.
    pub entry: ServiceEntry,
    /// How it is called so that it calls another dependency, which stays well.
    pub other: Option<ServiceEntry>,
    /// What stands for the dependency.
    pub upstream: UpstreamSettings,
    /// The service, where doctor is to start it.
    pub start: Option<ProgramSettings>,
    /// What it claims of its circuit breaker.
    pub breaker: Option<Breaker>,
    /// How long it claims to wait.
    pub timeout: Option<Timeout>,
    /// How it claims to try again.
    pub retry: Option<Retry>,
    /// What its errors say.
    pub errors: Errors,
}

/// How a service is called.
#[derive(Clone, Debug, PartialEq)]
pub enum ServiceEntry {
    /// By HTTP.
    Http {
        /// The method.
        method: String,
        /// Where.
        url: String,
        /// Headers beside those of doctor.
        headers: Vec<(String, String)>,
        /// What is sent.
        body: Option<String>,
    },
    /// By a program, which ends well or not.
    Command {
        /// The program and its arguments.
        command: Vec<String>,
        /// Variables that it gets beside those of phx.
        env: Vec<(String, String)>,
    },
}

/// What stands for the dependency.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UpstreamSettings {
    /// Where doctor listens.
    pub listen: String,
    /// A real dependency behind it, `HOST:PORT`: bytes are handed on. Where it is `None`, HTTP is answered.
    pub forward: Option<String>,
    /// What a healthy dependency answers.
    pub body: String,
}

/// What a circuit breaker does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Breaker {
    /// After how many failing calls it is open at the latest.
    pub max_trip_calls: u64,
    /// For how long it stays open, in milliseconds.
    pub open_for_ms: u64,
    /// How many calls it lets through to try.
    pub half_open_max: u64,
    /// How long an answer takes while it is open, in milliseconds.
    pub fast_fail_ms: u64,
}

/// How long a call may take.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Timeout {
    /// With all that is tried, in milliseconds.
    pub max_ms: u64,
    /// What may come on top, in milliseconds.
    pub grace_ms: u64,
}

/// How it is tried again.
#[derive(Clone, Debug, PartialEq)]
pub struct Retry {
    /// How often at most, the first time included.
    pub max_attempts: u64,
    /// The first wait, in milliseconds.
    pub base_ms: Option<u64>,
    /// The longest wait, in milliseconds.
    pub cap_ms: Option<u64>,
    /// Whether waits differ from call to call.
    pub jitter: bool,
    /// How many calls of the dependency there may be for each call of the service, in the long run.
    pub amplification: Option<f64>,
    /// A call that must not be repeated.
    pub unsafe_entry: Option<ServiceEntry>,
}

/// What errors say.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Errors {
    /// One of these stands in each.
    pub must_name: Vec<String>,
    /// None of these does; `*` stands for anything.
    pub forbid: Vec<String>,
}

/// What a healthy dependency answers where nobody says otherwise.
const BODY: &str = "{\"ok\":true}\n";
/// The most calls that a breaker may take to open.
const MOST: u64 = 1_000;

impl ConfigReader<'_> {
    pub(super) fn ipc(&mut self, tree: &Node<'static>) -> Option<Ipc> {
        let tree = self.table(Some(tree), "doctor.ipc")?;
        let name = self.needed(tree, "name", "doctor.ipc");
        if tree.get("entry").is_none() {
            let help = "add `entry = { url = \"http://127.0.0.1:8080/pay\" }`: how the service is called";
            self.mistake(tree.span, "a `[[doctor.ipc]]` without `entry`", help);
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
            self.mistake(tree.span, format!("`{method}` is no method of HTTP"), "write it as `GET` or `POST`");
        }
        let url = self.needed_address(tree, "url", key)?;
        let body = self.text(tree, "body").map(|(body, _)| body.to_owned());
        Some(ServiceEntry::Http { method, url, headers: self.named(tree, "headers"), body })
    }

    fn upstream(&mut self, tree: Option<&Node<'static>>) -> UpstreamSettings {
        let default = UpstreamSettings { listen: "127.0.0.1:0".to_owned(), forward: None, body: BODY.to_owned() };
        let Some(tree) = self.table(tree, "doctor.ipc.upstream") else { return default };
        let listen = self.text(tree, "listen").map(|(listen, span)| (listen.to_owned(), span));
        if let Some((listen, span)) = &listen
            && !listen.parse::<std::net::SocketAddr>().is_ok_and(|address| address.ip().is_loopback())
        {
            let help =
                "write it as `127.0.0.1:0`, with a port that the service knows, or 0 where it is told by `{upstream}`";
            self.mistake(*span, format!("`{listen}` is no address of this machine alone"), help);
        }
        let forward = self.text(tree, "forward").map(|(forward, span)| (forward.to_owned(), span));
        if let Some((forward, span)) = &forward
            && !forward.contains("${")
            && forward.rsplit_once(':').is_none_or(|(_, port)| port.parse::<u16>().is_err())
        {
            self.mistake(*span, format!("`{forward}` names no port"), "write it as `127.0.0.1:5432`");
        }
        let is_tcp = self.choice(tree, "kind", &[("http", false), ("tcp", true)]).unwrap_or(forward.is_some());
        if is_tcp != forward.is_some() {
            let help = "bytes are handed on where `kind = \"tcp\"` and `forward = \"HOST:PORT\"` stand; `http` is answered by doctor";
            self.mistake(tree.span, "`kind` and `forward` do not agree", help);
        }
        UpstreamSettings {
            listen: listen.map_or(default.listen, |(listen, _)| listen),
            forward: forward.map(|(forward, _)| forward),
            body: self.text(tree, "body").map_or(default.body, |(body, _)| body.to_owned()),
        }
    }

    fn breaker(&mut self, tree: Option<&Node<'static>>) -> Option<Breaker> {
        let tree = self.table(tree, "doctor.ipc.breaker")?;
        let open_for_ms = self.needed_time(tree, "open_for", "doctor.ipc.breaker")?;
        Some(Breaker {
            open_for_ms,
            max_trip_calls: self.count(tree, "max_trip_calls", (1, MOST)).unwrap_or(50),
            half_open_max: self.count(tree, "half_open_max", (1, MOST)).unwrap_or(1),
            fast_fail_ms: self.milliseconds(tree, "fast_fail").unwrap_or(50),
        })
    }

    fn timeout(&mut self, tree: Option<&Node<'static>>) -> Option<Timeout> {
        let tree = self.table(tree, "doctor.ipc.timeout")?;
        let max_ms = self.needed_time(tree, "max", "doctor.ipc.timeout")?;
        Some(Timeout { max_ms, grace_ms: self.milliseconds(tree, "grace").unwrap_or(250) })
    }

    fn needed_time(&mut self, tree: &Node<'static>, key: &str, table: &str) -> Option<u64> {
        if tree.get(key).is_none() {
            self.mistake(tree.span, format!("`{table}` without `{key}`"), format!("add `{key} = \"2s\"`"));
        }
        self.milliseconds(tree, key)
    }

    fn retry(&mut self, tree: Option<&Node<'static>>) -> Option<Retry> {
        let tree = self.table(tree, "doctor.ipc.retry")?;
        if tree.get("max_attempts").is_none() {
            let help = "add `max_attempts = 3`: how often it is tried at most, the first time included";
            self.mistake(tree.span, "`doctor.ipc.retry` without `max_attempts`", help);
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
