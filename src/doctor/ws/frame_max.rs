//! Check `ws.frame.max`: messages larger than `max_frame` are refused, in one frame and in fragments.

use std::time::Duration;

use futures_util::{SinkExt, StreamExt};
use tokio::time::timeout;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::protocol::Role;
use tokio_tungstenite::tungstenite::protocol::frame::Frame;
use tokio_tungstenite::tungstenite::protocol::frame::coding::{Data, OpCode};
use tokio_tungstenite::tungstenite::{Bytes, Error, Message};

use super::client::small;
use super::dial::{Dialed, Route};
use super::{ANSWER, Joined, WsTarget};
use crate::doctor::Check;
use crate::doctor::check_result::{CheckFuture, CheckResult, CheckVerdict, boxed};
use crate::doctor::record::Outcome;

/// Close codes that refuse a message: too large, protocol error, policy violation (RFC 6455, section 7.4.1).
const REFUSAL_CODES: &[u16] = &[1009, 1002, 1008];
/// Number of fragments of a fragmented message.
const FRAGMENTS: usize = 4;

pub const CHECK: Check = Check {
    id: "ws.frame.max",
    claim: "messages larger than `max_frame` are refused, and other clients are not affected",
    method: "Sends a message of half `max_frame` bytes (the control), one of exactly `max_frame` bytes, and two that \
             are one byte larger: in one frame and in four fragments. Passes if the message of `max_frame` bytes is \
             accepted and each larger one is answered with close code 1009, 1002 or 1008. Fails if the message of \
             `max_frame` bytes is refused, if a larger one is accepted or ends without one of these codes, or if no \
             other client is served afterwards. Skipped if `max_frame` is not set.",
    side_effects: "six connections, with one message each on four of them, up to max_frame + 1 bytes long",
    risk: "",
    deadline_ms: 20_000,
};

pub fn run(target: WsTarget) -> CheckFuture {
    boxed(check(target))
}

async fn check(target: WsTarget) -> CheckVerdict {
    let Some(max) = target.ws.max_frame.and_then(|max| usize::try_from(max).ok()) else {
        return CheckResult::skip("`max_frame` is not set").stop();
    };
    let route = target.prepare(8).await?;
    let half = max.div_ceil(2);
    let control_answer = send(&route, half, 1).await?;
    target.log.record("control", format!("{half} bytes: {control_answer}"));
    let exact = send(&route, max, 1).await?;
    target.log.record("exact", format!("{max} bytes: {exact}"));
    let mut answers = Vec::new();
    for parts in [1, FRAGMENTS] {
        let answer = send(&route, max + 1, parts).await?;
        target.log.record("oversize", format!("{} bytes in {parts} frames: {answer}", max + 1));
        answers.push(answer);
    }
    let still_serves =
        matches!(target.join(&route).await?, Joined::Served(client) if client.check_liveness(ANSWER).await.is_ok());
    let is_refusal = |answer: &String| REFUSAL_CODES.iter().any(|code| *answer == format!("close-{code}"));
    let result = if !still_serves {
        CheckResult::fail(2, "after the oversized messages, no other client is served")
    } else if exact != ACCEPTED {
        CheckResult::fail(1, format!("a message of exactly {max} bytes is not accepted: {exact}"))
            .help("set `max_frame` to one byte less, or compare with `>` instead of `>=` in the server", &[])
    } else if let Some(answer) = answers.iter().find(|answer| !is_refusal(answer)) {
        CheckResult::fail(
            2,
            format!(
                "a message of {} bytes is {}",
                max + 1,
                if answer == ACCEPTED {
                    ACCEPTED.to_owned()
                } else {
                    format!("not refused with close code 1009, 1002 or 1008: {answer}")
                }
            ),
        )
        .help("set the maximum message size in the WebSocket library of the server, so that it closes with 1009", &[])
    } else {
        CheckResult::pass(2)
    };
    let control = if control_answer == ACCEPTED { Outcome::Pass } else { Outcome::Fail };
    Ok(result
        .observed("exact", exact.as_str())
        .observed("whole", answers[0].as_str())
        .observed("in_parts", answers[1].as_str())
        .expected("whole", "close-1009")
        .expected("in_parts", "close-1009")
        .control(&format!("message of {half} bytes"), control))
}

/// Observed value for a message after which a ping is answered.
const ACCEPTED: &str = "accepted";

/// Sends a message in a number of fragments, then a ping. Returns `accepted` or how the connection ended.
async fn send(route: &Route, size: usize, parts: usize) -> Result<String, Box<CheckResult>> {
    let opened = match route.dial().await {
        Dialed::Open(opened) => *opened,
        Dialed::Refused(refused) => return Ok(refused.class),
        Dialed::Broken(why) => return CheckResult::error(why).stop(),
    };
    let config = small().max_message_size(None).max_frame_size(None);
    let mut socket = WebSocketStream::from_partially_read(opened.stream, opened.rest, Role::Client, Some(config)).await;
    let exchange = async {
        for part in 0..parts {
            let (from, to) = (size * part / parts, size * (part + 1) / parts);
            let code = OpCode::Data(if part == 0 { Data::Text } else { Data::Continue });
            let frame = Frame::message(vec![b'x'; to - from], code, part + 1 == parts);
            if socket.send(Message::Frame(frame)).await.is_err() {
                break;
            }
        }
        let _ = socket.send(Message::Ping(Bytes::from_static(b"phx"))).await;
        loop {
            return match socket.next().await {
                Some(Ok(Message::Pong(payload))) if payload.as_ref() == b"phx" => ACCEPTED.to_owned(),
                Some(Ok(Message::Close(frame))) => {
                    format!("close-{}", frame.map_or(1005, |frame| u16::from(frame.code)))
                }
                Some(Ok(_)) => continue,
                Some(Err(Error::Io(_))) => "101-rst".to_owned(),
                Some(Err(_)) | None => "101-eof".to_owned(),
            };
        }
    };
    Ok(timeout(Duration::from_secs(4), exchange).await.unwrap_or_else(|_| "silent".to_owned()))
}
