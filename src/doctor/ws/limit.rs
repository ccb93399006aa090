//! The limit of connections: how many, at once, whose, and what it costs those that are served.

pub mod burst;
pub mod exact;
pub mod scope;
pub mod stable;

use std::time::Duration;

use tokio::time::sleep;

use super::crowd::{Crowd, GRACE, Settled};
use super::dial::Route;
use super::{Joined, Site};
use crate::doctor::found::Found;

/// How long a limiter of rates is given to let one in again.
const BREATH: Duration = Duration::from_secs(1);
/// How often it is given that.
const BREATHS: usize = 3;

/// What a refusal in the middle of a fill means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// All slots are taken: a freed one is taken again at once.
    Cap,
    /// They came too fast: after a moment one more is served.
    Rate,
}

impl Site {
    /// Fills the server one connection after the other up to `limit + over`, and says what became of them.
    ///
    /// # Errors
    /// Where this side fails.
    pub async fn trial(
        &self,
        route: &Route,
        (limit, over): (usize, usize),
        kind: &mut Option<Kind>,
    ) -> Result<Settled, Box<Found>> {
        let mut crowd = Crowd::default();
        let mut paced = 0;
        while crowd.held.len() < limit + over && crowd.refused.len() < over + paced {
            match self.join(route).await? {
                Joined::Served(client) => crowd.held.push(client),
                Joined::Refused(refused) => {
                    crowd.refused.push((crowd.held.len(), refused));
                    if kind.is_none() {
                        *kind = self.kind(route, &mut crowd).await?;
                        self.log.note("refused", format!("at {}: {}", crowd.held.len(), kind_words(*kind)));
                    }
                    if *kind == Some(Kind::Cap) {
                        // It is full; the rest may come at once, else each waits until the one before has been refused.
                        let left = (over - crowd.refused.len()).min(limit + over - crowd.held.len());
                        let rest = self.burst(route, left).await?;
                        crowd.take(rest);
                        break;
                    }
                    if *kind == Some(Kind::Rate) {
                        // What comes too fast is no refusal of the limit that is looked for.
                        paced += usize::from(paced < 10 * (limit + over));
                        sleep(BREATH / 10).await;
                    }
                }
            }
        }
        if *kind == Some(Kind::Rate) {
            crowd.refused.clear();
        }
        let settled = crowd.settle(GRACE).await;
        let Settled { served, evicted, .. } = &settled;
        self.log.note("trial", format!("{served} served, refused: {}, evicted: {evicted}", settled.classes()));
        crowd.close().await;
        Ok(settled)
    }

    /// Tells a limit of connections from one of their rate: where a moment later one more is served, it was the rate; where none
    /// is, and one is as soon as a slot is freed, it is a limit of connections.
    async fn kind(&self, route: &Route, crowd: &mut Crowd) -> Result<Option<Kind>, Box<Found>> {
        for _ in 0..BREATHS {
            sleep(BREATH).await;
            if let Some(client) = self.serves(route).await? {
                crowd.held.push(client);
                return Ok(Some(Kind::Rate));
            }
            let Some(newest) = crowd.held.pop() else { return Ok(Some(Kind::Cap)) };
            newest.close().await;
            if let Some((client, _)) = self.until_served(route, BREATH / 4).await? {
                crowd.held.push(client);
                return Ok(Some(Kind::Cap));
            }
        }
        Ok(Some(Kind::Cap))
    }
}

fn kind_words(kind: Option<Kind>) -> &'static str {
    match kind {
        Some(Kind::Rate) => "a moment later one is served again, so it limits the rate",
        Some(Kind::Cap) => "only a freed slot is taken again, so it limits the number",
        None => "unknown",
    }
}
