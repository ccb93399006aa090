//! `phx hook`: installation next to existing hooks, uninstallation, and rejected directories.

use std::path::Path;

use crate::support::{Repo, Run, clean_document, document, package};

#[cfg(unix)]
fn mode(path: &Path) -> u32 {
    use std::os::unix::fs::PermissionsExt;
    std::fs::metadata(path).unwrap().permissions().mode() & 0o7777
}

#[cfg(unix)]
fn program(repo: &Repo, path: &str, text: &str, mode: u32) {
    use std::os::unix::fs::PermissionsExt;
    repo.write(path, text);
    std::fs::set_permissions(repo.path().join(path), std::fs::Permissions::from_mode(mode)).unwrap();
}

fn hook(repo: &Repo, arguments: &[&str]) -> Run {
    repo.run(&[&["hook"][..], arguments].concat())
}

/// Returns the names and contents of the files in the hooks directory.
fn folder(repo: &Repo) -> Vec<(String, Vec<u8>)> {
    let mut found: Vec<(String, Vec<u8>)> = std::fs::read_dir(repo.path().join(".git/hooks"))
        .map(|entries| {
            let read = |entry: std::fs::DirEntry| {
                (entry.file_name().to_string_lossy().into_owned(), std::fs::read(entry.path()).unwrap())
            };
            entries.map(|entry| read(entry.unwrap())).collect()
        })
        .unwrap_or_default();
    found.sort();
    found
}

#[test]
fn install_is_idempotent_and_uninstall_restores_the_hooks_directory() {
    let repo = Repo::with_git();
    let before = folder(&repo);
    hook(&repo, &["status"]).exits(1);
    hook(&repo, &["install"]).exits(0);
    let installed = folder(&repo);
    let new: Vec<&str> = installed.iter().filter(|one| !before.contains(one)).map(|(name, _)| name.as_str()).collect();
    assert_eq!(new, ["commit-msg", "pre-commit", "pre-merge-commit"]);
    hook(&repo, &["install"]).exits(0);
    assert_eq!(folder(&repo), installed);
    hook(&repo, &["status"]).exits(0);
    hook(&repo, &["install", "--pre-push", "--mode", "check"]).exits(0);
    repo.note(&repo.read(".git/hooks/pre-commit"));
    hook(&repo, &["status"]).exits(0);
    hook(&repo, &["uninstall"]).exits(0);
    assert_eq!(folder(&repo), before);
    hook(&repo, &["uninstall"]).exits(0);
    assert_eq!(folder(&repo), before);
}

#[test]
fn shims_are_short_posix_scripts() {
    for name in ["hook.sh", "commit-msg.sh", "pre-push.sh"] {
        let text = std::fs::read_to_string(package().join("hooks").join(name)).unwrap();
        assert!(text.starts_with("#!/bin/sh\n") && text.lines().count() <= 15, "{name}");
        let other = ["[[", "function ", "local ", "$'", "<<<", "pipefail"];
        assert!(other.iter().all(|word| !text.contains(word)), "{name} is not a POSIX script");
    }
}

#[test]
#[cfg(unix)]
fn chains_and_restores_an_existing_hook() {
    let repo = Repo::with_git();
    repo.write("a.md", clean_document()).commit("first");
    let text = "#!/usr/bin/env python3\nimport sys\nopen('ran', 'a').write('x')\nsys.exit(3 if open('b').read() == 'bad' else 0)\n";
    program(&repo, ".git/hooks/pre-commit", text, 0o750);
    let before = folder(&repo);
    hook(&repo, &["install"]).exits(0);
    hook(&repo, &["status"]).exits(0);
    repo.write("b", "bad").git(&["add", "b"]);
    repo.try_git(&["commit", "-qm", "bad"], &[]).exits(1);
    repo.write("b", "good").git(&["add", "b"]);
    repo.try_git(&["commit", "-qm", "good"], &[]).exits(0);
    assert_eq!(repo.read("ran"), "xx");
    // phx still validates after the chained hook.
    repo.write("a.md", document("", "")).git(&["add", "a.md"]);
    repo.try_git(&["commit", "-qm", "wrong"], &[]).exits(1);
    hook(&repo, &["install"]).exits(0);
    hook(&repo, &["uninstall"]).exits(0);
    assert_eq!(folder(&repo), before);
    assert_eq!(mode(&repo.path().join(".git/hooks/pre-commit")), 0o750);
}

