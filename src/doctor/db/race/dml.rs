//! Check: workers are released after they found seed rows missing, and before they insert them.

use super::super::engine::{DatabaseEngine, ScratchDatabase};
use super::super::init::Reference;
use super::super::postgres::{PostgresScratch, within};
use super::super::workers::Workers;
use super::super::{DbTarget, HARM, OPENS};
use super::Round;
use super::ddl::DdlGate;
use crate::doctor::Check;
use crate::doctor::check_result::{CheckFuture, CheckResult, CheckVerdict, boxed};

/// Maximum number of tables that are tried one by one.
const MOST: usize = 8;

pub const CHECK: Check = Check {
    id: "db.race.dml",
    claim: "workers that find seed rows missing at the same time insert them only once",
    method: "Finds the tables whose rows `init` inserts again if they are missing. Deletes these rows in a copy of the initialized database, locks the tables so that they can be read but not written, starts `workers` processes of `init`, waits until each of them waits, and releases the lock. Fails if the rows differ from the reference, or for the reasons of `db.race.start`.",
    side_effects: OPENS,
    risk: HARM,
    deadline_ms: 300_000,
};

pub fn run(target: DbTarget) -> CheckFuture {
    boxed(async move { check(target).await })
}

async fn check(target: DbTarget) -> CheckVerdict {
    target.gate("dml")?;
    target.init()?;
    let engine = target.engine().await?;
    if !matches!(engine, DatabaseEngine::Postgres(_)) {
        return CheckResult::skip("this check requires PostgreSQL, whose tables can be locked for writers only").stop();
    }
    target.reference(&engine).await?;
    let (prepared, reference) = target.prepared(&engine).await?;
    let ScratchDatabase::Postgres(template) = &prepared else {
        return CheckResult::error("the scratch database is not on a PostgreSQL server").stop();
    };
    let tables = find_seeded_tables(&target, &engine, template, &reference).await?;
    if tables.is_empty() {
        return CheckResult::skip("no seed rows: `init` restores the missing rows of no table").stop();
    }
    target.log.record("seeds", tables.join(", "));
    let mut rounds = Vec::new();
    for _ in 0..target.rounds() {
        let base = engine.copy_of(Some(&template.name)).await?;
        let ScratchDatabase::Postgres(scratch) = &base else { break };
        delete_rows(scratch, &tables).await?;
        let gate = DdlGate::close_in(scratch, &format!("LOCK TABLE {} IN SHARE MODE", tables.join(", "))).await?;
        let mut workers = Workers::start(&target, &target.same(&base.places(None)))?;
        let gathered = workers.wait_at_gate(async || Ok(gate.queue().await?.waiting())).await?;
        gate.open().await?;
        let wrong = target.judged(workers, &base, &reference).await?;
        target.keep(&mut rounds, Round { wrong, gathered: Some(gathered) });
    }
    let found = target.verdict(
        &rounds,
        "check for seed rows and insert them under the same lock, or insert them with `ON CONFLICT DO NOTHING` on a key",
    )?;
    Ok(found.observed("seeds", tables))
}

/// Returns the tables whose missing rows `init` restores: all seeded tables, or else those that it restores one by one.
async fn find_seeded_tables(
    target: &DbTarget,
    engine: &DatabaseEngine,
    template: &PostgresScratch,
    reference: &Reference,
) -> Result<Vec<String>, Box<CheckResult>> {
    let seeded = reference.dump.seeded();
    if seeded.is_empty() || are_restored(target, engine, template, reference, &seeded).await? {
        return Ok(seeded);
    }
    let mut found = Vec::new();
    for table in seeded.into_iter().take(MOST) {
        if are_restored(target, engine, template, reference, std::slice::from_ref(&table)).await? {
            found.push(table);
        }
    }
    Ok(found)
}

async fn are_restored(
    target: &DbTarget,
    engine: &DatabaseEngine,
    template: &PostgresScratch,
    reference: &Reference,
    tables: &[String],
) -> Result<bool, Box<CheckResult>> {
    let base = engine.copy_of(Some(&template.name)).await?;
    let ScratchDatabase::Postgres(scratch) = &base else { return Ok(false) };
    if delete_rows(scratch, tables).await.is_err() {
        return Ok(false);
    }
    let wrong = target.run_single_worker(&base).await?;
    Ok(wrong.is_empty() && base.dump().await? == reference.dump)
}

/// Deletes all rows of the tables, without checking foreign keys if the user may disable them.
async fn delete_rows(scratch: &PostgresScratch, tables: &[String]) -> Result<(), Box<CheckResult>> {
    let to_error = |why: String| Box::new(CheckResult::error(why));
    let client = scratch.connect().await.map_err(to_error)?;
    let _ = within(client.batch_execute("SET session_replication_role = replica")).await;
    let sql = tables.iter().fold(String::new(), |sql, table| format!("{sql}DELETE FROM {table};"));
    within(client.batch_execute(&format!("BEGIN; {sql} COMMIT"))).await.map_err(|refusal| to_error(refusal.why))
}
