//! Check `ws.rate.message`: each connection is limited to the configured message rate.

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

/// Duration of the flood.
const FLOOD: Duration = Duration::from_secs(3);

pub const CHECK: Check = Check {
    id: "ws.rate.message",
    claim: "each connection is limited to the configured message rate",
    method: "One connection sends messages at ten times `message_rate` for 3 s; another one sends liveness requests. \
             Passes if the first one is ended, or answered no faster than `message_rate`. Fails if it is neither, or \
             if the response times of the other one more than double and grow by more than 20 ms (99th percentile). \
             Skipped if `message_rate` is not set.",
    side_effects: "two connections, with a flood of messages on one of them",
    risk: HARM,
    deadline_ms: 20_000,
};

pub fn run(target: WsTarget) -> CheckFuture {
    boxed(check(target))
}

async fn check(target: WsTarget) -> CheckVerdict {
    let Some(rate) = target.ws.message_rate else {
        return CheckResult::skip("`message_rate` is not set").stop();
    };
    let text = match &target.ws.liveness {
        Liveness::Echo { send, .. } => send.clone(),
        Liveness::Ping | Liveness::None => "phx".to_owned(),
    };
    let route = target.prepare(8).await?;
    let mut joined = Vec::new();
    for _ in 0..2 {
        match target.join(&route).await? {
            Joined::Served(client) => joined.push(client),
            Joined::Refused(refused) => return unreachable(&refused, &route).stop(),
        }
    }
    let [flood, neighbour] = &joined[..] else { return CheckResult::error("cannot open two connections").stop() };
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
    let result = if gone.is_none() && !is_slowed {
        CheckResult::fail(sent, format!("all {sent} messages sent in {} ms were accepted", after.as_millis()))
            .help("count the messages of each connection, and close it with 1008 above the limit", &[])
    } else if busy.count() > 0 && during > 2.0 * before && during > before + NOISE {
        CheckResult::fail(
            sent,
            format!(
                "during the flood, response times of another connection are {during} ms (p99) instead of {before} ms"
            ),
        )
    } else {
        CheckResult::pass(sent)
    };
    let ended = gone.map_or_else(|| "not ended".to_owned(), |gone| gone.class);
    Ok(result
        .observed("sent", sent)
        .observed("answered", answered)
        .observed("ended", ended)
        .observed("neighbour_p99_ms", during)
        .observed("neighbour_p99_before_ms", before)
        .control("first connection", Outcome::Pass))
}
