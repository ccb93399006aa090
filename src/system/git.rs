//! Runs the `git` command, without a pager, prompts or a file system monitor.

pub mod blobs;
pub mod history;
pub mod index;
pub mod merge;
pub mod message;
pub mod objects;
pub mod git_dirs;

use std::io::Write;
use std::path::Path;
use std::process::{Command, Output, Stdio};

use chrono::{DateTime, Utc};

/// Largest number of commits that [`commits_of`] returns.
const REACH: &str = "200";

fn command(root: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new("git");
    command
        .args(["--no-pager", "-c", "core.fsmonitor=false", "-c", "log.showSignature=false"])
        .args(arguments)
        .current_dir(root)
        .env("GIT_OPTIONAL_LOCKS", "0")
        .env("GIT_TERMINAL_PROMPT", "0")
        .env("LC_ALL", "C")
        // In a partial clone, report missing objects instead of fetching them.
        .env("GIT_NO_LAZY_FETCH", "1")
        .env_remove("GIT_EXTERNAL_DIFF")
        .env_remove("GIT_LITERAL_PATHSPECS")
        .env_remove("GIT_GLOB_PATHSPECS")
        .env_remove("GIT_NOGLOB_PATHSPECS")
        .env_remove("GIT_ICASE_PATHSPECS")
        .stdin(Stdio::null())
        .stderr(Stdio::piped());
    for name in ["GIT_DIR", "GIT_WORK_TREE"] {
        // Git resolves relative paths from its own working directory, which is `root`.
        let named = std::env::var_os(name).filter(|named| !named.is_empty() && Path::new(named).is_relative());
        if let (Some(named), Ok(cwd)) = (named, std::env::current_dir()) {
            command.env(name, cwd.join(named));
        }
    }
    command
}

/// Runs Git and returns its standard output, or the first line of standard error if it fails.
fn run(mut command: Command) -> Result<Vec<u8>, String> {
    check_status(command.output().map_err(|error| format!("cannot run `git`: {error}"))?)
}

/// Runs Git with bytes on its standard input. The result is that of [`run`].
fn run_with_stdin(mut command: Command, input: &[u8]) -> Result<Vec<u8>, String> {
    let failed = |error: std::io::Error| format!("cannot run `git`: {error}");
    let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().map_err(failed)?;
    let stdin = child.stdin.take();
    let output = std::thread::scope(|scope| {
        // Git may fill its output pipe before it has read all input, so both are served concurrently.
        scope.spawn(move || stdin.map(|mut stdin| stdin.write_all(input)));
        child.wait_with_output()
    });
    check_status(output.map_err(failed)?)
}

fn check_status(output: Output) -> Result<Vec<u8>, String> {
    if output.status.success() {
        return Ok(output.stdout);
    }
    let message = String::from_utf8_lossy(&output.stderr);
    Err(message.lines().next().unwrap_or("git failed").trim_start_matches("fatal: ").to_owned())
}

/// Returns the last commit that changed a file matching one of the globs, as `id NUL time NUL author`. Empty if there
/// is none, or if it is the boundary of a shallow clone.
pub fn last_change(root: &Path, paths: &[String]) -> Result<Vec<u8>, String> {
    let shallow = run(command(root, &["rev-parse", "--is-shallow-repository"]))?;
    let mut log = command(root, &["log", "-1", "--format=%H%x00%cI%x00%an", "--"]);
    log.args(paths.iter().map(|path| format!(":(glob){path}")));
    let found = run(log)?;
    if shallow.starts_with(b"true") {
        let id = found.split(|byte| *byte == 0).next().unwrap_or_default();
        let grafts = run(command(root, &["rev-list", "--max-parents=0", "--all"]))?;
        // At the boundary of a shallow clone, every file seems to have changed.
        if grafts.split(|byte| *byte == b'\n').any(|boundary| boundary == id) {
            return Ok(Vec::new());
        }
    }
    Ok(found)
}

/// Returns whether a commit changed files that the globs match, after the last commit of the document and up to `last`.
/// History before `stamped`, the time of the document's stamp, is not walked.
pub fn changed_since(
    root: &Path,
    last: &str,
    document: &str,
    stamped: DateTime<Utc>,
    globs: &[String],
) -> Result<bool, String> {
    let since = format!("--since={}", stamped.to_rfc3339());
    let own = run(command(root, &["log", "-1", "--format=%H", &since, last, "--", &format!(":(literal){document}")]))?;
    let own = String::from_utf8_lossy(&own).trim().to_owned();
    let range = if own.is_empty() { last.to_owned() } else { format!("{own}..{last}") };
    let mut log = command(root, &["log", "-1", "--format=%H", &since, &range, "--"]);
    log.args(globs.iter().map(|glob| format!(":(glob){glob}")));
    Ok(!run(log)?.is_empty())
}

/// Returns whether a merge, rebase, cherry-pick or revert is in progress.
pub fn is_merging(root: &Path) -> bool {
    ["MERGE_HEAD", "CHERRY_PICK_HEAD", "REVERT_HEAD", "REBASE_HEAD"]
        .iter()
        .any(|name| run(command(root, &["rev-parse", "--verify", "--quiet", name])).is_ok())
}

/// Returns the ids of the last 200 commits that changed a file, newest first.
pub fn commits_of(root: &Path, path: &str) -> Result<Vec<String>, String> {
    let literal = format!(":(literal){path}");
    let commits = run(command(root, &["rev-list", "-n", REACH, "HEAD", "--", &literal]))?;
    Ok(String::from_utf8_lossy(&commits).lines().map(str::to_owned).collect())
}
