//! What doctor runs inside a terminal: it looks at its own world with the calls of the system, and reports through the terminal
//! itself. `phx __payload ACTION TOKEN [ARGUMENT…]`, for phx alone.

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

/// What a payload is told to do.
#[derive(Clone, Debug)]
pub struct Orders {
    /// What marks its reports.
    pub token: String,
    /// The rest of its command line.
    pub arguments: Vec<String>,
}

/// An action: its name, and what it does; the exit code.
type PayloadAction = (&'static str, fn(&Orders) -> u8);

/// How long a payload may run, in seconds: then SIGALRM ends it.
#[cfg(unix)]
const LONGEST: u32 = 600;

/// How long a payload that ends waits until its report has come, in seconds.
#[cfg(unix)]
const ACKNOWLEDGED: i64 = 2;

/// All actions.
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

/// Runs an action.
pub fn run(words: &[String]) -> u8 {
    let [action, token, arguments @ ..] = words else { return 2 };
    let orders = Orders { token: token.clone(), arguments: arguments.to_vec() };
    // A host that heeds neither the end of its input nor a hang-up would keep a payload for ever.
    #[cfg(unix)]
    {
        // SAFETY: the call sets a timer of this process, and touches no memory.
        #[allow(unsafe_code)]
        unsafe {
            libc::alarm(LONGEST)
        };
    }
    ACTIONS.iter().find(|(name, _)| name == action).map_or(2, |(_, act)| act(&orders))
}

impl Orders {
    /// Reports something.
    pub fn report(&self, value: &Value) {
        write(frame::report(&self.token, value).as_bytes());
    }

    /// A number of the command line.
    pub fn number(&self, at: usize) -> usize {
        self.arguments.get(at).and_then(|text| text.parse().ok()).unwrap_or_default()
    }

    /// A word of the command line.
    pub fn word(&self, at: usize) -> &str {
        self.arguments.get(at).map_or("", String::as_str)
    }
}

/// Writes to the terminal at once.
fn write(bytes: &[u8]) {
    let mut out = std::io::stdout().lock();
    let _ = out.write_all(bytes).and_then(|()| out.flush());
}

/// Says that it is there, and ends when it is told a line.
fn wait(orders: &Orders) -> u8 {
    orders.report(&attest::facts("ready"));
    let mut byte = [0];
    while std::io::stdin().read(&mut byte).is_ok_and(|read| read > 0) && !matches!(byte[0], b'\n' | b'\r') {}
    0
}

/// Waits a moment for the line that says that a report has come: some hosts drop the last output of a program that ends.
fn acknowledged() {
    #[cfg(unix)]
    {
        use rustix::event::{PollFd, PollFlags, Timespec, poll};
        let input = rustix::stdio::stdin();
        let wait = Timespec { tv_sec: ACKNOWLEDGED, tv_nsec: 0 };
        if poll(&mut [PollFd::new(&input, PollFlags::IN)], Some(&wait)).is_ok_and(|ready| ready > 0) {
            let _ = std::io::stdin().read(&mut [0]);
        }
    }
}

/// Ends with a code.
fn exit(orders: &Orders) -> u8 {
    orders.report(&json!({ "event": "ready" }));
    acknowledged();
    u8::try_from(orders.number(0)).unwrap_or(1)
}

/// Ends by SIGKILL.
fn die(orders: &Orders) -> u8 {
    orders.report(&json!({ "event": "ready" }));
    acknowledged();
    #[cfg(unix)]
    let _ = rustix::process::kill_process(rustix::process::getpid(), rustix::process::Signal::KILL);
    1
}
