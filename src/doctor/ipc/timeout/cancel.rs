//! Who does not wait any more does not keep others busy.

use std::time::{Duration, Instant};

use tokio::time::sleep;

use super::super::rig::Way;
use super::super::{OPENS, Site};
use crate::doctor::Check;
use crate::doctor::fault::Mode;
use crate::doctor::found::{Found, Looking, Verdict, looking};
use crate::doctor::log::millis;
use crate::doctor::record::Outcome;

/// How long work may go on behind an answer.
const GRACE: Duration = Duration::from_secs(1);

/// The check.
pub const CHECK: Check = Check {
    id: "ipc.timeout.cancel",
    claim: "once a call has ended, its work at the dependency ends too",
    method: "The dependency never answers. Once the caller has its error, the dependency waits until the service goes away. Warns where that takes longer than a second.",
    opens: OPENS,
    harm: "",
    deadline_ms: 60_000,
};

/// Looks.
pub fn look(site: Site) -> Looking {
    looking(async move { run(site).await })
}

async fn run(site: Site) -> Verdict {
    site.timeout()?;
    if site.ipc.upstream.forward.is_some() {
        return Found::skip("a connection to a real server may be kept for the next call").early();
    }
    let mut rig = site.rig().await?;
    rig.fail(Mode::HangHeaders).await?;
    let before = rig.upstream.count();
    let called = rig.call(Way::Entry).await?;
    let answered = Instant::now();
    if called.hits == 0 {
        return Found::error("the fault did not reach the service: the dependency was not asked").early();
    }
    let kept = || rig.upstream.hits()[before..].iter().filter(|hit| hit.gone.is_none()).count();
    while kept() > 0 && answered.elapsed() < GRACE {
        sleep(Duration::from_millis(10)).await;
    }
    let (kept, took) = (kept(), millis(answered.elapsed()));
    let found = if called.is_late {
        Found::fail(1, "the caller had no answer at all")
    } else if kept > 0 {
        Found::warn(1, format!("{took} ms after the caller had its error, {kept} of its requests were still open"))
            .remedy("cancel the request when nobody waits for it any more", &[])
    } else {
        Found::pass(1).observed("gone_after_ms", took)
    };
    Ok(found.control("calls reach the dependency while it is well", Outcome::Pass).observed("kept", kept as u64))
}
