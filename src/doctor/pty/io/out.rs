//! Whether all that a program writes comes out.

use std::time::Instant;

use super::super::PtyTarget;
use super::{TRANSFER, differs_at, sum};
use crate::doctor::Check;
use crate::doctor::check_result::{CheckFuture, CheckResult, CheckVerdict, boxed};
use crate::doctor::frame;

/// The check.
pub const CHECK: Check = Check {
    id: "pty.io.out",
    claim: "all that a program writes comes out, byte for byte",
    method: "A payload writes `volume` bytes (10 MB) of numbered lines of UTF-8 in raw mode. Fails where a byte is missing or another.",
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
    let start = Instant::now();
    let mut session = target.open("out", &[&target.volume().to_string()]).await?;
    let (seen, whole) = session.raw(TRANSFER).await;
    if seen.is_empty() {
        session.report("ready", std::time::Duration::from_millis(500)).await?;
    }
    let seconds = start.elapsed().as_secs_f64();
    let found = if seen == sent {
        CheckResult::pass(sent.len() as u64)
    } else if !whole {
        CheckResult::fail(sent.len() as u64, format!("{} of {} bytes came, then nothing more", seen.len(), sent.len()))
    } else {
        let at = differs_at(&seen, &sent);
        CheckResult::fail(
            sent.len() as u64,
            format!("{} of {} bytes came, the first wrong one at {at}", seen.len(), sent.len()),
        )
    };
    let found = if found.outcome == crate::doctor::Outcome::Fail {
        found.help("read until the end, and pass on each byte as it is", &[])
    } else {
        found
    };
    #[allow(clippy::cast_precision_loss)]
    let rate = (seen.len() as f64 / seconds / 1e5).round() / 10.0;
    Ok(found
        .observed("bytes", seen.len())
        .observed("sum", sum(&seen))
        .observed("throughput_megabytes_per_second", rate)
        .expected("bytes", sent.len())
        .expected("sum", sum(&sent)))
}
