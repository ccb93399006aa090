//! Fixtures for the checks of `ws`: built-in servers.

use std::rc::Rc;
use std::time::Duration;

use super::FixtureKind::{Conforming, Defective};
use super::server::{Behaviour, FixtureServer, Refuse};
use super::{FixtureCase, FixtureKind};
use crate::config::DoctorSettings;
use crate::config::doctor::Ws;
use crate::doctor::allow::Allow;
use crate::doctor::check_result::{CheckFuture, CheckResult};
use crate::doctor::log::Log;
use crate::doctor::ws::{self, WsTarget};

/// Claims of every server.
const CLAIMS: &str = "limit = 5\novershoot = 3\nrelease_deadline = \"1s\"\nhandshake_timeout = \"2s\"\n";
/// Claim of servers whose messages are verified.
const ECHO: &str = "liveness = { kind = \"echo\", send = \"phx\" }\n";

/// Check id, kind of the fixture, description, behavior, and claims (TOML) in addition to `CLAIMS`.
type WsFixture = (&'static str, FixtureKind, &'static str, fn() -> Behaviour, &'static str);

const ROWS: &[WsFixture] = &[
    ("ws.handshake", Conforming, "an echo server", plain, ""),
    ("ws.handshake", Defective, "responds with a wrong digest", || Behaviour { wrong_digest: true, ..plain() }, ""),
    ("ws.alive", Conforming, "an echo server", plain, ""),
    ("ws.alive", Defective, "accepts and never reads", || Behaviour { mute: true, ..plain() }, ""),
    ("ws.limit.exact", Conforming, "serves five", capped, ""),
    ("ws.limit.exact", Conforming, "serves five and closes the others after the upgrade", closing, ""),
    ("ws.limit.exact", Defective, "serves six", || Behaviour { cap: Some(6), ..plain() }, ""),
    ("ws.limit.exact", Defective, "serves four", || Behaviour { cap: Some(4), ..plain() }, ""),
    ("ws.limit.exact", Defective, "has no limit", plain, ""),
    ("ws.limit.burst", Conforming, "serves five", capped, ""),
    ("ws.limit.burst", Conforming, "serves five and closes the others after the upgrade", closing, ""),
    ("ws.limit.burst", Defective, "counts after the limit is tested", || Behaviour { racy: true, ..capped() }, ""),
    ("ws.limit.scope", Conforming, "serves five", capped, ""),
    ("ws.limit.scope", Conforming, "serves five and closes the others after the upgrade", closing, ""),
    ("ws.limit.scope", Defective, "serves five per address", || Behaviour { per_ip: true, ..capped() }, ""),
    ("ws.limit.stable", Conforming, "refuses new clients", capped, ""),
    ("ws.limit.stable", Conforming, "closes new clients after the upgrade", closing, ""),
    (
        "ws.limit.stable",
        Defective,
        "closes all connections after a refused client resets",
        || Behaviour { fragile: true, ..capped() },
        "",
    ),
    (
        "ws.limit.stable",
        Defective,
        "closes the oldest connection for each new one",
        || Behaviour { refuse: Refuse::Evict, ..capped() },
        "",
    ),
    ("ws.refusal.graceful", Conforming, "refuses with 503", capped, ""),
    ("ws.refusal.graceful", Conforming, "refuses with close 1013 after the upgrade", closing, ""),
    ("ws.refusal.graceful", Defective, "refuses with a reset", || Behaviour { refuse: Refuse::Reset, ..capped() }, ""),
    ("ws.release.close", Conforming, "frees slots", capped, ""),
    ("ws.release.close", Conforming, "frees slots and closes new clients after the upgrade", closing, ""),
    (
        "ws.release.close",
        Defective,
        "keeps the slots of connections that close",
        || Behaviour { keeps: &["close"], ..capped() },
        "",
    ),
    ("ws.release.rst", Conforming, "frees slots", capped, ""),
    ("ws.release.rst", Conforming, "frees slots and closes new clients after the upgrade", closing, ""),
    (
        "ws.release.rst",
        Defective,
        "keeps the slots of connections that reset",
        || Behaviour { keeps: &["rst"], ..capped() },
        "",
    ),
    ("ws.release.fin", Conforming, "frees slots", capped, ""),
    ("ws.release.fin", Conforming, "frees slots and closes new clients after the upgrade", closing, ""),
    (
        "ws.release.fin",
        Defective,
        "keeps the slots of connections that end with FIN",
        || Behaviour { keeps: &["fin"], ..capped() },
        "",
    ),
    ("ws.release.abandoned", Conforming, "processes handshakes concurrently", capped, ""),
    (
        "ws.release.abandoned",
        Defective,
        "processes one handshake at a time",
        || Behaviour { serial: true, ..capped() },
        "",
    ),
    ("ws.release.mute", Conforming, "pings", pinging, "dead_peer_deadline = \"2s\""),
    ("ws.release.mute", Defective, "never pings", capped, "dead_peer_deadline = \"2s\""),
    ("ws.release.vanish", Conforming, "pings", pinging, "dead_peer_deadline = \"2s\""),
    ("ws.release.vanish", Defective, "never pings", capped, "dead_peer_deadline = \"2s\""),
    (
        "ws.rate.connect",
        Conforming,
        "accepts ten per second",
        || Behaviour { rate: Some((10.0, 5.0)), ..plain() },
        RATE,
    ),
    ("ws.rate.connect", Defective, "accepts all", plain, RATE),
    (
        "ws.rate.connect",
        Defective,
        "accepts twenty per second",
        || Behaviour { rate: Some((20.0, 5.0)), ..plain() },
        RATE,
    ),
    (
        "ws.rate.message",
        Conforming,
        "closes clients that flood",
        || Behaviour { message_rate: Some(20.0), ..plain() },
        "message_rate = { per_second = 40, burst = 5 }",
    ),
    ("ws.rate.message", Defective, "accepts all", plain, "message_rate = { per_second = 40, burst = 5 }"),
    (
        "ws.frame.max",
        Conforming,
        "accepts up to 4 KiB",
        || Behaviour { largest: Some(4 << 10), ..plain() },
        "max_frame = \"4KiB\"",
    ),
    (
        "ws.frame.max",
        Defective,
        "accepts less than 4 KiB",
        || Behaviour { largest: Some((4 << 10) - 1), ..plain() },
        "max_frame = \"4KiB\"",
    ),
    (
        "ws.frame.max",
        Defective,
        "accepts up to 8 KiB",
        || Behaviour { largest: Some(8 << 10), ..plain() },
        "max_frame = \"4KiB\"",
    ),
    ("ws.conformance", Conforming, "closes with the code of each error", plain, ""),
    ("ws.conformance", Defective, "closes without a code", || Behaviour { codeless: true, ..plain() }, ""),
    ("ws.metrics", Conforming, "counts connections", capped, METRICS),
    ("ws.metrics", Conforming, "counts connections that it closes after the upgrade", closing, METRICS),
    ("ws.metrics", Defective, "always reports zero", || Behaviour { stuck_gauge: true, ..capped() }, METRICS),
    ("ws.slow_consumer", Conforming, "writes to each client separately", plain, ECHO),
    (
        "ws.slow_consumer",
        Defective,
        "writes to one client at a time",
        || Behaviour { shared_writer: true, ..plain() },
        ECHO,
    ),
    ("ws.stress", Conforming, "responds at once", plain, STRESS),
    ("ws.stress", Defective, "responds slowly", || Behaviour { delay: Duration::from_millis(400), ..plain() }, STRESS),
    ("ws.recover", Conforming, "recovers", capped, ECHO),
    ("ws.recover", Conforming, "recovers and closes new clients after the upgrade", closing, ECHO),
    ("ws.recover", Defective, "stays slow", || Behaviour { tires_at: Some(9), cap: Some(10), ..plain() }, ECHO),
    ("ws.leak", Conforming, "frees slots", capped, "churn = { cycles = 10 }"),
    ("ws.leak", Conforming, "frees slots and closes new clients after the upgrade", closing, "churn = { cycles = 10 }"),
    (
        "ws.leak",
        Defective,
        "keeps the slots of aborted upgrades",
        || Behaviour { keeps: &["aborted"], ..capped() },
        "churn = { cycles = 10 }",
    ),
    (
        "ws.leak",
        Defective,
        "keeps the slots of connections that reset",
        || Behaviour { keeps: &["rst"], ..capped() },
        "churn = { cycles = 10 }",
    ),
];

const RATE: &str = "rate = { per_second = 10, burst = 5 }";
const METRICS: &str =
    "metrics = { url = \"http://127.0.0.1:PORT/metrics\", active = \"ws_active\", refused = \"ws_refused_total\" }";
const STRESS: &str = "liveness = { kind = \"echo\", send = \"phx\" }\nstress = { connections = 5, messages_per_second = 50, duration = \"1s\", p99 = \"200ms\" }";

fn closing() -> Behaviour {
    Behaviour { refuse: Refuse::Close, ..capped() }
}

fn plain() -> Behaviour {
    Behaviour::default()
}

fn capped() -> Behaviour {
    Behaviour { cap: Some(5), ..plain() }
}

fn pinging() -> Behaviour {
    Behaviour { heartbeat: Some(Duration::from_millis(300)), ..capped() }
}

/// Returns the cases of the probe.
pub(super) fn cases() -> Vec<FixtureCase> {
    let case = |(id, kind, subject, behaviour, claims): &'static WsFixture| {
        let (check, run) = ws::CHECKS.iter().find(|(check, _)| check.id == *id)?;
        Some(FixtureCase {
            check,
            kind: *kind,
            subject,
            look: Box::new(move || run_on_fixture(behaviour(), claims, *run)),
        })
    };
    ROWS.iter().filter_map(case).collect()
}

