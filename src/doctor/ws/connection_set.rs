//! Sets of connections to one server: opened one at a time or at once, checked for liveness, and closed.

use std::time::{Duration, Instant};

use futures_util::future::join_all;
use tokio::sync::Barrier;
use tokio::time::sleep;

use super::client::{Client, Gone, Missing};
use super::dial::{Refused, Route};
use super::{ANSWER, Joined, WsTarget};
use crate::doctor::check_result::CheckResult;
use crate::doctor::times::Times;

/// Time after the last attempt in which a server may still close a connection that it accepted.
pub const GRACE: Duration = Duration::from_millis(500);
/// Interval at which a freed slot is polled.
pub const POLL: Duration = Duration::from_millis(50);

/// Connections that were attempted together.
#[derive(Debug, Default)]
pub struct ConnectionSet {
    /// Upgraded connections, oldest first.
    pub open: Vec<Client>,
    /// Refusals, each with the number of connections upgraded before it.
    pub refused: Vec<(usize, Refused)>,
}

/// State of a connection set after its liveness was checked.
#[derive(Clone, Debug, Default)]
pub struct Settled {
    /// Number of connections that answer liveness requests.
    pub served: usize,
    /// Refusals, including those after the upgrade.
    pub refused: Vec<Refused>,
    /// Number of connections that ended although a newer one is served.
    pub evicted: usize,
    /// Number of connections before the first refusal.
    pub first: Option<usize>,
}

impl Settled {
    /// Returns the classes of the refusals with their counts: `http-503 × 5, rst × 2`.
    pub fn classes(&self) -> String {
        classes(&self.refused)
    }
}

/// Returns the classes of refusals with their counts, or `none`.
pub fn classes(refused: &[Refused]) -> String {
    let mut counts: std::collections::BTreeMap<&str, usize> = std::collections::BTreeMap::new();
    for refusal in refused {
        *counts.entry(&refusal.class).or_default() += 1;
    }
    let parts: Vec<String> = counts.iter().map(|(class, count)| format!("{class} × {count}")).collect();
    if parts.is_empty() { "none".to_owned() } else { parts.join(", ") }
}

/// Returns the clients that are served, and the number of the others: closed by the server or without an answer.
pub async fn partition_served(clients: Vec<Client>) -> (Vec<Client>, usize) {
    let responses = join_all(clients.iter().map(|client| client.check_liveness(ANSWER))).await;
    let all = clients.len();
    let alive: Vec<Client> = clients
        .into_iter()
        .zip(responses)
        .filter_map(|(client, response)| response.is_ok().then_some(client))
        .collect();
    let dead = all - alive.len();
    (alive, dead)
}

