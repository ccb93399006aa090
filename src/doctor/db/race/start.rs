//! Workers that are started together.

use super::super::crew::Crew;
use super::super::{HARM, OPENS, Site};
use super::Round;
use crate::doctor::Check;
use crate::doctor::found::{Looking, Verdict, looking};

/// The check.
pub const CHECK: Check = Check {
    id: "db.race.start",
    claim: "workers that start together prepare the database as one alone does",
    method: "Starts `workers` times `init` together on an empty database, `rounds` times. Fails where one ends badly or says that it met another one, where schema or rows are not those of the reference, or locks are left. The power is low: what collides once in ten starts may not collide.",
    opens: OPENS,
    harm: HARM,
    deadline_ms: 300_000,
};

/// Looks.
pub fn look(site: Site) -> Looking {
    looking(async move { run(site).await })
}

async fn run(site: Site) -> Verdict {
    site.gate("start")?;
    site.init()?;
    let engine = site.engine().await?;
    let reference = site.reference(&engine).await?;
    let mut rounds = Vec::new();
    for _ in 0..site.rounds() {
        let base = engine.scratch().await?;
        let crew = Crew::start(&site, &site.same(&base.places(None)))?;
        let wrong = site.judged(crew, &base, &reference).await?;
        site.keep(&mut rounds, Round { wrong, gathered: None });
    }
    site.verdict(&rounds, "let one worker prepare the database while the others wait, by an advisory lock")
}