/// Runs a check on a server that stops after the check.
fn run_on_fixture(behaviour: Behaviour, claims: &'static str, run: fn(WsTarget) -> CheckFuture) -> CheckFuture {
    Box::pin(async move {
        let server = match FixtureServer::start(behaviour) {
            Ok(server) => server,
            Err(error) => return CheckResult::error(format!("cannot start the server: {error}")),
        };
        let Some(ws) = parse_claims(server.port, claims) else {
            return CheckResult::error("cannot parse the claims of the fixture");
        };
        let allow = Rc::new(Allow::new(&DoctorSettings::default().allow_hosts));
        let target = WsTarget {
            ws: Rc::new(ws),
            allow,
            quick: true,
            log: Log::start(),
            refusals: Rc::default(),
            seen: Rc::default(),
        };
        let log = target.log.clone();
        let mut found = run(target).await;
        found.evidence = log.lines();
        found
    })
}

/// Parses the claims as a configuration.
fn parse_claims(port: u16, claims: &str) -> Option<Ws> {
    let text = format!("[[doctor.ws]]\nname = \"built-in\"\nurl = \"ws://127.0.0.1:{port}/\"\n{CLAIMS}{claims}\n");
    let (doctor, errors) = DoctorSettings::parse_included("built-in", &text.replace("PORT", &port.to_string()));
    doctor.ws.into_iter().next().filter(|_| errors.is_empty())
}
