//! Check `pty.io.utf8`: characters whose bytes are sent separately arrive unchanged, in both directions.

use std::time::Duration;

use tokio::time::sleep;

use super::super::PtyTarget;
use super::super::session::text;
use crate::doctor::Check;
use crate::doctor::check_result::{CheckFuture, CheckResult, CheckVerdict, boxed};
use crate::text::hex;

/// Characters of two, three and four bytes.
const CHARACTERS: &[&str] = &["é", "漢", "🚀"];
/// Delay between the first byte of a character and the rest.
const DELAY: Duration = Duration::from_millis(50);
/// Timeout of a transfer in one direction.
const ANSWER: Duration = Duration::from_secs(3);

pub const CHECK: Check = Check {
    id: "pty.io.utf8",
    claim: "characters whose bytes are sent separately arrive unchanged, in both directions",
    method: "Sends the first byte of a character, and 50 ms later the rest: from a payload to the outside, and from \
             the outside to a payload. Fails if a byte differs, for example because each part is decoded separately.",
    side_effects: "two sessions, one at a time",
    risk: "",
    deadline_ms: 20_000,
};

pub fn run(target: PtyTarget) -> CheckFuture {
    boxed(check(target))
}

async fn check(target: PtyTarget) -> CheckVerdict {
    let sent: String = CHARACTERS.concat();
    let mut session = target.open("split", &[]).await?;
    let (out, _) = session.raw(ANSWER).await;
    drop(session);
    let (mut session, _) = target.ready("echo", &[&sent.len().to_string()]).await?;
    for character in CHARACTERS {
        session.send(&character.as_bytes()[..1]).await;
        sleep(DELAY).await;
        session.send(&character.as_bytes()[1..]).await;
    }
    let report = session.next(ANSWER).await.unwrap_or_default();
    let (wanted, seen_out, seen_in) = (hex(sent.as_bytes()), hex(&out), text(&report, "hex").to_owned());
    let mut wrong = Vec::new();
    if seen_out != wanted {
        wrong.push(format!("the output is {seen_out}"));
    }
    if seen_in != wanted {
        wrong.push(if seen_in.is_empty() {
            "no input was reported".to_owned()
        } else {
            format!("the input is {seen_in}")
        });
    }
    let result = if wrong.is_empty() {
        CheckResult::pass(2 * CHARACTERS.len() as u64)
    } else {
        CheckResult::fail(2 * CHARACTERS.len() as u64, format!("{wanted} was sent, but {}", wrong.join(", ")))
            .help("decode UTF-8 across read boundaries, or pass on bytes", &[])
    };
    Ok(result
        .observed("out", seen_out)
        .observed("in", seen_in)
        .expected("out", wanted.as_str())
        .expected("in", wanted.as_str()))
}
