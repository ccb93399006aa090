//! A service whose connections to its database go away, one way or another.

pub mod blackhole;
pub mod pool;
pub mod reset;
pub mod restart;
pub mod terminate;

use std::time::{Duration, Instant};

use futures_util::StreamExt;
use futures_util::stream::FuturesUnordered;
use tokio::time::interval;

use super::DbTarget;
use super::service::RunningService;
use crate::doctor::check_result::{CheckResult, CheckVerdict};
use crate::doctor::http::Page;
use crate::doctor::log::millis;
use crate::doctor::record::Outcome;

/// How often the service is called.
const EVERY: Duration = Duration::from_millis(50);
/// How many calls beyond one for each connection must end well in a row.
const STREAK: u64 = 5;

/// A service whose connections are all in use.
pub struct SaturatedPool {
    /// The service.
    pub life: RunningService,
    /// The page that needs the database.
    pub page: Page,
    /// Its connections, as the database numbers them.
    pub backends: Vec<i64>,
}

/// What came of a failure.
#[derive(Debug, Default)]
pub struct Watched {
    /// Calls.
    pub calls: u64,
    /// Calls that failed.
    pub failed: u64,
    /// Calls of those that had no answer by the end.
    pub hung: u64,
    /// When the first call ended well, in milliseconds.
    pub first_ok_ms: Option<u64>,
    /// When the last call failed, in milliseconds.
    pub last_failed_ms: u64,
    /// Whether so many calls ended well in a row that each connection must be well.
    pub is_back: bool,
}

/// What becomes of a service whose connections meet with something.
///
/// # Errors
/// Why nothing can be verified.
pub async fn after(
    target: &DbTarget,
    met: impl AsyncFnOnce(&SaturatedPool) -> Result<(), Box<CheckResult>>,
) -> CheckVerdict {
    let mut warm = target.warm().await?;
    met(&warm).await?;
    let watched = target.watched(&warm.page).await;
    target.evaluate_recovery(&mut warm, &watched).await
}

impl DbTarget {
    /// A service whose connections are all in use.
    ///
    /// # Errors
    /// Why nothing can be verified.
    pub async fn warm(&self) -> Result<SaturatedPool, Box<CheckResult>> {
        if self.db.call.is_none() {
            return CheckResult::skip("no `call` is named: nothing of the service is known to need the database")
                .stop();
        }
        let life = self.life().await?;
        let page = self.call(&life).await?;
        self.use_all(&page).await?;
        let backends = life.base.backends().await?;
        if backends.is_empty() {
            return CheckResult::error("the calls use no connection to the database")
                .help("name a page by `call` that needs the database", &[])
                .stop();
        }
        self.log.note("warm", format!("{} connections", backends.len()));
        Ok(SaturatedPool { life, page, backends })
    }

    /// Calls so often at once that each connection of the service is in use, twice.
    ///
    /// # Errors
    /// Where a call fails.
    pub async fn use_all(&self, page: &Page) -> Result<(), Box<CheckResult>> {
        for _ in 0..2 {
            let calls = (0..self.db.pool_size).map(|_| page.get(self.patience()));
            for answer in futures_util::future::join_all(calls).await {
                let failed = match answer {
                    Ok(answer) if answer.status < 400 => continue,
                    Ok(answer) => format!("status {}", answer.status),
                    Err(failed) => failed.to_string(),
                };
                return CheckResult::error(format!("a call fails while all is well: {failed}")).stop();
            }
        }
        Ok(())
    }

    fn patience(&self) -> Duration {
        Duration::from_millis(self.db.reconnect_deadline_ms)
    }

    /// Calls every 50 ms until each connection must be well again, or the deadline is over.
    pub async fn watched(&self, page: &Page) -> Watched {
        let (start, mut ticks) = (Instant::now(), interval(EVERY));
        let (mut open, mut watched, mut streak) = (FuturesUnordered::new(), Watched::default(), 0);
        let mut over = std::pin::pin!(tokio::time::sleep(self.patience()));
        while !(watched.is_back && open.is_empty()) {
            tokio::select! {
                () = &mut over => break,
                // Once it is back, those that still hang are waited for, and no more are made.
                _ = ticks.tick(), if !watched.is_back => {
                    watched.calls += 1;
                    open.push(page.get(self.patience()));
                }
                Some(answer) = open.next(), if !open.is_empty() => {
                    let now = millis(start.elapsed());
                    if answer.is_ok_and(|answer| answer.status < 400) {
                        watched.first_ok_ms.get_or_insert(now);
                        streak += 1;
                    } else {
                        watched.failed += 1;
                        watched.last_failed_ms = now;
                        streak = 0;
                    }
                    watched.is_back |= streak >= self.db.pool_size + STREAK;
                }
            }
        }
        watched.hung = open.len() as u64;
        watched.failed += watched.hung;
        watched
    }

    /// What became of a service behind a failure.
    ///
    /// # Errors
    /// Where that cannot be told.
    pub async fn evaluate_recovery(&self, warm: &mut SaturatedPool, watched: &Watched) -> CheckVerdict {
        let Watched { calls, failed, hung, first_ok_ms, last_failed_ms, is_back } = watched;
        let after = warm.life.base.backends().await?;
        let new = after.iter().filter(|pid| !warm.backends.contains(pid)).count();
        let found = if !warm.life.running.is_alive() {
            CheckResult::fail(*calls, format!("the service ended; {}", warm.life.running.last_output_line()))
                .help("a service must outlive its connections", &[])
        } else if !is_back {
            let said = format!(
                "{failed} of {calls} calls failed or hung, and it was not back within {} ms",
                self.db.reconnect_deadline_ms
            );
            CheckResult::fail(*calls, said).help("give connections back that are broken, and open new ones; look at each before it is used, and bound how long it may be waited for", &[])
        } else if *hung > 0 {
            let deadline = self.db.reconnect_deadline_ms;
            CheckResult::fail(*calls, format!("{hung} of {calls} calls had no answer within {deadline} ms; the others found a connection that was well"))
                .help("bound how long an answer of the database may take, also of a connection that is only looked at", &[])
        } else if new == 0 {
            CheckResult::error("the service goes on without a new connection: the failure did not reach it")
        } else if *failed > 0 {
            let bound = if *failed <= self.db.pool_size {
                "no more failed than it has connections"
            } else {
                "more failed than it has connections"
            };
            CheckResult::warn(
                *calls,
                format!("{failed} of {calls} calls failed; it was back after {last_failed_ms} ms ({bound})"),
            )
            .help("look at a connection before it is used (`pre-ping`), or try again what is safe to repeat", &[])
        } else {
            CheckResult::pass(*calls)
        };
        let found = match first_ok_ms {
            Some(first) => found.observed("first_ok_ms", *first),
            None => found,
        };
        Ok(found
            .control("calls end well before", Outcome::Pass)
            .observed("failed", *failed)
            .observed("hung", *hung)
            .observed("connections_before", warm.backends.len() as u64)
            .observed("connections_after", after.len() as u64)
            .observed("connections_new", new as u64)
            .expected("failed_most", self.db.pool_size)
            .expected("reconnect_deadline_ms", self.db.reconnect_deadline_ms))
    }
}
