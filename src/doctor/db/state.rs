//! What a service says of its own state while its database comes up.

pub mod late_db;
pub mod order;

use std::time::Duration;

use serde_json::Value;

use crate::config::doctor::StateSettings;
use crate::doctor::http::Page;

/// How often it is asked.
pub const POLL: Duration = Duration::from_millis(50);
/// How long an answer may take.
const ANSWER: Duration = Duration::from_secs(2);

/// What a service says that it is; nothing where it does not answer.
pub async fn said(page: &Page, state: &StateSettings) -> Option<String> {
    let answer = page.get(ANSWER).await.ok()?;
    let Some(pointer) = &state.pointer else { return Some(answer.body.trim().to_owned()) };
    let body: Value = serde_json::from_str(&answer.body).ok()?;
    match body.pointer(pointer)? {
        Value::String(text) => Some(text.clone()),
        other => Some(other.to_string()),
    }
}

/// What a service said, in its order, each once as long as it stays.
#[derive(Debug, Default)]
pub struct Timeline(pub Vec<String>);

impl Timeline {
    /// Takes in what it says.
    pub fn add(&mut self, said: &str) {
        if self.0.last().is_none_or(|last| last != said) {
            self.0.push(said.to_owned());
        }
    }

    /// What is not legal in it: a state that is not known, or a step back.
    pub fn complaint(&self, order: &[String]) -> Option<String> {
        let place = |said: &String| order.iter().position(|state| state == said);
        if let Some(unknown) = self.0.iter().find(|said| place(said).is_none()) {
            return Some(format!("it says `{unknown}`, which `order` does not name"));
        }
        let back = self.0.windows(2).find(|pair| place(&pair[1]) < place(&pair[0]))?;
        Some(format!("it went from `{}` back to `{}`", back[0], back[1]))
    }
}
