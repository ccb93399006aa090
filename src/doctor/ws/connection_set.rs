//! Many connections to one server: filled one after the other or at once, asked whether they live, and let go again.

use std::time::{Duration, Instant};

use futures_util::future::join_all;
use tokio::sync::Barrier;
use tokio::time::sleep;

use super::client::{Client, Gone, Missing};
use super::dial::{Refused, Route};
use super::{ANSWER, Joined, WsTarget};
use crate::doctor::check_result::CheckResult;
use crate::doctor::times::Times;

/// After the last attempt, a server may take this long to change its mind.
pub const GRACE: Duration = Duration::from_millis(500);
/// How often a freed slot is looked for.
pub const POLL: Duration = Duration::from_millis(50);

/// Connections that were asked for together.
#[derive(Debug, Default)]
pub struct ConnectionSet {
    /// Those that were upgraded, in their order.
    pub held: Vec<Client>,
    /// Those that were not, with how many were upgraded before each.
    pub refused: Vec<(usize, Refused)>,
}

/// What became of a crowd.
#[derive(Clone, Debug, Default)]
pub struct Settled {
    /// How many are served.
    pub served: usize,
    /// Refusals, those included that came after the upgrade.
    pub refused: Vec<Refused>,
    /// How many older ones died while newer ones lived.
    pub evicted: usize,
    /// How many were served before the first refusal.
    pub first: Option<usize>,
}

impl Settled {
    /// The classes of the refusals and how often each was seen: `http-503 × 5, rst × 2`.
    pub fn classes(&self) -> String {
        classes(&self.refused)
    }
}

/// The classes of refusals and how often each was seen.
pub fn classes(refused: &[Refused]) -> String {
    let mut counts: std::collections::BTreeMap<&str, usize> = std::collections::BTreeMap::new();
    for one in refused {
        *counts.entry(&one.class).or_default() += 1;
    }
    let said: Vec<String> = counts.iter().map(|(class, count)| format!("{class} × {count}")).collect();
    if said.is_empty() { "none".to_owned() } else { said.join(", ") }
}

/// The clients that are served, and how many are not: the server has closed them, or does not answer.
pub async fn living(clients: Vec<Client>) -> (Vec<Client>, usize) {
    let lives = join_all(clients.iter().map(|client| client.check_liveness(ANSWER))).await;
    let all = clients.len();
    let alive: Vec<Client> =
        clients.into_iter().zip(lives).filter_map(|(client, life)| life.is_ok().then_some(client)).collect();
    let dead = all - alive.len();
    (alive, dead)
}

impl ConnectionSet {
    /// Looks who lives after a moment, and takes those that died after the upgrade as refused.
    pub async fn settle(&mut self, grace: Duration) -> Settled {
        sleep(grace).await;
        let lives = join_all(self.held.iter().map(|client| client.check_liveness(ANSWER))).await;
        let newest = lives.iter().rposition(Result::is_ok);
        let mut settled = Settled {
            refused: self.refused.iter().map(|(_, refused)| refused.clone()).collect(),
            ..Settled::default()
        };
        let mut first = self.refused.first().map(|(before, _)| *before);
        let mut alive = Vec::new();
        for (at, (client, life)) in self.held.drain(..).zip(lives).enumerate() {
            let Err(missing) = life else {
                alive.push(client);
                continue;
            };
            let is_evicted = newest.is_some_and(|newest| at < newest);
            settled.evicted += usize::from(is_evicted);
            first = Some(first.map_or(at, |first| first.min(at)));
            settled.refused.push(match missing {
                Missing::Gone(Gone { class, reason, after }) => {
                    let class = if is_evicted { "evict".to_owned() } else { class };
                    Refused { reason, ..Refused::new(class, after) }
                }
                Missing::Silent => Refused::new("zombie", ANSWER),
            });
        }
        self.held = alive;
        settled.served = self.held.len();
        settled.first = first;
        settled
    }

    /// Takes in another crowd that came later.
    pub fn take(&mut self, later: Self) {
        let before = self.held.len();
        self.refused.extend(later.refused.into_iter().map(|(at, refused)| (before + at, refused)));
        self.held.extend(later.held);
    }

    /// Closes all, and waits until the server has let them go.
    pub async fn close(self) {
        join_all(self.held.into_iter().map(Client::close)).await;
        sleep(2 * POLL).await;
    }

