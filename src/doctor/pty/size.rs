//! Whether a session knows its size.

use serde_json::json;

use super::PtyTarget;
use crate::doctor::Check;
use crate::doctor::check_result::{CheckFuture, CheckResult, CheckVerdict, boxed};

/// The check.
pub const CHECK: Check = Check {
    id: "pty.size",
    claim: "a session has the size that was asked for",
    method: "A payload inside asks for the size (TIOCGWINSZ). Fails where it is 0x0, and where it is not `size`, which stands for {rows} and {cols} in the command; without a `size` any size but 0x0 passes.",
    opens: "one session",
    harm: "",
    deadline_ms: 15_000,
};

/// Looks.
pub fn run(target: PtyTarget) -> CheckFuture {
    boxed(check(target))
}

async fn check(target: PtyTarget) -> CheckVerdict {
    let facts = target.facts().await?;
    let seen = facts["size"].clone();
    let asked = target.pty.size.map(|(rows, columns)| json!([rows, columns]));
    let said = |size: &serde_json::Value| format!("{}x{}", size[0], size[1]);
    let found = if seen.is_null() {
        CheckResult::fail(1, "there is no terminal that could have a size")
    } else if seen[0] == 0 || seen[1] == 0 {
        CheckResult::fail(1, format!("the size is {}", said(&seen)))
            .help("set the size (`TIOCSWINSZ`) before the program is started; a host that takes it from its own terminal needs `stdio = \"pty\"` beside `command`", &[])
    } else if let Some(asked) = asked.as_ref().filter(|asked| **asked != seen) {
        CheckResult::fail(1, format!("the size is {} instead of {}", said(&seen), said(asked)))
    } else {
        CheckResult::pass(1)
    };
    Ok(found.observed("size", seen).expected("size", asked.unwrap_or_else(|| json!("any but 0x0"))))
}
