//! Whether the limit is the one that is claimed, connections coming one after the other (RFC 6455, section 4.1, asks for that).

use super::WsTarget;
use crate::doctor::Check;
use crate::doctor::check_result::{CheckFuture, CheckResult, CheckVerdict, boxed};
use crate::doctor::record::Outcome;
use crate::doctor::ws::connection_set::classes;

/// The check.
pub const CHECK: Check = Check {
    id: "ws.limit.exact",
    claim: "the server serves exactly as many connections as it claims",
    method: "`limit + overshoot` connections, one after the other, three times. A refusal that passes by itself limits the rate \
             and is waited for; one that passes when a slot is freed limits the number. Half a second after the last one each \
             is asked for a sign of life: served is what answers. Passes where that is `limit`; fails where it is not; warns \
             where the trials differ below it. The first connection is the control, one after all are closed the restoration.",
    opens: "limit + overshoot connections, one after the other, three times",
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
    let restored = target.until_served(&route, target.release_deadline()).await?;
    let (least, most) =
        (served.iter().min().copied().unwrap_or_default(), served.iter().max().copied().unwrap_or_default());
    let share = target.limit()?.0;
    let found = if target.is_uneven() && most <= limit && least >= share {
        CheckResult::pass(most as u64)
    } else if most >= limit + over {
        CheckResult::fail(most as u64, format!("the limit of {limit} is not enforced: {most} are served at once"))
            .help("limit the connections where they are counted for all workers together", &[])
    } else if most == limit + 1 || (least == most && most + 1 == limit) {
        CheckResult::fail(
            most as u64,
            format!("the limit is {most}, one {} than the claimed {limit}", if most > limit { "more" } else { "less" }),
        )
        .help("look whether the server counts up to its limit or below it", &[])
    } else if most != limit {
        CheckResult::fail(most as u64, format!("{most} are served at once, and {limit} are claimed"))
            .help("correct `limit` in phx.toml, or the limit of the server", &[])
    } else if least < limit {
        CheckResult::warn(most as u64, format!("in some trials only {least} of {limit} are served"))
    } else if restored.is_none() {
        CheckResult::fail(most as u64, "after all were closed, none is served again")
    } else {
        CheckResult::pass(most as u64)
    };
    let found = found
        .observed("served", most)
        .observed("served_least", least)
        .observed("baseline", baseline)
        .observed("refused", classes(&refused))
        .observed("first_refusal", first)
        .expected("served", limit)
        .attempts(served.len() as u64)
        .control("a first connection", Outcome::Pass);
    target.refusals.borrow_mut().extend(refused);
    Ok(found)
}
