//! Check: the worker that initializes the database is killed.

mod steps;

use std::time::{Duration, Instant};

use tokio::time::sleep;

use super::super::dump::named;
use super::super::engine::ScratchDatabase;
use super::super::lock::Queue;
use super::super::postgres::{backend_of, within};
use super::super::workers::Workers;
use super::super::{DbTarget, HARM, OPENS, sqlite};
use super::ddl::DdlGate;
use super::proxy::barrier;
use crate::doctor::Check;
use crate::doctor::check_result::{CheckFuture, CheckResult, CheckVerdict, boxed};
use crate::doctor::ending::ExitReason;
use crate::doctor::fault::{FaultMode, Upstream};
use crate::doctor::log::millis;
use crate::doctor::record::Outcome;

/// Number of attempts with a file: a worker may finish before it is identified as the writer.
const TRIES: u64 = 10;
/// Time for which workers run between two queries of the write lock.
const SLICE: Duration = Duration::from_millis(1);
/// Maximum time to wait for a writer.
const LONGEST: Duration = Duration::from_secs(20);

pub const CHECK: Check = Check {
    id: "db.race.crash",
    claim: "if the worker that initializes the database is killed, the others finish its work",
    method: "Holds all workers before the first object is created, kills the one that the others wait for (SIGKILL), and opens the gate (PostgreSQL). With SQLite on Linux, kills the worker that holds the write lock of the file. Then kills a worker after each committed step that other connections can see, up to 6 (`--quick`: 2), and starts the others. Fails if the others fail, or the result differs from the reference.",
    side_effects: OPENS,
    risk: HARM,
    deadline_ms: 120_000,
};

pub fn run(target: DbTarget) -> CheckFuture {
    boxed(async move { check(target).await })
}

async fn check(target: DbTarget) -> CheckVerdict {
    target.gate("crash")?;
    target.init()?;
    let engine = target.engine().await?;
    let reference = target.reference(&engine).await?;
    let base = engine.scratch().await?;
    let (wrong, took) = match &base {
        ScratchDatabase::Postgres(_) => on_server(&target, &base, &reference).await?,
        // MySQL workers cannot be distinguished at a gate; they are only killed after their steps.
        #[cfg(feature = "mysql")]
        ScratchDatabase::Mysql(_) => (Vec::new(), None),
        ScratchDatabase::Sqlite(_) => {
            let mut attempt = None;
            for _ in 0..TRIES {
                let ScratchDatabase::Sqlite(file) = engine.scratch().await? else { break };
                attempt = on_file(&target, file, &reference).await?;
                if attempt.is_some() {
                    break;
                }
            }
            match attempt {
                Some(attempt) => attempt,
                None => return CheckResult::error("inconclusive: no worker was seen to write").stop(),
            }
        }
    };
    if !wrong.is_empty() {
        let found = CheckResult::fail(1, format!("after the first worker was killed: {}", named(&wrong)))
            .help("use a lock that is released with its connection, and do the work in one transaction", &[]);
        return Ok(described(found, took));
    }
    drop(base);
    let steps = steps::run(&target, &engine, &reference).await?;
    let gate = u64::from(took.is_some());
    let kills = steps.killed as u64 + gate;
    let found = match steps.wrong {
        Some(wrong) => CheckResult::fail(kills, wrong)
            .help("do the work in one transaction, or let each step begin by checking whether it is done", &[]),
        None if kills == 0 => {
            let message = "no worker was killed: other connections see no step before the last one";
            return Ok(CheckResult::skip(message).control("a single worker succeeds", Outcome::Pass));
        }
        None => CheckResult::pass(kills),
    };
    let found = if steps.more {
        found.evidence(
            "left out",
            format!(
                "a worker was killed after each of the first {} steps; the other steps were not tested",
                steps.killed
            ),
        )
    } else {
        found
    };
    Ok(described(found, took).observed("killed_after_steps", steps.killed as u64))
}

fn described(found: CheckResult, took: Option<u64>) -> CheckResult {
    let found = found.control("a single worker succeeds", Outcome::Pass);
    match took {
        Some(took) => found
            .observed("power", "one of the workers was killed while the others waited")
            .observed("takeover_ms", took),
        None => found,
    }
}

/// Problems, and the time in milliseconds until all other workers had ended, if a worker was killed at a gate.
type Taken = (Vec<String>, Option<u64>);