#[test]
#[cfg(unix)]
fn keeps_but_does_not_run_a_hook_without_execute_permission() {
    let repo = Repo::with_git();
    program(&repo, ".git/hooks/pre-commit", "#!/bin/sh\nexit 9\n", 0o644);
    let before = folder(&repo);
    hook(&repo, &["install"]).exits(0);
    repo.write("a", "a").git(&["add", "a"]);
    repo.try_git(&["commit", "-qm", "a"], &[]).exits(0);
    hook(&repo, &["uninstall"]).exits(0);
    assert_eq!(folder(&repo), before);
    assert_eq!(mode(&repo.path().join(".git/hooks/pre-commit")), 0o644);
}

#[test]
fn reports_and_never_overwrites_a_changed_shim() {
    let repo = Repo::with_git();
    hook(&repo, &["install"]).exits(0);
    let text = repo.read(".git/hooks/pre-commit") + "echo mine\n";
    repo.write(".git/hooks/pre-commit", &text);
    hook(&repo, &["status"]).exits(1);
    hook(&repo, &["install"]).exits(2);
    hook(&repo, &["uninstall"]).exits(2);
    assert_eq!(repo.read(".git/hooks/pre-commit"), text);
}

#[test]
#[cfg(unix)]
fn a_missing_phx_warns_and_accepts_the_commit() {
    let repo = Repo::with_git();
    hook(&repo, &["install"]).exits(0);
    for name in ["pre-commit", "commit-msg", "pre-merge-commit"] {
        let path = format!(".git/hooks/{name}");
        let text = repo.read(&path).replace(env!("CARGO_BIN_EXE_phx"), "/nowhere/phx");
        program(&repo, &path, &text, 0o755);
    }
    hook(&repo, &["status"]).exits(1);
    // The environment of a graphical program, without the directories of the user.
    repo.write("a.md", document("", "")).git(&["add", "a.md"]);
    let bare = [("PATH", "/usr/local/bin:/usr/bin:/bin"), ("HOME", "/nowhere")];
    repo.try_git(&["commit", "-qm", "wrong"], &bare).exits(0);
    // With an absolute path to phx, the hook needs only git and sh.
    hook(&repo, &["install"]).exits(0);
    repo.write("a.md", document("", "more\n")).git(&["add", "a.md"]);
    repo.try_git(&["commit", "-qm", "wrong"], &bare).exits(1);
}

#[test]
#[cfg(unix)]
fn supports_special_characters_in_paths() {
    let parent = Repo::bare();
    let path = parent.path().join("it's a \"repo\" $HOME");
    std::fs::create_dir(&path).unwrap();
    let phx = path.join("phx'x");
    std::fs::copy(env!("CARGO_BIN_EXE_phx"), &phx).unwrap();
    let git = |arguments: &[&str]| parent.finish(parent.git_command(arguments).current_dir(&path));
    git(&["init", "-q"]).exits(0);
    let mut install = std::process::Command::new(&phx);
    parent.finish(install.args(["hook", "install"]).current_dir(&path)).exits(0);
    std::fs::write(path.join("odd name.md"), document("", "")).unwrap();
    git(&["add", "odd name.md"]).exits(0);
    git(&["commit", "-qm", "wrong"]).exits(1);
}

#[test]
fn rejects_a_hooks_directory_outside_the_repository() {
    let repo = Repo::with_git();
    let elsewhere = Repo::bare();
    let hooks = elsewhere.path().join("hooks");
    std::fs::create_dir(&hooks).unwrap();
    repo.git(&["config", "core.hooksPath", hooks.to_str().unwrap()]);
    hook(&repo, &["install"]).exits(2);
    assert_eq!(std::fs::read_dir(&hooks).unwrap().count(), 0);
    assert!(!repo.git(&["config", "core.hooksPath"]).is_empty());
}

