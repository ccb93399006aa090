//! Check: a pool does not grow when it reconnects.

use super::super::{DbTarget, HARM, SERVED};
use crate::doctor::Check;
use crate::doctor::check_result::{CheckFuture, CheckResult, CheckVerdict, boxed};
use crate::doctor::record::Outcome;

pub const CHECK: Check = Check {
    id: "db.reconnect.pool",
    claim: "after it has reconnected, the service has no more connections than before",
    method: "Fills the pool, terminates all connections, waits until the service has recovered, fills the pool again, and counts the connections, three times. Fails if there are more connections than at first and than `pool_size`, or none.",
    side_effects: SERVED,
    risk: HARM,
    deadline_ms: 60_000,
};

pub fn run(target: DbTarget) -> CheckFuture {
    boxed(async move { check(target).await })
}

async fn check(target: DbTarget) -> CheckVerdict {
    let warm = target.warm().await?;
    let (first, mut most, mut last) = (warm.backends.len(), 0, 0);
    for trial in 1..=3 {
        warm.life.base.terminate().await?;
        if !target.watched(&warm.page).await.is_back {
            return CheckResult::error(
                "inconclusive: the service does not recover, so that its connections cannot be counted",
            )
            .stop();
        }
        target.use_all(&warm.page).await?;
        last = warm.life.base.backends().await?.len();
        most = most.max(last);
        target.log.record("connections", format!("trial {trial}: {last}, initially {first}"));
    }
    let allowed = first.max(usize::try_from(target.db.pool_size).unwrap_or(usize::MAX));
    let found = if most > allowed {
        CheckResult::fail(3, format!("{first} connections before, {most} after reconnecting"))
            .help("close a broken connection before it is replaced", &[])
    } else if last == 0 {
        CheckResult::fail(3, "the service has no connections after reconnecting")
    } else {
        CheckResult::pass(3)
    };
    Ok(found
        .control("calls succeed before the fault", Outcome::Pass)
        .attempts(3)
        .observed("connections_first", first as u64)
        .observed("connections_most", most as u64)
        .expected("connections_most", allowed as u64))
}
