//! Whether the rate of messages is limited, for each connection by itself.

use std::time::{Duration, Instant};

use tokio::time::sleep;

use super::super::limit::stable::NOISE;
use super::super::{ANSWER, Joined, WsTarget, seconds, unreachable};
use crate::config::doctor::Liveness;
use crate::doctor::Check;
use crate::doctor::check_result::{CheckFuture, CheckResult, CheckVerdict, boxed};
use crate::doctor::record::Outcome;
use crate::doctor::times::Times;
use crate::doctor::ws::HARM;

/// For how long one floods.
const FLOOD: Duration = Duration::from_secs(3);

/// The check.
pub const CHECK: Check = Check {
    id: "ws.rate.message",
    claim: "messages are limited to the rate that is claimed, for each connection by itself",
    method: "One connection sends messages at ten times the claimed rate for 3 s, another one is asked for signs of life. Passes where the first one is \
             ended, or answered at the claimed rate only; fails where it is neither, and where the answers to the other one take \
             more than twice as long (and 20 ms more). Skipped where no `message_rate` is claimed.",
    opens: "two connections, and a flood of messages on one",
    harm: HARM,
    deadline_ms: 20_000,
};

/// Looks.
pub fn run(target: WsTarget) -> CheckFuture {
    boxed(check(target))
}

async fn check(target: WsTarget) -> CheckVerdict {
    let Some(rate) = target.ws.message_rate else {
        return CheckResult::skip("no `message_rate` is claimed").stop();
    };
    let text = match &target.ws.liveness {
        Liveness::Echo { send, .. } => send.clone(),
        Liveness::Ping | Liveness::None => "phx".to_owned(),
    };
    let route = target.ready(8).await?;
    let mut joined = Vec::new();
    for _ in 0..2 {
        match target.join(&route).await? {
            Joined::Served(client) => joined.push(client),
            Joined::Refused(refused) => return unreachable(&refused, &route).stop(),
        }
    }
    let [flood, neighbour] = &joined[..] else { return CheckResult::error("two connections are needed").stop() };
    let (mut calm, mut busy) = (Times::default(), Times::default());
    for _ in 0..20 {
        calm.add(neighbour.check_liveness(ANSWER).await.unwrap_or(ANSWER));
    }
    let gap = seconds(0.1 / rate.per_second).max(Duration::from_millis(1));
    let (start, mut sent) = (Instant::now(), 0_u64);
    while start.elapsed() < FLOOD && flood.gone().is_none() {
        flood.text(&text);
        sent += 1;
        if sent.is_multiple_of(10) {
            busy.add(neighbour.check_liveness(ANSWER).await.unwrap_or(ANSWER));
        }
        sleep(gap).await;
    }
    let after = start.elapsed();
    let gone = flood.gone();
    let answered = flood.messages();
    #[allow(clippy::cast_precision_loss)]
    let is_slowed =
        answered > 0 && (answered as f64) <= (rate.per_second * after.as_secs_f64() + rate.burst) * 1.2 + 1.0;
    let (before, during) = (calm.quantile(0.99), busy.quantile(0.99));
    let found = if gone.is_none() && !is_slowed {
        CheckResult::fail(sent, format!("{sent} messages in {} ms were all taken", after.as_millis()))
            .help("count the messages of each connection, and close it with 1008 when they are too many", &[])
    } else if busy.count() > 0 && during > 2.0 * before && during > before + NOISE {
        CheckResult::fail(
            sent,
            format!("another connection waits {during} ms (p99) instead of {before} ms while one floods"),
        )
    } else {
        CheckResult::pass(sent)
    };
    let ended = gone.map_or_else(|| "it was not ended".to_owned(), |gone| gone.class);
    Ok(found
        .observed("sent", sent)
        .observed("answered", answered)
        .observed("ended", ended)
        .observed("neighbour_p99_ms", during)
        .observed("neighbour_p99_before_ms", before)
        .control("a first connection", Outcome::Pass))
}