impl ConnectionSet {
    /// Checks the liveness of all connections after `grace`. Connections that ended after the upgrade or do not answer
    /// (class `zombie`) become refusals.
    pub async fn settle(&mut self, grace: Duration) -> Settled {
        sleep(grace).await;
        let responses = join_all(self.open.iter().map(|client| client.check_liveness(ANSWER))).await;
        let newest = responses.iter().rposition(Result::is_ok);
        let mut settled = Settled {
            refused: self.refused.iter().map(|(_, refused)| refused.clone()).collect(),
            ..Settled::default()
        };
        let mut first = self.refused.first().map(|(before, _)| *before);
        let mut alive = Vec::new();
        for (at, (client, response)) in self.open.drain(..).zip(responses).enumerate() {
            let Err(missing) = response else {
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
        self.open = alive;
        settled.served = self.open.len();
        settled.first = first;
        settled
    }

    /// Adds connections that were opened later.
    pub fn append(&mut self, later: Self) {
        let before = self.open.len();
        self.refused.extend(later.refused.into_iter().map(|(at, refused)| (before + at, refused)));
        self.open.extend(later.open);
    }

    /// Closes all connections and gives the server 100 ms to free their slots.
    pub async fn close(self) {
        join_all(self.open.into_iter().map(Client::close)).await;
        sleep(2 * POLL).await;
    }

    /// Sends liveness requests on all connections, `rounds` times. Adds the response times to `times` and returns the
    /// number of requests without an answer.
    pub async fn check_all(&self, rounds: usize, times: &mut Times) -> usize {
        let mut silent = 0;
        for _ in 0..rounds {
            for response in join_all(self.open.iter().map(|client| client.check_liveness(ANSWER))).await {
                match response {
                    Ok(time) => times.add(time),
                    Err(_) => silent += 1,
                }
            }
        }
        silent
    }
}

impl WsTarget {
    /// Opens connections one at a time, until the set holds `count` or one is refused.
    pub async fn fill_to_limit(
        &self,
        route: &Route,
        connection_set: &mut ConnectionSet,
        count: usize,
    ) -> Result<(), Box<CheckResult>> {
        while connection_set.open.len() < count {
            match self.join(route).await? {
                Joined::Served(client) => connection_set.open.push(client),
                Joined::Refused(refused) => {
                    connection_set.refused.push((connection_set.open.len(), refused));
                    break;
                }
            }
        }
        Ok(())
    }

    /// Opens connections at once: the last bytes of all upgrade requests are sent together.
    pub async fn burst(&self, route: &Route, count: usize) -> Result<ConnectionSet, Box<CheckResult>> {
        let mut connection_set = ConnectionSet::default();
        let gate = Barrier::new(count.max(1));
        for joined in join_all((0..count).map(|_| self.join_at(route, &gate))).await {
            match joined? {
                Joined::Served(client) => connection_set.open.push(client),
                Joined::Refused(refused) => connection_set.refused.push((connection_set.open.len(), refused)),
            }
        }
        Ok(connection_set)
    }

    /// Fills the server up to its limit and verifies that the next connection is refused.
    ///
    /// # Errors
    /// Returns an error result if the server serves fewer connections or does not refuse the next one. Then checks of
    /// freed slots are inconclusive.
    pub async fn fill_completely(&self, route: &Route, limit: usize) -> Result<ConnectionSet, Box<CheckResult>> {
        let mut connection_set = ConnectionSet::default();
        self.fill_to_limit(route, &mut connection_set, limit).await?;
        if let (true, Some((_, refused))) = (connection_set.open.is_empty(), connection_set.refused.first()) {
            return super::unreachable(refused, route).stop();
        }
        // A connection that is closed right after the upgrade is a refusal, too.
        let settled = connection_set.settle(POLL).await;
        if settled.served < limit {
            let why = format!(
                "inconclusive: only {} of {limit} connections are served ({})",
                settled.served,
                settled.classes()
            );
            return CheckResult::error(why).stop();
        }
        if self.try_one_more(route).await?.is_some() {
            let why = format!("inconclusive: the limit of {limit} is not enforced");
            return CheckResult::error(why)
                .help("run ws.limit.exact to find the enforced limit", &["phx doctor ws.limit.exact"])
                .stop();
        }
        Ok(connection_set)
    }

    /// Returns the number of older connections that the server ends to accept one beyond its limit, or `None` if it
    /// refuses the new one or does not reach its limit.
    pub async fn count_evicted(&self, route: &Route, limit: usize) -> Result<Option<usize>, Box<CheckResult>> {
        let mut connection_set = ConnectionSet::default();
        self.fill_to_limit(route, &mut connection_set, limit).await?;
        if connection_set.settle(POLL).await.served < limit {
            connection_set.close().await;
            return Ok(None);
        }
        let newcomer = self.try_one_more(route).await?;
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

    /// Opens one more connection and returns it if it is upgraded and answers a liveness request 50 ms later.
    pub async fn try_one_more(&self, route: &Route) -> Result<Option<Client>, Box<CheckResult>> {
        match self.join(route).await? {
            Joined::Refused(_) => Ok(None),
            Joined::Served(client) => {
                sleep(POLL).await;
                Ok(client.check_liveness(ANSWER).await.is_ok().then_some(client))
            }
        }
    }

    /// Tries new connections until one is served or the time `limit` has passed. Returns the connection and the time
    /// from the start to its attempt.
    pub async fn wait_until_served(
        &self,
        route: &Route,
        limit: Duration,
    ) -> Result<Option<(Client, Duration)>, Box<CheckResult>> {
        let start = Instant::now();
        loop {
            let tried_at = start.elapsed();
            if let Some(client) = self.try_one_more(route).await? {
                return Ok(Some((client, tried_at)));
            }
            if start.elapsed() > limit {
                return Ok(None);
            }
            sleep(POLL).await;
        }
    }
}
