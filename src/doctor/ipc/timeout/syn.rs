//! Check: connecting to the upstream never completes.

use super::METHOD;
use crate::doctor::Check;
use crate::doctor::check_result::CheckFuture;
use crate::doctor::fault::FaultMode;
use crate::doctor::ipc::{IpcTarget, OPENS};

pub const CHECK: Check = Check {
    id: "ipc.timeout.syn",
    claim: "a call fails within `timeout.max` if connecting to the upstream never completes",
    method: METHOD,
    side_effects: OPENS,
    risk: "",
    deadline_ms: 120_000,
};

pub fn run(target: IpcTarget) -> CheckFuture {
    super::under(target, FaultMode::SynDrop)
}
