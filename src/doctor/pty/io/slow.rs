//! Check `pty.io.slow`: a reader that pauses loses no output.

use std::time::Duration;

use tokio::time::sleep;

use super::super::{PtyTarget, seen};
use super::{TRANSFER, differs_at};
use crate::doctor::Check;
use crate::doctor::check_result::{CheckFuture, CheckResult, CheckVerdict, boxed};
use crate::doctor::frame;

/// Duration of the pause.
const PAUSE: Duration = Duration::from_secs(2);
/// Largest memory use of the host after the pause, in bytes.
const MAX_MEMORY: u64 = 64 << 20;

pub const CHECK: Check = Check {
    id: "pty.io.slow",
    claim: "a reader that pauses loses no output",
    method: "A payload writes `volume` bytes (10 MB by default), and nothing is read for 2 s; then all of it is read. \
             Fails if a byte is missing or different. Warns if the host uses more than 64 MiB of memory after the \
             pause.",
    side_effects: "one session, with 10 MB of output",
    risk: "",
    deadline_ms: 40_000,
};

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
    let result = if seen != sent {
        let at = differs_at(&seen, &sent);
        CheckResult::fail(
            sent.len() as u64,
            format!(
                "{} of {} bytes arrived after the pause, the first difference is at byte {at}",
                seen.len(),
                sent.len()
            ),
        )
        .help("stop reading from the terminal while the client does not read", &[])
    } else if memory.is_some_and(|memory| memory > MAX_MEMORY) {
        CheckResult::warn(
            sent.len() as u64,
            format!("the host uses {} MiB of memory while the client does not read", memory.unwrap_or_default() >> 20),
        )
    } else {
        CheckResult::pass(sent.len() as u64)
    };
    Ok(result.observed("bytes", seen.len()).observed("host_bytes", memory).expected("bytes", sent.len()))
}
