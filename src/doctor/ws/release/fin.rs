//! Check `ws.release.fin`: a connection that ends without a close frame frees its slot.

use super::super::WsTarget;
use crate::doctor::Check;
use crate::doctor::check_result::{CheckFuture, boxed};

pub const CHECK: Check = Check {
    id: "ws.release.fin",
    claim: "a connection that ends without a close frame frees its slot",
    method: "Fills all slots and verifies that one more connection is refused. Then ends one connection with FIN, \
             without a close frame. Fails if no other connection is served within `release_deadline`.",
    side_effects: "limit connections, then one more every 50 ms until one is served",
    risk: "",
    deadline_ms: 30_000,
};

pub fn run(target: WsTarget) -> CheckFuture {
    boxed(async move {
        let within = target.release_deadline();
        target
            .release(within, |client| async move {
                client.finish().await;
                Ok(None)
            })
            .await
    })
}
