//! Whether those that are served notice that others are refused.

use std::time::{Duration, Instant};

use tokio::time::sleep;

use super::WsTarget;
use crate::doctor::Check;
use crate::doctor::check_result::{CheckFuture, CheckResult, CheckVerdict, boxed};
use crate::doctor::record::Outcome;
use crate::doctor::times::Times;
use crate::doctor::ws::connection_set::living;
use crate::doctor::ws::{ANSWER, Joined};

/// For how long newcomers are refused.
const WATCH: Duration = Duration::from_secs(3);
/// A newcomer comes this often.
const PACE: Duration = Duration::from_millis(20);
/// Differences below this, in milliseconds, are the noise of the machine.
pub const NOISE: f64 = 20.0;

/// Of so many newcomers one resets its connection.
const RESETS: u64 = 4;
/// How long such a one waits for its answer.
const ANSWERED: Duration = Duration::from_millis(500);

/// The check.
pub const CHECK: Check = Check {
    id: "ws.limit.stable",
    claim: "refusals do not hurt those that are served",
    method: "All slots are held; for 3 s a newcomer comes every 20 ms, each fourth one resets its connection when it is answered, and the held ones are asked for signs of life. Fails if one of \
             them ended; warns where the 99th percentile of their answers more than doubled, and by more than 20 ms.",
    opens: "limit connections, and 50 a second beside them for 3 s",
    harm: "",
    deadline_ms: 30_000,
};

/// Looks.
pub fn run(target: WsTarget) -> CheckFuture {
    boxed(check(target))
}

async fn check(target: WsTarget) -> CheckVerdict {
    let (limit, over) = target.limit()?;
    let route = target.ready((limit + over) as u64).await?;
    if let Some(evicted) = target.evicts(&route, limit).await? {
        let why = format!("the server ends an older connection for each newcomer: {evicted} of {limit} ended");
        return Ok(CheckResult::fail(limit as u64, why)
            .help("refuse the newcomer, not the one that is there", &[])
            .observed("evicted", evicted)
            .expected("evicted", 0)
            .control("a first connection", Outcome::Pass));
    }
    let mut connection_set = target.full(&route, limit).await?;
    let (mut before, mut during) = (Times::default(), Times::default());
    connection_set.beats(5, &mut before).await;
    let watch = if target.quick { WATCH / 3 } else { WATCH };
    let (start, mut asked, mut refused, mut intruders) = (Instant::now(), 0_u64, 0_u64, Vec::new());
    while start.elapsed() < watch {
        asked += 1;
        if asked.is_multiple_of(RESETS) {
            route.abandon(ANSWERED).await;
        }
        match target.join(&route).await? {
            Joined::Refused(_) => refused += 1,
            Joined::Served(client) => intruders.push(client),
        }
        let some = connection_set.held.len().min(20);
        for client in &connection_set.held[..some] {
            if let Ok(time) = client.check_liveness(ANSWER).await {
                during.add(time);
            }
        }
        sleep(PACE).await;
    }
    // A server may also refuse by a close frame behind the upgrade.
    let (alive, closed) = living(intruders).await;
    refused += closed as u64;
    for client in alive {
        client.close().await;
    }
    if refused == 0 {
        return CheckResult::error("nobody was refused, so nothing is known of those that were served meanwhile")
            .stop();
    }
    let settled = connection_set.settle(Duration::ZERO).await;
    let dead = limit - settled.served.min(limit);
    connection_set.close().await;
    let (calm, busy) = (before.quantile(0.99), during.quantile(0.99));
    let found = if dead > 0 {
        CheckResult::fail(during.count(), format!("{dead} of {limit} that were served ended while others were refused"))
            .help(
                "refuse the newcomer, not the one that is there; handle errors of connections that are refused, too",
                &[],
            )
    } else if busy > 2.0 * calm && busy > calm + NOISE {
        CheckResult::warn(
            during.count(),
            format!("while others are refused, answers take {busy} ms (p99) instead of {calm} ms"),
        )
    } else {
        CheckResult::pass(during.count())
    };
    let found = found.latency(during.latency());
    Ok(found
        .observed("evicted", dead)
        .observed("refused", refused)
        .observed("p99_before_ms", calm)
        .expected("evicted", 0)
        .control("a first connection", Outcome::Pass))
}
