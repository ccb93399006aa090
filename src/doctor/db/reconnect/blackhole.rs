//! All connections stay open, and nothing comes back on them.

use super::super::{DbTarget, HARM, SERVED};
use crate::doctor::check_result::{CheckFuture, boxed};
use crate::doctor::{Check, Outcome};

/// The check.
pub const CHECK: Check = Check {
    id: "db.reconnect.blackhole",
    claim: "where connections stay open and silent, the service leaves them after a while",
    method: "As `db.reconnect.terminate`, by a proxy that keeps the connections open and says nothing on them any more, as behind a server that hangs; new connections are served. What the service needs is a bound on the time of an answer: the far end acknowledges, so that keep-alive finds nothing.",
    opens: SERVED,
    harm: HARM,
    deadline_ms: 60_000,
};

/// Looks.
pub fn run(target: DbTarget) -> CheckFuture {
    boxed(async move {
        let silenced = async |warm: &super::SaturatedPool| {
            warm.life.proxy.silence();
            Ok(())
        };
        let found = super::after(&target, silenced).await?;
        let help = "bound the time of each answer in the service itself: the far end acknowledges, so keep-alive and TCP_USER_TIMEOUT find nothing";
        Ok(if found.outcome == Outcome::Fail { found.help(help, &[]) } else { found })
    })
}
