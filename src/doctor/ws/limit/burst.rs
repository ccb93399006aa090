//! Check `ws.limit.burst`: the limit holds when all connections arrive at once.

use super::WsTarget;
use crate::doctor::Check;
use crate::doctor::check_result::{CheckFuture, CheckResult, CheckVerdict, boxed};
use crate::doctor::record::Outcome;
use crate::doctor::ws::connection_set::{GRACE, classes};

pub const CHECK: Check = Check {
    id: "ws.limit.burst",
    claim: "the limit holds when all connections arrive at once",
    method: "Opens `limit + overshoot` connections at once, three times: sends each upgrade request except its last \
             byte, then all last bytes together. Half a second later, counts the connections that answer a liveness \
             request. Fails if there are more than `limit`, or if no connection is served afterwards. Warns if there \
             are fewer.",
    side_effects: "limit + overshoot connections at once, three times",
    risk: "",
    deadline_ms: 60_000,
};

pub fn run(target: WsTarget) -> CheckFuture {
    boxed(check(target))
}

async fn check(target: WsTarget) -> CheckVerdict {
    let (limit, over) = target.total_limit()?;
    let route = target.prepare((limit + over) as u64).await?;
    let (mut served, mut refused) = (Vec::new(), Vec::new());
    for _ in 0..target.trials() {
        let mut connection_set = target.burst(&route, limit + over).await?;
        let settled = connection_set.settle(GRACE).await;
        target.log.record("trial", format!("{} served, refused: {}", settled.served, settled.classes()));
        served.push(settled.served);
        refused.extend(settled.refused);
        connection_set.close().await;
    }
    let (least, most) =
        (served.iter().min().copied().unwrap_or_default(), served.iter().max().copied().unwrap_or_default());
    let seen = (served.len() * (limit + over)) as u64;
    let result = if most > limit {
        CheckResult::fail(seen, format!("expected at most {limit} connections at once, found {most}")).help(
            if least == most {
                "correct `limit` in phx.toml or the limit of the server"
            } else {
                "compare and increment the connection count atomically, before the connection is accepted"
            },
            &[],
        )
    } else if least < limit && !(target.is_uneven() && least >= target.limit()?.0) {
        let which = if least == most { format!("{most}") } else { format!("{least} to {most}") };
        CheckResult::warn(seen, format!("only {which} of {limit} connections are served when all arrive at once"))
    } else {
        CheckResult::pass(seen)
    };
    let restored = target.wait_until_served(&route, target.release_deadline()).await?.is_some();
    let result = if result.outcome == Outcome::Pass && !restored {
        CheckResult::fail(seen, "no connection is served after the burst")
    } else {
        result
    };
    Ok(result
        .observed("served", most)
        .observed("served_least", least)
        .observed("refused", classes(&refused))
        .expected("served", limit)
        .attempts(served.len() as u64)
        .control("first connection", Outcome::Pass))
}
