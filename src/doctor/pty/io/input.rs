//! Check `pty.io.in`: all input of a program arrives, byte for byte.

use std::time::Duration;

use super::super::PtyTarget;
use crate::doctor::Check;
use crate::doctor::check_result::{CheckFuture, CheckResult, CheckVerdict, boxed};
use crate::doctor::frame;
use crate::text::hex;
use sha2::{Digest, Sha256};

/// Number of bytes sent.
const SIZE: usize = 1 << 20;
/// Size of a block that is acknowledged, in bytes.
const BLOCK: usize = 64 << 10;
/// Timeout of an acknowledgement.
const ANSWER: Duration = Duration::from_secs(8);

pub const CHECK: Check = Check {
    id: "pty.io.in",
    claim: "all input of a program arrives, byte for byte",
    method: "Sends 1 MiB in blocks of 64 KiB to a payload in raw mode. The payload reports the checksum of each block; \
             then the next one is sent. Fails if a block differs or does not arrive. (In canonical mode a terminal \
             cuts lines at 4,095 bytes by design.)",
    side_effects: "one session, with 1 MiB of input",
    risk: "",
    deadline_ms: 60_000,
};

pub fn run(target: PtyTarget) -> CheckFuture {
    boxed(check(target))
}

async fn check(target: PtyTarget) -> CheckVerdict {
    let volume = if target.quick { SIZE / 8 } else { SIZE };
    let (mut session, _) = target.ready("in", &[&volume.to_string()]).await?;
    let mut sent = frame::numbered(volume);
    sent.truncate(volume);
    let mut received = 0;
    for block in sent.chunks(BLOCK) {
        session.send(block).await;
        let report = session.next(ANSWER).await;
        let wanted = hex(&Sha256::digest(block));
        if report.as_ref().is_none_or(|report| report["sum"] != wanted.as_str()) {
            let problem = if report.is_some() { "arrived changed" } else { "did not arrive" };
            let why = format!("after {received} of {volume} bytes, a block of {} bytes {problem}", block.len());
            let help = "repeat partial writes: `write` may accept only a part of the bytes and returns their number";
            return Ok(CheckResult::fail(volume as u64, why)
                .observed("bytes", received)
                .expected("bytes", volume)
                .help(help, &[]));
        }
        received += block.len();
    }
    Ok(CheckResult::pass(volume as u64).observed("bytes", received).expected("bytes", volume))
}
