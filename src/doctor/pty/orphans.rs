//! Whether something outlives its session.

use tokio::time::sleep;

use super::{PtyTarget, on_linux, seen};
use crate::doctor::Check;
use crate::doctor::check_result::{CheckFuture, CheckResult, CheckVerdict, boxed};
use crate::doctor::log::millis;
use crate::doctor::record::Outcome;
use crate::doctor::ws::connection_set::POLL;

/// The check.
pub const CHECK: Check = Check {
    id: "pty.orphans",
    claim: "nothing of a session outlives it",
    method: "A payload starts four processes: in the background, deaf to SIGHUP, in a session of their own, and as daemons without environment. All are seen from outside by the mark in their command lines (the control), the session is closed, and `grace` later nothing may be left but `allow_survivors`.",
    opens: "one session with four processes",
    harm: "",
    deadline_ms: 30_000,
};

/// Looks.
pub fn run(target: PtyTarget) -> CheckFuture {
    boxed(check(target))
}

async fn check(target: PtyTarget) -> CheckVerdict {
    on_linux()?;
    let (mut session, ready) = target.ready("orphans", &[]).await?;
    let started = ready["started"].as_array().map_or(0, Vec::len);
    // The payload itself is one of them.
    let seen_inside = seen::marked(&session.token).len();
    target.log.note("started", format!("{started} processes, {seen_inside} with the payload seen from outside"));
    session.leave().await;
    let start = std::time::Instant::now();
    while start.elapsed() < target.grace() && !seen::marked(&session.token).is_empty() {
        sleep(POLL).await;
    }
    let left: Vec<String> = seen::marked(&session.token)
        .into_iter()
        .map(|id| {
            let style = seen::words(id, &session.token);
            let style = if style.is_empty() { "the payload itself".to_owned() } else { style };
            target.log.note("left", format!("process {id}: {style}"));
            style
        })
        .collect();
    let allowed = usize::try_from(target.pty.allow_survivors).unwrap_or(usize::MAX);
    let found = if left.len() > allowed {
        CheckResult::fail(
            started as u64,
            format!("{} processes outlive their session: {}", left.len(), left.join(", ")),
        )
        .help("give each session a pid namespace or a control group of its own, and end that with it", &[])
    } else {
        CheckResult::pass(started as u64).observed("ended_ms", millis(start.elapsed()))
    };
    let control = if seen_inside > started && started > 0 { Outcome::Pass } else { Outcome::Fail };
    Ok(found
        .observed("left", left.len())
        .observed("styles", left)
        .expected("left", allowed)
        .control("to see the processes of the session from outside", control))
}
