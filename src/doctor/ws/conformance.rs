//! Whether errors of the protocol are answered as RFC 6455 asks.

use std::time::Duration;

use futures_util::StreamExt;
use tokio::io::AsyncWriteExt;
use tokio::time::timeout;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::protocol::Role;
use tokio_tungstenite::tungstenite::{Error, Message};

use super::WsTarget;
use super::client::small;
use super::dial::{Dialed, Route};
use crate::doctor::Check;
use crate::doctor::check_result::{CheckFuture, CheckResult, CheckVerdict, boxed};
use crate::doctor::record::Outcome;

/// How long an answer may take.
const ANSWER: Duration = Duration::from_secs(2);

/// An error of the protocol: its name, the section of RFC 6455 that forbids it, its bytes, and the close code that answers it (RFC 6455, section 7.4.1). The masks are zero,
/// so that the bytes can be read.
type ConformanceCase = (&'static str, &'static str, &'static [u8], u16);

/// The answer of a server that takes the frame as if it were right.
const TAKEN: &str = "taken";
/// That of one that does nothing.
const SILENCE: &str = "silence";

/// The six cases.
const CASES: &[ConformanceCase] = &[
    // Section 5.1: a client masks its frames.
    ("unmasked", "section 5.1", &[0x81, 0x03, b'p', b'h', b'x'], 1002),
    // Section 5.2: reserved bits are zero.
    ("reserved_bit", "section 5.2", &[0xC1 | 0x30, 0x83, 0, 0, 0, 0, b'p', b'h', b'x'], 1002),
    // Section 8.1: text is UTF-8.
    ("bad_utf8", "section 8.1", &[0x81, 0x84, 0, 0, 0, 0, b'p', 0xC0, 0xAF, b'x'], 1007),
    // Section 5.5: control frames are not fragmented.
    ("fragmented_control", "section 5.5", &[0x09, 0x83, 0, 0, 0, 0, b'p', b'h', b'x'], 1002),
    // Section 7.4.2: 999 is no close code.
    ("bad_close_code", "section 7.4.2", &[0x88, 0x82, 0, 0, 0, 0, 0x03, 0xE7], 1002),
    // Section 5.4: a continuation continues something.
    ("continuation_first", "section 5.4", &[0x80, 0x83, 0, 0, 0, 0, b'p', b'h', b'x'], 1002),
];

/// The check.
pub const CHECK: Check = Check {
    id: "ws.conformance",
    claim: "errors of the protocol are answered as RFC 6455 asks",
    method: "Six connections, each with one error: a frame without a mask, reserved bits, text that is no UTF-8, a fragmented ping, \
             the close code 999, a continuation of nothing. RFC 6455 asks for the end of the connection: fails where one is taken as if it were \
             right, or nothing happens; warns where the connection ends without close 1002 (1007 for the text), which section 7.4.1 \
             defines and section 7.1.7 recommends.",
    opens: "six connections, one after the other",
    harm: "",
    deadline_ms: 20_000,
};

/// Looks.
pub fn run(target: WsTarget) -> CheckFuture {
    boxed(check(target))
}

async fn check(target: WsTarget) -> CheckVerdict {
    let route = target.ready(8).await?;
    let mut found = CheckResult::pass(CASES.len() as u64).control("a first connection", Outcome::Pass);
    let (mut wrong, mut loose) = (Vec::new(), Vec::new());
    for (name, section, bytes, code) in CASES {
        let answer = answer(&route, bytes).await?;
        let right = format!("close-{code}");
        if answer == TAKEN || answer == SILENCE {
            wrong.push(format!("{name} ({section}): {answer}"));
        } else if answer != right {
            loose.push(format!("{name} ({section}): {answer} instead of {right}"));
        }
        found = found.observed(name, answer).expected(name, right);
    }
    if !wrong.is_empty() {
        found.outcome = Outcome::Fail;
        let detail = format!("the connection does not end: {}", wrong.join(", "));
        return Ok(found.detail(detail).help("let a library of the protocol read the frames", &[]));
    }
    if !loose.is_empty() {
        found.outcome = Outcome::Warn;
        let detail = format!("the connection ends, but not with the code that names the error: {}", loose.join(", "));
        return Ok(found.detail(detail).help("send a close frame with the code before the connection ends", &[]));
    }
    Ok(found)
}

async fn answer(route: &Route, bytes: &[u8]) -> Result<String, Box<CheckResult>> {
    let mut opened = match route.dial().await {
        Dialed::Open(opened) => *opened,
        Dialed::Refused(refused) => return Ok(refused.class),
        Dialed::Broken(why) => return CheckResult::error(why).stop(),
    };
    if opened.stream.write_all(bytes).await.is_err() {
        return Ok("101-rst".to_owned());
    }
    let mut socket =
        WebSocketStream::from_partially_read(opened.stream, opened.rest, Role::Client, Some(small())).await;
    let read = async {
        loop {
            return match socket.next().await {
                Some(Ok(Message::Close(frame))) => {
                    format!("close-{}", frame.map_or(1005, |frame| u16::from(frame.code)))
                }
                Some(Ok(Message::Text(text))) if text.as_str().starts_with('p') => TAKEN.to_owned(),
                Some(Ok(Message::Binary(bytes))) if bytes.starts_with(b"p") => TAKEN.to_owned(),
                Some(Ok(Message::Pong(bytes))) if bytes.starts_with(b"p") => TAKEN.to_owned(),
                Some(Ok(_)) => continue,
                Some(Err(Error::Io(_))) => "101-rst".to_owned(),
                Some(Err(_)) | None => "101-eof".to_owned(),
            };
        }
    };
    Ok(timeout(ANSWER, read).await.unwrap_or_else(|_| SILENCE.to_owned()))
}
