//! Whether the terminal of a session is its controlling terminal.

use std::time::Duration;

use super::PtyTarget;
use super::session::text;
use crate::doctor::Check;
use crate::doctor::check_result::{CheckFuture, CheckResult, CheckVerdict, boxed};

/// How long a signal may take.
const PROMPT: Duration = Duration::from_secs(2);

/// The check.
pub const CHECK: Check = Check {
    id: "pty.controlling",
    claim: "a session leads a session of its own, and its terminal controls it",
    method: "A payload inside opens /dev/tty, and compares its session, its process group and the group in the foreground. Fails where /dev/tty cannot be opened, where nobody in its session leads it from this terminal, and where its group is not in the foreground: then ^C goes elsewhere. Where that group has no number inside, because the session has a namespace of its own, ^C is sent and must come.",
    opens: "one session, or two",
    harm: "",
    deadline_ms: 15_000,
};

/// Looks.
pub fn run(target: PtyTarget) -> CheckFuture {
    boxed(check(target))
}

async fn check(target: PtyTarget) -> CheckVerdict {
    let facts = target.facts().await?;
    let dev_tty = text(&facts, "dev_tty");
    let in_front = if facts["foreground"].is_null() && dev_tty == "ok" {
        // The group in the foreground is outside of the namespace of the session; whether keys reach the program is asked.
        target.log.note("foreground", "its group has no number inside, so ^C is sent");
        let (mut session, _) = target.ready("keys", &[]).await?;
        session.send(&[0x03]).await;
        session.next(PROMPT).await.is_some_and(|report| report["name"] == "INT")
    } else {
        facts["foreground"] == facts["group"]
    };
    let found = if dev_tty != "ok" {
        CheckResult::fail(3, format!("/dev/tty cannot be opened: {dev_tty}")).help(
            "call `setsid`, then make the terminal the controlling one (`TIOCSCTTY`), before the program is started",
            &[],
        )
    } else if !in_front {
        CheckResult::fail(3, "the program is not in the foreground of its terminal, so keys do not reach it")
    } else {
        CheckResult::pass(3)
    };
    Ok(found
        .observed("dev_tty", dev_tty)
        .observed("session", facts["session"].clone())
        .observed("group", facts["group"].clone())
        .observed("foreground", facts["foreground"].clone())
        .expected("dev_tty", "ok")
        .expected("foreground", facts["group"].clone()))
}
