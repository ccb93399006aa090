//! Whether a peer that is gone without a word is let go.

use super::super::WsTarget;
use crate::doctor::Check;
use crate::doctor::check_result::{CheckFuture, boxed};

/// The check.
pub const CHECK: Check = Check {
    id: "ws.release.vanish",
    claim: "a peer that is gone without a word loses its slot",
    method: "All slots are taken and one more is refused; then one is ended without FIN or RST (`TCP_REPAIR`, which needs CAP_NET_ADMIN), and another one must be served within `dead_peer_deadline`. Skipped where none is claimed.",
    opens: "limit connections, then one more every 50 ms until it is served",
    harm: "",
    deadline_ms: 300_000,
};

/// Looks.
pub fn run(target: WsTarget) -> CheckFuture {
    boxed(async move { target.release_dead(|client| async move { client.drop_silently().await.map(|()| None) }).await })
}
