//! Reconnect checks: the connections of a service to its database fail in different ways.

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

/// Interval between calls.
const EVERY: Duration = Duration::from_millis(50);
/// Number of consecutive successful calls that are required in addition to one per pooled connection.
const STREAK: u64 = 5;

/// Service whose pooled connections have all been used.
pub struct SaturatedPool {
    pub life: RunningService,
    /// Page that needs the database.
    pub page: Page,
    /// Server-side ids of the connections of the service.
    pub backends: Vec<i64>,
}

/// Result of the calls after a fault.
#[derive(Debug, Default)]
pub struct Watched {
    pub calls: u64,
    /// Failed calls, including `hung`.
    pub failed: u64,
    /// Calls without an answer when the observation ended.
    pub hung: u64,
    /// Time from the fault to the first success, in milliseconds.
    pub first_ok_ms: Option<u64>,
    /// Time from the fault to the last failure, in milliseconds.
    pub last_failed_ms: u64,
    /// Whether enough consecutive calls succeeded that each connection must work.
    pub is_back: bool,
}

/// Applies a fault to the connections of a service and evaluates its recovery.
///
/// # Errors
/// Returns a skip if `call` is not configured, and an error if a call fails or no call uses a connection.
pub async fn after(
    target: &DbTarget,
    inject: impl AsyncFnOnce(&SaturatedPool) -> Result<(), Box<CheckResult>>,
) -> CheckVerdict {
    let mut warm = target.warm().await?;
    inject(&warm).await?;
    let watched = target.watched(&warm.page).await;
    target.evaluate_recovery(&mut warm, &watched).await
}

impl DbTarget {
    /// Starts the service and uses all its pooled connections.
    ///
    /// # Errors
    /// Returns a skip if `call` is not configured, and an error if a call fails or no call uses a connection.
    pub async fn warm(&self) -> Result<SaturatedPool, Box<CheckResult>> {
        if self.db.call.is_none() {
            return CheckResult::skip("`call` is not configured: no page of the service is known to need the database")
                .stop();
        }
        let life = self.life().await?;
        let page = self.call(&life).await?;
        self.use_all(&page).await?;
        let backends = life.base.backends().await?;
        if backends.is_empty() {
            return CheckResult::error("inconclusive: the calls use no connection to the database")
                .help("set `call` to a page that needs the database", &[])
                .stop();
        }
        self.log.record("warm", format!("{} connections", backends.len()));
        Ok(SaturatedPool { life, page, backends })
    }

    /// Sends `pool_size` calls at the same time, twice, so that each pooled connection is used.
    ///
    /// # Errors
    /// Returns an error if a call fails.
    pub async fn use_all(&self, page: &Page) -> Result<(), Box<CheckResult>> {
        for _ in 0..2 {
            let calls = (0..self.db.pool_size).map(|_| page.get(self.reconnect_timeout()));
            for answer in futures_util::future::join_all(calls).await {
                let failed = match answer {
                    Ok(answer) if answer.status < 400 => continue,
                    Ok(answer) => format!("status {}", answer.status),
                    Err(failed) => failed.to_string(),
                };
                return CheckResult::error(format!("a call fails although the database is available: {failed}")).stop();
            }
        }
        Ok(())
    }

    fn reconnect_timeout(&self) -> Duration {
        Duration::from_millis(self.db.reconnect_deadline_ms)
    }

    /// Calls every 50 ms until each connection must work again, or `reconnect_deadline` has passed.
    pub async fn watched(&self, page: &Page) -> Watched {
        let (start, mut ticks) = (Instant::now(), interval(EVERY));
        let (mut open, mut watched, mut streak) = (FuturesUnordered::new(), Watched::default(), 0);
        let mut over = std::pin::pin!(tokio::time::sleep(self.reconnect_timeout()));
        while !(watched.is_back && open.is_empty()) {
            tokio::select! {
                () = &mut over => break,
                // After the recovery no more calls are made, but pending calls are awaited.
                _ = ticks.tick(), if !watched.is_back => {
                    watched.calls += 1;
                    open.push(page.get(self.reconnect_timeout()));
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

    /// Evaluates the calls and the connections after a fault.
    pub async fn evaluate_recovery(&self, warm: &mut SaturatedPool, watched: &Watched) -> CheckVerdict {
        let Watched { calls, failed, hung, first_ok_ms, last_failed_ms, is_back } = watched;
        let after = warm.life.base.backends().await?;
        let new = after.iter().filter(|pid| !warm.backends.contains(pid)).count();
        let found = if !warm.life.running.is_alive() {
            CheckResult::fail(*calls, format!("the service ended; {}", warm.life.running.last_output_line()))
                .help("keep the service running if its connections fail", &[])
        } else if !is_back {
            let message = format!(
                "{failed} of {calls} calls failed or hung, and the service did not recover within {} ms",
                self.db.reconnect_deadline_ms
            );
            CheckResult::fail(*calls, message).help("discard broken connections and open new ones; test each connection before it is used, and set a timeout for it", &[])
        } else if *hung > 0 {
            let deadline = self.db.reconnect_deadline_ms;
            CheckResult::fail(
                *calls,
                format!(
                    "{hung} of {calls} calls had no answer within {deadline} ms; the others found a working connection"
                ),
            )
            .help("set a timeout for each response of the database, including the connection test", &[])
        } else if new == 0 {
            CheckResult::error("inconclusive: the service opened no new connection, so the fault did not affect it")
        } else if *failed > 0 {
            let bound = if *failed <= self.db.pool_size {
                "at most one per pooled connection"
            } else {
                "more than one per pooled connection"
            };
            CheckResult::warn(
                *calls,
                format!("{failed} of {calls} calls failed ({bound}); the last one failed after {last_failed_ms} ms"),
            )
            .help("test a connection before it is used (`pre-ping`), or retry what is safe to repeat", &[])
        } else {
            CheckResult::pass(*calls)
        };
        let found = match first_ok_ms {
            Some(first) => found.observed("first_ok_ms", *first),
            None => found,
        };
        Ok(found
            .control("calls succeed before the fault", Outcome::Pass)
            .observed("failed", *failed)
            .observed("hung", *hung)
            .observed("connections_before", warm.backends.len() as u64)
            .observed("connections_after", after.len() as u64)
            .observed("connections_new", new as u64)
            .expected("failed_most", self.db.pool_size)
            .expected("reconnect_deadline_ms", self.db.reconnect_deadline_ms))
    }
}
