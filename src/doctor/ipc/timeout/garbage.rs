//! The dependency answers what is no protocol.

use super::METHOD;
use crate::doctor::Check;
use crate::doctor::check_result::CheckFuture;
use crate::doctor::fault::FaultMode;
use crate::doctor::ipc::{IpcTarget, OPENS};

/// The check.
pub const CHECK: Check = Check {
    id: "ipc.timeout.garbage",
    claim: "where the dependency answers what is no protocol, a call ends in time, with an error",
    method: METHOD,
    opens: OPENS,
    harm: "",
    deadline_ms: 120_000,
};

/// Looks.
pub fn run(target: IpcTarget) -> CheckFuture {
    super::under(target, FaultMode::Garbage)
}
