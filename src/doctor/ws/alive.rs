//! Whether what is accepted is served.

use super::{ANSWER, Joined, WsTarget, unreachable, words};
use crate::doctor::Check;
use crate::doctor::check_result::{CheckFuture, CheckResult, CheckVerdict, boxed};
use crate::doctor::times::Times;

/// How often it is asked.
const ROUNDS: u64 = 20;

/// The check.
pub const CHECK: Check = Check {
    id: "ws.alive",
    claim: "what is accepted is served",
    method: "One connection is asked for a sign of life 20 times: a ping (RFC 6455, section 5.5.2), or the message of `liveness`. \
             Fails where one is not answered within 2 s; skipped where `liveness` is `none`.",
    opens: "one connection",
    harm: "",
    deadline_ms: 15_000,
};

/// Looks.
pub fn run(target: WsTarget) -> CheckFuture {
    boxed(check(target))
}

async fn check(target: WsTarget) -> CheckVerdict {
    if !target.has_liveness() {
        return CheckResult::skip("`liveness` is `none`").stop();
    }
    let route = target.route().await?;
    let client = match target.join(&route).await? {
        Joined::Served(client) => client,
        Joined::Refused(refused) => return unreachable(&refused, &route).stop(),
    };
    let mut times = Times::default();
    for _ in 0..ROUNDS {
        match client.check_liveness(ANSWER).await {
            Ok(time) => times.add(time),
            Err(missing) => {
                return Ok(CheckResult::fail(
                    times.count() + 1,
                    format!("it accepts, and does not serve: {}", words(&missing)),
                ));
            }
        }
    }
    let latency = times.latency();
    let found = CheckResult::pass(times.count()).observed("latency_ms", latency.p50_ms).latency(latency);
    client.close().await;
    Ok(found)
}
