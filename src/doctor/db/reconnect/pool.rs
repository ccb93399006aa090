//! A pool that was broken is whole again, and no larger.

use super::super::{DbTarget, HARM, SERVED};
use crate::doctor::Check;
use crate::doctor::check_result::{CheckFuture, CheckResult, CheckVerdict, boxed};
use crate::doctor::record::Outcome;

/// The check.
pub const CHECK: Check = Check {
    id: "db.reconnect.pool",
    claim: "after it has reconnected the service has as many connections as before",
    method: "Fills the pool, ends all connections, waits until the service is back, fills the pool again, and counts. Repeats that, and fails where there are more connections than at first, or none.",
    opens: SERVED,
    harm: HARM,
    deadline_ms: 60_000,
};

/// Looks.
pub fn run(target: DbTarget) -> CheckFuture {
    boxed(async move { check(target).await })
}

async fn check(target: DbTarget) -> CheckVerdict {
    let warm = target.warm().await?;
    let (first, mut most, mut last) = (warm.backends.len(), 0, 0);
    for trial in 1..=3 {
        warm.life.base.terminate().await?;
        if !target.watched(&warm.page).await.is_back {
            return CheckResult::error("the service does not come back, so its pool cannot be counted").stop();
        }
        target.use_all(&warm.page).await?;
        last = warm.life.base.backends().await?.len();
        most = most.max(last);
        target.log.note("connections", format!("trial {trial}: {last}, at first {first}"));
    }
    let allowed = first.max(usize::try_from(target.db.pool_size).unwrap_or(usize::MAX));
    let found = if most > allowed {
        CheckResult::fail(3, format!("there were {first} connections at first, and {most} after reconnecting"))
            .help("close a connection that is broken before another one takes its place", &[])
    } else if last == 0 {
        CheckResult::fail(3, "the service has no connection any more")
    } else {
        CheckResult::pass(3)
    };
    Ok(found
        .control("calls end well before", Outcome::Pass)
        .attempts(3)
        .observed("connections_first", first as u64)
        .observed("connections_most", most as u64)
        .expected("connections_most", allowed as u64))
}
