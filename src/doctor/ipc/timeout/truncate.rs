//! Check: the upstream disconnects in the middle of its response.

use super::METHOD;
use crate::doctor::Check;
use crate::doctor::check_result::CheckFuture;
use crate::doctor::fault::FaultMode;
use crate::doctor::ipc::{IpcTarget, OPENS};

pub const CHECK: Check = Check {
    id: "ipc.timeout.truncate",
    claim: "a call fails within `timeout.max` if the upstream disconnects in the middle of its response",
    method: METHOD,
    side_effects: OPENS,
    risk: "",
    deadline_ms: 120_000,
};

pub fn run(target: IpcTarget) -> CheckFuture {
    super::under(target, FaultMode::Truncate)
}
