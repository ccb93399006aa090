//! Built-in servers for the checks of `ws`.

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

/// What every server claims.
const CLAIMS: &str = "limit = 5\novershoot = 3\nrelease_deadline = \"1s\"\nhandshake_timeout = \"2s\"\n";
/// What those claim whose messages matter.
const ECHO: &str = "liveness = { kind = \"echo\", send = \"phx\" }\n";

/// A check by its id, whether the server conforms, what it does, how, and what it claims beside.
type WsFixture = (&'static str, FixtureKind, &'static str, fn() -> Behaviour, &'static str);

/// All of them.
const ROWS: &[WsFixture] = &[
    ("ws.handshake", Conforming, "an echo server", plain, ""),
    ("ws.handshake", Defective, "answers with a wrong digest", || Behaviour { wrong_digest: true, ..plain() }, ""),
    ("ws.alive", Conforming, "an echo server", plain, ""),
    ("ws.alive", Defective, "accepts and never reads", || Behaviour { mute: true, ..plain() }, ""),
    ("ws.limit.exact", Conforming, "serves five", capped, ""),
    ("ws.limit.exact", Conforming, "serves five and closes the others behind the upgrade", closing, ""),
    ("ws.limit.exact", Defective, "serves six", || Behaviour { cap: Some(6), ..plain() }, ""),
    ("ws.limit.exact", Defective, "serves four", || Behaviour { cap: Some(4), ..plain() }, ""),
    ("ws.limit.exact", Defective, "has no limit", plain, ""),
    ("ws.limit.burst", Conforming, "serves five", capped, ""),
    ("ws.limit.burst", Conforming, "serves five and closes the others behind the upgrade", closing, ""),
    ("ws.limit.burst", Defective, "counts after it has looked", || Behaviour { racy: true, ..capped() }, ""),
    ("ws.limit.scope", Conforming, "serves five", capped, ""),
    ("ws.limit.scope", Conforming, "serves five and closes the others behind the upgrade", closing, ""),
    ("ws.limit.scope", Defective, "serves five of each address", || Behaviour { per_ip: true, ..capped() }, ""),
    ("ws.limit.stable", Conforming, "refuses newcomers", capped, ""),
    ("ws.limit.stable", Conforming, "closes newcomers behind the upgrade", closing, ""),
    (
        "ws.limit.stable",
        Defective,
        "does not survive a refused client that resets",
        || Behaviour { fragile: true, ..capped() },
        "",
    ),
    (
        "ws.limit.stable",
        Defective,
        "lets an old one go for each newcomer",
        || Behaviour { refuse: Refuse::Evict, ..capped() },
        "",
    ),
    ("ws.refusal.graceful", Conforming, "refuses with 503", capped, ""),
    ("ws.refusal.graceful", Conforming, "refuses with close 1013 behind the upgrade", closing, ""),
    ("ws.refusal.graceful", Defective, "refuses with a reset", || Behaviour { refuse: Refuse::Reset, ..capped() }, ""),
    ("ws.release.close", Conforming, "frees slots", capped, ""),
    ("ws.release.close", Conforming, "frees slots and closes newcomers behind the upgrade", closing, ""),
    (
        "ws.release.close",
        Defective,
        "keeps the slots of those that say goodbye",
        || Behaviour { keeps: &["close"], ..capped() },
        "",
    ),
    ("ws.release.rst", Conforming, "frees slots", capped, ""),
    ("ws.release.rst", Conforming, "frees slots and closes newcomers behind the upgrade", closing, ""),
    (
        "ws.release.rst",
        Defective,
        "keeps the slots of those that reset",
        || Behaviour { keeps: &["rst"], ..capped() },
        "",
    ),
    ("ws.release.fin", Conforming, "frees slots", capped, ""),
    ("ws.release.fin", Conforming, "frees slots and closes newcomers behind the upgrade", closing, ""),
    (
        "ws.release.fin",
        Defective,
        "keeps the slots of those that end",
        || Behaviour { keeps: &["fin"], ..capped() },
        "",
    ),
    ("ws.release.abandoned", Conforming, "waits for handshakes side by side", capped, ""),
    (
        "ws.release.abandoned",
        Defective,
        "waits for one handshake after the other",
        || Behaviour { serial: true, ..capped() },
        "",
    ),
    ("ws.release.mute", Conforming, "pings", beating, "dead_peer_deadline = \"2s\""),
    ("ws.release.mute", Defective, "never pings", capped, "dead_peer_deadline = \"2s\""),
    ("ws.release.vanish", Conforming, "pings", beating, "dead_peer_deadline = \"2s\""),
    ("ws.release.vanish", Defective, "never pings", capped, "dead_peer_deadline = \"2s\""),
    ("ws.rate.connect", Conforming, "takes ten a second", || Behaviour { rate: Some((10.0, 5.0)), ..plain() }, RATE),
    ("ws.rate.connect", Defective, "takes all", plain, RATE),
    ("ws.rate.connect", Defective, "takes twenty a second", || Behaviour { rate: Some((20.0, 5.0)), ..plain() }, RATE),
    (
        "ws.rate.message",
        Conforming,
        "ends those that flood",
        || Behaviour { message_rate: Some(20.0), ..plain() },
        "message_rate = { per_second = 40, burst = 5 }",
    ),
    ("ws.rate.message", Defective, "takes all", plain, "message_rate = { per_second = 40, burst = 5 }"),
    (
        "ws.frame.max",
        Conforming,
        "takes up to 4 KiB",
        || Behaviour { largest: Some(4 << 10), ..plain() },
        "max_frame = \"4KiB\"",
    ),
    (
        "ws.frame.max",
        Defective,
        "takes less than 4 KiB",
        || Behaviour { largest: Some((4 << 10) - 1), ..plain() },
        "max_frame = \"4KiB\"",
    ),
    (
        "ws.frame.max",
        Defective,
        "takes up to 8 KiB",
        || Behaviour { largest: Some(8 << 10), ..plain() },
        "max_frame = \"4KiB\"",
    ),
    ("ws.conformance", Conforming, "answers errors with their codes", plain, ""),
    ("ws.conformance", Defective, "ends without a code", || Behaviour { codeless: true, ..plain() }, ""),
    ("ws.metrics", Conforming, "counts", capped, METRICS),
    ("ws.metrics", Conforming, "counts those that it closes behind the upgrade", closing, METRICS),
    ("ws.metrics", Defective, "says zero always", || Behaviour { stuck_gauge: true, ..capped() }, METRICS),
    ("ws.slow_consumer", Conforming, "writes to each by itself", plain, ECHO),
    (
        "ws.slow_consumer",
        Defective,
        "writes to one after the other",
        || Behaviour { shared_writer: true, ..plain() },
        ECHO,
    ),
    ("ws.stress", Conforming, "answers at once", plain, STRESS),
    ("ws.stress", Defective, "answers late", || Behaviour { delay: Duration::from_millis(400), ..plain() }, STRESS),
    ("ws.recover", Conforming, "is as before", capped, ECHO),
    ("ws.recover", Conforming, "is as before and closes newcomers behind the upgrade", closing, ECHO),
    ("ws.recover", Defective, "stays slow", || Behaviour { tires_at: Some(9), cap: Some(10), ..plain() }, ECHO),
    ("ws.leak", Conforming, "frees slots", capped, "churn = { cycles = 10 }"),
    ("ws.leak", Conforming, "frees slots and closes newcomers behind the upgrade", closing, "churn = { cycles = 10 }"),
    (
        "ws.leak",
        Defective,
        "keeps the slots of upgrades that are aborted",
        || Behaviour { keeps: &["aborted"], ..capped() },
        "churn = { cycles = 10 }",
    ),
    (
        "ws.leak",
        Defective,
        "keeps the slots of those that reset",
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

fn beating() -> Behaviour {
    Behaviour { heartbeat: Some(Duration::from_millis(300)), ..capped() }
}

/// The cases.
pub fn cases() -> Vec<FixtureCase> {
    let case = |(id, kind, subject, behaviour, claims): &'static WsFixture| {
        let (check, look) = ws::CHECKS.iter().find(|(check, _)| check.id == *id)?;
        Some(FixtureCase {
            check,
            kind: *kind,
            subject,
            look: Box::new(move || subject_of(behaviour(), claims, *look)),
        })
    };
    ROWS.iter().filter_map(case).collect()
}

/// The check on a server that runs as long as it does.
fn subject_of(behaviour: Behaviour, claims: &'static str, look: fn(WsTarget) -> CheckFuture) -> CheckFuture {
    Box::pin(async move {
        let server = match FixtureServer::start(behaviour) {
            Ok(server) => server,
            Err(error) => return CheckResult::error(format!("no server could be started: {error}")),
        };
        let Some(ws) = claimed(server.port, claims) else { return CheckResult::error("the claims cannot be read") };
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
        let mut found = look(target).await;
        found.evidence = log.lines();
        found
    })
}

/// What the server claims, read as a configuration is.
fn claimed(port: u16, claims: &str) -> Option<Ws> {
    let text = format!("[[doctor.ws]]\nname = \"built-in\"\nurl = \"ws://127.0.0.1:{port}/\"\n{CLAIMS}{claims}\n");
    let (doctor, mistakes) = DoctorSettings::parse_included("built-in", &text.replace("PORT", &port.to_string()));
    doctor.ws.into_iter().next().filter(|_| mistakes.is_empty())
}
