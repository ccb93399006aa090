//! Workers whose first words reach the database together.

use super::super::engine::{DatabaseEngine, ScratchDatabase};
use super::super::workers::Workers;
use super::super::{DbTarget, HARM, OPENS};
use super::Round;
use crate::doctor::Check;
use crate::doctor::check_result::{CheckFuture, CheckResult, CheckVerdict, boxed};
use crate::doctor::fault::{FaultMode, Upstream};
use crate::doctor::log::millis;

/// Why nothing is held.
const NO_WIRE: &str = "a file has no connection that could be held";

/// The check.
pub const CHECK: Check = Check {
    id: "db.race.proxy",
    claim: "workers whose connections arrive together prepare the database as one alone does",
    method: "Each worker connects through a proxy of its own that keeps its first words until those of all have come. Fails as `db.race.start` does; where not all workers come, nothing is proven.",
    opens: OPENS,
    harm: HARM,
    deadline_ms: 300_000,
};

/// Looks.
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
            proxy.tell(FaultMode::Ok);
        }
        let wrong = target.judged(workers, &base, &reference).await?;
        target.keep(&mut rounds, Round { wrong, gathered: Some(gathered) });
    }
    let found =
        target.verdict(&rounds, "let one worker prepare the database while the others wait, by an advisory lock")?;
    Ok(found.observed("arrival_spread_ms", spread))
}

/// A proxy for each worker; all of them are closed.
///
/// # Errors
/// Where there can be none.
pub async fn barrier(base: &ScratchDatabase, workers: usize) -> Result<Vec<Upstream>, Box<CheckResult>> {
    let Some(behind) = base.behind() else {
        return CheckResult::skip(NO_WIRE).stop();
    };
    let mut proxies = Vec::new();
    for _ in 0..workers {
        let proxy = Upstream::local(behind.clone());
        let proxy = proxy.map_err(|error| Box::new(CheckResult::error(format!("nothing can listen here: {error}"))))?;
        proxy.set(FaultMode::Hold).await;
        proxies.push(proxy);
    }
    Ok(proxies)
}
