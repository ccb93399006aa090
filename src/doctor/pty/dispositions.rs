//! Check `pty.dispositions`: a session starts with no signal ignored or blocked.

use super::session::text;
use super::{PtyTarget, on_linux};
use crate::doctor::Check;
use crate::doctor::check_result::{CheckFuture, CheckResult, CheckVerdict, boxed};

/// Names and numbers of the signals that a program must receive. The numbers are those of Linux on most architectures.
const WANTED: &[(&str, u32)] = &[("HUP", 1), ("INT", 2), ("QUIT", 3), ("TERM", 15), ("CHLD", 17), ("TSTP", 20)];

pub const CHECK: Check = Check {
    id: "pty.dispositions",
    claim: "a session starts with no signal ignored or blocked",
    method: "A payload inside reads SigIgn and SigBlk of its own process. Warns if HUP, INT, QUIT, TERM, CHLD or TSTP \
             is ignored or blocked: programs inherit this, and then, for example, ^C has no effect. Available only on \
             Linux.",
    side_effects: "one session",
    risk: "",
    deadline_ms: 15_000,
};

pub fn run(target: PtyTarget) -> CheckFuture {
    boxed(check(target))
}

async fn check(target: PtyTarget) -> CheckVerdict {
    on_linux()?;
    let facts = target.facts().await?;
    let mask = |key: &str| u64::from_str_radix(text(&facts["status"], key), 16).ok();
    let (Some(ignored), Some(blocked)) = (mask("SigIgn"), mask("SigBlk")) else {
        return CheckResult::error("the payload cannot read its signal masks").stop();
    };
    let names = |mask: u64| -> Vec<&str> {
        WANTED.iter().filter(|(_, number)| mask >> (number - 1) & 1 == 1).map(|(name, _)| *name).collect()
    };
    let (ignored, blocked) = (names(ignored), names(blocked));
    let result = if ignored.is_empty() && blocked.is_empty() {
        CheckResult::pass(WANTED.len() as u64)
    } else {
        let all: Vec<&str> = ignored.iter().chain(&blocked).copied().collect();
        CheckResult::warn(
            WANTED.len() as u64,
            format!("signals ignored or blocked at the start of a program: {}", all.join(", ")),
        )
        .help("before starting the program, set every signal to its default and clear the signal mask", &[])
    };
    Ok(result.observed("ignored", ignored).observed("blocked", blocked))
}
