//! Check `pty.io.binary`: every byte value passes unchanged, in both directions.

use std::time::Duration;

use super::super::PtyTarget;
use super::super::session::text;
use crate::doctor::Check;
use crate::doctor::check_result::{CheckFuture, CheckResult, CheckVerdict, boxed};
use crate::text::hex;

/// Timeout of a transfer in one direction.
const ANSWER: Duration = Duration::from_secs(3);

pub const CHECK: Check = Check {
    id: "pty.io.binary",
    claim: "every byte value passes unchanged, in both directions",
    method: "Sends the bytes 00 to ff in raw mode: from a payload to the outside, and from the outside to a payload. \
             Warns if a byte is missing or different.",
    side_effects: "two sessions, one at a time",
    risk: "",
    deadline_ms: 20_000,
};

pub fn run(target: PtyTarget) -> CheckFuture {
    boxed(check(target))
}

async fn check(target: PtyTarget) -> CheckVerdict {
    let sent: Vec<u8> = (0..=255).collect();
    let mut session = target.open("binary", &[]).await?;
    let (out, whole) = session.raw(ANSWER).await;
    if !whole && out.is_empty() {
        session.report("ready", Duration::from_millis(200)).await?;
    }
    drop(session);
    let (mut session, _) = target.ready("echo", &["256"]).await?;
    session.send(&sent).await;
    let report = session.next(ANSWER).await.unwrap_or_default();
    let changed = |seen: &str| -> Vec<String> {
        let pairs: Vec<&str> = (0..seen.len() / 2).filter_map(|at| seen.get(2 * at..2 * at + 2)).collect();
        sent.iter()
            .enumerate()
            .filter(|(at, byte)| pairs.get(*at) != Some(&hex(&[**byte]).as_str()))
            .map(|(_, byte)| hex(&[*byte]))
            .collect()
    };
    let (out, into) = (changed(&hex(&out)), changed(text(&report, "hex")));
    let ranges = |bytes: &[String]| -> String {
        let mut spans: Vec<(u8, u8)> = Vec::new();
        for byte in bytes.iter().filter_map(|byte| u8::from_str_radix(byte, 16).ok()) {
            match spans.last_mut().filter(|(_, last)| last.checked_add(1) == Some(byte)) {
                Some((_, last)) => *last = byte,
                None => spans.push((byte, byte)),
            }
        }
        spans.iter().map(|(first, last)| format!("{first:02x}-{last:02x}")).collect::<Vec<_>>().join(", ")
    };
    let summary =
        |bytes: &[String]| format!("{} bytes, the first is {}", bytes.len(), bytes.first().map_or("?", String::as_str));
    let result = match (out.is_empty(), into.is_empty()) {
        (true, true) => CheckResult::pass(512),
        (false, _) => CheckResult::warn(512, format!("bytes changed on the way out: {}", summary(&out))),
        (true, false) => CheckResult::warn(512, format!("bytes changed on the way in: {}", summary(&into))),
    };
    Ok(result.observed("changed_out", ranges(&out)).observed("changed_in", ranges(&into)))
}
