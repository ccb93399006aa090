//! Whether a reader that pauses loses something.

use std::time::Duration;

use tokio::time::sleep;

use super::super::{PtyTarget, seen};
use super::{TRANSFER, differs_at};
use crate::doctor::Check;
use crate::doctor::check_result::{CheckFuture, CheckResult, CheckVerdict, boxed};
use crate::doctor::frame;

/// How long it pauses.
const PAUSE: Duration = Duration::from_secs(2);
/// How much memory the host may take meanwhile, in bytes.
const MEMORY: u64 = 64 << 20;

/// The check.
pub const CHECK: Check = Check {
    id: "pty.io.slow",
    claim: "a reader that pauses loses nothing",
    method: "A payload writes `volume` bytes (10 MB) while nobody reads for 2 s; then all of it is read. Fails where a byte is missing or another; warns where the host has taken more than 64 MiB meanwhile.",
    opens: "one session, 10 MB out of it",
    harm: "",
    deadline_ms: 40_000,
};

/// Looks.
pub fn run(target: PtyTarget) -> CheckFuture {
    boxed(check(target))
}

async fn check(target: PtyTarget) -> CheckVerdict {
    let sent = frame::numbered(target.volume());
    let mut session = target.open("out", &[&target.volume().to_string()]).await?;
    sleep(if target.quick { PAUSE / 2 } else { PAUSE }).await;
    let memory = session.host_id().and_then(seen::memory);
    let (seen, _) = session.raw(TRANSFER).await;
    if seen.is_empty() {
        session.report("ready", Duration::from_millis(500)).await?;
    }
    let found = if seen != sent {
        let at = differs_at(&seen, &sent);
        CheckResult::fail(
            sent.len() as u64,
            format!("{} of {} bytes came after the pause, the first wrong one at {at}", seen.len(), sent.len()),
        )
        .help("stop reading from the terminal while nobody takes what was read", &[])
    } else if memory.is_some_and(|memory| memory > MEMORY) {
        CheckResult::warn(
            sent.len() as u64,
            format!("the host holds {} MiB while nobody reads", memory.unwrap_or_default() >> 20),
        )
    } else {
        CheckResult::pass(sent.len() as u64)
    };
    Ok(found.observed("bytes", seen.len()).observed("host_bytes", memory).expected("bytes", sent.len()))
}
