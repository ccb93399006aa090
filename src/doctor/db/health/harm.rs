//! Faults that are injected into a database, and their removal.

use std::time::Duration;

use super::super::DbTarget;
use super::super::engine::ScratchDatabase;
use super::super::postgres::{PostgresScratch, within};
use super::super::race::ddl::DdlGate;
use super::super::service::RunningService;
use crate::doctor::check_result::CheckResult;
use crate::doctor::fault::FaultMode;

/// Delay of the fault `slow`, as a multiple of the time that an answer may take.
const SLOWER: u32 = 2;

/// Injected fault, with the data that its removal needs.
pub enum Harm {
    /// Fault of the proxy only.
    Proxy,
    /// Statements that remove the fault.
    Sql(Vec<String>),
    /// Held locks, and calls that wait for them.
    Locks(Box<DdlGate>, tokio::task::JoinSet<()>),
}

/// Injects the fault `state`. Returns `None` if the database does not support it.
pub async fn inflict(
    state: &str,
    target: &DbTarget,
    life: &RunningService,
    answer: Duration,
) -> Result<Option<Harm>, Box<CheckResult>> {
    match state {
        "up" => {}
        "refused" => life.proxy.set(FaultMode::Refuse).await,
        "blackhole" => {
            life.proxy.set(FaultMode::HangHeaders).await;
            life.proxy.mute_all();
        }
        "slow" => life.proxy.set(FaultMode::Slow(answer * SLOWER)).await,
        other => {
            let ScratchDatabase::Postgres(scratch) = &life.base else { return Ok(None) };
            return on_server(other, target, life, scratch).await;
        }
    }
    Ok(Some(Harm::Proxy))
}

async fn on_server(
    state: &str,
    target: &DbTarget,
    life: &RunningService,
    scratch: &PostgresScratch,
) -> Result<Option<Harm>, Box<CheckResult>> {
    let name = &scratch.name;
    let (now, undo) = match state {
        "auth-fail" => (
            vec![format!("ALTER DATABASE \"{name}\" ALLOW_CONNECTIONS false")],
            vec![format!("ALTER DATABASE \"{name}\" ALLOW_CONNECTIONS true")],
        ),
        "read-only" => (
            vec![format!("ALTER DATABASE \"{name}\" SET default_transaction_read_only = on")],
            vec![format!("ALTER DATABASE \"{name}\" RESET default_transaction_read_only")],
        ),
        "schema-missing" => {
            let move_away = "ALTER SCHEMA public RENAME TO phx_doctor_away; CREATE SCHEMA public";
            in_database(scratch, move_away).await?;
            return Ok(Some(Harm::Sql(vec![
                "DROP SCHEMA public; ALTER SCHEMA phx_doctor_away RENAME TO public".to_owned(),
            ])));
        }
        _ => return exhaust_connections(target, life, scratch).await,
    };
    statements(scratch, &now).await?;
    life.base.terminate().await?;
    Ok(Some(Harm::Sql(undo)))
}

/// Locks all tables, and sends `pool_size` calls that wait for them. Returns `None` if `call` is not configured or
/// there are no tables.
async fn exhaust_connections(
    target: &DbTarget,
    life: &RunningService,
    scratch: &PostgresScratch,
) -> Result<Option<Harm>, Box<CheckResult>> {
    let Some(url) = &target.db.call else { return Ok(None) };
    let tables: Vec<String> = life.base.dump().await?.counts.into_keys().collect();
    if tables.is_empty() {
        return Ok(None);
    }
    let gate =
        DdlGate::close_in(scratch, &format!("LOCK TABLE {} IN ACCESS EXCLUSIVE MODE", tables.join(", "))).await?;
    let mut calls = tokio::task::JoinSet::new();
    for _ in 0..target.db.pool_size {
        let page = life.page(target, url).await?;
        calls.spawn(async move { drop(page.get(Duration::from_secs(60)).await) });
    }
    tokio::time::sleep(Duration::from_millis(200)).await;
    Ok(Some(Harm::Locks(Box::new(gate), calls)))
}

/// Removes the fault.
pub async fn undo(harm: Harm, life: &RunningService) -> Result<(), Box<CheckResult>> {
    life.proxy.set(FaultMode::Ok).await;
    match harm {
        // Silenced connections never work again, so they are closed.
        Harm::Proxy => life.proxy.cut(),
        Harm::Sql(undo) => {
            let ScratchDatabase::Postgres(scratch) = &life.base else { return Ok(()) };
            if undo.iter().any(|sql| sql.contains("SCHEMA")) {
                in_database(scratch, &undo.join(";")).await?;
            } else {
                statements(scratch, &undo).await?;
                life.base.terminate().await?;
            }
        }
        Harm::Locks(gate, calls) => {
            drop(calls);
            gate.open().await?;
        }
    }
    Ok(())
}

/// Executes statements in the database of `admin`, outside of the scratch database.
async fn statements(scratch: &PostgresScratch, all: &[String]) -> Result<(), Box<CheckResult>> {
    let to_error = |why: String| Box::new(CheckResult::error(why));
    let client = scratch.server.connect(None).await.map_err(|refusal| to_error(refusal.why))?.client;
    for sql in all {
        within(client.batch_execute(sql)).await.map_err(|refusal| to_error(refusal.why))?;
    }
    Ok(())
}

async fn in_database(scratch: &PostgresScratch, sql: &str) -> Result<(), Box<CheckResult>> {
    let to_error = |why: String| Box::new(CheckResult::error(why));
    let client = scratch.connect().await.map_err(to_error)?;
    within(client.batch_execute(sql)).await.map_err(|refusal| to_error(refusal.why))
}
