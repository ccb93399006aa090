//! Check: workers connect through a pooler.

use super::super::engine::{DatabaseEngine, ScratchDatabase};
use super::super::postgres::PostgresServer;
use super::super::workers::Workers;
use super::super::{DbTarget, HARM, OPENS};
use super::{Round, left};
use crate::doctor::Check;
use crate::doctor::check_result::{CheckFuture, CheckResult, CheckVerdict, boxed};

pub const CHECK: Check = Check {
    id: "db.race.pooler",
    claim: "workers behind a pooler initialize the database like a single worker, and leave no locks behind",
    method: "Starts `workers` processes of `init` at the same time on an empty database that they reach through `pooler_dsn`, twice on each of `rounds` databases: a session lock stays locked if the pooler assigns its connection to another client. Fails if a worker does not end, or for the reasons of `db.race.start`.",
    side_effects: OPENS,
    risk: HARM,
    deadline_ms: 300_000,
};

pub fn run(target: DbTarget) -> CheckFuture {
    boxed(async move { check(target).await })
}

async fn check(target: DbTarget) -> CheckVerdict {
    let Some(dsn) = &target.db.pooler else { return CheckResult::skip("`pooler_dsn` is not configured").stop() };
    target.init()?;
    let engine = target.engine().await?;
    let DatabaseEngine::Postgres(_) = &engine else {
        return CheckResult::skip("this check requires PostgreSQL").stop();
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
                CheckResult::error(format!("cannot connect to a scratch database through the pooler: {}", refusal.why))
                    .help(
                        "let the pooler serve any database: add `* = host=… port=…` to `[databases]` (PgBouncer)",
                        &[],
                    ),
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
    target.verdict(&rounds, "use transaction locks (`pg_advisory_xact_lock`), or run migrations without the pooler")
}
