//! Workers that have seen that seeds are missing, and are about to insert them.

use super::super::engine::{DatabaseEngine, ScratchDatabase};
use super::super::init::Reference;
use super::super::postgres::{PostgresScratch, within};
use super::super::workers::Workers;
use super::super::{DbTarget, HARM, OPENS};
use super::Round;
use super::ddl::DdlGate;
use crate::doctor::Check;
use crate::doctor::check_result::{CheckFuture, CheckResult, CheckVerdict, boxed};

/// The most tables that are tried one by one.
const MOST: usize = 8;

/// The check.
pub const CHECK: Check = Check {
    id: "db.race.dml",
    claim: "workers that find seeds missing at the same time insert them once",
    method: "Finds the tables whose rows `init` inserts again where they are missing. Empties them in a copy of the prepared database, locks them so that they can be read and not written, starts `workers` times `init`, waits until each waits, and lets go. Fails where rows are not those of the reference, or as `db.race.start` does.",
    opens: OPENS,
    harm: HARM,
    deadline_ms: 300_000,
};

/// Looks.
pub fn run(target: DbTarget) -> CheckFuture {
    boxed(async move { check(target).await })
}

async fn check(target: DbTarget) -> CheckVerdict {
    target.gate("dml")?;
    target.init()?;
    let engine = target.engine().await?;
    if !matches!(engine, DatabaseEngine::Postgres(_)) {
        return CheckResult::skip("only the tables of PostgreSQL can be locked so that all look and none writes")
            .stop();
    }
    target.reference(&engine).await?;
    let (prepared, reference) = target.prepared(&engine).await?;
    let ScratchDatabase::Postgres(template) = &prepared else { return CheckResult::error("there is no server").stop() };
    let tables = reseeded(&target, &engine, template, &reference).await?;
    if tables.is_empty() {
        return CheckResult::skip("no seeds: no table has rows that `init` inserts again where they are missing")
            .stop();
    }
    target.log.note("seeds", tables.join(", "));
    let mut rounds = Vec::new();
    for _ in 0..target.rounds() {
        let base = engine.copy_of(Some(&template.name)).await?;
        let ScratchDatabase::Postgres(scratch) = &base else { break };
        emptied(scratch, &tables).await?;
        let gate = DdlGate::close_in(scratch, &format!("LOCK TABLE {} IN SHARE MODE", tables.join(", "))).await?;
        let mut workers = Workers::start(&target, &target.same(&base.places(None)))?;
        let gathered = workers.wait_at_gate(async || Ok(gate.queue().await?.waiting())).await?;
        gate.open().await?;
        let wrong = target.judged(workers, &base, &reference).await?;
        target.keep(&mut rounds, Round { wrong, gathered: Some(gathered) });
    }
    let found = target.verdict(
        &rounds,
        "insert seeds under the lock under which you looked, or with `ON CONFLICT DO NOTHING` on a key",
    )?;
    Ok(found.observed("seeds", tables))
}

/// The tables whose rows come back when they are missing: all together, or else one by one.
async fn reseeded(
    target: &DbTarget,
    engine: &DatabaseEngine,
    template: &PostgresScratch,
    reference: &Reference,
) -> Result<Vec<String>, Box<CheckResult>> {
    let seeded = reference.dump.seeded();
    if seeded.is_empty() || come_back(target, engine, template, reference, &seeded).await? {
        return Ok(seeded);
    }
    let mut found = Vec::new();
    for table in seeded.into_iter().take(MOST) {
        if come_back(target, engine, template, reference, std::slice::from_ref(&table)).await? {
            found.push(table);
        }
    }
    Ok(found)
}

async fn come_back(
    target: &DbTarget,
    engine: &DatabaseEngine,
    template: &PostgresScratch,
    reference: &Reference,
    tables: &[String],
) -> Result<bool, Box<CheckResult>> {
    let base = engine.copy_of(Some(&template.name)).await?;
    let ScratchDatabase::Postgres(scratch) = &base else { return Ok(false) };
    if emptied(scratch, tables).await.is_err() {
        return Ok(false);
    }
    let wrong = target.run_single_worker(&base).await?;
    Ok(wrong.is_empty() && base.dump().await? == reference.dump)
}

/// Takes all rows out of tables, without a look at what refers to them where that is allowed.
async fn emptied(scratch: &PostgresScratch, tables: &[String]) -> Result<(), Box<CheckResult>> {
    let broken = |why: String| Box::new(CheckResult::error(why));
    let client = scratch.connect().await.map_err(broken)?;
    let _ = within(client.batch_execute("SET session_replication_role = replica")).await;
    let sql = tables.iter().fold(String::new(), |sql, table| format!("{sql}DELETE FROM {table};"));
    within(client.batch_execute(&format!("BEGIN; {sql} COMMIT"))).await.map_err(|refusal| broken(refusal.why))
}
