//! State reports of a service while its database starts.

pub mod late_db;
pub mod order;

use std::time::Duration;

use serde_json::Value;

use crate::config::doctor::StateSettings;
use crate::doctor::http::Page;

/// Interval between state requests.
pub const POLL: Duration = Duration::from_millis(50);
/// Timeout of a request.
const ANSWER: Duration = Duration::from_secs(2);

/// Requests the state that the service reports; `None` if there is no usable answer.
pub async fn said(page: &Page, state: &StateSettings) -> Option<String> {
    let answer = page.get(ANSWER).await.ok()?;
    let Some(pointer) = &state.pointer else { return Some(answer.body.trim().to_owned()) };
    let body: Value = serde_json::from_str(&answer.body).ok()?;
    match body.pointer(pointer)? {
        Value::String(text) => Some(text.clone()),
        other => Some(other.to_string()),
    }
}

/// Reported states in chronological order, without consecutive duplicates.
#[derive(Debug, Default)]
pub struct Timeline(pub Vec<String>);

impl Timeline {
    /// Appends a state unless it equals the last one.
    pub fn add(&mut self, state: &str) {
        if self.0.last().is_none_or(|last| last != state) {
            self.0.push(state.to_owned());
        }
    }

    /// Describes the first violation of `order`: an unknown state or a step back. Returns `None` if there is none.
    pub fn complaint(&self, order: &[String]) -> Option<String> {
        let position = |state: &String| order.iter().position(|known| known == state);
        if let Some(unknown) = self.0.iter().find(|state| position(state).is_none()) {
            return Some(format!("the service reported `{unknown}`, which `order` does not list"));
        }
        let back = self.0.windows(2).find(|pair| position(&pair[1]) < position(&pair[0]))?;
        Some(format!("the service went back from `{}` to `{}`", back[0], back[1]))
    }
}
