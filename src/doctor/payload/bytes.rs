//! Actions that transfer bytes in both directions: large amounts, the last bytes before the end, split characters, all
//! byte values.

use std::io::Read;
use std::time::Duration;

use serde_json::json;
use sha2::{Digest, Sha256};

use super::{Orders, write};
use crate::doctor::frame;
use crate::text::hex;

/// Number of bytes per acknowledged block of input.
pub(super) const BLOCK: usize = 64 << 10;

/// Switches the terminal to raw mode: no echo and no translation.
#[cfg(unix)]
fn make_raw() {
    use rustix::termios::{OptionalActions, tcgetattr, tcsetattr};
    let input = rustix::stdio::stdin();
    if let Ok(mut modes) = tcgetattr(input) {
        modes.make_raw();
        let _ = tcsetattr(input, OptionalActions::Now, &modes);
    }
}

/// Does nothing: terminal modes exist only on Unix.
#[cfg(not(unix))]
fn make_raw() {}

/// Waits until the terminal has accepted all output; output that is pending when the session leader ends may be
/// discarded.
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

/// Writes numbered lines of at least this number of bytes, then waits for input. Bytes right before the end are tested
/// by `tail`.
pub(super) fn out(orders: &Orders) -> u8 {
    let code = raw(orders, || write(&frame::numbered(orders.number(0))));
    let _ = std::io::stdin().read(&mut [0]);
    code
}

/// Writes this number of bytes and ends immediately.
pub(super) fn tail(orders: &Orders) -> u8 {
    let mut bytes = frame::raw_start(&orders.token);
    bytes.extend(frame::numbered(orders.number(0)).into_iter().filter(|byte| *byte != b'\n').take(orders.number(0)));
    write(&bytes);
    0
}

/// Writes characters whose UTF-8 bytes are sent separately.
pub(super) fn split(orders: &Orders) -> u8 {
    raw(orders, || {
        for character in ["é", "漢", "🚀"] {
            write(&character.as_bytes()[..1]);
            std::thread::sleep(Duration::from_millis(50));
            write(&character.as_bytes()[1..]);
        }
    })
}

/// Writes all 256 byte values.
pub(super) fn binary(orders: &Orders) -> u8 {
    raw(orders, || write(&(0..=255).collect::<Vec<u8>>()))
}

/// Reads this number of bytes and reports the hash of each block.
pub(super) fn read_in(orders: &Orders) -> u8 {
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

/// Reads this number of bytes and reports them.
pub(super) fn echo(orders: &Orders) -> u8 {
    make_raw();
    orders.report(&json!({ "event": "ready" }));
    let mut bytes = vec![0; orders.number(0)];
    let read = std::io::stdin().read_exact(&mut bytes).is_ok();
    orders.report(&json!({ "event": "bytes", "complete": read, "hex": hex(&bytes) }));
    drain();
    0
}
