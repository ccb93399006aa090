//! Whether a client that stops reading costs only itself.

use super::limit::stable::NOISE;
use super::process;
use super::{ANSWER, Joined, WsTarget, unreachable};
use crate::config::doctor::Liveness;
use crate::doctor::Check;
use crate::doctor::check_result::{CheckFuture, CheckResult, CheckVerdict, boxed};
use crate::doctor::record::Outcome;
use crate::doctor::times::Times;
use crate::doctor::ws::HARM;

/// How large a message is that is sent to be echoed, in bytes.
const LARGE: usize = 16 << 10;
/// How many of them: more than the buffers of two sockets hold.
const MANY: usize = 800;
/// How much memory the server may take for it, in bytes.
const MEMORY: u64 = 64 << 20;

/// The check.
pub const CHECK: Check = Check {
    id: "ws.slow_consumer",
    claim: "a client that stops reading costs only itself",
    method: "One client sends 13 MB to be echoed and reads nothing; three others are asked for signs of life. Fails where their answers \
             take more than twice as long (p99, and 20 ms more), where one gets none, and where the server takes more than 64 MiB \
             for it (where `process` is named). Skipped where `liveness` is not `echo`: then no data flows.",
    opens: "four connections, and 13 MB on one of them",
    harm: HARM,
    deadline_ms: 60_000,
};

/// Looks.
pub fn run(target: WsTarget) -> CheckFuture {
    boxed(check(target))
}

async fn check(target: WsTarget) -> CheckVerdict {
    if target.ws.message_rate.is_some() {
        return CheckResult::skip("a `message_rate` is claimed, which would end the one that stops reading").stop();
    }
    let Liveness::Echo { send, .. } = target.ws.liveness.clone() else {
        return CheckResult::skip("`liveness` is not `echo`, so no data flows").stop();
    };
    let route = target.ready(8).await?;
    let mut joined = Vec::new();
    for _ in 0..4 {
        match target.join(&route).await? {
            Joined::Served(client) => joined.push(client),
            Joined::Refused(refused) => return unreachable(&refused, &route).stop(),
        }
    }
    let Some(slow) = joined.pop() else { return CheckResult::error("a connection is needed").stop() };
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
    for at in 0..MANY {
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
    let found = if silent > 0 {
        CheckResult::fail(
            seen,
            format!("beside a client that stops reading, {silent} signs of life of others were not answered"),
        )
    } else if during > 2.0 * before && during > before + NOISE {
        CheckResult::fail(
            seen,
            format!("beside a client that stops reading, others wait {during} ms (p99) instead of {before} ms"),
        )
    } else if grown.is_some_and(|grown| grown > MEMORY) {
        CheckResult::fail(
            seen,
            format!("the server takes {} MiB for a client that does not read", grown.unwrap_or_default() >> 20),
        )
    } else {
        CheckResult::pass(seen)
    };
    let found = if found.outcome == Outcome::Fail {
        found.help("give each connection a bounded queue of its own, and end the connection when it is full", &[])
    } else {
        found
    };
    Ok(found
        .latency(busy.latency())
        .observed("p99_before_ms", before)
        .observed("grown_bytes", grown)
        .control("a first connection", Outcome::Pass))
}
