//! Bytes out and in: many, the last ones, odd ones.

use std::io::Read;
use std::time::Duration;

use serde_json::json;
use sha2::{Digest, Sha256};

use super::{Orders, write};
use crate::doctor::frame;
use crate::text::hex;

/// How much is read before it is acknowledged, in bytes.
pub const BLOCK: usize = 64 << 10;

/// Takes from the terminal what it does to bytes: nothing is echoed, nothing is turned into something else.
#[cfg(unix)]
fn make_raw() {
    use rustix::termios::{OptionalActions, tcgetattr, tcsetattr};
    let input = rustix::stdio::stdin();
    if let Ok(mut modes) = tcgetattr(input) {
        modes.make_raw();
        let _ = tcsetattr(input, OptionalActions::Now, &modes);
    }
}

/// There is nothing to take away.
#[cfg(not(unix))]
fn make_raw() {}

/// Waits until the terminal has taken all: what a session leader leaves behind at its end may be thrown away.
fn drain() {
    #[cfg(unix)]
    let _ = rustix::termios::tcdrain(rustix::stdio::stdout());
}

fn raw(orders: &Orders, body: impl FnOnce()) -> u8 {
    make_raw();
    write(&frame::raw_start(&orders.token));
    body();
    write(&frame::raw_end(&orders.token));
    drain();
    0
}

/// So many bytes of numbered lines; then it stays until it is let go: whether the last bytes before an end come out is another question.
pub fn out(orders: &Orders) -> u8 {
    let code = raw(orders, || write(&frame::numbered(orders.number(0))));
    let _ = std::io::stdin().read(&mut [0]);
    code
}

/// So many bytes, and an end right behind them.
pub fn tail(orders: &Orders) -> u8 {
    let mut bytes = frame::raw_start(&orders.token);
    bytes.extend(frame::numbered(orders.number(0)).into_iter().filter(|byte| *byte != b'\n').take(orders.number(0)));
    write(&bytes);
    0
}

/// Letters whose bytes come apart from each other.
pub fn split(orders: &Orders) -> u8 {
    raw(orders, || {
        for letter in ["é", "漢", "🚀"] {
            write(&letter.as_bytes()[..1]);
            std::thread::sleep(Duration::from_millis(50));
            write(&letter.as_bytes()[1..]);
        }
    })
}

/// Every byte there is.
pub fn binary(orders: &Orders) -> u8 {
    raw(orders, || write(&(0..=255).collect::<Vec<u8>>()))
}

/// Reads so many bytes, and says of each block what it was.
pub fn read_in(orders: &Orders) -> u8 {
    make_raw();
    orders.report(&json!({ "event": "ready" }));
    let mut left = orders.number(0);
    while left > 0 {
        let mut block = vec![0; left.min(BLOCK)];
        if std::io::stdin().read_exact(&mut block).is_err() {
            return 1;
        }
        left -= block.len();
        orders.report(&json!({ "event": "block", "sum": hex(&Sha256::digest(&block)) }));
    }
    drain();
    0
}

/// Reads so many bytes, and says which they were.
pub fn echo(orders: &Orders) -> u8 {
    make_raw();
    orders.report(&json!({ "event": "ready" }));
    let mut bytes = vec![0; orders.number(0)];
    let read = std::io::stdin().read_exact(&mut bytes).is_ok();
    orders.report(&json!({ "event": "bytes", "complete": read, "hex": hex(&bytes) }));
    drain();
    0
}
