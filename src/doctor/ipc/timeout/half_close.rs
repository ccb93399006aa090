//! Check: the upstream closes its side of the connection instead of responding.

use super::METHOD;
use crate::doctor::Check;
use crate::doctor::check_result::CheckFuture;
use crate::doctor::fault::FaultMode;
use crate::doctor::ipc::{IpcTarget, OPENS};

pub const CHECK: Check = Check {
    id: "ipc.timeout.half_close",
    claim: "a call fails within `timeout.max` if the upstream closes its side of the connection instead of responding",
    method: METHOD,
    side_effects: OPENS,
    risk: "",
    deadline_ms: 120_000,
};

pub fn run(target: IpcTarget) -> CheckFuture {
    super::under(target, FaultMode::HalfClose)
}
