//! Check `ws.limit.exact`: the server serves exactly the configured number of connections. They are opened one at a
//! time, as RFC 6455, section 4.1, requires.

use super::WsTarget;
use crate::doctor::Check;
use crate::doctor::check_result::{CheckFuture, CheckResult, CheckVerdict, boxed};
use crate::doctor::record::Outcome;
use crate::doctor::ws::connection_set::classes;

pub const CHECK: Check = Check {
    id: "ws.limit.exact",
    claim: "the server serves exactly the configured number of connections",
    method: "Opens `limit + overshoot` connections, one at a time, in three trials. A refusal that ends without a \
             freed slot is a rate limit, and the check waits for it; a refusal that ends only when a slot is freed is \
             the connection limit. Half a second after the last connection, a liveness request is sent on each; those \
             that answer are served. Passes if their number is `limit`; fails if it is not; warns if some trials serve \
             fewer. With `limit_scope = \"worker\"`, any number from `limit` to `limit` times `workers` passes. The \
             control is a first connection. After all connections are closed, one more must be served within \
             `release_deadline`.",
    side_effects: "limit + overshoot connections, one at a time, in three trials",
    risk: "",
    deadline_ms: 60_000,
};

pub fn run(target: WsTarget) -> CheckFuture {
    boxed(check(target))
}

async fn check(target: WsTarget) -> CheckVerdict {
    let (limit, over) = target.total_limit()?;
    let route = target.prepare((limit + over) as u64).await?;
    let baseline = target.baseline().await?;
    let (mut kind, mut served, mut first, mut refused) = (None, Vec::new(), None, Vec::new());
    for _ in 0..target.trials() {
        let settled = target.trial(&route, (limit, over), &mut kind).await?;
        served.push(settled.served + baseline);
        first = first.or(settled.first);
        refused.extend(settled.refused);
        if settled.served > limit {
            break;
        }
    }
    let restored = target.wait_until_served(&route, target.release_deadline()).await?;
    let (least, most) =
        (served.iter().min().copied().unwrap_or_default(), served.iter().max().copied().unwrap_or_default());
    let share = target.limit()?.0;
    let result = if target.is_uneven() && most <= limit && least >= share {
        CheckResult::pass(most as u64)
    } else if most >= limit + over {
        CheckResult::fail(
            most as u64,
            format!("the limit of {limit} is not enforced: {most} connections are served at once"),
        )
        .help("enforce the limit where the connections of all workers are counted", &[])
    } else if most == limit + 1 || (least == most && most + 1 == limit) {
        CheckResult::fail(
            most as u64,
            format!("expected a limit of {limit}, found {most} (one {})", if most > limit { "more" } else { "less" }),
        )
        .help("verify the comparison of the connection count with the limit in the server (`<` or `<=`)", &[])
    } else if most != limit {
        CheckResult::fail(most as u64, format!("expected {limit} connections at once, found {most}"))
            .help("correct `limit` in phx.toml or the limit of the server", &[])
    } else if least < limit {
        CheckResult::warn(most as u64, format!("in some trials only {least} of {limit} connections are served"))
    } else if restored.is_none() {
        CheckResult::fail(most as u64, "after all connections were closed, no new one is served")
    } else {
        CheckResult::pass(most as u64)
    };
    let result = result
        .observed("served", most)
        .observed("served_least", least)
        .observed("baseline", baseline)
        .observed("refused", classes(&refused))
        .observed("first_refusal", first)
        .expected("served", limit)
        .attempts(served.len() as u64)
        .control("first connection", Outcome::Pass);
    target.refusals.borrow_mut().extend(refused);
    Ok(result)
}
