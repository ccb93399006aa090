//! Check `pty.controlling`: the terminal is the controlling terminal of the session.

use std::time::Duration;

use super::PtyTarget;
use super::session::text;
use crate::doctor::Check;
use crate::doctor::check_result::{CheckFuture, CheckResult, CheckVerdict, boxed};

/// Timeout of the signal.
const SIGNAL_TIMEOUT: Duration = Duration::from_secs(2);

pub const CHECK: Check = Check {
    id: "pty.controlling",
    claim: "the terminal is the controlling terminal of the session",
    method: "A payload inside opens /dev/tty and compares its process group with the foreground group of the terminal. \
             Fails if /dev/tty cannot be opened, or if the two groups differ: then ^C does not reach the program. If \
             the foreground group has no number inside, because the session has a namespace of its own, ^C is sent and \
             must arrive within 2 s.",
    side_effects: "one or two sessions",
    risk: "",
    deadline_ms: 15_000,
};

pub fn run(target: PtyTarget) -> CheckFuture {
    boxed(check(target))
}

async fn check(target: PtyTarget) -> CheckVerdict {
    let facts = target.facts().await?;
    let dev_tty = text(&facts, "dev_tty");
    let in_foreground = if facts["foreground"].is_null() && dev_tty == "ok" {
        // The foreground group is outside of the PID namespace of the session, so the effect of ^C is tested instead.
        target.log.record("foreground", "the foreground group has no number inside, so ^C is sent");
        let (mut session, _) = target.ready("keys", &[]).await?;
        session.send(&[0x03]).await;
        session.next(SIGNAL_TIMEOUT).await.is_some_and(|report| report["name"] == "INT")
    } else {
        facts["foreground"] == facts["group"]
    };
    let result = if dev_tty != "ok" {
        CheckResult::fail(3, format!("cannot open /dev/tty: {dev_tty}")).help(
            "before starting the program, call `setsid`, then make the terminal the controlling one (`TIOCSCTTY`)",
            &[],
        )
    } else if !in_foreground {
        CheckResult::fail(3, "the program is not in the foreground of its terminal, so ^C does not reach it")
    } else {
        CheckResult::pass(3)
    };
    Ok(result
        .observed("dev_tty", dev_tty)
        .observed("session", facts["session"].clone())
        .observed("group", facts["group"].clone())
        .observed("foreground", facts["foreground"].clone())
        .expected("dev_tty", "ok")
        .expected("foreground", facts["group"].clone()))
}
