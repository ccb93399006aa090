//! The dependency resets the connection.

use super::METHOD;
use crate::doctor::Check;
use crate::doctor::check_result::CheckFuture;
use crate::doctor::fault::FaultMode;
use crate::doctor::ipc::{IpcTarget, OPENS};

/// The check.
pub const CHECK: Check = Check {
    id: "ipc.timeout.reset",
    claim: "where the dependency resets the connection, a call ends in time, with an error",
    method: METHOD,
    opens: OPENS,
    harm: "",
    deadline_ms: 120_000,
};

/// Looks.
pub fn run(target: IpcTarget) -> CheckFuture {
    super::under(target, FaultMode::Reset)
}