    /// Asks each a number of times, one round after the other.
    pub async fn beats(&self, rounds: usize, times: &mut Times) -> usize {
        let mut silent = 0;
        for _ in 0..rounds {
            for life in join_all(self.held.iter().map(|client| client.check_liveness(ANSWER))).await {
                match life {
                    Ok(time) => times.add(time),
                    Err(_) => silent += 1,
                }
            }
        }
        silent
    }
}

impl WsTarget {
    /// Asks for connections one after the other, until so many are there or one is refused.
    ///
    /// # Errors
    /// Where this side fails.
    pub async fn fill(
        &self,
        route: &Route,
        connection_set: &mut ConnectionSet,
        count: usize,
    ) -> Result<(), Box<CheckResult>> {
        while connection_set.held.len() < count {
            match self.join(route).await? {
                Joined::Served(client) => connection_set.held.push(client),
                Joined::Refused(refused) => {
                    connection_set.refused.push((connection_set.held.len(), refused));
                    break;
                }
            }
        }
        Ok(())
    }

    /// Asks for connections at once: all requests are completed in the same moment.
    ///
    /// # Errors
    /// Where this side fails.
    pub async fn burst(&self, route: &Route, count: usize) -> Result<ConnectionSet, Box<CheckResult>> {
        let mut connection_set = ConnectionSet::default();
        let gate = Barrier::new(count.max(1));
        for joined in join_all((0..count).map(|_| self.join_at(route, &gate))).await {
            match joined? {
                Joined::Served(client) => connection_set.held.push(client),
                Joined::Refused(refused) => connection_set.refused.push((connection_set.held.len(), refused)),
            }
        }
        Ok(connection_set)
    }

    /// Fills the server up to its limit, and sees that it is full.
    ///
    /// # Errors
    /// Where it does not serve so many, or does not refuse the next one: then nothing about slots can be said.
    pub async fn full(&self, route: &Route, limit: usize) -> Result<ConnectionSet, Box<CheckResult>> {
        let mut connection_set = ConnectionSet::default();
        self.fill(route, &mut connection_set, limit).await?;
        if let (true, Some((_, refused))) = (connection_set.held.is_empty(), connection_set.refused.first()) {
            return super::unreachable(refused, route).stop();
        }
        // What closes right after the upgrade has not been refused yet.
        let settled = connection_set.settle(POLL).await;
        if settled.served < limit {
            let why = format!(
                "only {} of {limit} are served ({}), so slots cannot be told",
                settled.served,
                settled.classes()
            );
            return CheckResult::error(why).stop();
        }
        if self.serves(route).await?.is_some() {
            let why = format!("the limit of {limit} is not enforced, so nothing about its slots can be said");
            return CheckResult::error(why).help("see what ws.limit.exact says", &["phx doctor ws.limit.exact"]).stop();
        }
        Ok(connection_set)
    }

    /// How many older connections the server ends when newer ones come than it has slots; nothing if it refuses these.
    ///
    /// # Errors
    /// Where this side fails.
    pub async fn evicts(&self, route: &Route, limit: usize) -> Result<Option<usize>, Box<CheckResult>> {
        let mut connection_set = ConnectionSet::default();
        self.fill(route, &mut connection_set, limit).await?;
        if connection_set.settle(POLL).await.served < limit {
            connection_set.close().await;
            return Ok(None);
        }
        let newcomer = self.serves(route).await?;
        let left = connection_set.settle(Duration::ZERO).await.served;
        connection_set.close().await;
        match newcomer {
            Some(client) if left < limit => {
                client.close().await;
                Ok(Some(limit - left))
            }
            Some(client) => {
                client.close().await;
                Ok(None)
            }
            None => Ok(None),
        }
    }

    /// Whether one more connection is served: upgraded, and alive a moment later.
    ///
    /// # Errors
    /// Where this side fails.
    pub async fn serves(&self, route: &Route) -> Result<Option<Client>, Box<CheckResult>> {
        match self.join(route).await? {
            Joined::Refused(_) => Ok(None),
            Joined::Served(client) => {
                sleep(POLL).await;
                Ok(client.check_liveness(ANSWER).await.is_ok().then_some(client))
            }
        }
    }

    /// Waits until one more connection is served, and how long that took.
    ///
    /// # Errors
    /// Where this side fails.
    pub async fn until_served(
        &self,
        route: &Route,
        limit: Duration,
    ) -> Result<Option<(Client, Duration)>, Box<CheckResult>> {
        let start = Instant::now();
        loop {
            let asked = start.elapsed();
            if let Some(client) = self.serves(route).await? {
                return Ok(Some((client, asked)));
            }
            if start.elapsed() > limit {
                return Ok(None);
            }
            sleep(POLL).await;
        }
    }
}
