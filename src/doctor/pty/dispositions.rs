//! Whether a session begins with signals as they should be.

use super::session::text;
use super::{PtyTarget, on_linux};
use crate::doctor::Check;
use crate::doctor::check_result::{CheckFuture, CheckResult, CheckVerdict, boxed};

/// Signals that a program must get: name and number, the same on every Linux.
const WANTED: &[(&str, u32)] = &[("HUP", 1), ("INT", 2), ("QUIT", 3), ("TERM", 15), ("CHLD", 17), ("TSTP", 20)];

/// The check.
pub const CHECK: Check = Check {
    id: "pty.dispositions",
    claim: "a session begins with no signal ignored or blocked",
    method: "A payload inside reads SigIgn and SigBlk of its own process. Warns where HUP, INT, QUIT, TERM, CHLD or TSTP is ignored or blocked: a program inherits that, and ^C does nothing.",
    opens: "one session",
    harm: "",
    deadline_ms: 15_000,
};

/// Looks.
pub fn run(target: PtyTarget) -> CheckFuture {
    boxed(check(target))
}

async fn check(target: PtyTarget) -> CheckVerdict {
    on_linux()?;
    let facts = target.facts().await?;
    let mask = |key: &str| u64::from_str_radix(text(&facts["status"], key), 16).ok();
    let (Some(ignored), Some(blocked)) = (mask("SigIgn"), mask("SigBlk")) else {
        return CheckResult::error("the payload could not read its signals").stop();
    };
    let of = |mask: u64| -> Vec<&str> {
        WANTED.iter().filter(|(_, number)| mask >> (number - 1) & 1 == 1).map(|(name, _)| *name).collect()
    };
    let (deaf_to, holds_back) = (of(ignored), of(blocked));
    let found = if deaf_to.is_empty() && holds_back.is_empty() {
        CheckResult::pass(WANTED.len() as u64)
    } else {
        let all: Vec<&str> = deaf_to.iter().chain(&holds_back).copied().collect();
        CheckResult::warn(WANTED.len() as u64, format!("a program starts without {}", all.join(", ")))
            .help("set every signal to its default, and empty the mask, before the program is started", &[])
    };
    Ok(found.observed("ignored", deaf_to).observed("blocked", holds_back))
}
