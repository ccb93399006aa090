//! Program that doctor runs inside a terminal under test (`phx __payload ACTION TOKEN [ARGUMENT…]`, internal). It
//! inspects its environment with system calls and reports through the terminal.

mod attempt;
mod attest;
mod bytes;
mod jobs;
mod keys;
mod linger;
mod screen;

pub use screen::{CELLS, Dress};

use std::io::{Read, Write};

use serde_json::{Value, json};

use super::frame;

/// Arguments of an action.
#[derive(Clone, Debug)]
pub struct Orders {
    /// Token that marks the reports of this run.
    pub token: String,
    /// Remaining words of the command line.
    pub arguments: Vec<String>,
}

/// Name of an action, and the function that runs it and returns the exit code.
type PayloadAction = (&'static str, fn(&Orders) -> u8);

/// Time after which SIGALRM ends a payload, in seconds.
#[cfg(unix)]
const MAX_SECONDS: u32 = 600;

/// Timeout for the acknowledgement of the last report, in seconds.
#[cfg(unix)]
const ACK_SECONDS: i64 = 2;

const ACTIONS: &[PayloadAction] = &[
    ("attest", attest::run),
    ("wait", wait),
    ("exit", exit),
    ("die", die),
    ("keys", keys::run),
    ("jobs", jobs::run),
    ("stop", jobs::stop),
    ("linger", linger::run),
    ("orphans", linger::orphans),
    ("out", bytes::out),
    ("tail", bytes::tail),
    ("in", bytes::read_in),
    ("echo", bytes::echo),
    ("split", bytes::split),
    ("binary", bytes::binary),
    ("screen", screen::run),
    ("try", attempt::run),
];

/// Runs an action and returns its exit code; 2 if the command line is not valid.
pub fn run(words: &[String]) -> u8 {
    let [action, token, arguments @ ..] = words else { return 2 };
    let orders = Orders { token: token.clone(), arguments: arguments.to_vec() };
    // A host that ignores the end of its input and SIGHUP would keep a payload running forever.
    #[cfg(unix)]
    {
        // SAFETY: the call sets a timer of this process and does not access memory.
        #[allow(unsafe_code)]
        unsafe {
            libc::alarm(MAX_SECONDS)
        };
    }
    ACTIONS.iter().find(|(name, _)| name == action).map_or(2, |(_, act)| act(&orders))
}

impl Orders {
    pub fn report(&self, value: &Value) {
        write(frame::report(&self.token, value).as_bytes());
    }

    /// Returns an argument as a number; 0 if it is missing or not valid.
    pub fn number(&self, at: usize) -> usize {
        self.arguments.get(at).and_then(|text| text.parse().ok()).unwrap_or_default()
    }

    /// Returns an argument; empty if it is missing.
    pub fn word(&self, at: usize) -> &str {
        self.arguments.get(at).map_or("", String::as_str)
    }
}

/// Writes to the terminal and flushes.
fn write(bytes: &[u8]) {
    let mut out = std::io::stdout().lock();
    let _ = out.write_all(bytes).and_then(|()| out.flush());
}

/// Reports the environment and ends after a line of input.
fn wait(orders: &Orders) -> u8 {
    orders.report(&attest::facts("ready"));
    let mut byte = [0];
    while std::io::stdin().read(&mut byte).is_ok_and(|read| read > 0) && !matches!(byte[0], b'\n' | b'\r') {}
    0
}

/// Waits for the line that acknowledges a report, since some hosts drop the last output of a program that ends.
fn wait_for_ack() {
    #[cfg(unix)]
    {
        use rustix::event::{PollFd, PollFlags, Timespec, poll};
        let input = rustix::stdio::stdin();
        let wait = Timespec { tv_sec: ACK_SECONDS, tv_nsec: 0 };
        if poll(&mut [PollFd::new(&input, PollFlags::IN)], Some(&wait)).is_ok_and(|ready| ready > 0) {
            let _ = std::io::stdin().read(&mut [0]);
        }
    }
}

/// Exits with the code given as the first argument.
fn exit(orders: &Orders) -> u8 {
    orders.report(&json!({ "event": "ready" }));
    wait_for_ack();
    u8::try_from(orders.number(0)).unwrap_or(1)
}

/// Kills itself with SIGKILL.
fn die(orders: &Orders) -> u8 {
    orders.report(&json!({ "event": "ready" }));
    wait_for_ack();
    #[cfg(unix)]
    let _ = rustix::process::kill_process(rustix::process::getpid(), rustix::process::Signal::KILL);
    1
}