#[test]
fn uses_a_hooks_directory_in_the_repository() {
    let repo = Repo::with_git();
    repo.write(".githooks/README", "hooks").commit("first");
    repo.git(&["checkout", "-qb", "without"]);
    repo.git(&["rm", "-qr", ".githooks"]);
    repo.git(&["commit", "-qm", "without"]);
    repo.git(&["checkout", "-q", "main"]);
    repo.git(&["config", "core.hooksPath", ".githooks"]);
    hook(&repo, &["install"]).exits(0);
    // The script is committed for other users, so it contains no local path.
    let script = repo.read(".githooks/pre-commit");
    repo.note(&script);
    repo.write("a.md", document("", "")).git(&["add", "a.md"]);
    repo.try_git(&["commit", "-qm", "wrong"], &[]).exits(0);
    repo.git(&["reset", "-q", "--soft", "HEAD~1"]);
    let folder = Path::new(env!("CARGO_BIN_EXE_phx")).parent().unwrap().to_path_buf();
    let others = std::env::var_os("PATH").unwrap();
    let path = std::env::join_paths(std::iter::once(folder).chain(std::env::split_paths(&others))).unwrap();
    repo.try_git(&["commit", "-qm", "wrong"], &[("PATH", path.to_str().unwrap())]).exits(1);
    repo.git(&["rm", "-q", "--cached", "a.md"]);
    repo.git(&["add", ".githooks"]);
    repo.git(&["commit", "-qm", "hooks"]);
    hook(&repo, &["status"]).exits(0);
    repo.git(&["checkout", "-q", "without"]);
    hook(&repo, &["status"]).exits(1);
}

#[test]
fn rejects_the_hooks_directory_of_a_hook_manager() {
    let repo = Repo::with_git();
    repo.write(".husky/pre-commit", "npm test\n").commit("husky");
    repo.git(&["config", "core.hooksPath", ".husky"]);
    hook(&repo, &["install"]).exits(2);
    assert_eq!(repo.read(".husky/pre-commit"), "npm test\n");
}

#[test]
fn rejects_an_ignored_hooks_directory() {
    let repo = Repo::with_git();
    repo.write(".husky/_/.gitignore", "*\n").write(".husky/_/h", "");
    repo.git(&["config", "core.hooksPath", ".husky/_"]);
    hook(&repo, &["install"]).exits(2);
    assert!(!repo.path().join(".husky/_/pre-commit").exists());
}

#[test]
fn install_requires_a_repository() {
    let repo = Repo::bare();
    for command in ["install", "uninstall", "status"] {
        hook(&repo, &[command]).exits(2);
    }
    hook(&repo, &["run", "post-commit"]).exits(2);
}

#[test]
fn skips_hooks_with_phx_0_and_skip() {
    let repo = Repo::with_git();
    hook(&repo, &["install"]).exits(0);
    repo.write("a.md", document("", "")).git(&["add", "a.md"]);
    for (variable, value) in [("PHX", "0"), ("SKIP", "other, phx")] {
        repo.try_git(&["commit", "-qm", "wrong"], &[(variable, value)]).exits(0);
        assert_eq!(repo.git(&["log", "-1", "--format=%B"]).trim(), "wrong");
        repo.write("a.md", document("", value)).git(&["add", "a.md"]);
    }
    repo.try_git(&["commit", "-qm", "wrong"], &[("SKIP", "phxx")]).exits(1);
}

#[test]
fn reports_a_broken_configuration() {
    let repo = Repo::with_git();
    hook(&repo, &["install"]).exits(0);
    repo.write("phx.toml", "[rules]\nstale = 3\n").write("a.md", clean_document()).git(&["add", "-A"]);
    repo.try_git(&["commit", "-qm", "wrong"], &[]).exits(1);
}

#[test]
fn validates_pushed_commits_with_the_pre_push_hook() {
    let repo = Repo::with_git();
    let remote = Repo::bare();
    remote.git(&["init", "-q", "--bare"]);
    repo.git(&["remote", "add", "origin", remote.path().to_str().unwrap()]);
    hook(&repo, &["install", "--pre-push"]).exits(0);
    repo.write("a.md", clean_document()).git(&["add", "-A"]);
    repo.git(&["commit", "-qm", "right"]);
    repo.try_git(&["push", "-q", "origin", "main"], &[]).exits(0);
    repo.write("a.md", document("", "")).git(&["add", "-A"]);
    repo.git(&["commit", "-qm", "wrong", "--no-verify"]);
    repo.try_git(&["push", "-q", "origin", "main"], &[]).exits(1);
    repo.try_git(&["push", "-q", "origin", "main"], &[("PHX", "0")]).exits(0);
    repo.try_git(&["push", "-q", "origin", ":main"], &[]);
}

