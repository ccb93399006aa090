//! Checks of the connection limit: its value, bursts, its scope, and its effect on served connections.

pub mod burst;
pub mod exact;
pub mod scope;
pub mod stable;

use std::time::Duration;

use tokio::time::sleep;

use super::connection_set::{ConnectionSet, GRACE, Settled};
use super::dial::Route;
use super::{Joined, WsTarget};
use crate::doctor::check_result::CheckResult;

/// Wait before the next attempt when a refusal may come from a rate limit.
const RATE_LIMIT_RETRY_DELAY: Duration = Duration::from_secs(1);
/// Number of such attempts.
const MAX_RATE_LIMIT_RETRIES: usize = 3;

/// Limit that a refusal comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LimitKind {
    /// Limit of connections: another one is served only after a slot was freed.
    Cap,
    /// Rate limit: another one is served after a second, without a freed slot.
    Rate,
}

impl WsTarget {
    /// Opens up to `limit + over` connections, one at a time, and returns the served and refused ones. The first
    /// refusal sets `kind`.
    pub async fn trial(
        &self,
        route: &Route,
        (limit, over): (usize, usize),
        kind: &mut Option<LimitKind>,
    ) -> Result<Settled, Box<CheckResult>> {
        let mut connection_set = ConnectionSet::default();
        let mut paced = 0;
        while connection_set.open.len() < limit + over && connection_set.refused.len() < over + paced {
            match self.join(route).await? {
                Joined::Served(client) => connection_set.open.push(client),
                Joined::Refused(refused) => {
                    connection_set.refused.push((connection_set.open.len(), refused));
                    if kind.is_none() {
                        *kind = self.detect_kind(route, &mut connection_set).await?;
                        self.log
                            .record("refused", format!("at {}: {}", connection_set.open.len(), describe_kind(*kind)));
                    }
                    if *kind == Some(LimitKind::Cap) {
                        // The server is full. The other attempts run at once, so that their refusals are awaited
                        // together.
                        let left = (over - connection_set.refused.len()).min(limit + over - connection_set.open.len());
                        let rest = self.burst(route, left).await?;
                        connection_set.append(rest);
                        break;
                    }
                    if *kind == Some(LimitKind::Rate) {
                        // A refusal by the rate limit does not count for the connection limit.
                        paced += usize::from(paced < 10 * (limit + over));
                        sleep(RATE_LIMIT_RETRY_DELAY / 10).await;
                    }
                }
            }
        }
        if *kind == Some(LimitKind::Rate) {
            connection_set.refused.clear();
        }
        let settled = connection_set.settle(GRACE).await;
        let Settled { served, evicted, .. } = &settled;
        self.log.record("trial", format!("{served} served, refused: {}, evicted: {evicted}", settled.classes()));
        connection_set.close().await;
        Ok(settled)
    }

    /// Distinguishes a connection limit from a rate limit. If another connection is served after a second, it is a rate
    /// limit. If one is served only after a slot was freed, or none at all, it is a connection limit.
    async fn detect_kind(
        &self,
        route: &Route,
        connection_set: &mut ConnectionSet,
    ) -> Result<Option<LimitKind>, Box<CheckResult>> {
        for _ in 0..MAX_RATE_LIMIT_RETRIES {
            sleep(RATE_LIMIT_RETRY_DELAY).await;
            if let Some(client) = self.try_one_more(route).await? {
                connection_set.open.push(client);
                return Ok(Some(LimitKind::Rate));
            }
            let Some(newest) = connection_set.open.pop() else { return Ok(Some(LimitKind::Cap)) };
            newest.close().await;
            if let Some((client, _)) = self.wait_until_served(route, RATE_LIMIT_RETRY_DELAY / 4).await? {
                connection_set.open.push(client);
                return Ok(Some(LimitKind::Cap));
            }
        }
        Ok(Some(LimitKind::Cap))
    }
}

fn describe_kind(kind: Option<LimitKind>) -> &'static str {
    match kind {
        Some(LimitKind::Rate) => "another connection is served after a pause, so this is a rate limit",
        Some(LimitKind::Cap) => "another connection is served only after one was closed, so this is a connection limit",
        None => "unknown",
    }
}
