//! Whether a session hears of a new size.

use std::time::Duration;

use serde_json::json;

use super::PtyTarget;
use crate::doctor::Check;
use crate::doctor::check_result::{CheckFuture, CheckResult, CheckVerdict, boxed};
use crate::doctor::log::millis;

/// How long the signal may take.
const PROMPT: Duration = Duration::from_secs(1);
/// The new size.
const NEW: (u16, u16) = (41, 117);

/// The check.
pub const CHECK: Check = Check {
    id: "pty.resize",
    claim: "a session hears of a new size at once",
    method: "The size is set to 41x117 from outside; a payload inside waits for SIGWINCH and asks for the size. Fails where the signal does not come within 1 s, or the size is another. Skipped where the host cannot be told a size: over pipes, and over a WebSocket without wrapping.",
    opens: "one session",
    harm: "",
    deadline_ms: 15_000,
};

/// Looks.
pub fn run(target: PtyTarget) -> CheckFuture {
    boxed(check(target))
}

async fn check(target: PtyTarget) -> CheckVerdict {
    let (mut session, before) = target.ready("keys", &[]).await?;
    if !session.resize(NEW.0, NEW.1).await {
        return CheckResult::skip("this host cannot be told a size; with `stdio = \"pty\"` a program can").stop();
    }
    let start = std::time::Instant::now();
    let report = session.next(PROMPT).await.filter(|report| report["name"] == "WINCH");
    let wanted = json!([NEW.0, NEW.1]);
    let found = match &report {
        None => CheckResult::fail(1, format!("no SIGWINCH came within {} ms", PROMPT.as_millis()))
            .help("pass the new size on to the terminal (`TIOCSWINSZ`)", &[]),
        Some(report) if report["size"] != wanted => {
            CheckResult::fail(1, format!("after the signal the size is {} instead of {wanted}", report["size"]))
        }
        Some(_) => CheckResult::pass(1).observed("after_ms", millis(start.elapsed())),
    };
    let after = report.map(|report| report["size"].clone());
    Ok(found.observed("before", before["size"].clone()).observed("after", after).expected("after", wanted))
}