#[test]
#[cfg(unix)]
fn restores_a_hook_that_is_a_dangling_link() {
    let repo = Repo::with_git();
    let link = repo.path().join(".git/hooks/commit-msg");
    std::fs::create_dir_all(link.parent().unwrap()).unwrap();
    std::os::unix::fs::symlink("../../tools/commit-msg", &link).unwrap();
    hook(&repo, &["install"]).exits(0);
    hook(&repo, &["uninstall"]).exits(0);
    assert_eq!(std::fs::read_link(&link).unwrap(), Path::new("../../tools/commit-msg"));
}

#[test]
#[cfg(unix)]
fn restores_a_hook_if_the_shim_is_missing() {
    let repo = Repo::with_git();
    program(&repo, ".git/hooks/pre-commit", "#!/bin/sh\nexit 0\n", 0o755);
    let before = folder(&repo);
    hook(&repo, &["install"]).exits(0);
    std::fs::remove_file(repo.path().join(".git/hooks/pre-commit")).unwrap();
    hook(&repo, &["uninstall"]).exits(0);
    assert_eq!(folder(&repo), before);
}

#[test]
#[cfg(unix)]
fn passes_standard_input_unchanged_to_a_chained_pre_push_hook() {
    let repo = Repo::with_git();
    let remote = Repo::bare();
    remote.git(&["init", "-q", "--bare"]);
    repo.git(&["remote", "add", "origin", remote.path().to_str().unwrap()]);
    program(&repo, ".git/hooks/pre-push", "#!/bin/sh\nwc -c > told\n", 0o755);
    hook(&repo, &["install", "--pre-push"]).exits(0);
    repo.write("a.md", clean_document()).git(&["add", "a.md"]);
    repo.git(&["commit", "-qm", "right"]);
    repo.git(&["push", "-q", "origin", "main"]);
    let id = repo.git(&["rev-parse", "HEAD"]).trim().len();
    let line = "refs/heads/main ".len() * 2 + 2 * id + 2;
    assert_eq!(repo.read("told").trim(), line.to_string());
    repo.git(&["push", "-q", "origin", "main"]);
    assert_eq!(repo.read("told").trim(), "0");
}

#[test]
fn supports_git_dir_git_work_tree_and_core_worktree() {
    let repo = Repo::with_git();
    repo.write("docs/a.md", document("", "")).git(&["add", "-A"]);
    let mut inside = repo.command(&["hook", "run", "pre-commit"]);
    inside.current_dir(repo.path().join("docs")).envs([("GIT_DIR", "../.git"), ("GIT_WORK_TREE", "..")]);
    repo.finish(&mut inside).exits(1);
    // The worktree is in another directory.
    let other = Repo::bare();
    repo.git(&["config", "core.worktree", other.path().to_str().unwrap()]);
    other.write("docs/a.md", clean_document());
    repo.git(&["add", "-A"]);
    repo.run(&["validate", "--staged", "-q"]).exits(2);
    let git = repo.path().join(".git");
    let there = |arguments: &[&str]| {
        let mut command = other.command(arguments);
        repo.finish(command.env("GIT_DIR", &git))
    };
    there(&["validate", "--staged", "-q"]).exits(0);
    there(&["review", "docs/a.md", "--staged", "--yes"]).exits(0);
    assert!(other.path().join(".phx").exists() && other.read("docs/a.md").contains("2025-09-15T00:00:00Z"));
    there(&["hook", "install"]).exits(0);
    other.write("docs/a.md", document("", ""));
    repo.git(&["add", "-A"]);
    repo.try_git(&["commit", "-qm", "wrong"], &[]).exits(1);
    Repo::bare().run(&["hook", "run", "pre-commit"]).exits(2);
}
