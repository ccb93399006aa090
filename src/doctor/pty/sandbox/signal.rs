//! Check `pty.sandbox.signal`: a session cannot send signals to processes outside of it.

use super::super::PtyTarget;
use super::victim::Victim;
use super::{AttemptResult, each};
use crate::doctor::Check;
use crate::doctor::check_result::CheckFuture;

pub const CHECK: Check = Check {
    id: "pty.sandbox.signal",
    claim: "a session cannot send signals to processes outside of it",
    method: "Sends SIGUSR1 to a process of phx, which ends that process. Passes if this works outside the sandbox (the \
             control) and has no effect inside. Inconclusive if it does not work outside. Skipped if `sandbox.deny` \
             does not list `signal`.",
    side_effects: "two sessions, and two processes of phx",
    risk: "",
    deadline_ms: 40_000,
};

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
