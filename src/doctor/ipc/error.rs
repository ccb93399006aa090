//! What a service says when its dependency fails: enough for a person, and nothing that is nobody's business.

pub mod clear;
pub mod secret;

use super::Site;
use super::rig::{Called, Way};
use crate::doctor::fault::Mode;
use crate::doctor::found::Found;

/// What a caller was told under one failure.
pub struct Text {
    /// The failure.
    pub fault: &'static str,
    /// What the caller was told, each time.
    pub told: Vec<Called>,
    /// What the service itself wrote.
    pub written: String,
    /// The word that must not come back.
    pub canary: String,
}

/// Failures whose texts are looked at.
const FAULTS: &[(&str, Mode)] = &[
    ("status 500", Mode::Status(500)),
    ("refused", Mode::Refuse),
    ("reset", Mode::Reset),
    ("garbage", Mode::Garbage),
    ("timeout", Mode::HangHeaders),
];

impl Site {
    /// What callers are told under each failure, so many times each.
    ///
    /// # Errors
    /// Where nothing can be verified.
    pub async fn texts(&self, times: u64) -> Result<Vec<Text>, Box<Found>> {
        let mut texts = Vec::new();
        for (fault, mode) in FAULTS {
            if *mode == Mode::HangHeaders && self.ipc.timeout.is_none() {
                self.log.note("timeout", "no `timeout` is claimed, so nobody waits for one");
                continue;
            }
            let mut rig = self.rig().await?;
            rig.fail(*mode).await?;
            let mut told = Vec::new();
            for _ in 0..times {
                told.push(rig.call(Way::Entry).await?);
            }
            self.log.note(fault, super::rig::shortened(&told[0].text));
            texts.push(Text { fault, told, written: rig.output(), canary: rig.canary.clone() });
        }
        if let Some(breaker) = self.ipc.breaker {
            let mut rig = self.rig().await?;
            self.tripped(&mut rig, breaker).await?;
            let mut told = Vec::new();
            for _ in 0..times {
                told.push(rig.call(Way::Entry).await?);
            }
            self.log.note("open", super::rig::shortened(&told[0].text));
            texts.push(Text { fault: "open", told, written: rig.output(), canary: rig.canary.clone() });
        }
        Ok(texts)
    }
}
