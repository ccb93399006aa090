//! Whether coming and going leaves something behind.

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

/// How long it is left alone at the end.
const QUIET: Duration = Duration::from_secs(2);
/// How many upgrades are aborted in each cycle.
const ABORTED: usize = 3;
/// Connections where no limit is claimed.
const SOME: usize = 20;

/// The check.
pub const CHECK: Check = Check {
    id: "ws.leak",
    claim: "connections that come and go leave nothing behind",
    method: "All slots (20 where no limit is claimed) are filled and freed again and again, by a farewell, by FIN and by RST in turn, and three upgrades are reset before they are answered. Afterwards as many \
             must be served as before. Where `process` is named, its descriptors, memory and threads are read in each cycle: fails \
             where one has a rising slope (Theil-Sen) and does not come back to its tolerance. Skipped where no `churn` is named.",
    opens: "limit connections, churn.cycles times",
    harm: HARM,
    deadline_ms: 120_000,
};

/// Something that a process holds: its name, how much, and how much more it may be.
type LeakKind = (&'static str, fn(&Held) -> u64, u64);

/// Looks.
pub fn run(target: WsTarget) -> CheckFuture {
    boxed(check(target))
}

async fn check(target: WsTarget) -> CheckVerdict {
    let Some(churn) = target.ws.churn else {
        return CheckResult::skip("no `churn` is named").stop();
    };
    let slots = target.limit().map_or(SOME, |(limit, _)| limit);
    let route = match target.ready(slots as u64).await {
        Err(found) if found.detail.starts_with(LOST) => {
            // The checks before have come and gone, and nothing of them is connected any more.
            return Ok(CheckResult { outcome: Outcome::Fail, observations: 1, ..*found }
                .observed("capacity", 0)
                .expected("capacity", slots)
                .control("an earlier connection", Outcome::Pass));
        }
        ready => ready?,
    };
    let processes = process::of(target.ws.process.as_ref());
    let (baseline, mut series) = (process::held(&processes), Vec::new());
    let cycles = if target.quick { 10 } else { churn.cycles };
    for cycle in 0..cycles {
        let mut connection_set = ConnectionSet::default();
        target.fill(&route, &mut connection_set, slots).await?;
        connection_set.beats(1, &mut crate::doctor::times::Times::default()).await;
        for (at, client) in connection_set.held.drain(..).enumerate() {
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
        target.log.note("cycle", format!("{} of {cycles}", cycle + 1));
    }
    sleep(QUIET).await;
    let end = process::held(&processes);
    let mut connection_set = ConnectionSet::default();
    target.fill(&route, &mut connection_set, slots).await?;
    let capacity = connection_set.settle(ANSWER / 20).await.served;
    connection_set.close().await;
    let mut leaks = Vec::new();
    if capacity < slots {
        leaks.push(format!("after {cycles} cycles {capacity} of {slots} slots are left"));
    }
    let kinds: [LeakKind; 3] = [
        ("descriptors", |held| held.descriptors, churn.fd_tolerance),
        ("bytes of memory", |held| held.memory, churn.rss_tolerance),
        ("threads", |held| held.threads, churn.fd_tolerance),
    ];
    let mut found = CheckResult::pass(cycles);
    if let Some((start, end)) = baseline.zip(end) {
        for (name, of, tolerance) in kinds {
            let rising = slope::theil_sen(&series.iter().map(of).collect::<Vec<_>>());
            let more = of(&end).saturating_sub(of(&start));
            if rising > 0.0 && more > tolerance {
                leaks.push(format!("{more} {name} more than before, {rising:.1} a cycle"));
            }
            found = found.observed(&name.replace(' ', "_"), more).expected(&name.replace(' ', "_"), tolerance);
        }
    } else {
        target.log.note("process", "no `process` can be seen, so its descriptors and memory are not looked at");
    }
    if !leaks.is_empty() {
        found = CheckResult { outcome: Outcome::Fail, ..found }.detail(leaks.join("; "));
        found = found.help("free what a connection holds however it ends", &[]);
    }
    Ok(found.observed("capacity", capacity).expected("capacity", slots).control("a first connection", Outcome::Pass))
}
