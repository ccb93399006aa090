//! Circuit breakers, retries and their libraries.

use super::{Said, Subjects};

impl Subjects {
    /// A service that doctor starts with its port and that of its dependency.
    fn service(&self, program: &str, file: &str) -> String {
        let modules = self.folder.join("node_modules").display().to_string();
        format!(
            "[[doctor.ipc]]\nname = \"service\"\nentry = {{ url = \"http://127.0.0.1:{{listen}}/pay\" }}\n\
             start = {{ command = [{program:?}, {:?}, \"{{listen}}\", \"{{upstream}}\"], env = {{ NODE_PATH = {modules:?} }}, ready = \"http://127.0.0.1:{{listen}}/ready\" }}\n\
             breaker = {{ open_for = \"1500ms\" }}\n",
            Self::file(file)
        )
    }

    /// A program that is started for each call.
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

/// What both breakers do.
const BREAKS: [Said<'static>; 6] = [
    ("ipc.baseline", "pass"),
    ("ipc.breaker.opens", "pass"),
    ("ipc.breaker.open", "pass"),
    ("ipc.breaker.half_opens", "pass"),
    ("ipc.breaker.reopens", "pass"),
    ("ipc.breaker.closes", "pass"),
];

#[test]
#[ignore = "needs programs of others: `tests/run` installs them"]
fn opossum_lets_one_call_try() {
    let subjects = Subjects::new();
    let table = subjects.service("node", "breaker.js");
    subjects.say(&table, &BREAKS);
    let found = subjects.say(&table, &[("ipc.breaker.single_trial", "pass"), ("ipc.breaker.isolated", "skip")]);
    assert_eq!(found[0]["observed"]["hits_most"], 1, "{:#}", found[0]);
}

#[test]
#[ignore = "needs programs of others: `tests/run` installs them"]
fn pybreaker_lets_one_try_and_the_others_once_it_has_closed() {
    let subjects = Subjects::new();
    let table = subjects.service(&subjects.python(), "breaker.py");
    let found = subjects.say(&table, &BREAKS);
    assert_eq!(found[1]["observed"]["trip_calls"], 5, "{:#}", found[1]);
    // The first call holds the others until it is answered; then the breaker has closed.
    let found = subjects.say(&table, &[("ipc.breaker.single_trial", "pass")]);
    assert_eq!(found[0]["observed"]["hits_most"], 1, "{:#}", found[0]);
}

#[test]
#[ignore = "needs programs of others: `tests/run` installs them"]
fn urllib3_and_tenacity_wait_longer_each_time() {
    let subjects = Subjects::new();
    let well = [
        ("ipc.retry.count", "pass"),
        ("ipc.retry.backoff", "pass"),
        ("ipc.retry.jitter", "pass"),
        ("ipc.retry.cap", "pass"),
        ("ipc.retry.never", "pass"),
    ];
    subjects.say(&subjects.retries("urllib3"), &[&well[..], &[("ipc.retry.after", "pass")]].concat());
    // It looks at exceptions, and knows nothing of headers.
    subjects.say(&subjects.retries("tenacity"), &[&well[..], &[("ipc.retry.after", "warn")]].concat());
}

#[test]
#[ignore = "needs programs of others: `tests/run` installs them"]
fn a_naive_loop_makes_a_storm() {
    let subjects = Subjects::new();
    let storm = [
        ("ipc.retry.count", "fail"),
        ("ipc.retry.backoff", "fail"),
        ("ipc.retry.jitter", "warn"),
        ("ipc.retry.amplification", "fail"),
    ];
    let found = subjects.say_quickly(&subjects.retries("naive"), &storm);
    assert_eq!(
        (found[0]["observed"]["attempts_most"].as_u64(), found[3]["observed"]["ratio"].as_f64()),
        (Some(10), Some(10.0))
    );
}

#[test]
#[ignore = "needs programs of others: `tests/run` installs them"]
fn curl_tries_again_by_itself() {
    let subjects = Subjects::new();
    let table =
        Subjects::program(&["curl", "-sS", "--fail", "--retry", "3", "http://{upstream}/bill"], "jitter = false");
    let said = [
        ("ipc.baseline", "pass"),
        ("ipc.retry.count", "pass"),
        ("ipc.retry.backoff", "pass"),
        ("ipc.retry.jitter", "skip"),
        ("ipc.retry.never", "pass"),
        ("ipc.retry.after", "pass"),
    ];
    let found = subjects.say_quickly(&table, &said);
    assert_eq!(found[2]["observed"]["mean_waits_ms"].as_array().unwrap().len(), 3, "{:#}", found[2]);
}
