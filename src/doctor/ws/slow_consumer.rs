//! Check `ws.slow_consumer`: a client that stops reading affects no other client.

use super::limit::stable::NOISE;
use super::process;
use super::{ANSWER, Joined, WsTarget, unreachable};
use crate::config::doctor::Liveness;
use crate::doctor::Check;
use crate::doctor::check_result::{CheckFuture, CheckResult, CheckVerdict, boxed};
use crate::doctor::record::Outcome;
use crate::doctor::times::Times;
use crate::doctor::ws::HARM;

/// Size of a message to be echoed, in bytes.
const LARGE: usize = 16 << 10;
/// Number of messages: more than the buffers of two sockets hold.
const MESSAGES: usize = 800;
/// Largest growth of the memory of the server, in bytes.
const MAX_GROWTH: u64 = 64 << 20;

pub const CHECK: Check = Check {
    id: "ws.slow_consumer",
    claim: "a client that stops reading affects no other client",
    method: "One client sends 13 MB to be echoed and reads nothing; three others send liveness requests. Fails if \
             their response times more than double and grow by more than 20 ms (99th percentile), if a request is not \
             answered, or if the memory of the server grows by more than 64 MiB (measured if `process` is set). \
             Skipped if `liveness` is not `echo`, because then no data flows, or if `message_rate` is set.",
    side_effects: "four connections, with 13 MB sent on one of them",
    risk: HARM,
    deadline_ms: 60_000,
};

pub fn run(target: WsTarget) -> CheckFuture {
    boxed(check(target))
}

async fn check(target: WsTarget) -> CheckVerdict {
    if target.ws.message_rate.is_some() {
        return CheckResult::skip("`message_rate` is set, so the server may end the client that stops reading").stop();
    }
    let Liveness::Echo { send, .. } = target.ws.liveness.clone() else {
        return CheckResult::skip("`liveness` is not `echo`, so no data flows").stop();
    };
    let route = target.prepare(8).await?;
    let mut joined = Vec::new();
    for _ in 0..4 {
        match target.join(&route).await? {
            Joined::Served(client) => joined.push(client),
            Joined::Refused(refused) => return unreachable(&refused, &route).stop(),
        }
    }
    let Some(slow) = joined.pop() else { return CheckResult::error("cannot open a connection").stop() };
    let processes = process::of(target.ws.process.as_ref());
    let (mut calm, mut busy, mut silent) = (Times::default(), Times::default(), 0_u64);
    for _ in 0..20 {
        for client in &joined {
            calm.add(client.check_liveness(ANSWER).await.unwrap_or(ANSWER));
        }
    }
    let before = process::held(&processes);
    slow.stop_reading();
    let large = send.clone() + &" ".repeat(LARGE.saturating_sub(send.len()));
    for at in 0..MESSAGES {
        slow.text(&large);
        if at % 10 == 0 {
            for client in &joined {
                match client.check_liveness(ANSWER).await {
                    Ok(time) => busy.add(time),
                    Err(_) => silent += 1,
                }
            }
        }
        if silent > 3 {
            break;
        }
    }
    let grown = before.zip(process::held(&processes)).map(|(before, after)| after.memory.saturating_sub(before.memory));
    let (before, during) = (calm.quantile(0.99), busy.quantile(0.99));
    let seen = busy.count() + silent;
    let result = if silent > 0 {
        CheckResult::fail(
            seen,
            format!("while one client stops reading, {silent} liveness requests of others were not answered"),
        )
    } else if during > 2.0 * before && during > before + NOISE {
        CheckResult::fail(
            seen,
            format!(
                "while one client stops reading, response times of others are {during} ms (p99) instead of {before} ms"
            ),
        )
    } else if grown.is_some_and(|grown| grown > MAX_GROWTH) {
        CheckResult::fail(
            seen,
            format!(
                "the memory of the server grows by {} MiB for a client that does not read",
                grown.unwrap_or_default() >> 20
            ),
        )
    } else {
        CheckResult::pass(seen)
    };
    let result = if result.outcome == Outcome::Fail {
        result.help("give each connection a bounded send queue, and end the connection when the queue is full", &[])
    } else {
        result
    };
    Ok(result
        .latency(busy.latency())
        .observed("p99_before_ms", before)
        .observed("grown_bytes", grown)
        .control("first connection", Outcome::Pass))
}
