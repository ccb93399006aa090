//! Whether sessions that come and go leave terminals behind.

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use tokio::time::sleep;

use super::session::text;
use super::{PtyTarget, on_linux, seen};
use crate::doctor::Check;
use crate::doctor::check_result::{CheckFuture, CheckResult, CheckVerdict, boxed};
use crate::doctor::ws::connection_set::POLL;

/// How long the last ones may take to go.
const QUIET: Duration = Duration::from_secs(3);
/// Terminals that others may have opened meanwhile.
const OTHERS: u64 = 3;

/// The check.
pub const CHECK: Check = Check {
    id: "pty.leak",
    claim: "sessions that come and go leave no terminal behind",
    method: "`sessions` sessions (200) one after the other; the terminals of this machine are counted before and after, and it is looked whether those of the sessions are still there. Fails where both say that more than three were left.",
    opens: "200 sessions, one after the other",
    harm: "",
    deadline_ms: 120_000,
};

/// What was left behind by sessions, until it has been counted; ended with this.
#[derive(Default)]
struct Spared(Vec<String>);

impl Drop for Spared {
    fn drop(&mut self) {
        self.0.iter().flat_map(|token| seen::marked(token)).for_each(seen::kill);
    }
}

/// Looks.
pub fn run(target: PtyTarget) -> CheckFuture {
    boxed(check(target))
}

async fn check(target: PtyTarget) -> CheckVerdict {
    on_linux()?;
    let Some(before) = seen::terminals() else {
        return CheckResult::error("this machine does not say how many terminals are open").stop();
    };
    let sessions = target.sessions();
    let (mut names, mut tokens) = (BTreeSet::new(), Spared::default());
    for at in 0..sessions {
        let (mut session, facts) = target.ready("wait", &[]).await?;
        names.insert(text(&facts, "name").to_owned());
        session.send(b"\n").await;
        session.end(Duration::from_secs(2)).await;
        // What it has left behind stays until it is counted.
        tokens.0.push(session.spare());
        if at % 50 == 49 {
            target
                .log
                .note("terminals", format!("{} after {} sessions", seen::terminals().unwrap_or_default(), at + 1));
        }
    }
    let start = Instant::now();
    let left = loop {
        let more = seen::terminals().unwrap_or_default().saturating_sub(before);
        let there = names.iter().filter(|name| !name.is_empty() && seen::is_there(name)).count() as u64;
        if more <= OTHERS || start.elapsed() > QUIET {
            break more.min(there.max(u64::from(names.iter().all(String::is_empty)) * more));
        }
        sleep(2 * POLL).await;
    };
    drop(tokens);
    let found = if left > OTHERS {
        CheckResult::fail(sessions as u64, format!("{left} terminals are left after {sessions} sessions"))
            .help("close the host's end of the terminal when its program has ended", &[])
    } else {
        CheckResult::pass(sessions as u64)
    };
    let after = seen::terminals();
    Ok(found.observed("before", before).observed("after", after).observed("different_names", names.len()))
}
