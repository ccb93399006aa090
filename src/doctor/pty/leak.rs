//! Check `pty.leak`: opening and closing sessions leaks no terminals.

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use tokio::time::sleep;

use super::session::text;
use super::{PtyTarget, on_linux, seen};
use crate::doctor::Check;
use crate::doctor::check_result::{CheckFuture, CheckResult, CheckVerdict, boxed};
use crate::doctor::ws::connection_set::POLL;

/// Time in which the terminals of the last sessions must be closed.
const CLOSE_TIME: Duration = Duration::from_secs(3);
/// Number of terminals that other programs may have opened during the check.
const TOLERANCE: u64 = 3;

pub const CHECK: Check = Check {
    id: "pty.leak",
    claim: "opening and closing sessions leaks no terminals",
    method: "Opens `sessions` sessions (200 by default), one at a time. Counts the terminals of this machine before \
             and after, and the terminals of the sessions that still exist. Fails if both numbers show that more than \
             three are left. Available only on Linux.",
    side_effects: "200 sessions, one at a time",
    risk: "",
    deadline_ms: 120_000,
};

/// Tokens of sessions whose remaining processes run until the terminals are counted. Dropping it kills them.
#[derive(Default)]
struct RemainingProcesses(Vec<String>);

impl Drop for RemainingProcesses {
    fn drop(&mut self) {
        self.0.iter().flat_map(|token| seen::marked(token)).for_each(seen::kill);
    }
}

pub fn run(target: PtyTarget) -> CheckFuture {
    boxed(check(target))
}

async fn check(target: PtyTarget) -> CheckVerdict {
    on_linux()?;
    let Some(before) = seen::terminals() else {
        return CheckResult::error("cannot read the number of open terminals from /proc/sys/kernel/pty/nr").stop();
    };
    let sessions = target.sessions();
    let (mut names, mut tokens) = (BTreeSet::new(), RemainingProcesses::default());
    for at in 0..sessions {
        let (mut session, facts) = target.ready("wait", &[]).await?;
        names.insert(text(&facts, "name").to_owned());
        session.send(b"\n").await;
        session.end(Duration::from_secs(2)).await;
        // Remaining processes run until their terminals are counted.
        tokens.0.push(session.kill_host_only());
        if at % 50 == 49 {
            target
                .log
                .record("terminals", format!("{} after {} sessions", seen::terminals().unwrap_or_default(), at + 1));
        }
    }
    let start = Instant::now();
    let left = loop {
        let more = seen::terminals().unwrap_or_default().saturating_sub(before);
        let existing = names.iter().filter(|name| !name.is_empty() && seen::is_there(name)).count() as u64;
        if more <= TOLERANCE || start.elapsed() > CLOSE_TIME {
            break more.min(existing.max(u64::from(names.iter().all(String::is_empty)) * more));
        }
        sleep(2 * POLL).await;
    };
    drop(tokens);
    let result = if left > TOLERANCE {
        CheckResult::fail(sessions as u64, format!("{left} terminals are still open after {sessions} sessions"))
            .help("close the host side of the terminal when its program has ended", &[])
    } else {
        CheckResult::pass(sessions as u64)
    };
    let after = seen::terminals();
    Ok(result.observed("before", before).observed("after", after).observed("different_names", names.len()))
}
