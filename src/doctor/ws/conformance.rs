//! Check `ws.conformance`: protocol errors are answered as RFC 6455 requires.

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

/// Timeout of an answer.
const ANSWER: Duration = Duration::from_secs(2);

/// A protocol error: name, section of RFC 6455 that forbids it, bytes, and expected close code (RFC 6455, section
/// 7.4.1). The masks are zero, so that the payloads are readable.
type ConformanceCase = (&'static str, &'static str, &'static [u8], u16);

/// Observed value if the server accepts the invalid frame.
const ACCEPTED: &str = "accepted";
/// Observed value if the server does not answer in time.
const SILENT: &str = "silent";

const CASES: &[ConformanceCase] = &[
    // Section 5.1: a client must mask its frames.
    ("unmasked", "section 5.1", &[0x81, 0x03, b'p', b'h', b'x'], 1002),
    // Section 5.2: reserved bits must be zero.
    ("reserved_bit", "section 5.2", &[0xC1 | 0x30, 0x83, 0, 0, 0, 0, b'p', b'h', b'x'], 1002),
    // Section 8.1: text must be UTF-8.
    ("bad_utf8", "section 8.1", &[0x81, 0x84, 0, 0, 0, 0, b'p', 0xC0, 0xAF, b'x'], 1007),
    // Section 5.5: control frames must not be fragmented.
    ("fragmented_control", "section 5.5", &[0x09, 0x83, 0, 0, 0, 0, b'p', b'h', b'x'], 1002),
    // Section 7.4.2: 999 is not a valid close code.
    ("bad_close_code", "section 7.4.2", &[0x88, 0x82, 0, 0, 0, 0, 0x03, 0xE7], 1002),
    // Section 5.4: a continuation frame needs a first frame.
    ("continuation_first", "section 5.4", &[0x80, 0x83, 0, 0, 0, 0, b'p', b'h', b'x'], 1002),
];

pub const CHECK: Check = Check {
    id: "ws.conformance",
    claim: "protocol errors are answered as RFC 6455 requires",
    method: "Opens six connections and sends one protocol error on each: an unmasked frame, nonzero reserved bits, \
             text that is not UTF-8, a fragmented ping, close code 999, and a continuation frame without a first \
             frame. RFC 6455 requires that the connection ends: fails if the server accepts an invalid frame or does \
             not react within 2 s. Warns if the connection ends without close code 1002 (1007 for the text), which \
             section 7.4.1 defines and section 7.1.7 recommends.",
    side_effects: "seven connections, one at a time",
    risk: "",
    deadline_ms: 20_000,
};

pub fn run(target: WsTarget) -> CheckFuture {
    boxed(check(target))
}

async fn check(target: WsTarget) -> CheckVerdict {
    let route = target.prepare(8).await?;
    let mut result = CheckResult::pass(CASES.len() as u64).control("first connection", Outcome::Pass);
    let (mut not_ended, mut other_codes) = (Vec::new(), Vec::new());
    for (name, section, bytes, code) in CASES {
        let answer = answer(&route, bytes).await?;
        let wanted = format!("close-{code}");
        if answer == ACCEPTED || answer == SILENT {
            not_ended.push(format!("{name} ({section}): {answer}"));
        } else if answer != wanted {
            other_codes.push(format!("{name} ({section}): {answer} instead of {wanted}"));
        }
        result = result.observed(name, answer).expected(name, wanted);
    }
    if !not_ended.is_empty() {
        result.outcome = Outcome::Fail;
        let detail = format!("the connection does not end after a protocol error: {}", not_ended.join(", "));
        return Ok(result.detail(detail).help("parse the frames with a WebSocket library", &[]));
    }
    if !other_codes.is_empty() {
        result.outcome = Outcome::Warn;
        let detail = format!(
            "the connection ends with another close code than the one of the error: {}",
            other_codes.join(", ")
        );
        return Ok(result
            .detail(detail)
            .help("send a close frame with the expected code before the connection ends", &[]));
    }
    Ok(result)
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
                Some(Ok(Message::Text(text))) if text.as_str().starts_with('p') => ACCEPTED.to_owned(),
                Some(Ok(Message::Binary(bytes))) if bytes.starts_with(b"p") => ACCEPTED.to_owned(),
                Some(Ok(Message::Pong(bytes))) if bytes.starts_with(b"p") => ACCEPTED.to_owned(),
                Some(Ok(_)) => continue,
                Some(Err(Error::Io(_))) => "101-rst".to_owned(),
                Some(Err(_)) | None => "101-eof".to_owned(),
            };
        }
    };
    Ok(timeout(ANSWER, read).await.unwrap_or_else(|_| SILENT.to_owned()))
}
