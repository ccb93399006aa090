//! Checks that slots are freed after all kinds of connection ends: close frame, FIN, RST, disappearance and silence.

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
    /// Fills the server, ends its oldest connection with `end`, and waits until another one is served. If `end` returns
    /// the client, its connection stays open until then.
    ///
    /// # Errors
    /// Returns an error result if the server cannot be filled, and a skip if this machine cannot end the connection in
    /// this way.
    pub async fn release<F>(&self, within: Duration, end: impl FnOnce(Client) -> F) -> CheckVerdict
    where
        F: Future<Output = std::io::Result<Option<Client>>>,
    {
        let (limit, over) = self.limit()?;
        let route = self.route_with_fd_limit((limit + over) as u64).await?;
        let mut connection_set = self.fill_completely(&route, limit).await?;
        self.log.record("full", format!("{limit} connections are open, one more is refused"));
        let Some(oldest) = (!connection_set.open.is_empty()).then(|| connection_set.open.remove(0)) else {
            return CheckResult::error("no connection is open").stop();
        };
        // A silent client is kept until the end, because dropping it closes its connection.
        let silent = match end(oldest).await {
            Ok(silent) => silent,
            Err(error) if error.kind() == std::io::ErrorKind::PermissionDenied => {
                return CheckResult::skip("CAP_NET_ADMIN is required").stop();
            }
            Err(error) => {
                return CheckResult::skip(format!("this machine cannot end a connection in this way: {error}")).stop();
            }
        };
        let freed = self.wait_until_served(&route, within).await?;
        drop(silent);
        let result = match &freed {
            Some((_, after)) => CheckResult::pass(limit as u64).observed("released_ms", millis(*after)),
            None => CheckResult::fail(limit as u64, format!("the slot was not freed within {} ms", millis(within))),
        };
        if let Some((client, after)) = freed {
            self.log.record("released", format!("after {} ms", millis(after)));
            client.close().await;
        }
        connection_set.close().await;
        Ok(result.expected("released_ms", millis(within)).control("full server", Outcome::Pass))
    }

    /// Like [`WsTarget::release`], within `dead_peer_deadline`; skips if it is not set.
    pub async fn release_dead<F>(&self, end: impl FnOnce(Client) -> F) -> CheckVerdict
    where
        F: Future<Output = std::io::Result<Option<Client>>>,
    {
        let Some(deadline) = self.ws.dead_peer_deadline_ms else {
            return CheckResult::skip("`dead_peer_deadline` is not set").stop();
        };
        let result = self.release(Duration::from_millis(deadline), end).await?;
        let help = "ping each connection and end it if no pong arrives; `dead_peer_deadline` is ping interval + pong timeout + close timeout";
        Ok(if result.outcome == Outcome::Fail { result.help(help, &[]) } else { result })
    }
}