async fn on_server(
    target: &DbTarget,
    base: &ScratchDatabase,
    reference: &super::super::init::Reference,
) -> Result<Taken, Box<CheckResult>> {
    let proxies = barrier(base, target.workers()).await?;
    let gate = DdlGate::close(base).await?;
    let places: Vec<_> = proxies.iter().map(|proxy| base.places(Some(proxy.address))).collect();
    for proxy in &proxies {
        proxy.request_mode(FaultMode::Ok);
    }
    let mut workers = Workers::start(target, &places)?;
    let gathered = workers.wait_at_gate(async || Ok(gate.queue().await?.waiting())).await?;
    if gathered.arrived == 0 || gathered.alive < target.workers() {
        let message = format!(
            "inconclusive: workers did not overlap: {} waited at the gate, and {} were running",
            gathered.arrived, gathered.alive
        );
        return CheckResult::error(message).stop();
    }
    let Some(holder) = first(&gate).await? else {
        return CheckResult::error("inconclusive: no worker waited at the gate").stop();
    };
    let belongs_to_holder =
        |proxy: &Upstream| proxy.greetings().iter().any(|greeting| backend_of(greeting) == Some(holder));
    let Some(at) = proxies.iter().position(belongs_to_holder) else {
        return CheckResult::error(
            "inconclusive: the worker that holds the lock cannot be identified, because its connection is encrypted",
        )
        .help("let the workers of this check connect without TLS", &[])
        .stop();
    };
    target.log.record("kill", format!("worker {} (backend {holder})", at + 1));
    let mut killed = workers.workers.remove(at);
    killed.kill();
    let start = Instant::now();
    gate.open().await?;
    let wrong = target.judged(workers, base, reference).await?;
    Ok((wrong, Some(millis(start.elapsed()))))
}

/// Returns the worker backend that most others wait for, or else any waiting backend.
async fn first(gate: &DdlGate) -> Result<Option<i32>, Box<CheckResult>> {
    let queue: Queue = gate.queue().await?;
    let sql = "SELECT blocker, count(*) FROM (SELECT unnest(pg_blocking_pids(pid)) AS blocker FROM pg_stat_activity WHERE datname = current_database()) b GROUP BY 1 ORDER BY 2 DESC";
    let rows =
        within(gate.monitor().query(sql, &[])).await.map_err(|refusal| Box::new(CheckResult::error(refusal.why)))?;
    let blockers = rows.iter().map(|row| row.get::<_, i32>(0));
    let ours: Vec<i32> = queue.locks.iter().map(|lock| lock.pid).collect();
    let mut blocking = blockers.filter(|pid| ours.contains(pid));
    Ok(blocking.next().or_else(|| queue.locks.iter().find(|lock| !lock.granted).map(|lock| lock.pid)))
}

/// Kills the worker that holds the write lock. Returns `None` if none was seen to write.
async fn on_file(
    target: &DbTarget,
    file: sqlite::File,
    reference: &super::super::init::Reference,
) -> Result<Option<Taken>, Box<CheckResult>> {
    if !cfg!(target_os = "linux") {
        return CheckResult::skip("platform: the holder of a file lock can only be identified on Linux").stop();
    }
    let base = ScratchDatabase::Sqlite(file);
    let ScratchDatabase::Sqlite(file) = &base else { return Ok(None) };
    let mut workers = Workers::start(target, &target.same(&base.places(None)))?;
    let start = Instant::now();
    // Workers run in time slices, so that one that writes only briefly is caught.
    let holder = loop {
        workers.freeze(false);
        sleep(SLICE).await;
        workers.freeze(true);
        let writer = file.writer().and_then(|id| workers.workers.iter().position(|worker| worker.id() == Some(id)));
        if writer.is_some() || workers.alive() == 0 || start.elapsed() > LONGEST {
            break writer;
        }
    };
    let Some(at) = holder else { return Ok(None) };
    let mut killed = workers.workers.remove(at);
    killed.kill();
    workers.freeze(false);
    // The worker may have exited normally just after it was identified.
    if !matches!(killed.ended(Duration::from_secs(5)).await, Some(ExitReason::Signal(_))) || workers.alive() == 0 {
        return Ok(None);
    }
    let killed_at = Instant::now();
    let wrong = target.judged(workers, &base, reference).await?;
    Ok(Some((wrong, Some(millis(killed_at.elapsed())))))
}
