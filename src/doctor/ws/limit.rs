//! The limit of connections: how many, at once, whose, and what it costs those that are served.

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

/// How long a limiter of rates is given to let one in again.
const RATE_LIMIT_RETRY_DELAY: Duration = Duration::from_secs(1);
/// How often it is given that.
const MAX_RATE_LIMIT_RETRIES: usize = 3;

/// What a refusal in the middle of a fill means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LimitKind {
    /// All slots are taken: a freed one is taken again at once.
    Cap,
    /// They came too fast: after a moment one more is served.
    Rate,
}

impl WsTarget {
    /// Fills the server one connection after the other up to `limit + over`, and says what became of them.
    ///
    /// # Errors
    /// Where this side fails.
    pub async fn trial(
        &self,
        route: &Route,
        (limit, over): (usize, usize),
        kind: &mut Option<LimitKind>,
    ) -> Result<Settled, Box<CheckResult>> {
        let mut connection_set = ConnectionSet::default();
        let mut paced = 0;
        while connection_set.held.len() < limit + over && connection_set.refused.len() < over + paced {
            match self.join(route).await? {
                Joined::Served(client) => connection_set.held.push(client),
                Joined::Refused(refused) => {
                    connection_set.refused.push((connection_set.held.len(), refused));
                    if kind.is_none() {
                        *kind = self.kind(route, &mut connection_set).await?;
                        self.log.note("refused", format!("at {}: {}", connection_set.held.len(), kind_words(*kind)));
                    }
                    if *kind == Some(LimitKind::Cap) {
                        // It is full; the rest may come at once, else each waits until the one before has been refused.
                        let left = (over - connection_set.refused.len()).min(limit + over - connection_set.held.len());
                        let rest = self.burst(route, left).await?;
                        connection_set.take(rest);
                        break;
                    }
                    if *kind == Some(LimitKind::Rate) {
                        // What comes too fast is no refusal of the limit that is looked for.
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
        self.log.note("trial", format!("{served} served, refused: {}, evicted: {evicted}", settled.classes()));
        connection_set.close().await;
        Ok(settled)
    }

    /// Tells a limit of connections from one of their rate: where a moment later one more is served, it was the rate; where none
    /// is, and one is as soon as a slot is freed, it is a limit of connections.
    async fn kind(
        &self,
        route: &Route,
        connection_set: &mut ConnectionSet,
    ) -> Result<Option<LimitKind>, Box<CheckResult>> {
        for _ in 0..MAX_RATE_LIMIT_RETRIES {
            sleep(RATE_LIMIT_RETRY_DELAY).await;
            if let Some(client) = self.serves(route).await? {
                connection_set.held.push(client);
                return Ok(Some(LimitKind::Rate));
            }
            let Some(newest) = connection_set.held.pop() else { return Ok(Some(LimitKind::Cap)) };
            newest.close().await;
            if let Some((client, _)) = self.until_served(route, RATE_LIMIT_RETRY_DELAY / 4).await? {
                connection_set.held.push(client);
                return Ok(Some(LimitKind::Cap));
            }
        }
        Ok(Some(LimitKind::Cap))
    }
}

fn kind_words(kind: Option<LimitKind>) -> &'static str {
    match kind {
        Some(LimitKind::Rate) => "a moment later one is served again, so it limits the rate",
        Some(LimitKind::Cap) => "only a freed slot is taken again, so it limits the number",
        None => "unknown",
    }
}
