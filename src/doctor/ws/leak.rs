//! Check `ws.leak`: opening and closing connections leaks no resources.

use std::time::Duration;

use tokio::time::sleep;

use super::connection_set::{ConnectionSet, GRACE};
use super::process::{self, Held};
use super::{ANSWER, LOST, WsTarget};
use crate::doctor::Check;
use crate::doctor::check_result::{CheckFuture, CheckResult, CheckVerdict, boxed};
use crate::doctor::record::Outcome;
use crate::doctor::slope;
use crate::doctor::ws::HARM;

/// Time without connections before the final measurement.
const SETTLE_TIME: Duration = Duration::from_secs(2);
/// Number of upgrade requests that are reset in each cycle.
const ABORTED: usize = 3;
/// Number of connections if `limit` is not set.
const DEFAULT_SLOTS: usize = 20;

pub const CHECK: Check = Check {
    id: "ws.leak",
    claim: "opening and closing connections leaks no resources",
    method: "Fills all slots (20 if `limit` is not set) and frees them, `churn.cycles` times, by close frame, FIN and \
             RST in turn. In each cycle, three more upgrade requests are reset before they are answered. Fails if not \
             all slots can be filled afterwards. If `process` is set, the open descriptors, memory and threads of the \
             server are read in each cycle: fails if one of them has a rising slope (Theil-Sen) and ends above its \
             tolerance. Skipped if `churn` is not set.",
    side_effects: "limit connections, churn.cycles times",
    risk: HARM,
    deadline_ms: 120_000,
};

/// A resource of a process: name, amount, and tolerated growth.
type LeakKind = (&'static str, fn(&Held) -> u64, u64);

pub fn run(target: WsTarget) -> CheckFuture {
    boxed(check(target))
}

async fn check(target: WsTarget) -> CheckVerdict {
    let Some(churn) = target.ws.churn else {
        return CheckResult::skip("`churn` is not set").stop();
    };
    let slots = target.limit().map_or(DEFAULT_SLOTS, |(limit, _)| limit);
    let route = match target.prepare(slots as u64).await {
        Err(result) if result.detail.starts_with(LOST) => {
            // Earlier checks have closed all of their connections, so the missing slots are leaked.
            return Ok(CheckResult { outcome: Outcome::Fail, observations: 1, ..*result }
                .observed("capacity", 0)
                .expected("capacity", slots)
                .control("earlier connection", Outcome::Pass));
        }
        ready => ready?,
    };
    let processes = process::of(target.ws.process.as_ref());
    let (baseline, mut series) = (process::held(&processes), Vec::new());
    let cycles = if target.quick { 10 } else { churn.cycles };
    for cycle in 0..cycles {
        let mut connection_set = ConnectionSet::default();
        target.fill_to_limit(&route, &mut connection_set, slots).await?;
        connection_set.check_all(1, &mut crate::doctor::times::Times::default()).await;
        for (at, client) in connection_set.open.drain(..).enumerate() {
            match at % 3 {
                0 => client.close().await,
                1 => client.finish().await,
                _ => client.reset().await,
            }
        }
        for _ in 0..ABORTED {
            route.abandon(Duration::ZERO).await;
        }
        sleep(GRACE / 10).await;
        series.extend(process::held(&processes));
        target.log.record("cycle", format!("{} of {cycles}", cycle + 1));
    }
    sleep(SETTLE_TIME).await;
    let end = process::held(&processes);
    let mut connection_set = ConnectionSet::default();
    target.fill_to_limit(&route, &mut connection_set, slots).await?;
    let capacity = connection_set.settle(ANSWER / 20).await.served;
    connection_set.close().await;
    let mut leaks = Vec::new();
    if capacity < slots {
        leaks.push(format!("after {cycles} cycles only {capacity} of {slots} slots are left"));
    }
    let kinds: [LeakKind; 3] = [
        ("descriptors", |held| held.descriptors, churn.fd_tolerance),
        ("bytes of memory", |held| held.memory, churn.rss_tolerance),
        ("threads", |held| held.threads, churn.fd_tolerance),
    ];
    let mut result = CheckResult::pass(cycles);
    if let Some((start, end)) = baseline.zip(end) {
        for (name, of, tolerance) in kinds {
            let rising = slope::theil_sen(&series.iter().map(of).collect::<Vec<_>>());
            let more = of(&end).saturating_sub(of(&start));
            if rising > 0.0 && more > tolerance {
                leaks.push(format!("{more} more {name} than before, rising by {rising:.1} per cycle"));
            }
            result = result.observed(&name.replace(' ', "_"), more).expected(&name.replace(' ', "_"), tolerance);
        }
    } else {
        target.log.record(
            "process",
            "`process` is not set or not visible, so its descriptors, memory and threads are not checked",
        );
    }
    if !leaks.is_empty() {
        result = CheckResult { outcome: Outcome::Fail, ..result }.detail(leaks.join("; "));
        result = result.help("release all resources of a connection however it ends", &[]);
    }
    Ok(result.observed("capacity", capacity).expected("capacity", slots).control("first connection", Outcome::Pass))
}
