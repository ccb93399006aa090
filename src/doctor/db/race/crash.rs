//! The one that prepares the database dies in the middle of it.

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

/// How often a file is tried: whoever writes it may be done before it is found out.
const TRIES: u64 = 10;
/// How long workers run between two looks at who writes.
const SLICE: Duration = Duration::from_millis(1);
/// How long somebody is waited for who writes.
const LONGEST: Duration = Duration::from_secs(20);

/// The check.
pub const CHECK: Check = Check {
    id: "db.race.crash",
    claim: "where the worker that prepares the database is killed, the others finish its work",
    method: "Lets all workers wait before the first thing that is created, kills the one behind which the others wait (SIGKILL), and lets go. With SQLite, the one is killed that holds the lock of the file (Linux). Then kills a worker after each committed step that others can see, up to 6 (`--quick`: 2), and starts the others. Fails if the others do not end well, or what they leave is not the reference.",
    opens: OPENS,
    harm: HARM,
    deadline_ms: 120_000,
};

/// Looks.
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
        // Workers of MySQL cannot be told from each other at a gate; they are killed after their steps.
        #[cfg(feature = "mysql")]
        ScratchDatabase::Mysql(_) => (Vec::new(), None),
        ScratchDatabase::Sqlite(_) => {
            let mut tried = None;
            for _ in 0..TRIES {
                let ScratchDatabase::Sqlite(file) = engine.scratch().await? else { break };
                tried = on_file(&target, file, &reference).await?;
                if tried.is_some() {
                    break;
                }
            }
            match tried {
                Some(tried) => tried,
                None => return CheckResult::error("the race did not take place: no worker was seen to write").stop(),
            }
        }
    };
    if !wrong.is_empty() {
        let found = CheckResult::fail(1, format!("after the first one was killed: {}", named(&wrong)))
            .help("take a lock that goes with its connection, and do the work in one transaction", &[]);
        return Ok(described(found, took));
    }
    drop(base);
    let steps = steps::run(&target, &engine, &reference).await?;
    let gate = u64::from(took.is_some());
    let kills = steps.killed as u64 + gate;
    let found = match steps.wrong {
        Some(wrong) => CheckResult::fail(kills, wrong)
            .help("do the work in one transaction, or let each step begin with a look at whether it is done", &[]),
        None if kills == 0 => {
            let said = "nothing to kill a worker after: others see no step of its work before the last one";
            return Ok(CheckResult::skip(said).control("one worker alone ends well", Outcome::Pass));
        }
        None => CheckResult::pass(kills),
    };
    let found = if steps.more {
        found.evidence("left out", format!("a worker was killed after {} steps; there are more", steps.killed))
    } else {
        found
    };
    Ok(described(found, took).observed("killed_after_steps", steps.killed as u64))
}

fn described(found: CheckResult, took: Option<u64>) -> CheckResult {
    let found = found.control("one worker alone ends well", Outcome::Pass);
    match took {
        Some(took) => found
            .observed("power", "one of the workers was killed while the others waited")
            .observed("takeover_ms", took),
        None => found,
    }
}

/// What was wrong, and after how many milliseconds all had ended, if a worker was killed at a gate.
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
        proxy.tell(FaultMode::Ok);
    }
    let mut workers = Workers::start(target, &places)?;
    let gathered = workers.wait_at_gate(async || Ok(gate.queue().await?.waiting())).await?;
    if gathered.arrived == 0 || gathered.alive < target.workers() {
        let said = format!(
            "the race did not take place: {} workers waited, and {} were alive",
            gathered.arrived, gathered.alive
        );
        return CheckResult::error(said).stop();
    }
    let Some(holder) = first(&gate).await? else { return CheckResult::error("nobody was seen to wait").stop() };
    let is_his = |proxy: &Upstream| proxy.greetings().iter().any(|said| backend_of(said) == Some(holder));
    let Some(at) = proxies.iter().position(is_his) else {
        return CheckResult::error("one cannot tell which worker holds the lock: its connection is encrypted")
            .help("let the workers of this check connect without TLS", &[])
            .stop();
    };
    target.log.note("kill", format!("worker {} (backend {holder})", at + 1));
    let mut killed = workers.workers.remove(at);
    killed.kill();
    let start = Instant::now();
    gate.open().await?;
    let wrong = target.judged(workers, base, reference).await?;
    Ok((wrong, Some(millis(start.elapsed()))))
}

/// The backend behind which the others wait; any that waits, where they wait behind none of them.
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

/// Kills the worker that writes; nothing where none was seen to.
async fn on_file(
    target: &DbTarget,
    file: sqlite::File,
    reference: &super::super::init::Reference,
) -> Result<Option<Taken>, Box<CheckResult>> {
    if !cfg!(target_os = "linux") {
        return CheckResult::skip("platform: who holds the lock of a file is shown on Linux alone").stop();
    }
    let base = ScratchDatabase::Sqlite(file);
    let ScratchDatabase::Sqlite(file) = &base else { return Ok(None) };
    let mut workers = Workers::start(target, &target.same(&base.places(None)))?;
    let start = Instant::now();
    // In slices of time, so that a worker that writes for a moment is seen in it.
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
    // It may have ended well in the moment in which it was seen.
    if !matches!(killed.ended(Duration::from_secs(5)).await, Some(ExitReason::Signal(_))) || workers.alive() == 0 {
        return Ok(None);
    }
    let killed_at = Instant::now();
    let wrong = target.judged(workers, &base, reference).await?;
    Ok(Some((wrong, Some(millis(killed_at.elapsed())))))
}
