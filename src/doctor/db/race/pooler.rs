//! Workers that reach the database through a pooler.

use super::super::crew::Crew;
use super::super::engine::{Base, Engine};
use super::super::postgres::Server;
use super::super::{HARM, OPENS, Site};
use super::{Round, left};
use crate::doctor::Check;
use crate::doctor::found::{Found, Looking, Verdict, looking};

/// The check.
pub const CHECK: Check = Check {
    id: "db.race.pooler",
    claim: "workers behind a pooler prepare the database as one alone does, and leave no lock behind",
    method: "Starts `workers` times `init` together on an empty database that they reach by `pooler_dsn`, twice on each of `rounds` databases: a lock of a session that the pooler gives to somebody else strands there. Fails where a worker does not end, or as `db.race.start` does.",
    opens: OPENS,
    harm: HARM,
    deadline_ms: 300_000,
};

/// Looks.
pub fn look(site: Site) -> Looking {
    looking(async move { run(site).await })
}

async fn run(site: Site) -> Verdict {
    let Some(dsn) = &site.db.pooler else { return Found::skip("no `pooler_dsn` is named").early() };
    site.init()?;
    let engine = site.engine().await?;
    let Engine::Postgres(_) = &engine else {
        return Found::skip("only PostgreSQL is looked at behind a pooler").early();
    };
    let pooler = Server::new(dsn, site.db.ca.as_deref(), &site.allow).await;
    let pooler = pooler.map_err(|why| Box::new(Found::error(why.replace("`admin`", "`pooler_dsn`"))))?.through_pooler();
    let reference = site.reference(&engine).await?;
    let mut rounds = Vec::new();
    for _ in 0..site.rounds() {
        let base = engine.scratch().await?;
        let Base::Postgres(scratch) = &base else { break };
        pooler.connect(Some(&scratch.name)).await.map_err(|refusal| {
            Box::new(
                Found::error(format!("the pooler does not lead to a scratch database: {}", refusal.why))
                    .remedy("let it serve any database: `[databases]` `* = host=… port=…`", &[]),
            )
        })?;
        let mut wrong = Vec::new();
        for _ in 0..2 {
            let crew = Crew::start(&site, &site.same(&pooler.places(&scratch.name, None)))?;
            wrong = site.judged(crew, &base, &reference).await?;
            if !wrong.is_empty() {
                break;
            }
        }
        if wrong.is_empty() {
            wrong = left(&base).await?;
        }
        let is_bad = !wrong.is_empty();
        site.keep(&mut rounds, Round { wrong, gathered: None });
        if is_bad {
            break;
        }
    }
    site.verdict(&rounds, "take locks of a transaction (`pg_advisory_xact_lock`), or let migrations go past the pooler")
}
