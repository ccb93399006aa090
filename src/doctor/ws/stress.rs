//! Whether the server bears what it claims to bear.

use std::time::{Duration, Instant};

use futures_util::StreamExt;
use futures_util::stream::FuturesUnordered;
use tokio::time::sleep_until;

use super::connection_set::ConnectionSet;
use super::{ANSWER, WsTarget};
use crate::doctor::Check;
use crate::doctor::check_result::{CheckFuture, CheckResult, CheckVerdict, boxed};
use crate::doctor::record::Outcome;
use crate::doctor::times::Times;
use crate::doctor::ws::HARM;

/// The check.
pub const CHECK: Check = Check {
    id: "ws.stress",
    claim: "it bears the messages that it claims to bear",
    method: "`stress.connections` are held; signs of life are asked for on a fixed schedule, and the time of each answer counts from when \
             it was due, so that a stall is not hidden by the messages that wait behind it. Fails where the 99th percentile is \
             above `p99`, or more than `max_errors` of them are not answered within 2 s. Skipped where no `stress` is named.",
    opens: "stress.connections connections, with messages_per_second messages, for stress.duration",
    harm: HARM,
    deadline_ms: 330_000,
};

/// Looks.
pub fn run(target: WsTarget) -> CheckFuture {
    boxed(check(target))
}

async fn check(target: WsTarget) -> CheckVerdict {
    let Some(stress) = target.ws.stress else {
        return CheckResult::skip("no `stress` is named").stop();
    };
    if !target.has_liveness() {
        return CheckResult::skip("`liveness` is `none`").stop();
    }
    let connections = usize::try_from(stress.connections).unwrap_or(usize::MAX);
    let route = target.ready(stress.connections).await?;
    let mut connection_set = ConnectionSet::default();
    target.fill(&route, &mut connection_set, connections).await?;
    if connection_set.held.len() < connections {
        let why = format!("only {} of {connections} connections are served", connection_set.held.len());
        return Ok(CheckResult::fail(connections as u64, why).control("a first connection", Outcome::Pass));
    }
    let duration = Duration::from_millis(if target.quick { stress.duration_ms.min(2_000) } else { stress.duration_ms });
    let gap = Duration::from_secs(1) / u32::try_from(stress.messages_per_second).unwrap_or(u32::MAX);
    let (start, mut times, mut errors, mut sent) = (Instant::now(), Times::default(), 0_u64, 0_u32);
    let mut waiting = FuturesUnordered::new();
    loop {
        let due = start + gap * sent;
        let is_over = due.duration_since(start) >= duration;
        if is_over && waiting.is_empty() {
            break;
        }
        tokio::select! {
            Some(answer) = waiting.next() => match answer {
                Some(time) => times.add(time),
                None => errors += 1,
            },
            () = sleep_until(due.into()), if !is_over => {
                let client = &connection_set.held[usize::try_from(sent).unwrap_or(0) % connections];
                waiting.push(async move { client.check_liveness(ANSWER).await.ok().map(|_| due.elapsed()) });
                sent += 1;
            }
        }
    }
    drop(waiting);
    connection_set.close().await;
    let p99 = times.quantile(0.99);
    let share = f64::from(u32::try_from(errors).unwrap_or(u32::MAX)) / f64::from(sent.max(1));
    #[allow(clippy::cast_precision_loss)]
    let bound = stress.p99_ms as f64;
    let found = if share > stress.max_errors {
        CheckResult::fail(u64::from(sent), format!("{errors} of {sent} messages were not answered"))
    } else if p99 > bound {
        CheckResult::fail(
            u64::from(sent),
            format!("the 99th percentile of the answers is {p99} ms, and {bound} ms are claimed"),
        )
    } else {
        CheckResult::pass(u64::from(sent))
    };
    let found = found.latency(times.latency());
    let rate = f64::from(sent) / start.elapsed().as_secs_f64();
    Ok(found
        .observed("latency_ms", p99)
        .observed("error_rate_percent", (share * 10_000.0).round() / 100.0)
        .observed("messages_per_second", rate.round())
        .observed("connections", connections)
        .expected("latency_ms", bound)
        .expected("error_rate_percent", stress.max_errors * 100.0)
        .control("a first connection", Outcome::Pass))
}
