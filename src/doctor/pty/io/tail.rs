//! Check `pty.io.tail`: the last output of a program that ends arrives.

use std::time::Duration;

use super::super::PtyTarget;
use crate::doctor::Check;
use crate::doctor::check_result::{CheckFuture, CheckResult, CheckVerdict, boxed};
use crate::doctor::frame;

/// Output of each program, in bytes.
const SIZE: usize = 4_000;

pub const CHECK: Check = Check {
    id: "pty.io.tail",
    claim: "the last output of a program that ends arrives",
    method: "Starts `sessions` programs (200 by default), each of which writes 4,000 bytes and ends at once. Fails if \
             the output of one is incomplete.",
    side_effects: "200 sessions, one at a time",
    risk: "",
    deadline_ms: 90_000,
};

pub fn run(target: PtyTarget) -> CheckFuture {
    boxed(check(target))
}

/// Returns the number of wanted bytes that arrived contiguously from the first one.
fn contiguous_length(seen: &[u8], wanted: &[u8]) -> usize {
    const START: usize = 64;
    let start = memchr::memmem::find(seen, &wanted[..START.min(wanted.len())]);
    let common = |from: &[u8]| from.iter().zip(wanted).take_while(|(seen, wanted)| seen == wanted).count();
    start.map_or_else(|| common(seen), |at| common(&seen[at..]))
}

async fn check(target: PtyTarget) -> CheckVerdict {
    let runs = target.sessions();
    let wanted: Vec<u8> = frame::numbered(SIZE).into_iter().filter(|byte| *byte != b'\n').take(SIZE).collect();
    let (mut short, mut missing) = (0_u64, 0);
    for run in 0..runs {
        let mut session = target.open("tail", &[&SIZE.to_string()]).await?;
        session.end(Duration::from_secs(3)).await;
        let (seen, _) = session.raw(Duration::from_millis(100)).await;
        // A host may write output of its own before and after.
        let arrived = contiguous_length(&seen, &wanted);
        if arrived < wanted.len() {
            short += 1;
            missing += wanted.len() - arrived;
            target.log.record("short", format!("run {run}: {arrived} of {} bytes", wanted.len()));
            if seen.is_empty() && run == 0 {
                // No output at all has another cause, which the missing report describes.
                session.report("ready", Duration::from_millis(100)).await?;
            }
        }
    }
    let result = if short == 0 {
        CheckResult::pass(runs as u64)
    } else {
        CheckResult::fail(
            runs as u64,
            format!("the output of {short} of {runs} programs is incomplete, {missing} bytes are missing"),
        )
        .help("after the program has ended, read the terminal until end of file or an error", &[])
    };
    Ok(result.observed("short", short).observed("missing_bytes", missing).expected("short", 0))
}
