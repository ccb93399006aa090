//! Workers that have seen that seeds are missing, and are about to insert them.

use super::super::crew::Crew;
use super::super::engine::{Base, Engine};
use super::super::init::Reference;
use super::super::postgres::{Scratch, within};
use super::super::{HARM, OPENS, Site};
use super::Round;
use super::ddl::Gate;
use crate::doctor::Check;
use crate::doctor::found::{Found, Looking, Verdict, looking};

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
pub fn look(site: Site) -> Looking {
    looking(async move { run(site).await })
}

async fn run(site: Site) -> Verdict {
    site.gate("dml")?;
    site.init()?;
    let engine = site.engine().await?;
    if !matches!(engine, Engine::Postgres(_)) {
        return Found::skip("only the tables of PostgreSQL can be locked so that all look and none writes").early();
    }
    site.reference(&engine).await?;
    let (prepared, reference) = site.prepared(&engine).await?;
    let Base::Postgres(template) = &prepared else { return Found::error("there is no server").early() };
    let tables = reseeded(&site, &engine, template, &reference).await?;
    if tables.is_empty() {
        return Found::skip("no seeds: no table has rows that `init` inserts again where they are missing").early();
    }
    site.log.note("seeds", tables.join(", "));
    let mut rounds = Vec::new();
    for _ in 0..site.rounds() {
        let base = engine.copy_of(Some(&template.name)).await?;
        let Base::Postgres(scratch) = &base else { break };
        emptied(scratch, &tables).await?;
        let gate = Gate::close_in(scratch, &format!("LOCK TABLE {} IN SHARE MODE", tables.join(", "))).await?;
        let mut crew = Crew::start(&site, &site.same(&base.places(None)))?;
        let gathered = crew.gather(async || Ok(gate.queue().await?.waiting())).await?;
        gate.open().await?;
        let wrong = site.judged(crew, &base, &reference).await?;
        site.keep(&mut rounds, Round { wrong, gathered: Some(gathered) });
    }
    let found = site.verdict(
        &rounds,
        "insert seeds under the lock under which you looked, or with `ON CONFLICT DO NOTHING` on a key",
    )?;
    Ok(found.observed("seeds", tables))
}

/// The tables whose rows come back when they are missing: all together, or else one by one.
async fn reseeded(
    site: &Site,
    engine: &Engine,
    template: &Scratch,
    reference: &Reference,
) -> Result<Vec<String>, Box<Found>> {
    let seeded = reference.dump.seeded();
    if seeded.is_empty() || come_back(site, engine, template, reference, &seeded).await? {
        return Ok(seeded);
    }
    let mut found = Vec::new();
    for table in seeded.into_iter().take(MOST) {
        if come_back(site, engine, template, reference, std::slice::from_ref(&table)).await? {
            found.push(table);
        }
    }
    Ok(found)
}

async fn come_back(
    site: &Site,
    engine: &Engine,
    template: &Scratch,
    reference: &Reference,
    tables: &[String],
) -> Result<bool, Box<Found>> {
    let base = engine.copy_of(Some(&template.name)).await?;
    let Base::Postgres(scratch) = &base else { return Ok(false) };
    if emptied(scratch, tables).await.is_err() {
        return Ok(false);
    }
    let wrong = site.alone(&base).await?;
    Ok(wrong.is_empty() && base.dump().await? == reference.dump)
}

/// Takes all rows out of tables, without a look at what refers to them where that is allowed.
async fn emptied(scratch: &Scratch, tables: &[String]) -> Result<(), Box<Found>> {
    let broken = |why: String| Box::new(Found::error(why));
    let client = scratch.connect().await.map_err(broken)?;
    let _ = within(client.batch_execute("SET session_replication_role = replica")).await;
    let sql = tables.iter().fold(String::new(), |sql, table| format!("{sql}DELETE FROM {table};"));
    within(client.batch_execute(&format!("BEGIN; {sql} COMMIT"))).await.map_err(|refusal| broken(refusal.why))
}
