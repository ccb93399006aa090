//! Whether handshakes that are begun and not ended keep others out.

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

/// A real client must be served within this time.
const PROMPT: Duration = Duration::from_secs(5);

/// The check.
pub const CHECK: Check = Check {
    id: "ws.release.abandoned",
    claim: "half a handshake keeps nobody out",
    method: "`limit + overshoot` connections (100 where no limit is claimed) send half an upgrade and stay; then a real client must be served \
             within 5 s.",
    opens: "limit + overshoot connections, or 100",
    harm: HARM,
    deadline_ms: 30_000,
};

/// Looks.
pub fn run(target: WsTarget) -> CheckFuture {
    boxed(check(target))
}

async fn check(target: WsTarget) -> CheckVerdict {
    let count = target.limit().map_or(100, |(limit, over)| limit + over);
    let route = target.ready(count as u64).await?;
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
    target.log.note("abandoned", format!("{} half handshakes stand", halves.len()));
    let start = Instant::now();
    let served = timeout(PROMPT, async {
        match target.join(&route).await? {
            Joined::Served(client) => {
                Ok::<_, Box<CheckResult>>(client.check_liveness(ANSWER).await.map_err(|missing| words(&missing)))
            }
            Joined::Refused(refused) => Ok(Err(refused.class)),
        }
    });
    let seen = halves.len() as u64;
    let found = match served.await {
        Ok(served) => match served? {
            Ok(_) => CheckResult::pass(seen).observed("served_ms", millis(start.elapsed())),
            Err(why) => {
                CheckResult::fail(seen, format!("beside {seen} half handshakes a real client is not served: {why}"))
            }
        },
        Err(_) => CheckResult::fail(
            seen,
            format!("beside {seen} half handshakes a real client is not served within {} s", PROMPT.as_secs()),
        ),
    };
    let found = if found.outcome == Outcome::Fail {
        found.help("count a connection when it is upgraded, and give an upgrade a deadline", &[])
    } else {
        found
    };
    Ok(found.observed("abandoned", seen).control("a first connection", Outcome::Pass))
}
