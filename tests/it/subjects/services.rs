//! Libraries for circuit breakers and retries as targets.

use super::{Expected, Subjects};

impl Subjects {
    /// Configuration of a service that doctor starts with its port and the address of its dependency.
    fn service(&self, program: &str, file: &str) -> String {
        let modules = self.folder.join("node_modules").display().to_string();
        format!(
            "[[doctor.ipc]]\nname = \"service\"\nentry = {{ url = \"http://127.0.0.1:{{listen}}/pay\" }}\n\
             start = {{ command = [{program:?}, {:?}, \"{{listen}}\", \"{{upstream}}\"], env = {{ NODE_PATH = {modules:?} }}, ready = \"http://127.0.0.1:{{listen}}/ready\" }}\n\
             breaker = {{ open_for = \"1500ms\" }}\n",
            Self::file(file)
        )
    }

    /// Configuration of a program that is started for each call.
    fn program(words: &[&str], claims: &str) -> String {
        format!(
            "[[doctor.ipc]]\nname = \"program\"\nentry = {{ command = {words:?} }}\nretry = {{ max_attempts = 4, {claims} }}\n"
        )
    }

    fn retries(&self, kind: &str) -> String {
        let (python, file) = (self.python(), Self::file("retry.py"));
        Self::program(&[&python, &file, kind, "{upstream}"], "cap = \"1s\"")
    }
}

/// Expected outcomes for both circuit breakers.
const BREAKER_OUTCOMES: [Expected<'static>; 6] = [
    ("ipc.baseline", "pass"),
    ("ipc.breaker.opens", "pass"),
    ("ipc.breaker.open", "pass"),
    ("ipc.breaker.half_opens", "pass"),
    ("ipc.breaker.reopens", "pass"),
    ("ipc.breaker.closes", "pass"),
];

#[test]
#[ignore = "needs third-party programs: `tests/run` installs them"]
fn verifies_the_circuit_breaker_of_opossum() {
    let subjects = Subjects::new();
    let table = subjects.service("node", "breaker.js");
    subjects.check(&table, &BREAKER_OUTCOMES);
    let found = subjects.check(&table, &[("ipc.breaker.single_trial", "pass"), ("ipc.breaker.isolated", "skip")]);
    assert_eq!(found[0]["observed"]["hits_most"], 1, "{:#}", found[0]);
}

#[test]
#[ignore = "needs third-party programs: `tests/run` installs them"]
fn verifies_the_circuit_breaker_of_pybreaker() {
    let subjects = Subjects::new();
    let table = subjects.service(&subjects.python(), "breaker.py");
    let found = subjects.check(&table, &BREAKER_OUTCOMES);
    assert_eq!(found[1]["observed"]["trip_calls"], 5, "{:#}", found[1]);
    // The first call holds the others until it completes; then the breaker is closed.
    let found = subjects.check(&table, &[("ipc.breaker.single_trial", "pass")]);
    assert_eq!(found[0]["observed"]["hits_most"], 1, "{:#}", found[0]);
}

#[test]
#[ignore = "needs third-party programs: `tests/run` installs them"]
fn verifies_the_backoff_of_urllib3_and_tenacity() {
    let subjects = Subjects::new();
    let passing = [
        ("ipc.retry.count", "pass"),
        ("ipc.retry.backoff", "pass"),
        ("ipc.retry.jitter", "pass"),
        ("ipc.retry.cap", "pass"),
        ("ipc.retry.never", "pass"),
    ];
    subjects.check(&subjects.retries("urllib3"), &[&passing[..], &[("ipc.retry.after", "pass")]].concat());
    // tenacity inspects only exceptions, not response headers.
    subjects.check(&subjects.retries("tenacity"), &[&passing[..], &[("ipc.retry.after", "warn")]].concat());
}

#[test]
#[ignore = "needs third-party programs: `tests/run` installs them"]
fn detects_the_retry_storm_of_a_naive_loop() {
    let subjects = Subjects::new();
    let storm = [
        ("ipc.retry.count", "fail"),
        ("ipc.retry.backoff", "fail"),
        ("ipc.retry.jitter", "warn"),
        ("ipc.retry.amplification", "fail"),
    ];
    let found = subjects.check_quickly(&subjects.retries("naive"), &storm);
    assert_eq!(
        (found[0]["observed"]["attempts_most"].as_u64(), found[3]["observed"]["ratio"].as_f64()),
        (Some(10), Some(10.0))
    );
}

#[test]
#[ignore = "needs third-party programs: `tests/run` installs them"]
fn verifies_the_retries_of_curl() {
    let subjects = Subjects::new();
    let table =
        Subjects::program(&["curl", "-sS", "--fail", "--retry", "3", "http://{upstream}/bill"], "jitter = false");
    let expected = [
        ("ipc.baseline", "pass"),
        ("ipc.retry.count", "pass"),
        ("ipc.retry.backoff", "pass"),
        ("ipc.retry.jitter", "skip"),
        ("ipc.retry.never", "pass"),
        ("ipc.retry.after", "pass"),
    ];
    let found = subjects.check_quickly(&table, &expected);
    assert_eq!(found[2]["observed"]["mean_waits_ms"].as_array().unwrap().len(), 3, "{:#}", found[2]);
}
