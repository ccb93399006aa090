//! Error checks: answers of a service while its upstream fails.

pub mod clear;
pub mod secret;

use super::IpcTarget;
use super::harness::{Called, Endpoint};
use crate::doctor::check_result::CheckResult;
use crate::doctor::fault::FaultMode;

/// Answers of a service under one fault.
pub struct Text {
    pub fault: &'static str,
    /// Answers to the caller, one per call.
    pub told: Vec<Called>,
    /// Output of the service process.
    pub written: String,
    /// Secret that must not appear.
    pub canary: String,
}

/// Faults under which answers are inspected.
const FAULTS: &[(&str, FaultMode)] = &[
    ("status 500", FaultMode::Status(500)),
    ("refused", FaultMode::Refuse),
    ("reset", FaultMode::Reset),
    ("garbage", FaultMode::Garbage),
    ("timeout", FaultMode::HangHeaders),
];

impl IpcTarget {
    /// Calls the service `times` times under each fault, and returns the answers.
    pub async fn texts(&self, times: u64) -> Result<Vec<Text>, Box<CheckResult>> {
        let mut texts = Vec::new();
        for (fault, mode) in FAULTS {
            if *mode == FaultMode::HangHeaders && self.ipc.timeout.is_none() {
                self.log.record("timeout", "not tested: `timeout` is not configured");
                continue;
            }
            let mut harness = self.harness().await?;
            harness.fail(*mode).await?;
            let mut answers = Vec::new();
            for _ in 0..times {
                answers.push(harness.call(Endpoint::Primary).await?);
            }
            self.log.record(fault, super::harness::shortened(&answers[0].text));
            texts.push(Text { fault, told: answers, written: harness.output(), canary: harness.canary.clone() });
        }
        if let Some(breaker) = self.ipc.breaker {
            let mut harness = self.harness().await?;
            self.tripped(&mut harness, breaker).await?;
            let mut answers = Vec::new();
            for _ in 0..times {
                answers.push(harness.call(Endpoint::Primary).await?);
            }
            self.log.record("open", super::harness::shortened(&answers[0].text));
            texts.push(Text {
                fault: "open",
                told: answers,
                written: harness.output(),
                canary: harness.canary.clone(),
            });
        }
        Ok(texts)
    }
}
