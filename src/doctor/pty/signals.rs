//! Whether keys become signals.

use std::time::Duration;

use super::PtyTarget;
use crate::doctor::Check;
use crate::doctor::check_result::{CheckFuture, CheckResult, CheckVerdict, boxed};

/// How long a signal may take.
const PROMPT: Duration = Duration::from_secs(2);

/// A key: its byte, what people call it, and what it becomes.
const KEYS: &[(u8, &str, &str)] =
    &[(0x03, "^C", "INT"), (0x1C, "^\\", "QUIT"), (0x1A, "^Z", "TSTP"), (0x04, "^D", "EOF")];

/// The check.
pub const CHECK: Check = Check {
    id: "pty.signals",
    claim: "^C, ^\\, ^Z and ^D reach the program",
    method: "The bytes 03, 1c, 1a and 04 are sent, each to a session of its own; a payload inside reports SIGINT, SIGQUIT, SIGTSTP and the end of input. Fails where one does not come within 2 s.",
    opens: "four sessions, one after the other",
    harm: "",
    deadline_ms: 20_000,
};

/// Looks.
pub fn run(target: PtyTarget) -> CheckFuture {
    boxed(check(target))
}

async fn check(target: PtyTarget) -> CheckVerdict {
    let mut found = CheckResult::pass(KEYS.len() as u64);
    let mut missing = Vec::new();
    for (byte, key, name) in KEYS {
        // A session for each: a host may itself end at one of the keys.
        let (mut session, _) = target.ready("keys", &[]).await?;
        session.send(&[*byte]).await;
        let mut came = None;
        while let Some(report) = session.next(PROMPT).await {
            if report["name"] == *name {
                came = Some(*name);
                break;
            }
        }
        if came.is_none() {
            missing.push(format!("{key} did not become {name}"));
        }
        found = found.observed(key, came).expected(key, *name);
    }
    if missing.is_empty() {
        return Ok(found);
    }
    let found = CheckResult { outcome: crate::doctor::Outcome::Fail, ..found }.detail(missing.join(", "));
    Ok(found.help(
        "leave the terminal in canonical mode with signals (`ICANON`, `ISIG`), and make it the controlling one",
        &[],
    ))
}
