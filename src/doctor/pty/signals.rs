//! Check `pty.signals`: ^C, ^\, ^Z and ^D reach the program.

use std::time::Duration;

use super::PtyTarget;
use crate::doctor::Check;
use crate::doctor::check_result::{CheckFuture, CheckResult, CheckVerdict, boxed};

/// Timeout of a signal.
const SIGNAL_TIMEOUT: Duration = Duration::from_secs(2);

/// Keys: byte, notation, and the event that the payload reports.
const KEYS: &[(u8, &str, &str)] =
    &[(0x03, "^C", "INT"), (0x1C, "^\\", "QUIT"), (0x1A, "^Z", "TSTP"), (0x04, "^D", "EOF")];

pub const CHECK: Check = Check {
    id: "pty.signals",
    claim: "^C, ^\\, ^Z and ^D reach the program",
    method: "Sends the bytes 03, 1c, 1a and 04, each to a session of its own; a payload inside reports SIGINT, \
             SIGQUIT, SIGTSTP and the end of input. Fails if one does not arrive within 2 s.",
    side_effects: "four sessions, one at a time",
    risk: "",
    deadline_ms: 20_000,
};

pub fn run(target: PtyTarget) -> CheckFuture {
    boxed(check(target))
}

async fn check(target: PtyTarget) -> CheckVerdict {
    let mut result = CheckResult::pass(KEYS.len() as u64);
    let mut missing = Vec::new();
    for (byte, key, name) in KEYS {
        // Each key gets its own session, because the host itself may end on a key.
        let (mut session, _) = target.ready("keys", &[]).await?;
        session.send(&[*byte]).await;
        let mut received = None;
        while let Some(report) = session.next(SIGNAL_TIMEOUT).await {
            if report["name"] == *name {
                received = Some(*name);
                break;
            }
        }
        if received.is_none() {
            missing.push(format!("{key} did not cause {name}"));
        }
        result = result.observed(key, received).expected(key, *name);
    }
    if missing.is_empty() {
        return Ok(result);
    }
    let result = CheckResult { outcome: crate::doctor::Outcome::Fail, ..result }.detail(missing.join(", "));
    Ok(result.help(
        "keep the terminal in canonical mode with signals (`ICANON`, `ISIG`), and make it the controlling terminal",
        &[],
    ))
}
