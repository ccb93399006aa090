//! Whether a session can end processes that are not its own.

use super::super::PtyTarget;
use super::victim::Victim;
use super::{AttemptResult, each};
use crate::doctor::Check;
use crate::doctor::check_result::CheckFuture;

/// The check.
pub const CHECK: Check = Check {
    id: "pty.sandbox.signal",
    claim: "a session cannot send signals to processes that are not its own",
    method: "SIGUSR1 is sent to a process of phx, which ends of it. Passes where that works outside and has no effect inside; an error where it does not work outside; skipped where `sandbox.deny` does not name `signal`.",
    opens: "two sessions, and two processes of phx",
    harm: "",
    deadline_ms: 40_000,
};

/// Looks.
pub fn run(target: PtyTarget) -> CheckFuture {
    each(target, "signal", async |target, _| {
        let victims = [Victim::start()?, Victim::start()?];
        let ids = [victims[0].id(), victims[1].id()];
        let mut left = victims.into_iter();
        let left = std::cell::RefCell::new(&mut left);
        let effect = async |_: &AttemptResult| {
            let victim = left.borrow_mut().next();
            match victim {
                Some(mut victim) => Some(victim.is_ended().await),
                None => None,
            }
        };
        target.both("signal", &ids[0], &ids[1], effect).await
    })
}
