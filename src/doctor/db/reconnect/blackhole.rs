//! Check: all connections stay open, but nothing is received on them.

use super::super::{DbTarget, HARM, SERVED};
use crate::doctor::check_result::{CheckFuture, boxed};
use crate::doctor::{Check, Outcome};

pub const CHECK: Check = Check {
    id: "db.reconnect.blackhole",
    claim: "if connections stay open but silent, the service abandons them after a timeout",
    method: "Like `db.reconnect.terminate`, but a proxy keeps the connections open and sends nothing on them, as if the server hangs; new connections work. The service needs a timeout for each response: TCP acknowledgements still arrive, so that keep-alive does not detect the fault.",
    side_effects: SERVED,
    risk: HARM,
    deadline_ms: 60_000,
};

pub fn run(target: DbTarget) -> CheckFuture {
    boxed(async move {
        let silence = async |warm: &super::SaturatedPool| {
            warm.life.proxy.mute_all();
            Ok(())
        };
        let found = super::after(&target, silence).await?;
        let help = "set a timeout for each response in the service itself: TCP acknowledgements still arrive, so that keep-alive and TCP_USER_TIMEOUT do not detect the fault";
        Ok(if found.outcome == Outcome::Fail { found.help(help, &[]) } else { found })
    })
}
