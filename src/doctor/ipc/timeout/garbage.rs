//! The dependency answers what is no protocol.

use super::METHOD;
use crate::doctor::Check;
use crate::doctor::fault::Mode;
use crate::doctor::found::Looking;
use crate::doctor::ipc::{OPENS, Site};

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
pub fn look(site: Site) -> Looking {
    super::under(site, Mode::Garbage)
}
