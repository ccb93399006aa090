//! What a service says when its dependency fails: enough for a person, and nothing that is nobody's business.

pub mod clear;
pub mod secret;

use super::IpcTarget;
use super::harness::{Called, Endpoint};
use crate::doctor::check_result::CheckResult;
use crate::doctor::fault::FaultMode;

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
const FAULTS: &[(&str, FaultMode)] = &[
    ("status 500", FaultMode::Status(500)),
    ("refused", FaultMode::Refuse),
    ("reset", FaultMode::Reset),
    ("garbage", FaultMode::Garbage),
    ("timeout", FaultMode::HangHeaders),
];

impl IpcTarget {
    /// What callers are told under each failure, so many times each.
    ///
    /// # Errors
    /// Where nothing can be verified.
    pub async fn texts(&self, times: u64) -> Result<Vec<Text>, Box<CheckResult>> {
        let mut texts = Vec::new();
        for (fault, mode) in FAULTS {
            if *mode == FaultMode::HangHeaders && self.ipc.timeout.is_none() {
                self.log.note("timeout", "no `timeout` is claimed, so nobody waits for one");
                continue;
            }
            let mut harness = self.harness().await?;
            harness.fail(*mode).await?;
            let mut told = Vec::new();
            for _ in 0..times {
                told.push(harness.call(Endpoint::Primary).await?);
            }
            self.log.note(fault, super::harness::shortened(&told[0].text));
            texts.push(Text { fault, told, written: harness.output(), canary: harness.canary.clone() });
        }
        if let Some(breaker) = self.ipc.breaker {
            let mut harness = self.harness().await?;
            self.tripped(&mut harness, breaker).await?;
            let mut told = Vec::new();
            for _ in 0..times {
                told.push(harness.call(Endpoint::Primary).await?);
            }
            self.log.note("open", super::harness::shortened(&told[0].text));
            texts.push(Text { fault: "open", told, written: harness.output(), canary: harness.canary.clone() });
        }
        Ok(texts)
    }
}
