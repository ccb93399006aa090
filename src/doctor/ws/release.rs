//! Slots that are freed: by a farewell, by a reset, by an end without a word, by silence.

pub mod abandoned;
pub mod close;
pub mod fin;
pub mod mute;
pub mod rst;
pub mod vanish;

use std::time::Duration;

use super::WsTarget;
use super::client::Client;
use crate::doctor::check_result::{CheckResult, CheckVerdict};
use crate::doctor::log::millis;
use crate::doctor::record::Outcome;

impl WsTarget {
    /// Fills the server, ends one connection in a way, and waits until another one is served in its place.
    ///
    /// # Errors
    /// Where nothing can be said.
    pub async fn release<F>(&self, within: Duration, end: impl FnOnce(Client) -> F) -> CheckVerdict
    where
        F: Future<Output = std::io::Result<Option<Client>>>,
    {
        let (limit, over) = self.limit()?;
        let route = self.route_with_fd_limit((limit + over) as u64).await?;
        let mut connection_set = self.full(&route, limit).await?;
        self.log.note("full", format!("{limit} are held, one more is refused"));
        let Some(oldest) = (!connection_set.held.is_empty()).then(|| connection_set.held.remove(0)) else {
            return CheckResult::error("nothing is held").stop();
        };
        // What is only silent is kept until the end, else it would be closed.
        let kept = match end(oldest).await {
            Ok(kept) => kept,
            Err(error) if error.kind() == std::io::ErrorKind::PermissionDenied => {
                return CheckResult::skip("this needs CAP_NET_ADMIN").stop();
            }
            Err(error) => return CheckResult::skip(format!("this machine cannot do that: {error}")).stop(),
        };
        let freed = self.until_served(&route, within).await?;
        drop(kept);
        let found = match &freed {
            Some((_, after)) => CheckResult::pass(limit as u64).observed("released_ms", millis(*after)),
            None => {
                CheckResult::fail(limit as u64, format!("its slot was not free again within {} ms", millis(within)))
            }
        };
        if let Some((client, after)) = freed {
            self.log.note("released", format!("after {} ms", millis(after)));
            client.close().await;
        }
        connection_set.close().await;
        Ok(found.expected("released_ms", millis(within)).control("a full server", Outcome::Pass))
    }

    /// As [`WsTarget::release`], within the time that is claimed for peers that are gone without a word.
    ///
    /// # Errors
    /// Where nothing can be said.
    pub async fn release_dead<F>(&self, end: impl FnOnce(Client) -> F) -> CheckVerdict
    where
        F: Future<Output = std::io::Result<Option<Client>>>,
    {
        let Some(deadline) = self.ws.dead_peer_deadline_ms else {
            return CheckResult::skip("no `dead_peer_deadline` is claimed").stop();
        };
        let found = self.release(Duration::from_millis(deadline), end).await?;
        let help = "ping each connection, and end it where no pong comes; the deadline is interval + pong timeout + close timeout";
        Ok(if found.outcome == Outcome::Fail { found.help(help, &[]) } else { found })
    }
}
