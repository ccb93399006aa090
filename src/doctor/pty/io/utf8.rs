//! Whether letters survive whose bytes come apart.

use std::time::Duration;

use tokio::time::sleep;

use super::super::PtyTarget;
use super::super::session::text;
use crate::doctor::Check;
use crate::doctor::check_result::{CheckFuture, CheckResult, CheckVerdict, boxed};
use crate::text::hex;

/// Letters of two, three and four bytes.
const LETTERS: &[&str] = &["é", "漢", "🚀"];
/// How long the rest of a letter is kept back.
const APART: Duration = Duration::from_millis(50);
/// How long an answer may take.
const ANSWER: Duration = Duration::from_secs(3);

/// The check.
pub const CHECK: Check = Check {
    id: "pty.io.utf8",
    claim: "letters survive whose bytes come apart, both ways",
    method: "The first byte of a letter, 50 ms later the rest: from a payload to outside, and from outside to a payload. Fails where a byte is another, as where each part is decoded by itself.",
    opens: "two sessions",
    harm: "",
    deadline_ms: 20_000,
};

/// Looks.
pub fn run(target: PtyTarget) -> CheckFuture {
    boxed(check(target))
}

async fn check(target: PtyTarget) -> CheckVerdict {
    let sent: String = LETTERS.concat();
    let mut session = target.open("split", &[]).await?;
    let (out, _) = session.raw(ANSWER).await;
    drop(session);
    let (mut session, _) = target.ready("echo", &[&sent.len().to_string()]).await?;
    for letter in LETTERS {
        session.send(&letter.as_bytes()[..1]).await;
        sleep(APART).await;
        session.send(&letter.as_bytes()[1..]).await;
    }
    let report = session.next(ANSWER).await.unwrap_or_default();
    let (wanted, seen_out, seen_in) = (hex(sent.as_bytes()), hex(&out), text(&report, "hex").to_owned());
    let mut wrong = Vec::new();
    if seen_out != wanted {
        wrong.push(format!("out came {seen_out}"));
    }
    if seen_in != wanted {
        wrong.push(if seen_in.is_empty() { "in came nothing whole".to_owned() } else { format!("in came {seen_in}") });
    }
    let found = if wrong.is_empty() {
        CheckResult::pass(2 * LETTERS.len() as u64)
    } else {
        CheckResult::fail(2 * LETTERS.len() as u64, format!("{wanted} was sent, {}", wrong.join(", ")))
            .help("decode over the ends of what is read, or pass on bytes", &[])
    };
    Ok(found
        .observed("out", seen_out)
        .observed("in", seen_in)
        .expected("out", wanted.as_str())
        .expected("in", wanted.as_str()))
}
