//! Check: the upstream sends the body byte by byte, each within the timeout of a read.

use std::time::Duration;

use super::METHOD;
use crate::doctor::Check;
use crate::doctor::check_result::CheckFuture;
use crate::doctor::fault::FaultMode;
use crate::doctor::ipc::{IpcTarget, OPENS};

pub const CHECK: Check = Check {
    id: "ipc.timeout.drip",
    claim: "a call fails within `timeout.max` if the upstream sends its response byte by byte",
    method: METHOD,
    side_effects: OPENS,
    risk: "",
    deadline_ms: 120_000,
};

pub fn run(target: IpcTarget) -> CheckFuture {
    // A tenth of `timeout.max`, so that a timeout for each read never expires.
    let wait = target.ipc.timeout.map_or(1_000, |timeout| (timeout.max_ms / 10).clamp(1, 1_000));
    super::under(target, FaultMode::Drip(Duration::from_millis(wait)))
}
