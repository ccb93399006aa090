//! Check `pty.zombies`: the host reaps the programs that end.

use std::time::Duration;

use futures_util::future::join_all;
use tokio::time::sleep;

use super::session::PtySession;
use super::{PtyTarget, on_linux, seen};
use crate::doctor::Check;
use crate::doctor::check_result::{CheckFuture, CheckResult, CheckVerdict, boxed};
use crate::doctor::record::Outcome;

/// Number of concurrent sessions.
const SESSIONS: usize = 20;
/// Time in which a program that has ended must be reaped.
const REAP_TIMEOUT: Duration = Duration::from_secs(2);

pub const CHECK: Check = Check {
    id: "pty.zombies",
    claim: "the host reaps the programs that end",
    method: "Opens 20 sessions at once; the process of each is seen from outside (the control), then the programs \
             exit. Fails if one is still a zombie 2 s later. Available only on Linux.",
    side_effects: "20 sessions at once",
    risk: "",
    deadline_ms: 60_000,
};

pub fn run(target: PtyTarget) -> CheckFuture {
    boxed(check(target))
}

async fn check(target: PtyTarget) -> CheckVerdict {
    on_linux()?;
    let count = if target.quick { SESSIONS / 4 } else { SESSIONS };
    let opened = join_all((0..count).map(|_| target.ready("wait", &[]))).await;
    let mut sessions: Vec<PtySession> = Vec::new();
    for opened in opened {
        sessions.push(opened?.0);
    }
    let ids: Vec<u32> = sessions.iter().flat_map(|session| seen::marked(&session.token)).collect();
    // A host that replaces itself with its program (`exec`) is a child of phx, so phx must reap it.
    let hosts: Vec<u32> = sessions.iter().filter_map(PtySession::host_id).collect();
    for session in &mut sessions {
        session.send(b"\n").await;
    }
    sleep(REAP_TIMEOUT).await;
    let left: Vec<u32> =
        ids.iter().copied().filter(|id| !hosts.contains(id) && seen::state(*id) == Some('Z')).collect();
    let result = if left.is_empty() {
        CheckResult::pass(count as u64)
    } else {
        CheckResult::fail(count as u64, format!("{} of {count} programs that ended were not reaped", left.len()))
            .help("call `waitpid` for each program that ends", &[])
    };
    let control = if ids.len() >= count { Outcome::Pass } else { Outcome::Fail };
    Ok(result.observed("zombies", left).control("session processes visible from outside", control))
}
