//! Whether the limit holds when all come at once.

use super::WsTarget;
use crate::doctor::Check;
use crate::doctor::check_result::{CheckFuture, CheckResult, CheckVerdict, boxed};
use crate::doctor::record::Outcome;
use crate::doctor::ws::connection_set::{GRACE, classes};

/// The check.
pub const CHECK: Check = Check {
    id: "ws.limit.burst",
    claim: "the limit holds when all connections come at once",
    method: "`limit + overshoot` connections at once, three times: all but the last byte of each upgrade is sent, then the last bytes together. Half a second later those are counted that give a sign of life. \
             Fails where there are more than `limit`; warns where there are fewer.",
    opens: "limit + overshoot connections at once, three times",
    harm: "",
    deadline_ms: 60_000,
};

/// Looks.
pub fn run(target: WsTarget) -> CheckFuture {
    boxed(check(target))
}

async fn check(target: WsTarget) -> CheckVerdict {
    let (limit, over) = target.limit_in_all()?;
    let route = target.ready((limit + over) as u64).await?;
    let (mut served, mut refused) = (Vec::new(), Vec::new());
    for _ in 0..target.trials() {
        let mut connection_set = target.burst(&route, limit + over).await?;
        let settled = connection_set.settle(GRACE).await;
        target.log.note("trial", format!("{} served, refused: {}", settled.served, settled.classes()));
        served.push(settled.served);
        refused.extend(settled.refused);
        connection_set.close().await;
    }
    let (least, most) =
        (served.iter().min().copied().unwrap_or_default(), served.iter().max().copied().unwrap_or_default());
    let seen = (served.len() * (limit + over)) as u64;
    let found = if most > limit {
        CheckResult::fail(seen, format!("{most} are served at once, and {limit} are claimed")).help(
            if least == most {
                "correct `limit` in phx.toml, or the limit of the server"
            } else {
                "count a connection before it is accepted, in one step with the comparison"
            },
            &[],
        )
    } else if least < limit && !(target.is_uneven() && least >= target.limit()?.0) {
        let which = if least == most { format!("{most}") } else { format!("{least} to {most}") };
        CheckResult::warn(seen, format!("only {which} of {limit} are served when all come at once"))
    } else {
        CheckResult::pass(seen)
    };
    let restored = target.until_served(&route, target.release_deadline()).await?.is_some();
    let found = if found.outcome == Outcome::Pass && !restored {
        CheckResult::fail(seen, "after the burst none is served again")
    } else {
        found
    };
    Ok(found
        .observed("served", most)
        .observed("served_least", least)
        .observed("refused", classes(&refused))
        .expected("served", limit)
        .attempts(served.len() as u64)
        .control("a first connection", Outcome::Pass))
}
