//! Whether a message that is too large is refused, whole and in parts.

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

/// Close codes that say that a message is too large, or against the rules (RFC 6455, section 7.4.1).
const SAYS_SO: &[u16] = &[1009, 1002, 1008];
/// Parts of a message in parts.
const PARTS: usize = 4;

/// The check.
pub const CHECK: Check = Check {
    id: "ws.frame.max",
    claim: "a message that is larger than allowed is refused, and nothing else happens",
    method: "A message of half `max_frame` is taken (the control); one of `max_frame` bytes is sent, then one of a byte more in one frame and in four. \
             Passes if the first is taken and each of the others is answered with close 1009, 1002 or 1008; fails if the first is refused, one of the others is \
             taken or ended without a code, or no other client is served afterwards. Skipped if no `max_frame` is claimed.",
    opens: "five connections, and messages of max_frame bytes on three of them",
    harm: "",
    deadline_ms: 20_000,
};

/// Looks.
pub fn run(target: WsTarget) -> CheckFuture {
    boxed(check(target))
}

async fn check(target: WsTarget) -> CheckVerdict {
    let Some(most) = target.ws.max_frame.and_then(|most| usize::try_from(most).ok()) else {
        return CheckResult::skip("no `max_frame` is claimed").stop();
    };
    let route = target.ready(8).await?;
    let half = most.div_ceil(2);
    let control = send(&route, half, 1).await?;
    target.log.note("control", format!("{half} bytes: {control}"));
    let exact = send(&route, most, 1).await?;
    target.log.note("exact", format!("{most} bytes: {exact}"));
    let mut answers = Vec::new();
    for parts in [1, PARTS] {
        let answer = send(&route, most + 1, parts).await?;
        target.log.note("oversize", format!("{} bytes in {parts}: {answer}", most + 1));
        answers.push(answer);
    }
    let after =
        matches!(target.join(&route).await?, Joined::Served(client) if client.check_liveness(ANSWER).await.is_ok());
    let says_so = |answer: &String| SAYS_SO.iter().any(|code| *answer == format!("close-{code}"));
    let found = if !after {
        CheckResult::fail(2, "after it no other client is served")
    } else if exact != TAKEN {
        CheckResult::fail(1, format!("a message of exactly {most} bytes is not taken: {exact}"))
            .help("claim one byte less as `max_frame`, or compare with `>` instead of `>=`", &[])
    } else if let Some(answer) = answers.iter().find(|answer| !says_so(answer)) {
        CheckResult::fail(
            2,
            format!(
                "a message of {} bytes is {}",
                most + 1,
                if answer == TAKEN { TAKEN.to_owned() } else { format!("answered with {answer}") }
            ),
        )
        .help("set the largest message where the protocol is read, so that it answers 1009", &[])
    } else {
        CheckResult::pass(2)
    };
    let control = if control == TAKEN { Outcome::Pass } else { Outcome::Fail };
    Ok(found
        .observed("exact", exact.as_str())
        .observed("whole", answers[0].as_str())
        .observed("in_parts", answers[1].as_str())
        .expected("whole", "close-1009")
        .expected("in_parts", "close-1009")
        .control(&format!("a message of {half} bytes"), control))
}

/// What a message is that nothing is said against.
const TAKEN: &str = "taken";

/// Sends a message in so many parts, then a ping, and says what came of it.
async fn send(route: &Route, size: usize, parts: usize) -> Result<String, Box<CheckResult>> {
    let opened = match route.dial().await {
        Dialed::Open(opened) => *opened,
        Dialed::Refused(refused) => return Ok(refused.class),
        Dialed::Broken(why) => return CheckResult::error(why).stop(),
    };
    let config = small().max_message_size(None).max_frame_size(None);
    let mut socket = WebSocketStream::from_partially_read(opened.stream, opened.rest, Role::Client, Some(config)).await;
    let talk = async {
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
                Some(Ok(Message::Pong(payload))) if payload.as_ref() == b"phx" => TAKEN.to_owned(),
                Some(Ok(Message::Close(frame))) => {
                    format!("close-{}", frame.map_or(1005, |frame| u16::from(frame.code)))
                }
                Some(Ok(_)) => continue,
                Some(Err(Error::Io(_))) => "101-rst".to_owned(),
                Some(Err(_)) | None => "101-eof".to_owned(),
            };
        }
    };
    Ok(timeout(Duration::from_secs(4), talk).await.unwrap_or_else(|_| "silence".to_owned()))
}
