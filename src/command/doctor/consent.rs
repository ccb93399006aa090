//! Whether the programs that a clone's configuration names may be started: shown and asked once per clone.

use std::collections::BTreeSet;
use std::path::PathBuf;

use sha2::{Digest, Sha256};

use super::super::session::Session;
use crate::doctor::plan::Plan;
use crate::failure::Failure;
use crate::system::git::git_dirs::GitDirs;
use crate::system::{disk, environment};
use crate::text::{hex, printable};

/// The variable that allows what is named, as `--yes` does.
pub const VARIABLE: &str = "PHX_YES";

/// Asks where it must; fails where the answer is no, or nobody can be asked.
///
/// # Errors
/// What was not allowed, and how it can be.
pub fn ask(session: &Session, plan: &Plan, root: Option<PathBuf>, yes: bool) -> Result<(), Failure> {
    let needed = needed(plan);
    // Who names a configuration has chosen it.
    if needed.is_empty() || session.config.is_some() {
        return Ok(());
    }
    let mark = hex(&Sha256::digest(needed.join("\n").as_bytes())[..16]);
    let file = root.and_then(|root| GitDirs::find(&root)).map(|place| place.common.join("phx").join("allowed"));
    let known = file.as_ref().and_then(|file| disk::read_optional(file).ok().flatten()).unwrap_or_default();
    let mut known: BTreeSet<String> = String::from_utf8_lossy(&known).lines().map(str::to_owned).collect();
    if known.contains(&mark) {
        return Ok(());
    }
    if !yes && environment::variable(VARIABLE).is_none() {
        disk::write_stderr("the configuration of this clone names what `phx doctor` has not started here before:");
        for line in &needed {
            disk::write_stderr(&format!("  {}", printable::line(line)));
        }
        let refused = Failure::usage("what the configuration names was not allowed in this clone")
            .hint("`phx doctor --dry-run` shows all that would be opened and started")
            .hint("`phx doctor --yes` allows it, in CI too");
        if !environment::stdin_is_terminal() {
            return Err(refused);
        }
        let answer = disk::ask("Start it? The answer is kept for this clone. [y/N] ");
        if !matches!(answer.trim().to_lowercase().as_str(), "y" | "yes") {
            return Err(refused);
        }
    }
    if let Some(file) = file {
        known.insert(mark);
        let text = known.into_iter().fold(String::new(), |all, mark| all + &mark + "\n");
        // In a folder that cannot be written to, the question comes again.
        let _ = disk::keep(&file, text.as_bytes());
    }
    Ok(())
}

/// What is started, and where variables of the environment go, by target.
fn needed(plan: &Plan) -> Vec<String> {
    let variables = plan.variables();
    let sends = if variables.is_empty() { String::new() } else { format!(", reads {}", variables.join(", ")) };
    let configured = plan.subjects.iter().filter(|subject| subject.is_configured);
    let needs = configured.filter(|subject| subject.about.contains("starts ") || !variables.is_empty());
    needs.map(|subject| format!("{}: {}{sends}", subject.target, subject.about)).collect()
}
