//! Hook scripts: short POSIX shell scripts that find and start phx.

use std::path::Path;

use super::{Hook, HookMode};

/// Starts of the second line of hook scripts, by which phx recognizes its own hooks: those of this version and earlier ones.
const SIGNATURES: &[&str] = &[
    "# Validates living documents; run `phx hook uninstall` to remove this hook.",
    "# Keeps living documents true; `phx hook uninstall` takes it away.",
];

/// Returns the script of a hook.
pub(super) fn text(hook: Hook, mode: Option<HookMode>, program: &Path) -> String {
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

/// Returns whether a file is a hook script of phx, of any version.
pub(super) fn is_shim(bytes: &[u8]) -> bool {
    let text = String::from_utf8_lossy(bytes);
    text.lines().nth(1).is_some_and(|line| SIGNATURES.iter().any(|signature| line.starts_with(signature)))
}

/// Returns whether a file equals the hook script of this version, for any program path and mode.
pub(super) fn is_unchanged(hook: Hook, bytes: &[u8]) -> bool {
    let text = String::from_utf8_lossy(bytes);
    let program = text.lines().find_map(|line| line.strip_prefix("phx='")?.strip_suffix('\''));
    let Some(program) = program.map(|program| program.replace("'\\''", "'")) else { return false };
    let modes = [None, Some(HookMode::Check), Some(HookMode::Write)];
    modes.iter().any(|mode| self::text(hook, *mode, Path::new(&program)) == text)
}

/// Returns the path of the program that a hook script starts.
pub(super) fn program(bytes: &[u8]) -> Option<String> {
    let text = String::from_utf8_lossy(bytes);
    let program = text.lines().find_map(|line| line.strip_prefix("phx='")?.strip_suffix('\''))?;
    Some(program.replace("'\\''", "'"))
}
