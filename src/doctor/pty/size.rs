//! Check `pty.size`: a session has the configured size.

use serde_json::json;

use super::PtyTarget;
use crate::doctor::Check;
use crate::doctor::check_result::{CheckFuture, CheckResult, CheckVerdict, boxed};

pub const CHECK: Check = Check {
    id: "pty.size",
    claim: "a session has the configured size",
    method: "A payload inside reads the size of the terminal (TIOCGWINSZ). Fails if it is 0x0, or if it is not `size`, \
             which replaces {rows} and {cols} in the command. If `size` is not set, any size except 0x0 passes.",
    side_effects: "one session",
    risk: "",
    deadline_ms: 15_000,
};

pub fn run(target: PtyTarget) -> CheckFuture {
    boxed(check(target))
}

async fn check(target: PtyTarget) -> CheckVerdict {
    let facts = target.facts().await?;
    let seen = facts["size"].clone();
    let configured = target.pty.size.map(|(rows, columns)| json!([rows, columns]));
    let describe = |size: &serde_json::Value| format!("{}x{}", size[0], size[1]);
    let result = if seen.is_null() {
        CheckResult::fail(1, "the session has no terminal")
    } else if seen[0] == 0 || seen[1] == 0 {
        CheckResult::fail(1, format!("expected a size, found {}", describe(&seen)))
            .help("set the size (`TIOCSWINSZ`) before the program is started; if the host copies the size of its own terminal, add `stdio = \"pty\"` next to `command`", &[])
    } else if let Some(wanted) = configured.as_ref().filter(|size| **size != seen) {
        CheckResult::fail(1, format!("expected size {}, found {}", describe(wanted), describe(&seen)))
    } else {
        CheckResult::pass(1)
    };
    Ok(result.observed("size", seen).expected("size", configured.unwrap_or_else(|| json!("any except 0x0"))))
}
