//! The dependency ends its side instead of answering.

use super::METHOD;
use crate::doctor::Check;
use crate::doctor::fault::Mode;
use crate::doctor::found::Looking;
use crate::doctor::ipc::{OPENS, Site};

/// The check.
pub const CHECK: Check = Check {
    id: "ipc.timeout.half_close",
    claim: "where the dependency ends its side instead of answering, a call ends in time, with an error",
    method: METHOD,
    opens: OPENS,
    harm: "",
    deadline_ms: 120_000,
};

/// Looks.
pub fn look(site: Site) -> Looking {
    super::under(site, Mode::HalfClose)
}
