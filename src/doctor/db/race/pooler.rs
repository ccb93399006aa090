//! Workers that reach the database through a pooler.

use super::super::engine::{DatabaseEngine, ScratchDatabase};
use super::super::postgres::PostgresServer;
use super::super::workers::Workers;
use super::super::{DbTarget, HARM, OPENS};
use super::{Round, left};
use crate::doctor::Check;
use crate::doctor::check_result::{CheckFuture, CheckResult, CheckVerdict, boxed};

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
pub fn run(target: DbTarget) -> CheckFuture {
    boxed(async move { check(target).await })
}

async fn check(target: DbTarget) -> CheckVerdict {
    let Some(dsn) = &target.db.pooler else { return CheckResult::skip("no `pooler_dsn` is named").stop() };
    target.init()?;
    let engine = target.engine().await?;
    let DatabaseEngine::Postgres(_) = &engine else {
        return CheckResult::skip("only PostgreSQL is looked at behind a pooler").stop();
    };
    let pooler = PostgresServer::new(dsn, target.db.ca.as_deref(), &target.allow).await;
    let pooler =
        pooler.map_err(|why| Box::new(CheckResult::error(why.replace("`admin`", "`pooler_dsn`"))))?.through_pooler();
    let reference = target.reference(&engine).await?;
    let mut rounds = Vec::new();
    for _ in 0..target.rounds() {
        let base = engine.scratch().await?;
        let ScratchDatabase::Postgres(scratch) = &base else { break };
        pooler.connect(Some(&scratch.name)).await.map_err(|refusal| {
            Box::new(
                CheckResult::error(format!("the pooler does not lead to a scratch database: {}", refusal.why))
                    .help("let it serve any database: `[databases]` `* = host=… port=…`", &[]),
            )
        })?;
        let mut wrong = Vec::new();
        for _ in 0..2 {
            let workers = Workers::start(&target, &target.same(&pooler.places(&scratch.name, None)))?;
            wrong = target.judged(workers, &base, &reference).await?;
            if !wrong.is_empty() {
                break;
            }
        }
        if wrong.is_empty() {
            wrong = left(&base).await?;
        }
        let is_bad = !wrong.is_empty();
        target.keep(&mut rounds, Round { wrong, gathered: None });
        if is_bad {
            break;
        }
    }
    target
        .verdict(&rounds, "take locks of a transaction (`pg_advisory_xact_lock`), or let migrations go past the pooler")
}
