//! Whether what a session has is a terminal of the kernel, and not something that looks like one.

use super::PtyTarget;
use super::session::text;
use crate::doctor::Check;
use crate::doctor::check_result::{CheckFuture, CheckResult, CheckVerdict, boxed};

/// The check.
pub const CHECK: Check = Check {
    id: "pty.real",
    claim: "a session has a terminal of the kernel on all three streams",
    method: "A payload inside asks the kernel for the modes of its streams 0, 1 and 2 and for the name of the terminal, past every library. Fails where one of them is none.",
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
    let names = ["standard input", "standard output", "standard error"];
    let not: Vec<&str> =
        names.iter().enumerate().filter(|(at, _)| facts["tty"][at] != true).map(|(_, name)| *name).collect();
    let name = text(&facts, "name");
    let found = if !not.is_empty() {
        CheckResult::fail(4, format!("no terminal: {}", not.join(", ")))
            .help("open a pseudo-terminal (`openpty`) and put its end on all three streams", &[])
    } else if name.is_empty() {
        CheckResult::fail(4, "the terminal has no name inside")
    } else {
        CheckResult::pass(4)
    };
    Ok(found.observed("tty", facts["tty"].clone()).observed("name", name).expected("tty", vec![true; 3]))
}
