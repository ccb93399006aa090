//! Check `pty.isolation`: sessions are isolated from each other.

use std::time::Duration;

use futures_util::future::join_all;

use super::PtyTarget;
use super::session::{PtySession, text};
use crate::doctor::Check;
use crate::doctor::check_result::{CheckFuture, CheckResult, CheckVerdict, boxed};

/// Number of concurrent sessions.
const SESSIONS: usize = 10;
/// Timeout of reading the remaining output of a session.
const END_TIMEOUT: Duration = Duration::from_secs(2);

pub const CHECK: Check = Check {
    id: "pty.isolation",
    claim: "sessions are isolated from each other",
    method: "Opens ten sessions at once and types a unique token into each. Fails if a token appears in the output of \
             another session, or if two sessions have the same terminal.",
    side_effects: "ten sessions at once",
    risk: "",
    deadline_ms: 30_000,
};

pub fn run(target: PtyTarget) -> CheckFuture {
    boxed(check(target))
}

async fn check(target: PtyTarget) -> CheckVerdict {
    let opened = join_all((0..SESSIONS).map(|_| target.ready("wait", &[]))).await;
    let mut sessions: Vec<(PtySession, String)> = Vec::new();
    for opened in opened {
        let (session, facts) = opened?;
        sessions.push((session, text(&facts, "name").to_owned()));
    }
    for (session, _) in &mut sessions {
        let typed = format!("typed-{}\r\n", session.token);
        session.send(typed.as_bytes()).await;
    }
    join_all(sessions.iter_mut().map(|(session, _)| session.end(END_TIMEOUT))).await;
    let mut mixed = Vec::new();
    for (at, (session, name)) in sessions.iter().enumerate() {
        for (other, (another, its_name)) in sessions.iter().enumerate().filter(|(other, _)| *other != at) {
            if memchr::memmem::find(session.bytes(), another.token.as_bytes()).is_some() {
                mixed.push(format!("the token of session {other} appears in the output of session {at}"));
            }
            if other > at && !name.is_empty() && name == its_name {
                mixed.push(format!("sessions {at} and {other} share {name}"));
            }
        }
    }
    for line in &mixed {
        target.log.record("mixed", line.as_str());
    }
    let result = match mixed.first() {
        None => CheckResult::pass(SESSIONS as u64),
        Some(first) => CheckResult::fail(SESSIONS as u64, first.as_str())
            .help("allocate a separate terminal and separate buffers for each session", &[]),
    };
    let names: Vec<&String> = sessions.iter().map(|(_, name)| name).collect();
    Ok(result.observed("terminals", serde_json::json!(names)).observed("mixed", mixed.len()).expected("mixed", 0))
}
