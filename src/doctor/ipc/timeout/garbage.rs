//! Check: the upstream sends data that is not valid in the protocol.

use super::METHOD;
use crate::doctor::Check;
use crate::doctor::check_result::CheckFuture;
use crate::doctor::fault::FaultMode;
use crate::doctor::ipc::{IpcTarget, OPENS};

pub const CHECK: Check = Check {
    id: "ipc.timeout.garbage",
    claim: "a call fails within `timeout.max` if the upstream sends data that is not valid in the protocol",
    method: METHOD,
    side_effects: OPENS,
    risk: "",
    deadline_ms: 120_000,
};

pub fn run(target: IpcTarget) -> CheckFuture {
    super::under(target, FaultMode::Garbage)
}
