//! Whether all that is typed comes in.

use std::time::Duration;

use super::super::PtyTarget;
use crate::doctor::Check;
use crate::doctor::check_result::{CheckFuture, CheckResult, CheckVerdict, boxed};
use crate::doctor::frame;
use crate::text::hex;
use sha2::{Digest, Sha256};

/// How much is sent, in bytes.
const SIZE: usize = 1 << 20;
/// How much is acknowledged at once, in bytes.
const BLOCK: usize = 64 << 10;
/// How long an acknowledgement may take.
const ANSWER: Duration = Duration::from_secs(8);

/// The check.
pub const CHECK: Check = Check {
    id: "pty.io.in",
    claim: "all that is sent to a program comes in, byte for byte",
    method: "1 MiB is sent in blocks of 64 KiB to a payload in raw mode, which says of each what it read; the next one is sent when it has. Fails where a block is another or does not come. (In canonical mode a terminal cuts lines at 4,095 bytes; that is so by design.)",
    opens: "one session, 1 MiB into it",
    harm: "",
    deadline_ms: 60_000,
};

/// Looks.
pub fn run(target: PtyTarget) -> CheckFuture {
    boxed(check(target))
}

async fn check(target: PtyTarget) -> CheckVerdict {
    let volume = if target.quick { SIZE / 8 } else { SIZE };
    let (mut session, _) = target.ready("in", &[&volume.to_string()]).await?;
    let mut sent = frame::numbered(volume);
    sent.truncate(volume);
    let mut taken = 0;
    for block in sent.chunks(BLOCK) {
        session.send(block).await;
        let report = session.next(ANSWER).await;
        let wanted = hex(&Sha256::digest(block));
        if report.as_ref().is_none_or(|report| report["sum"] != wanted.as_str()) {
            let what = if report.is_some() { "came in changed" } else { "did not come in" };
            let why = format!("after {taken} of {volume} bytes, a block of {} {what}", block.len());
            let help = "write all of it: a terminal takes as much as it has room for, and says how much";
            return Ok(CheckResult::fail(volume as u64, why)
                .observed("bytes", taken)
                .expected("bytes", volume)
                .help(help, &[]));
        }
        taken += block.len();
    }
    Ok(CheckResult::pass(volume as u64).observed("bytes", taken).expected("bytes", volume))
}
