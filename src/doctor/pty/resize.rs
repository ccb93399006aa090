//! Check `pty.resize`: a session is notified of a new size at once.

use std::time::Duration;

use serde_json::json;

use super::PtyTarget;
use crate::doctor::Check;
use crate::doctor::check_result::{CheckFuture, CheckResult, CheckVerdict, boxed};
use crate::doctor::log::millis;

/// Timeout of the signal.
const SIGNAL_TIMEOUT: Duration = Duration::from_secs(1);
/// New rows and columns.
const NEW_SIZE: (u16, u16) = (41, 117);

pub const CHECK: Check = Check {
    id: "pty.resize",
    claim: "a session is notified of a new size at once",
    method: "Sets the size to 41x117 from outside; a payload inside waits for SIGWINCH and reads the size. Fails if \
             the signal does not arrive within 1 s, or if the size differs. Skipped if the host cannot be resized: \
             over pipes, and over a WebSocket with codec `raw`.",
    side_effects: "one session",
    risk: "",
    deadline_ms: 15_000,
};

pub fn run(target: PtyTarget) -> CheckFuture {
    boxed(check(target))
}

async fn check(target: PtyTarget) -> CheckVerdict {
    let (mut session, before) = target.ready("keys", &[]).await?;
    if !session.resize(NEW_SIZE.0, NEW_SIZE.1).await {
        return CheckResult::skip("this host cannot be resized; set `stdio = \"pty\"` for a host that is a program")
            .stop();
    }
    let start = std::time::Instant::now();
    let report = session.next(SIGNAL_TIMEOUT).await.filter(|report| report["name"] == "WINCH");
    let wanted = json!([NEW_SIZE.0, NEW_SIZE.1]);
    let result = match &report {
        None => CheckResult::fail(1, format!("no SIGWINCH arrived within {} ms", SIGNAL_TIMEOUT.as_millis()))
            .help("set the new size on the terminal (`TIOCSWINSZ`)", &[]),
        Some(report) if report["size"] != wanted => {
            CheckResult::fail(1, format!("expected size {wanted} after the signal, found {}", report["size"]))
        }
        Some(_) => CheckResult::pass(1).observed("after_ms", millis(start.elapsed())),
    };
    let after = report.map(|report| report["size"].clone());
    Ok(result.observed("before", before["size"].clone()).observed("after", after).expected("after", wanted))
}
