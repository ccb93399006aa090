//! Fixtures for the checks of `ipc`: built-in services.

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

/// Check id, kind of the fixture, description, arguments after `phx __host service PORT UPSTREAM OTHER`, and claims
/// (TOML).
type IpcFixture = (&'static str, FixtureKind, &'static str, &'static str, &'static str);

const BREAKER: &str = "breaker = { open_for = \"400ms\", max_trip_calls = 10 }";
const TIMEOUT: &str = "timeout = { max = \"300ms\" }";
const RETRY: &str = "retry = { max_attempts = 3, base = \"40ms\", cap = \"200ms\" }";
const ERRORS: &str = "timeout = { max = \"300ms\" }\nerrors = { must_name = [\"billing\"] }";
/// Argument for a timeout below the claimed maximum.
const WITH_TIMEOUT: &str = "timeout=250";

const ROWS: &[IpcFixture] = &[
    ("ipc.baseline", Conforming, "calls its dependency", "", ""),
    ("ipc.baseline", Defective, "does not call its dependency", "unwired", ""),
    ("ipc.breaker.opens", Conforming, "a breaker", "breaker", BREAKER),
    ("ipc.breaker.opens", Defective, "a breaker that never opens", "breaker never-opens", BREAKER),
    ("ipc.breaker.open", Conforming, "a breaker", "breaker", BREAKER),
    ("ipc.breaker.open", Defective, "responds slowly while it is open", "breaker slow-open", BREAKER),
    ("ipc.breaker.half_opens", Conforming, "a breaker", "breaker", BREAKER),
    ("ipc.breaker.half_opens", Defective, "retries too early", "breaker impatient", BREAKER),
    ("ipc.breaker.reopens", Conforming, "a breaker", "breaker", BREAKER),
    ("ipc.breaker.reopens", Defective, "keeps trying", "breaker stays-half-open", BREAKER),
    ("ipc.breaker.single_trial", Conforming, "a breaker", "breaker", BREAKER),
    ("ipc.breaker.single_trial", Defective, "lets all calls try", "breaker herd", BREAKER),
    ("ipc.breaker.closes", Conforming, "a breaker", "breaker", BREAKER),
    ("ipc.breaker.closes", Defective, "opens after a successful trial", "breaker never-closes", BREAKER),
    ("ipc.breaker.isolated", Conforming, "a breaker for each dependency", "breaker", OTHER),
    ("ipc.breaker.isolated", Defective, "one breaker for both dependencies", "breaker shared", OTHER),
    ("ipc.timeout.refuse", Conforming, "a timeout", WITH_TIMEOUT, TIMEOUT),
    ("ipc.timeout.refuse", Defective, "always reports success", "timeout=250 trusting", TIMEOUT),
    ("ipc.timeout.syn", Conforming, "a timeout", WITH_TIMEOUT, TIMEOUT),
    ("ipc.timeout.syn", Defective, "no timeout", "", TIMEOUT),
    ("ipc.timeout.accept", Conforming, "a timeout", WITH_TIMEOUT, TIMEOUT),
    ("ipc.timeout.accept", Defective, "no timeout", "", TIMEOUT),
    ("ipc.timeout.headers", Conforming, "a timeout", WITH_TIMEOUT, TIMEOUT),
    ("ipc.timeout.headers", Defective, "no timeout", "", TIMEOUT),
    ("ipc.timeout.headers", Defective, "a pool of two without a timeout", "timeout=250 pooled", TIMEOUT),
    ("ipc.timeout.body", Conforming, "a timeout", WITH_TIMEOUT, TIMEOUT),
    ("ipc.timeout.body", Defective, "no timeout", "", TIMEOUT),
    ("ipc.timeout.drip", Conforming, "a timeout", WITH_TIMEOUT, TIMEOUT),
    ("ipc.timeout.drip", Defective, "a timeout for each read", "per-read", TIMEOUT),
    ("ipc.timeout.truncate", Conforming, "a timeout", WITH_TIMEOUT, TIMEOUT),
    ("ipc.timeout.truncate", Defective, "always reports success", "timeout=250 trusting", TIMEOUT),
    ("ipc.timeout.reset", Conforming, "a timeout", WITH_TIMEOUT, TIMEOUT),
    ("ipc.timeout.reset", Defective, "always reports success", "timeout=250 trusting", TIMEOUT),
    ("ipc.timeout.garbage", Conforming, "a timeout", WITH_TIMEOUT, TIMEOUT),
    ("ipc.timeout.garbage", Defective, "always reports success", "timeout=250 trusting", TIMEOUT),
    ("ipc.timeout.half_close", Conforming, "a timeout", WITH_TIMEOUT, TIMEOUT),
    ("ipc.timeout.half_close", Defective, "always reports success", "timeout=250 trusting", TIMEOUT),
    ("ipc.timeout.cancel", Conforming, "disconnects at its timeout", WITH_TIMEOUT, TIMEOUT),
    ("ipc.timeout.cancel", Defective, "continues in the background", "timeout=250 careless", TIMEOUT),
    ("ipc.retry.count", Conforming, "tries three times", "attempts=3", RETRY),
    ("ipc.retry.count", Defective, "tries ten times", "attempts=10 constant", RETRY),
    ("ipc.retry.count", Defective, "tries once", "", RETRY),
    ("ipc.retry.backoff", Conforming, "doubles its waits", "attempts=3", RETRY),
    ("ipc.retry.backoff", Defective, "waits the same time before each attempt", "attempts=3 constant steady", RETRY),
    ("ipc.retry.jitter", Conforming, "adds jitter to its waits", "attempts=3", RETRY),
    ("ipc.retry.jitter", Defective, "waits the same time in each call", "attempts=3 steady", RETRY),
    ("ipc.retry.cap", Conforming, "waits up to 200 ms", "attempts=3", RETRY),
    (
        "ipc.retry.cap",
        Defective,
        "has no limit on its waits",
        "attempts=5 steady",
        "retry = { max_attempts = 5, cap = \"100ms\" }",
    ),
    ("ipc.retry.never", Conforming, "does not retry after 400", "attempts=3", RETRY),
    ("ipc.retry.never", Defective, "retries after 400", "attempts=3 stubborn", RETRY),
    ("ipc.retry.after", Conforming, "honors Retry-After", "attempts=3", RETRY),
    ("ipc.retry.after", Defective, "ignores Retry-After", "attempts=3 hasty", RETRY),
    ("ipc.retry.amplification", Conforming, "tries three times", "attempts=3", RETRY),
    ("ipc.retry.amplification", Defective, "tries ten times", "attempts=10 constant", RETRY),
    ("ipc.error.clear", Conforming, "names the dependency and the cause", WITH_TIMEOUT, ERRORS),
    ("ipc.error.clear", Defective, "always reports the same text", "timeout=250 vague", ERRORS),
    ("ipc.error.clear", Defective, "reports nothing", "timeout=250 silent", ERRORS),
    ("ipc.error.clear", Defective, "shows its stack trace", "timeout=250 trace", ERRORS),
    ("ipc.error.secret", Conforming, "does not show the request", WITH_TIMEOUT, ERRORS),
    ("ipc.error.secret", Defective, "shows the request", "timeout=250 leaky", ERRORS),
    ("ipc.recover", Conforming, "recovers", WITH_TIMEOUT, TIMEOUT),
    ("ipc.recover", Defective, "stays slow", "timeout=250 tired", TIMEOUT),
];

