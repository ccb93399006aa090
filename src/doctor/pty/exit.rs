//! Whether one hears how a session's program ended.

use std::time::Duration;

use super::PtyTarget;
use super::host::SessionEnd;
use crate::doctor::Check;
use crate::doctor::check_result::{CheckFuture, CheckResult, CheckVerdict, boxed};

/// How long a host may take to end after its program.
const PROMPT: Duration = Duration::from_secs(5);

/// The check.
pub const CHECK: Check = Check {
    id: "pty.exit",
    claim: "the host says how its program ended",
    method: "A payload ends with 0, 3, 255 and 137, and one by SIGKILL; the host must end with the same code. Fails where a code is another, and where a kill looks like success; warns where a kill looks like the code 137. Skipped where the host does not say how its program ended.",
    opens: "five sessions",
    harm: "",
    deadline_ms: 40_000,
};

/// Looks.
pub fn run(target: PtyTarget) -> CheckFuture {
    boxed(check(target))
}

async fn check(target: PtyTarget) -> CheckVerdict {
    let mut found = CheckResult::pass(5);
    let mut wrong = Vec::new();
    let mut codes = Vec::new();
    for code in ["0", "3", "255", "137"] {
        let (mut session, _) = target.ready("exit", &[code]).await?;
        session.acknowledge().await;
        let ended = session.end(PROMPT).await;
        if ended == SessionEnd::Unknown {
            return CheckResult::skip("this server does not say how its shell ended").stop();
        }
        if ended.to_string() != format!("code {code}") {
            wrong.push(format!("{code} became {ended}"));
        }
        found = found
            .observed(&format!("exit_{code}"), ended.to_string())
            .expected(&format!("exit_{code}"), format!("code {code}"));
        codes.push(ended);
    }
    let (mut session, _) = target.ready("die", &[]).await?;
    session.acknowledge().await;
    let killed = session.end(PROMPT).await;
    if matches!(killed, SessionEnd::Code(0) | SessionEnd::Running) {
        wrong.push(format!("a kill became {killed}"));
    }
    let is_alike = codes.last() == Some(&killed);
    let found = found.observed("killed", killed.to_string());
    if !wrong.is_empty() {
        let why = wrong.join(", ");
        let found = CheckResult { outcome: crate::doctor::Outcome::Fail, ..found }.detail(why);
        return Ok(found.help("wait for the program, and end as it did", &[]));
    }
    if is_alike {
        let found = CheckResult { outcome: crate::doctor::Outcome::Warn, ..found };
        return Ok(found.detail(format!("a kill cannot be told from the code 137: both become {killed}")));
    }
    Ok(found)
}
