//! Built-in services for the checks of `ipc`.

use std::rc::Rc;

use super::FixtureKind::{Conforming, Defective};
use super::{FixtureCase, FixtureKind};
use crate::config::DoctorSettings;
use crate::config::doctor::Ipc;
use crate::doctor::allow::Allow;
use crate::doctor::check_result::{CheckFuture, CheckResult};
use crate::doctor::ipc::{self, IpcTarget};
use crate::doctor::log::Log;
use crate::system::environment;

/// A check by its id, whether the service conforms, what it does, the words behind `phx __host service PORT UPSTREAM OTHER`, and what
/// it claims.
type IpcFixture = (&'static str, FixtureKind, &'static str, &'static str, &'static str);

const BREAKER: &str = "breaker = { open_for = \"400ms\", max_trip_calls = 10 }";
const TIMEOUT: &str = "timeout = { max = \"300ms\" }";
const RETRY: &str = "retry = { max_attempts = 3, base = \"40ms\", cap = \"200ms\" }";
const ERRORS: &str = "timeout = { max = \"300ms\" }\nerrors = { must_name = [\"billing\"] }";
/// A deadline that is kept.
const IN_TIME: &str = "timeout=250";

/// All of them.
const ROWS: &[IpcFixture] = &[
    ("ipc.baseline", Conforming, "calls its dependency", "", ""),
    ("ipc.baseline", Defective, "calls nobody", "unwired", ""),
    ("ipc.breaker.opens", Conforming, "a breaker", "breaker", BREAKER),
    ("ipc.breaker.opens", Defective, "a breaker that never opens", "breaker never-opens", BREAKER),
    ("ipc.breaker.open", Conforming, "a breaker", "breaker", BREAKER),
    ("ipc.breaker.open", Defective, "takes its time while it is open", "breaker slow-open", BREAKER),
    ("ipc.breaker.half_opens", Conforming, "a breaker", "breaker", BREAKER),
    ("ipc.breaker.half_opens", Defective, "tries again too early", "breaker impatient", BREAKER),
    ("ipc.breaker.reopens", Conforming, "a breaker", "breaker", BREAKER),
    ("ipc.breaker.reopens", Defective, "goes on trying", "breaker stays-half-open", BREAKER),
    ("ipc.breaker.single_trial", Conforming, "a breaker", "breaker", BREAKER),
    ("ipc.breaker.single_trial", Defective, "lets the whole herd try", "breaker herd", BREAKER),
    ("ipc.breaker.closes", Conforming, "a breaker", "breaker", BREAKER),
    ("ipc.breaker.closes", Defective, "opens after a trial that went well", "breaker never-closes", BREAKER),
    ("ipc.breaker.isolated", Conforming, "a breaker for each", "breaker", OTHER),
    ("ipc.breaker.isolated", Defective, "one breaker for both", "breaker shared", OTHER),
    ("ipc.timeout.refuse", Conforming, "a deadline", IN_TIME, TIMEOUT),
    ("ipc.timeout.refuse", Defective, "says that all is well", "timeout=250 trusting", TIMEOUT),
    ("ipc.timeout.syn", Conforming, "a deadline", IN_TIME, TIMEOUT),
    ("ipc.timeout.syn", Defective, "no deadline", "", TIMEOUT),
    ("ipc.timeout.accept", Conforming, "a deadline", IN_TIME, TIMEOUT),
    ("ipc.timeout.accept", Defective, "no deadline", "", TIMEOUT),
    ("ipc.timeout.headers", Conforming, "a deadline", IN_TIME, TIMEOUT),
    ("ipc.timeout.headers", Defective, "no deadline", "", TIMEOUT),
    ("ipc.timeout.headers", Defective, "a pool of two without a deadline", "timeout=250 pooled", TIMEOUT),
    ("ipc.timeout.body", Conforming, "a deadline", IN_TIME, TIMEOUT),
    ("ipc.timeout.body", Defective, "no deadline", "", TIMEOUT),
    ("ipc.timeout.drip", Conforming, "a deadline", IN_TIME, TIMEOUT),
    ("ipc.timeout.drip", Defective, "a deadline for each read", "per-read", TIMEOUT),
    ("ipc.timeout.truncate", Conforming, "a deadline", IN_TIME, TIMEOUT),
    ("ipc.timeout.truncate", Defective, "says that all is well", "timeout=250 trusting", TIMEOUT),
    ("ipc.timeout.reset", Conforming, "a deadline", IN_TIME, TIMEOUT),
    ("ipc.timeout.reset", Defective, "says that all is well", "timeout=250 trusting", TIMEOUT),
    ("ipc.timeout.garbage", Conforming, "a deadline", IN_TIME, TIMEOUT),
    ("ipc.timeout.garbage", Defective, "says that all is well", "timeout=250 trusting", TIMEOUT),
    ("ipc.timeout.half_close", Conforming, "a deadline", IN_TIME, TIMEOUT),
    ("ipc.timeout.half_close", Defective, "says that all is well", "timeout=250 trusting", TIMEOUT),
    ("ipc.timeout.cancel", Conforming, "hangs up at its deadline", IN_TIME, TIMEOUT),
    ("ipc.timeout.cancel", Defective, "goes on in the background", "timeout=250 careless", TIMEOUT),
    ("ipc.retry.count", Conforming, "tries three times", "attempts=3", RETRY),
    ("ipc.retry.count", Defective, "tries ten times", "attempts=10 constant", RETRY),
    ("ipc.retry.count", Defective, "tries once", "", RETRY),
    ("ipc.retry.backoff", Conforming, "doubles its waits", "attempts=3", RETRY),
    ("ipc.retry.backoff", Defective, "waits the same each time", "attempts=3 constant steady", RETRY),
    ("ipc.retry.jitter", Conforming, "spreads its waits", "attempts=3", RETRY),
    ("ipc.retry.jitter", Defective, "waits the same in each call", "attempts=3 steady", RETRY),
    ("ipc.retry.cap", Conforming, "waits up to 200 ms", "attempts=3", RETRY),
    (
        "ipc.retry.cap",
        Defective,
        "waits longer and longer",
        "attempts=5 steady",
        "retry = { max_attempts = 5, cap = \"100ms\" }",
    ),
    ("ipc.retry.never", Conforming, "takes 400 for an answer", "attempts=3", RETRY),
    ("ipc.retry.never", Defective, "asks again after 400", "attempts=3 stubborn", RETRY),
    ("ipc.retry.after", Conforming, "comes back when it is asked to", "attempts=3", RETRY),
    ("ipc.retry.after", Defective, "comes back at once", "attempts=3 hasty", RETRY),
    ("ipc.retry.amplification", Conforming, "tries three times", "attempts=3", RETRY),
    ("ipc.retry.amplification", Defective, "tries ten times", "attempts=10 constant", RETRY),
    ("ipc.error.clear", Conforming, "names what failed, and how", IN_TIME, ERRORS),
    ("ipc.error.clear", Defective, "says the same always", "timeout=250 vague", ERRORS),
    ("ipc.error.clear", Defective, "says nothing", "timeout=250 silent", ERRORS),
    ("ipc.error.clear", Defective, "shows its stack", "timeout=250 trace", ERRORS),
    ("ipc.error.secret", Conforming, "keeps to itself what it was sent", IN_TIME, ERRORS),
    ("ipc.error.secret", Defective, "says what it was sent", "timeout=250 leaky", ERRORS),
    ("ipc.recover", Conforming, "is as before", IN_TIME, TIMEOUT),
    ("ipc.recover", Defective, "stays slow", "timeout=250 tired", TIMEOUT),
];