const OTHER: &str =
    "breaker = { open_for = \"2s\", max_trip_calls = 10 }\nother = { url = \"http://127.0.0.1:{listen}/other\" }";

/// Returns the cases of the probe.
pub(super) fn cases() -> Vec<FixtureCase> {
    let case = |(id, kind, subject, words, claims): &'static IpcFixture| {
        let (check, run) = ipc::CHECKS.iter().find(|(check, _)| check.id == *id)?;
        Some(FixtureCase { check, kind: *kind, subject, look: Box::new(move || run_on_fixture(words, claims, *run)) })
    };
    ROWS.iter().filter_map(case).collect()
}

/// Runs a check on a new instance of a service.
fn run_on_fixture(words: &'static str, claims: &'static str, run: fn(IpcTarget) -> CheckFuture) -> CheckFuture {
    Box::pin(async move {
        let Some(ipc) = parse_claims(words, claims) else {
            return CheckResult::error("cannot parse the claims of the fixture");
        };
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
        let mut found = run(target).await;
        found.evidence = log.lines();
        found
    })
}

/// Parses the claims as a configuration.
fn parse_claims(words: &str, claims: &str) -> Option<Ipc> {
    let program = environment::program().ok()?;
    let command = [program.to_str()?, "__host", "service", "{listen}", "{upstream}", "{other}"];
    let command: Vec<&str> = command.into_iter().chain(words.split_whitespace()).collect();
    let command = toml_list(&command);
    let text = format!(
        "[[doctor.ipc]]\nname = \"built-in\"\nentry = {{ url = \"http://127.0.0.1:{{listen}}/pay\" }}\n\
         start = {{ command = {command}, ready = \"http://127.0.0.1:{{listen}}/ready\" }}\n{claims}\n"
    );
    let (doctor, errors) = DoctorSettings::parse_included("built-in", &text);
    doctor.ipc.into_iter().next().filter(|_| errors.is_empty())
}

/// Formats words as a TOML array.
pub(super) fn toml_list(words: &[&str]) -> String {
    // A JSON string is a valid TOML string.
    let quoted: Vec<String> = words.iter().map(|word| serde_json::Value::from(*word).to_string()).collect();
    format!("[{}]", quoted.join(", "))
}
