//! A process of doctor's own that somebody may do something to.

use std::process::Stdio;
use std::time::Duration;

use tokio::process::{Child, Command};
use tokio::time::timeout;

use crate::doctor::check_result::CheckResult;
use crate::system::environment;

/// The process; it ends when this does.
#[derive(Debug)]
pub struct Victim(Child);

impl Victim {
    /// Starts one.
    ///
    /// # Errors
    /// Where it cannot be started.
    pub fn start() -> Result<Self, Box<CheckResult>> {
        let start = || {
            let mut command = Command::new(environment::program()?);
            command.args(["__payload", "linger", "none", "victim"]).kill_on_drop(true);
            command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).spawn()
        };
        let started: std::io::Result<Child> = start();
        started.map(Self).map_err(|error| Box::new(CheckResult::error(format!("no process could be started: {error}"))))
    }

    /// Its process id.
    pub fn id(&self) -> String {
        self.0.id().unwrap_or_default().to_string()
    }

    /// Whether somebody has ended it.
    pub async fn is_ended(&mut self) -> bool {
        timeout(Duration::from_millis(300), self.0.wait()).await.is_ok()
    }
}