const OTHER: &str =
    "breaker = { open_for = \"2s\", max_trip_calls = 10 }\nother = { url = \"http://127.0.0.1:{listen}/other\" }";

/// The cases.
pub fn cases() -> Vec<FixtureCase> {
    let case = |(id, kind, subject, words, claims): &'static IpcFixture| {
        let (check, look) = ipc::CHECKS.iter().find(|(check, _)| check.id == *id)?;
        Some(FixtureCase { check, kind: *kind, subject, look: Box::new(move || subject_of(words, claims, *look)) })
    };
    ROWS.iter().filter_map(case).collect()
}

/// The check on a service that is started for it.
fn subject_of(words: &'static str, claims: &'static str, look: fn(IpcTarget) -> CheckFuture) -> CheckFuture {
    Box::pin(async move {
        let Some(ipc) = claimed(words, claims) else { return CheckResult::error("the claims cannot be read") };
        let allow = Rc::new(Allow::new(&DoctorSettings::default().allow_hosts));
        let target = IpcTarget {
            ipc: Rc::new(ipc),
            allow,
            quick: true,
            log: Log::start(),
            waits: Rc::default(),
            startup_error: Rc::default(),
        };
        let log = target.log.clone();
        let mut found = look(target).await;
        found.evidence = log.lines();
        found
    })
}

/// What the service claims, read as a configuration is.
fn claimed(words: &str, claims: &str) -> Option<Ipc> {
    let program = environment::program().ok()?;
    let command = [program.to_str()?, "__host", "service", "{listen}", "{upstream}", "{other}"];
    let command: Vec<&str> = command.into_iter().chain(words.split_whitespace()).collect();
    let command = toml_list(&command);
    let text = format!(
        "[[doctor.ipc]]\nname = \"built-in\"\nentry = {{ url = \"http://127.0.0.1:{{listen}}/pay\" }}\n\
         start = {{ command = {command}, ready = \"http://127.0.0.1:{{listen}}/ready\" }}\n{claims}\n"
    );
    let (doctor, mistakes) = DoctorSettings::parse_included("built-in", &text);
    doctor.ipc.into_iter().next().filter(|_| mistakes.is_empty())
}

/// Words as a list of a configuration.
pub fn toml_list(words: &[&str]) -> String {
    // A string of JSON is one of TOML.
    let quoted: Vec<String> = words.iter().map(|word| serde_json::Value::from(*word).to_string()).collect();
    format!("[{}]", quoted.join(", "))
}
