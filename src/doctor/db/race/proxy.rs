//! Workers whose first words reach the database together.

use super::super::crew::Crew;
use super::super::engine::{Base, Engine};
use super::super::{HARM, OPENS, Site};
use super::Round;
use crate::doctor::Check;
use crate::doctor::fault::{Mode, Upstream};
use crate::doctor::found::{Found, Looking, Verdict, looking};
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
pub fn look(site: Site) -> Looking {
    looking(async move { run(site).await })
}

async fn run(site: Site) -> Verdict {
    site.gate("proxy")?;
    site.init()?;
    let engine = site.engine().await?;
    if matches!(engine, Engine::Sqlite) {
        return Found::skip(NO_WIRE).early();
    }
    let reference = site.reference(&engine).await?;
    let (mut rounds, mut spread) = (Vec::new(), 0);
    for _ in 0..site.rounds() {
        let base = engine.scratch().await?;
        let proxies = barrier(&base, site.workers()).await?;
        let places: Vec<_> = proxies.iter().map(|proxy| base.places(Some(proxy.address))).collect();
        let mut crew = Crew::start(&site, &places)?;
        let arrived = || proxies.iter().filter(|proxy| proxy.count() > 0).count();
        let gathered = crew.gather(async || Ok(arrived())).await?;
        let first: Vec<_> = proxies.iter().filter_map(|proxy| proxy.hits().first().map(|hit| hit.at)).collect();
        if let (Some(start), Some(end)) = (first.iter().min(), first.iter().max()) {
            spread = spread.max(millis(end.duration_since(*start)));
        }
        for proxy in &proxies {
            proxy.tell(Mode::Ok);
        }
        let wrong = site.judged(crew, &base, &reference).await?;
        site.keep(&mut rounds, Round { wrong, gathered: Some(gathered) });
    }
    let found =
        site.verdict(&rounds, "let one worker prepare the database while the others wait, by an advisory lock")?;
    Ok(found.observed("arrival_spread_ms", spread))
}

/// A proxy for each worker; all of them are closed.
///
/// # Errors
/// Where there can be none.
pub async fn barrier(base: &Base, workers: usize) -> Result<Vec<Upstream>, Box<Found>> {
    let Some(behind) = base.behind() else {
        return Found::skip(NO_WIRE).early();
    };
    let mut proxies = Vec::new();
    for _ in 0..workers {
        let proxy = Upstream::local(behind.clone());
        let proxy = proxy.map_err(|error| Box::new(Found::error(format!("nothing can listen here: {error}"))))?;
        proxy.set(Mode::Hold).await;
        proxies.push(proxy);
    }
    Ok(proxies)
}
