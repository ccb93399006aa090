//! Whether a session can reach this machine over the network.

use std::time::Duration;

use tokio::net::TcpListener;
use tokio::time::timeout;

use super::super::Site;
use super::{Tried, each};
use crate::doctor::Check;
use crate::doctor::found::{Found, Looking};

/// The check.
pub const CHECK: Check = Check {
    id: "pty.sandbox.net",
    claim: "a session cannot reach the network of this machine",
    method: "A connection to a listener of phx on 127.0.0.1 is made. Passes where that works outside and has no effect inside; an error where it does not work outside; skipped where `sandbox.deny` does not name `net`.",
    opens: "two sessions, and a listener on 127.0.0.1",
    harm: "",
    deadline_ms: 40_000,
};

/// Looks.
pub fn look(site: Site) -> Looking {
    each(site, "net", async |site, declared| {
        let listener = TcpListener::bind("127.0.0.1:0")
            .await
            .and_then(|listener| Ok((listener.local_addr()?.to_string(), listener)));
        let (address, listener) =
            listener.map_err(|error| Box::new(Found::error(format!("nothing listens: {error}"))))?;
        let is_other = !declared.is_empty() && declared != "loopback";
        let target = if is_other { declared.clone() } else { address };
        let effect = async |_: &Tried| {
            let came = timeout(Duration::from_millis(200), listener.accept()).await.is_ok();
            (!is_other).then_some(came)
        };
        site.both("net", &target, &target, effect).await
    })
}
