//! Check `pty.orphans`: no process of a session outlives it.

use tokio::time::sleep;

use super::{PtyTarget, on_linux, seen};
use crate::doctor::Check;
use crate::doctor::check_result::{CheckFuture, CheckResult, CheckVerdict, boxed};
use crate::doctor::log::millis;
use crate::doctor::record::Outcome;
use crate::doctor::ws::connection_set::POLL;

pub const CHECK: Check = Check {
    id: "pty.orphans",
    claim: "no process of a session outlives it",
    method: "A payload starts four processes: in the background, with SIGHUP ignored, in a session of its own, and as \
             a daemon without environment. All are seen from outside by the token in their command lines (the \
             control). Then the session is closed. Fails if more than `allow_survivors` of them still run after \
             `grace`. Available only on Linux.",
    side_effects: "one session with four processes",
    risk: "",
    deadline_ms: 30_000,
};

pub fn run(target: PtyTarget) -> CheckFuture {
    boxed(check(target))
}

async fn check(target: PtyTarget) -> CheckVerdict {
    on_linux()?;
    let (mut session, ready) = target.ready("orphans", &[]).await?;
    let started = ready["started"].as_array().map_or(0, Vec::len);
    // The payload itself has the token, too.
    let visible = seen::marked(&session.token).len();
    target.log.record(
        "started",
        format!("{started} processes started, {visible} visible from outside including the payload"),
    );
    session.close().await;
    let start = std::time::Instant::now();
    while start.elapsed() < target.grace() && !seen::marked(&session.token).is_empty() {
        sleep(POLL).await;
    }
    let left: Vec<String> = seen::marked(&session.token)
        .into_iter()
        .map(|id| {
            let style = seen::words(id, &session.token);
            let style = if style.is_empty() { "the payload itself".to_owned() } else { style };
            target.log.record("left", format!("process {id}: {style}"));
            style
        })
        .collect();
    let allowed = usize::try_from(target.pty.allow_survivors).unwrap_or(usize::MAX);
    let result = if left.len() > allowed {
        CheckResult::fail(
            started as u64,
            format!("{} processes outlive their session: {}", left.len(), left.join(", ")),
        )
        .help("run each session in a PID namespace or control group of its own, and end it with the session", &[])
    } else {
        CheckResult::pass(started as u64).observed("ended_ms", millis(start.elapsed()))
    };
    let control = if visible > started && started > 0 { Outcome::Pass } else { Outcome::Fail };
    Ok(result
        .observed("left", left.len())
        .observed("styles", left)
        .expected("left", allowed)
        .control("session processes visible from outside", control))
}
