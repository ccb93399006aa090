//! Check `ws.stress`: the server sustains the configured message rate.

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

pub const CHECK: Check = Check {
    id: "ws.stress",
    claim: "the server sustains the configured message rate",
    method: "Opens `stress.connections` connections and sends liveness requests on a fixed schedule. Response times \
             count from the scheduled time, so that a stall is not hidden by the requests that wait for it. Fails if \
             the 99th percentile is above `stress.p99`, or if the share of requests without an answer within 2 s is \
             above `stress.max_errors`. Skipped if `stress` is not set, or if `liveness` is `none`.",
    side_effects: "stress.connections connections, with stress.messages_per_second messages for stress.duration",
    risk: HARM,
    deadline_ms: 330_000,
};

pub fn run(target: WsTarget) -> CheckFuture {
    boxed(check(target))
}

async fn check(target: WsTarget) -> CheckVerdict {
    let Some(stress) = target.ws.stress else {
        return CheckResult::skip("`stress` is not set").stop();
    };
    if !target.has_liveness() {
        return CheckResult::skip("`liveness` is `none`").stop();
    }
    let connections = usize::try_from(stress.connections).unwrap_or(usize::MAX);
    let route = target.prepare(stress.connections).await?;
    let mut connection_set = ConnectionSet::default();
    target.fill_to_limit(&route, &mut connection_set, connections).await?;
    if connection_set.open.len() < connections {
        let why = format!("only {} of {connections} connections are served", connection_set.open.len());
        return Ok(CheckResult::fail(connections as u64, why).control("first connection", Outcome::Pass));
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
                let client = &connection_set.open[usize::try_from(sent).unwrap_or(0) % connections];
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
    let result = if share > stress.max_errors {
        CheckResult::fail(u64::from(sent), format!("{errors} of {sent} messages were not answered"))
    } else if p99 > bound {
        CheckResult::fail(
            u64::from(sent),
            format!("expected response times of at most {bound} ms (p99), found {p99} ms"),
        )
    } else {
        CheckResult::pass(u64::from(sent))
    };
    let result = result.latency(times.latency());
    let rate = f64::from(sent) / start.elapsed().as_secs_f64();
    Ok(result
        .observed("latency_ms", p99)
        .observed("error_rate_percent", (share * 10_000.0).round() / 100.0)
        .observed("messages_per_second", rate.round())
        .observed("connections", connections)
        .expected("latency_ms", bound)
        .expected("error_rate_percent", stress.max_errors * 100.0)
        .control("first connection", Outcome::Pass))
}
