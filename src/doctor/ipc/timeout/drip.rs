//! The dependency answers the body byte by byte, each well within any timeout of a read.

use std::time::Duration;

use super::METHOD;
use crate::doctor::Check;
use crate::doctor::check_result::CheckFuture;
use crate::doctor::fault::FaultMode;
use crate::doctor::ipc::{IpcTarget, OPENS};

/// The check.
pub const CHECK: Check = Check {
    id: "ipc.timeout.drip",
    claim: "where the dependency answers byte by byte, a call ends in time, with an error",
    method: METHOD,
    opens: OPENS,
    harm: "",
    deadline_ms: 120_000,
};

/// Looks.
pub fn run(target: IpcTarget) -> CheckFuture {
    // A tenth of what is claimed: a timeout for each read alone never strikes.
    let wait = target.ipc.timeout.map_or(1_000, |timeout| (timeout.max_ms / 10).clamp(1, 1_000));
    super::under(target, FaultMode::Drip(Duration::from_millis(wait)))
}
