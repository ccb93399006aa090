//! Check `pty.hup`: a program ends when its session is closed.

use tokio::time::sleep;

use super::{PtyTarget, on_linux, seen};
use crate::doctor::Check;
use crate::doctor::check_result::{CheckFuture, CheckResult, CheckVerdict, boxed};
use crate::doctor::log::millis;
use crate::doctor::record::Outcome;
use crate::doctor::ws::connection_set::POLL;

pub const CHECK: Check = Check {
    id: "pty.hup",
    claim: "a program ends when its session is closed",
    method: "A payload waits inside and is seen from outside (the control). Then the session is closed: first the \
             streams of the host, then SIGHUP and SIGTERM if the host still runs. Fails if the payload still runs \
             after `grace`. Available only on Linux.",
    side_effects: "one session",
    risk: "",
    deadline_ms: 20_000,
};

pub fn run(target: PtyTarget) -> CheckFuture {
    boxed(check(target))
}

async fn check(target: PtyTarget) -> CheckVerdict {
    on_linux()?;
    let (mut session, _) = target.ready("linger", &[]).await?;
    let visible = seen::marked(&session.token);
    session.close().await;
    let start = std::time::Instant::now();
    while start.elapsed() < target.grace() && !seen::marked(&session.token).is_empty() {
        sleep(POLL).await;
    }
    let left = seen::marked(&session.token);
    let result = if left.is_empty() {
        CheckResult::pass(1).observed("ended_ms", millis(start.elapsed()))
    } else {
        CheckResult::fail(1, format!("the program still runs {} ms after the session was closed", target.pty.grace_ms))
            .help("close the host side of the terminal when the session ends, which sends SIGHUP", &[])
    };
    let control = if visible.is_empty() { Outcome::Fail } else { Outcome::Pass };
    Ok(result.observed("left", left).control("session process visible from outside", control))
}
