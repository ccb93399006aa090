//! Check: the first messages of all workers reach the database at the same time.

use super::super::engine::{DatabaseEngine, ScratchDatabase};
use super::super::workers::Workers;
use super::super::{DbTarget, HARM, OPENS};
use super::Round;
use crate::doctor::Check;
use crate::doctor::check_result::{CheckFuture, CheckResult, CheckVerdict, boxed};
use crate::doctor::fault::{FaultMode, Upstream};
use crate::doctor::log::millis;

/// Skip message for SQLite.
const NO_WIRE: &str = "SQLite has no connection that can be held";

pub const CHECK: Check = Check {
    id: "db.race.proxy",
    claim: "workers whose connections arrive at the same time initialize the database like a single worker",
    method: "Connects each worker through its own proxy, which holds its first message until those of all workers have arrived. Fails for the reasons of `db.race.start`. Inconclusive if not all workers connect.",
    side_effects: OPENS,
    risk: HARM,
    deadline_ms: 300_000,
};

pub fn run(target: DbTarget) -> CheckFuture {
    boxed(async move { check(target).await })
}

async fn check(target: DbTarget) -> CheckVerdict {
    target.gate("proxy")?;
    target.init()?;
    let engine = target.engine().await?;
    if matches!(engine, DatabaseEngine::Sqlite) {
        return CheckResult::skip(NO_WIRE).stop();
    }
    let reference = target.reference(&engine).await?;
    let (mut rounds, mut spread) = (Vec::new(), 0);
    for _ in 0..target.rounds() {
        let base = engine.scratch().await?;
        let proxies = barrier(&base, target.workers()).await?;
        let places: Vec<_> = proxies.iter().map(|proxy| base.places(Some(proxy.address))).collect();
        let mut workers = Workers::start(&target, &places)?;
        let arrived = || proxies.iter().filter(|proxy| proxy.count() > 0).count();
        let gathered = workers.wait_at_gate(async || Ok(arrived())).await?;
        let first: Vec<_> = proxies.iter().filter_map(|proxy| proxy.hits().first().map(|hit| hit.at)).collect();
        if let (Some(start), Some(end)) = (first.iter().min(), first.iter().max()) {
            spread = spread.max(millis(end.duration_since(*start)));
        }
        for proxy in &proxies {
            proxy.request_mode(FaultMode::Ok);
        }
        let wrong = target.judged(workers, &base, &reference).await?;
        target.keep(&mut rounds, Round { wrong, gathered: Some(gathered) });
    }
    let found = target
        .verdict(&rounds, "take an advisory lock, so that one worker initializes the database while the others wait")?;
    Ok(found.observed("arrival_spread_ms", spread))
}

/// Starts one proxy per worker. All of them hold the connections.
///
/// # Errors
/// Returns a skip if the engine is SQLite.
pub async fn barrier(base: &ScratchDatabase, workers: usize) -> Result<Vec<Upstream>, Box<CheckResult>> {
    let Some(behind) = base.behind() else {
        return CheckResult::skip(NO_WIRE).stop();
    };
    let mut proxies = Vec::new();
    for _ in 0..workers {
        let proxy = Upstream::local(behind.clone());
        let proxy =
            proxy.map_err(|error| Box::new(CheckResult::error(format!("cannot listen on a local port: {error}"))))?;
        proxy.set(FaultMode::Hold).await;
        proxies.push(proxy);
    }
    Ok(proxies)
}
