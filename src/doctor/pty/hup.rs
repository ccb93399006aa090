//! Whether the end of a session ends its program.

use tokio::time::sleep;

use super::{PtyTarget, on_linux, seen};
use crate::doctor::Check;
use crate::doctor::check_result::{CheckFuture, CheckResult, CheckVerdict, boxed};
use crate::doctor::log::millis;
use crate::doctor::record::Outcome;
use crate::doctor::ws::connection_set::POLL;

/// The check.
pub const CHECK: Check = Check {
    id: "pty.hup",
    claim: "when a session is closed its program ends",
    method: "A payload waits inside; it is seen from outside (the control); the session is closed: the streams of the host, then SIGHUP and SIGTERM where it stays. Fails where the payload is still there after `grace`.",
    opens: "one session",
    harm: "",
    deadline_ms: 20_000,
};

/// Looks.
pub fn run(target: PtyTarget) -> CheckFuture {
    boxed(check(target))
}

async fn check(target: PtyTarget) -> CheckVerdict {
    on_linux()?;
    let (mut session, _) = target.ready("linger", &[]).await?;
    let seen = seen::marked(&session.token);
    session.leave().await;
    let start = std::time::Instant::now();
    while start.elapsed() < target.grace() && !seen::marked(&session.token).is_empty() {
        sleep(POLL).await;
    }
    let left = seen::marked(&session.token);
    let found = if left.is_empty() {
        CheckResult::pass(1).observed("ended_ms", millis(start.elapsed()))
    } else {
        CheckResult::fail(
            1,
            format!("its program is still there {} ms after the session was closed", target.pty.grace_ms),
        )
        .help("close the host's end of the terminal when the session ends: that sends SIGHUP", &[])
    };
    let control = if seen.is_empty() { Outcome::Fail } else { Outcome::Pass };
    Ok(found.observed("left", left).control("to see a process of the session from outside", control))
}
