//! Check `ws.release.abandoned`: unfinished handshakes do not keep other clients out.

use std::time::{Duration, Instant};

use tokio::io::AsyncWriteExt;
use tokio::time::timeout;

use super::super::dial::Dialed;
use super::super::{ANSWER, Joined, WsTarget, words};
use crate::doctor::Check;
use crate::doctor::check_result::{CheckFuture, CheckResult, CheckVerdict, boxed};
use crate::doctor::log::millis;
use crate::doctor::record::Outcome;
use crate::doctor::ws::HARM;

/// Time in which a complete client must be served.
const SERVE_TIMEOUT: Duration = Duration::from_secs(5);

pub const CHECK: Check = Check {
    id: "ws.release.abandoned",
    claim: "unfinished handshakes do not keep other clients out",
    method: "Opens `limit + overshoot` connections (100 if `limit` is not set), sends half an upgrade request on each, \
             and keeps them open. Fails if a complete client is not served within 5 s.",
    side_effects: "limit + overshoot connections, or 100",
    risk: HARM,
    deadline_ms: 30_000,
};

pub fn run(target: WsTarget) -> CheckFuture {
    boxed(check(target))
}

async fn check(target: WsTarget) -> CheckVerdict {
    let count = target.limit().map_or(100, |(limit, over)| limit + over);
    let route = target.prepare(count as u64).await?;
    let (request, _) = route.request();
    let mut halves = Vec::new();
    for _ in 0..count {
        match route.connect().await {
            Ok((mut stream, _)) => {
                let _ = stream.write_all(&request[..request.len() / 2]).await;
                halves.push(stream);
            }
            Err(Dialed::Broken(why)) => return CheckResult::error(why).stop(),
            Err(_) => break,
        }
    }
    target.log.record("abandoned", format!("{} unfinished handshakes are open", halves.len()));
    let start = Instant::now();
    let served = timeout(SERVE_TIMEOUT, async {
        match target.join(&route).await? {
            Joined::Served(client) => {
                Ok::<_, Box<CheckResult>>(client.check_liveness(ANSWER).await.map_err(|missing| words(&missing)))
            }
            Joined::Refused(refused) => Ok(Err(refused.class)),
        }
    });
    let seen = halves.len() as u64;
    let result = match served.await {
        Ok(served) => match served? {
            Ok(_) => CheckResult::pass(seen).observed("served_ms", millis(start.elapsed())),
            Err(why) => CheckResult::fail(
                seen,
                format!("with {seen} unfinished handshakes open, a complete client is not served: {why}"),
            ),
        },
        Err(_) => CheckResult::fail(
            seen,
            format!(
                "with {seen} unfinished handshakes open, a complete client is not served within {} s",
                SERVE_TIMEOUT.as_secs()
            ),
        ),
    };
    let result = if result.outcome == Outcome::Fail {
        result.help("count a connection when it is upgraded, and set a timeout for upgrades", &[])
    } else {
        result
    };
    Ok(result.observed("abandoned", seen).control("first connection", Outcome::Pass))
}
