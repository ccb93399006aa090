//! The files that git runs: a few lines of POSIX sh that find phx.

use std::path::Path;

use super::{Hook, HookMode};

/// A line that every shim has and nothing else.
const SIGN: &str = "# Keeps living documents true; `phx hook uninstall` takes it away.";

/// The text of a hook's shim.
pub fn text(hook: Hook, mode: Option<HookMode>, program: &Path) -> String {
    let template = match hook {
        Hook::PreCommit | Hook::PreMergeCommit => include_str!("../../hooks/hook.sh"),
        Hook::CommitMsg => include_str!("../../hooks/commit-msg.sh"),
        Hook::PrePush => include_str!("../../hooks/pre-push.sh"),
    };
    let program = program.to_string_lossy();
    let quoted = format!("'{}'", program.replace('\'', "'\\''"));
    let mode = match mode.filter(|_| hook == Hook::PreCommit) {
        Some(HookMode::Check) => " --mode check",
        Some(HookMode::Write) => " --mode write",
        None => "",
    };
    template.replace("@phx@", &quoted).replace("@hook@", &format!("{}{mode}", hook.name()))
}

/// Whether a file is a shim of phx, of whatever version.
pub fn is_shim(bytes: &[u8]) -> bool {
    String::from_utf8_lossy(bytes).lines().nth(1).is_some_and(|line| line.starts_with(SIGN))
}

/// Whether a file is a shim just as phx would have written it, for whatever program and mode.
pub fn is_unchanged(hook: Hook, bytes: &[u8]) -> bool {
    let text = String::from_utf8_lossy(bytes);
    let program = text.lines().find_map(|line| line.strip_prefix("phx='")?.strip_suffix('\''));
    let Some(program) = program.map(|program| program.replace("'\\''", "'")) else { return false };
    let modes = [None, Some(HookMode::Check), Some(HookMode::Write)];
    modes.iter().any(|mode| self::text(hook, *mode, Path::new(&program)) == text)
}

/// The program that a shim starts.
pub fn program(bytes: &[u8]) -> Option<String> {
    let text = String::from_utf8_lossy(bytes);
    let program = text.lines().find_map(|line| line.strip_prefix("phx='")?.strip_suffix('\''))?;
    Some(program.replace("'\\''", "'"))
}
