//! Check `ws.alive`: accepted connections answer liveness requests.

use super::{ANSWER, Joined, WsTarget, unreachable, words};
use crate::doctor::Check;
use crate::doctor::check_result::{CheckFuture, CheckResult, CheckVerdict, boxed};
use crate::doctor::times::Times;

/// Number of liveness requests.
const ROUNDS: u64 = 20;

pub const CHECK: Check = Check {
    id: "ws.alive",
    claim: "accepted connections are served",
    method: "Sends 20 liveness requests on one connection: a ping (RFC 6455, section 5.5.2), or the message configured \
             in `liveness`. Fails if one is not answered within 2 s. Skipped if `liveness` is `none`.",
    side_effects: "one connection",
    risk: "",
    deadline_ms: 15_000,
};

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
                    format!("connections are accepted but not served: {}", words(&missing)),
                ));
            }
        }
    }
    let latency = times.latency();
    let result = CheckResult::pass(times.count()).observed("latency_ms", latency.p50_ms).latency(latency);
    client.close().await;
    Ok(result)
}
