//! Check `pty.exit`: the host reports how its program ended.

use std::time::Duration;

use super::PtyTarget;
use super::host::SessionEnd;
use crate::doctor::Check;
use crate::doctor::check_result::{CheckFuture, CheckResult, CheckVerdict, boxed};

/// Time in which a host must end after its program.
const EXIT_TIMEOUT: Duration = Duration::from_secs(5);

pub const CHECK: Check = Check {
    id: "pty.exit",
    claim: "the host reports how its program ended",
    method: "A payload exits with 0, 3, 255 and 137, and another one is ended by SIGKILL; the host must exit with the \
             same code. Fails if a code differs, or if a kill looks like success. Warns if a kill looks like exit code \
             137. Skipped if the host does not report how its program ended.",
    side_effects: "five sessions, one at a time",
    risk: "",
    deadline_ms: 40_000,
};

pub fn run(target: PtyTarget) -> CheckFuture {
    boxed(check(target))
}

async fn check(target: PtyTarget) -> CheckVerdict {
    let mut result = CheckResult::pass(5);
    let mut wrong = Vec::new();
    let mut codes = Vec::new();
    for code in ["0", "3", "255", "137"] {
        let (mut session, _) = target.ready("exit", &[code]).await?;
        session.acknowledge().await;
        let ended = session.end(EXIT_TIMEOUT).await;
        if ended == SessionEnd::Unknown {
            return CheckResult::skip("this server does not report how its shell ended").stop();
        }
        if ended.to_string() != format!("code {code}") {
            wrong.push(format!("expected code {code}, found {ended}"));
        }
        result = result
            .observed(&format!("exit_{code}"), ended.to_string())
            .expected(&format!("exit_{code}"), format!("code {code}"));
        codes.push(ended);
    }
    let (mut session, _) = target.ready("die", &[]).await?;
    session.acknowledge().await;
    let killed = session.end(EXIT_TIMEOUT).await;
    if matches!(killed, SessionEnd::Code(0) | SessionEnd::Running) {
        wrong.push(format!("SIGKILL was reported as {killed}"));
    }
    let is_alike = codes.last() == Some(&killed);
    let result = result.observed("killed", killed.to_string());
    if !wrong.is_empty() {
        let why = wrong.join("; ");
        let result = CheckResult { outcome: crate::doctor::Outcome::Fail, ..result }.detail(why);
        return Ok(result.help("wait for the program and exit with the same code or signal", &[]));
    }
    if is_alike {
        let result = CheckResult { outcome: crate::doctor::Outcome::Warn, ..result };
        return Ok(
            result.detail(format!("SIGKILL cannot be distinguished from exit code 137: both are reported as {killed}"))
        );
    }
    Ok(result)
}
