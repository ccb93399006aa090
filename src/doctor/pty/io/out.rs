//! Check `pty.io.out`: all output of a program arrives, byte for byte.

use std::time::Instant;

use super::super::PtyTarget;
use super::{TRANSFER, differs_at, sum};
use crate::doctor::Check;
use crate::doctor::check_result::{CheckFuture, CheckResult, CheckVerdict, boxed};
use crate::doctor::frame;

pub const CHECK: Check = Check {
    id: "pty.io.out",
    claim: "all output of a program arrives, byte for byte",
    method: "A payload writes `volume` bytes (10 MB by default) of numbered UTF-8 lines in raw mode. Fails if a byte \
             is missing or different.",
    side_effects: "one session, with 10 MB of output",
    risk: "",
    deadline_ms: 40_000,
};

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
    let result = if seen == sent {
        CheckResult::pass(sent.len() as u64)
    } else if !whole {
        CheckResult::fail(sent.len() as u64, format!("only {} of {} bytes arrived", seen.len(), sent.len()))
    } else {
        let at = differs_at(&seen, &sent);
        CheckResult::fail(
            sent.len() as u64,
            format!("{} of {} bytes arrived, the first difference is at byte {at}", seen.len(), sent.len()),
        )
    };
    let result = if result.outcome == crate::doctor::Outcome::Fail {
        result.help("read the terminal until its end and pass on all bytes unchanged", &[])
    } else {
        result
    };
    #[allow(clippy::cast_precision_loss)]
    let rate = (seen.len() as f64 / seconds / 1e5).round() / 10.0;
    Ok(result
        .observed("bytes", seen.len())
        .observed("sum", sum(&seen))
        .observed("throughput_megabytes_per_second", rate)
        .expected("bytes", sent.len())
        .expected("sum", sum(&sent)))
}
