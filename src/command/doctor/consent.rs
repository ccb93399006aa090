//! Consent to start the programs and to read the environment variables that the configuration names. The user is asked
//! once per clone and set of programs and variables.

use std::collections::BTreeSet;
use std::path::PathBuf;

use sha2::{Digest, Sha256};

use super::super::session::Session;
use crate::doctor::plan::Plan;
use crate::failure::Failure;
use crate::system::git::git_dirs::GitDirs;
use crate::system::{disk, environment};
use crate::text::{hex, printable};

/// Environment variable with the effect of `--yes`.
pub(super) const VARIABLE: &str = "PHX_YES";

/// Asks for consent if it is required and not yet given.
///
/// # Errors
/// Returns an error if the user declines or standard input is not a terminal.
pub(super) fn ask(session: &Session, plan: &Plan, root: Option<PathBuf>, yes: bool) -> Result<(), Failure> {
    let needed = needed(plan);
    // A configuration passed with `--config` was chosen by the user.
    if needed.is_empty() || session.config.is_some() {
        return Ok(());
    }
    let digest = hex(&Sha256::digest(needed.join("\n").as_bytes())[..16]);
    let file = root.and_then(|root| GitDirs::find(&root)).map(|git| git.common.join("phx").join("allowed"));
    let known = file.as_ref().and_then(|file| disk::read_optional(file).ok().flatten()).unwrap_or_default();
    let mut known: BTreeSet<String> = String::from_utf8_lossy(&known).lines().map(str::to_owned).collect();
    if known.contains(&digest) {
        return Ok(());
    }
    if !yes && environment::variable(VARIABLE).is_none() {
        disk::write_stderr("the configuration requires the following, which is not yet allowed in this clone:");
        for line in &needed {
            disk::write_stderr(&format!("  {}", printable::line(line)));
        }
        let declined = Failure::usage("programs or variables of the configuration are not allowed in this clone")
            .hint("run `phx doctor --dry-run` to show what would run")
            .hint("run `phx doctor --yes` to allow them, for example in CI");
        if !environment::stdin_is_terminal() {
            return Err(declined);
        }
        let answer = disk::ask("Allow it? The answer is saved for this clone. [y/N] ");
        if !matches!(answer.trim().to_lowercase().as_str(), "y" | "yes") {
            return Err(declined);
        }
    }
    if let Some(file) = file {
        known.insert(digest);
        let text = known.into_iter().fold(String::new(), |all, digest| all + &digest + "\n");
        // If the file cannot be written, the next run asks again.
        let _ = disk::replace_unsynced(&file, text.as_bytes());
    }
    Ok(())
}

/// Returns one line per target that starts programs or reads environment variables.
fn needed(plan: &Plan) -> Vec<String> {
    let variables = plan.variables();
    let sends = if variables.is_empty() { String::new() } else { format!(", reads {}", variables.join(", ")) };
    let configured = plan.targets.iter().filter(|subject| subject.is_configured);
    let needs = configured.filter(|subject| subject.about.contains("starts ") || !variables.is_empty());
    needs.map(|subject| format!("{}: {}{sends}", subject.target, subject.about)).collect()
}
