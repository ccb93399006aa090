//! Process of doctor that a session tries to see, trace or signal.

use std::process::Stdio;
use std::time::Duration;

use tokio::process::{Child, Command};
use tokio::time::timeout;

use crate::doctor::check_result::CheckResult;
use crate::system::environment;

/// A waiting process. Dropping it kills the process.
#[derive(Debug)]
pub struct Victim(Child);

impl Victim {
    pub fn start() -> Result<Self, Box<CheckResult>> {
        let start = || {
            let mut command = Command::new(environment::program()?);
            command.args(["__payload", "linger", "none", "victim"]).kill_on_drop(true);
            command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).spawn()
        };
        let started: std::io::Result<Child> = start();
        started.map(Self).map_err(|error| Box::new(CheckResult::error(format!("cannot start a process: {error}"))))
    }

    pub fn id(&self) -> String {
        self.0.id().unwrap_or_default().to_string()
    }

    /// Returns whether the process ends within 300 ms.
    pub async fn is_ended(&mut self) -> bool {
        timeout(Duration::from_millis(300), self.0.wait()).await.is_ok()
    }
}
