//! Check `pty.real`: the standard streams of a session are a kernel terminal, not an imitation.

use super::PtyTarget;
use super::session::text;
use crate::doctor::Check;
use crate::doctor::check_result::{CheckFuture, CheckResult, CheckVerdict, boxed};

pub const CHECK: Check = Check {
    id: "pty.real",
    claim: "standard input, output and error of a session are a kernel terminal",
    method: "A payload inside reads the terminal modes of its streams 0, 1 and 2 and the name of the terminal, with \
             system calls that a preloaded library cannot intercept. Fails if a stream is not a terminal, or if the \
             terminal has no name.",
    side_effects: "one session",
    risk: "",
    deadline_ms: 15_000,
};

pub fn run(target: PtyTarget) -> CheckFuture {
    boxed(check(target))
}

async fn check(target: PtyTarget) -> CheckVerdict {
    let facts = target.facts().await?;
    let names = ["standard input", "standard output", "standard error"];
    let missing: Vec<&str> =
        names.iter().enumerate().filter(|(at, _)| facts["tty"][at] != true).map(|(_, name)| *name).collect();
    let name = text(&facts, "name");
    let result = if !missing.is_empty() {
        CheckResult::fail(4, format!("not a terminal: {}", missing.join(", ")))
            .help("open a pseudo-terminal (`openpty`) and use it for all three standard streams", &[])
    } else if name.is_empty() {
        CheckResult::fail(4, "the terminal has no name inside the session")
    } else {
        CheckResult::pass(4)
    };
    Ok(result.observed("tty", facts["tty"].clone()).observed("name", name).expected("tty", vec![true; 3]))
}
