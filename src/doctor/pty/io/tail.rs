//! Whether the last bytes of a program come out.

use std::time::Duration;

use super::super::PtyTarget;
use crate::doctor::Check;
use crate::doctor::check_result::{CheckFuture, CheckResult, CheckVerdict, boxed};
use crate::doctor::frame;

/// How much each writes, in bytes.
const SIZE: usize = 4_000;

/// The check.
pub const CHECK: Check = Check {
    id: "pty.io.tail",
    claim: "the last bytes before the end of a program come out",
    method: "`sessions` programs (200), each of which writes 4,000 bytes and ends at once. Fails where one of them comes out short.",
    opens: "200 sessions, one after the other",
    harm: "",
    deadline_ms: 90_000,
};

/// Looks.
pub fn run(target: PtyTarget) -> CheckFuture {
    boxed(check(target))
}

/// How many of the wanted bytes came in one piece, from their first on.
fn reached(seen: &[u8], wanted: &[u8]) -> usize {
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
        // A host may say something before and after.
        let came = reached(&seen, &wanted);
        if came < wanted.len() {
            short += 1;
            missing += wanted.len() - came;
            target.log.note("short", format!("run {run}: {came} of {} bytes", wanted.len()));
            if seen.is_empty() && run == 0 {
                // Not even a beginning: then it is something else, and that is said.
                session.report("ready", Duration::from_millis(100)).await?;
            }
        }
    }
    let found = if short == 0 {
        CheckResult::pass(runs as u64)
    } else {
        CheckResult::fail(runs as u64, format!("{short} of {runs} programs came out short, by {missing} bytes"))
            .help("when the program has ended, read the terminal until it gives an end or an error", &[])
    };
    Ok(found.observed("short", short).observed("missing_bytes", missing).expected("short", 0))
}
