//! Pre-commit hook under adverse conditions: locks, index flags, links, kills, full disks.

use std::process::Stdio;

use crate::commits::{PLAN, assert_clean_git_directory, assert_consistent, change, commit, edit, git_show, repo};
use crate::support::Run;

#[track_caller]
fn assert_contains(text: &str, expected: &str) {
    assert!(text.contains(expected), "no `{expected}` in\n{text}");
}

#[test]
fn validates_but_does_not_write_a_document_outside_the_sparse_checkout() {
    let repo = repo();
    repo.write("docs/PLAN.md", repo.read(PLAN)).write("other/b.txt", "b\n").commit("more");
    repo.git(&["sparse-checkout", "set", "other"]);
    assert!(!repo.path().join(PLAN).exists());
    // The user stages a change of a file that is not checked out.
    let text = git_show(&repo, &format!("HEAD:{PLAN}")).replace("**Points**: 8", "**Points**: 9");
    repo.write("../new.md", &text);
    let blob = repo.git(&["hash-object", "-w", "../new.md"]);
    std::fs::remove_file(repo.path().join("../new.md")).unwrap();
    repo.git(&["update-index", "--cacheinfo", &format!("100644,{},{PLAN}", blob.trim())]);
    repo.git(&["update-index", "--skip-worktree", PLAN]);
    let before = repo.state();
    commit(&repo, &[]).exits(1);
    assert_eq!(repo.state(), before);
}

#[test]
fn writes_an_ignored_document_that_was_added_with_force() {
    let repo = repo();
    repo.write(".gitignore", "docs/\n").git(&["add", "-A"]);
    change(&repo, 8, 9);
    repo.git(&["add", "-f", PLAN]);
    commit(&repo, &[]).exits(0);
    assert_consistent(&repo, 14);
}

#[test]
#[cfg(unix)]
fn validates_but_does_not_write_through_a_link() {
    let repo = repo();
    change(&repo, 8, 9);
    repo.git(&["add", PLAN]);
    let file = repo.path().join(PLAN);
    std::fs::rename(&file, repo.path().join("elsewhere.md")).unwrap();
    std::os::unix::fs::symlink("../elsewhere.md", &file).unwrap();
    let before = repo.state();
    commit(&repo, &[]).exits(1);
    assert_eq!(repo.state(), before);
}

#[test]
fn keeps_files_that_a_chained_hook_stages() {
    let repo = repo();
    // The chained hook stages another file.
    repo.run(&["hook", "uninstall"]).exits(0);
    let hook = repo.path().join(".git/hooks/pre-commit");
    std::fs::create_dir_all(hook.parent().unwrap()).unwrap();
    std::fs::write(&hook, "#!/bin/sh\necho added > added.txt\ngit add added.txt\n").unwrap();
    executable(&hook);
    repo.run(&["hook", "install"]).exits(0);
    change(&repo, 8, 9);
    repo.git(&["add", PLAN]);
    commit(&repo, &[]).exits(0);
    repo.note(&repo.git(&["show", "HEAD:added.txt"]));
    assert_consistent(&repo, 14);
}

fn executable(path: &std::path::Path) {
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o755)).unwrap();
    }
    #[cfg(not(unix))]
    let _ = path;
}

#[test]
fn does_not_write_a_locked_index() {
    let repo = repo();
    change(&repo, 8, 9);
    repo.git(&["add", PLAN]);
    repo.write(".git/index.lock", "another git");
    let before = repo.read(PLAN);
    repo.run(&["hook", "run", "pre-commit"]).exits(1);
    assert_eq!(repo.read(PLAN), before);
    assert_eq!(repo.read(".git/index.lock"), "another git");
    std::fs::remove_file(repo.path().join(".git/index.lock")).unwrap();
    assert_clean_git_directory(&repo);
    commit(&repo, &[]).exits(0);
    assert_consistent(&repo, 14);
}

#[test]
fn validates_but_does_not_write_a_custom_index() {
    let repo = repo();
    // The size must differ: the copied index is newer than the file, and Git would treat a file of the same size as
    // unchanged.
    change(&repo, 8, 13);
    std::fs::copy(repo.path().join(".git/index"), repo.path().join("own-index")).unwrap();
    let own = repo.path().join("own-index");
    let set = [("GIT_INDEX_FILE", own.to_str().unwrap())];
    repo.try_git(&["add", PLAN], &set).exits(0);
    repo.try_git(&["commit", "-qm", "own"], &set).exits(1);
    repo.note(&repo.read(PLAN));
}

#[test]
fn a_killed_hook_loses_nothing() {
    let repo = repo().unrecorded();
    change(&repo, 8, 9);
    repo.git(&["add", PLAN]);
    edit(&repo, "Notes of Ines.", "Notes, unfinished.");
    let typed = repo.read(PLAN);
    let staged = git_show(&repo, &format!(":{PLAN}"));
    // The delays only select the moment of the kill.
    for moment in (0..50_u64).map(|step| step * 1500) {
        let mut hook =
            repo.command(&["hook", "run", "pre-commit"]).stderr(Stdio::null()).stdout(Stdio::null()).spawn().unwrap();
        std::thread::sleep(std::time::Duration::from_micros(moment));
        let _ = hook.kill();
        hook.wait().unwrap();
        // In each case the typed text is unchanged outside the block, and the index is readable and writable.
        assert_contains(&repo.read(PLAN), "Notes, unfinished.");
        assert_eq!(
            repo.read(PLAN).replace("Story Points: 14", "Story Points: 13").lines().count(),
            typed.lines().count()
        );
        let index = git_show(&repo, &format!(":{PLAN}"));
        assert!(index == staged || index.contains("Story Points: 14\n"), "after {moment} µs:\n{index}");
        // A killed Git process would leave the same lock of the index.
        let _ = std::fs::remove_file(repo.path().join(".git/index.lock"));
        repo.write(PLAN, &staged).git(&["add", PLAN]);
        repo.write(PLAN, &typed);
    }
    commit(&repo, &[]).exits(0);
    assert_contains(&git_show(&repo, &format!("HEAD:{PLAN}")), "Story Points: 14\n");
    assert_eq!(repo.git(&["status", "--porcelain"]), format!(" M {PLAN}\n"));
    assert!(std::fs::read_dir(repo.path().join("docs")).unwrap().count() == 1, "a temporary file remains");
    assert_clean_git_directory(&repo);
}

#[test]
#[cfg(unix)]
fn validates_a_document_that_is_read_only() {
    use std::os::unix::fs::PermissionsExt;
    let repo = repo();
    change(&repo, 8, 9);
    repo.git(&["add", PLAN]);
    let file = repo.path().join(PLAN);
    std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o444)).unwrap();
    let before = repo.state();
    commit(&repo, &[]).exits(1);
    assert_eq!(repo.state(), before);
    assert_clean_git_directory(&repo);
}

#[test]
#[cfg(target_os = "linux")]
fn a_full_disk_loses_nothing_and_leaves_no_temporary_files() {
    let repo = repo().unrecorded();
    edit(&repo, "Notes of Ines.", &format!("Notes of Ines.\n\n{}", "A long line of notes.\n".repeat(1000)));
    repo.commit("long");
    change(&repo, 8, 9);
    repo.git(&["add", PLAN]);
    edit(&repo, "# Upcoming Features\n", "# Upcoming Features\n\nUnfinished.\n");
    let before = repo.state();
    // A limit on file sizes makes writes fail like a full disk; each limit fails at another point.
    let mut passed = 0;
    for blocks in [0, 1, 2, 4, 16, 40, 200] {
        let script =
            format!("trap '' XFSZ; ulimit -f {blocks}; exec {} hook run pre-commit", env!("CARGO_BIN_EXE_phx"));
        let mut shell = repo.command(&[]);
        let path = shell.get_envs().find(|(name, _)| *name == "PATH").unwrap().1.unwrap().to_owned();
        shell = std::process::Command::new("sh");
        shell
            .args(["-c", &script])
            .current_dir(repo.path())
            .env_clear()
            .env("PATH", path)
            .env("PHX_NOW", crate::support::NOW);
        let run = Run::of(shell.output().unwrap());
        assert_clean_git_directory(&repo);
        assert_eq!(std::fs::read_dir(repo.path().join("docs")).unwrap().count(), 1, "a temporary file remains");
        if run.code == 0 {
            passed += 1;
            assert_contains(&git_show(&repo, &format!(":{PLAN}")), "Story Points: 14\n");
            assert_contains(&repo.read(PLAN), "Unfinished.");
            assert_contains(&repo.read(PLAN), "Story Points: 14\n");
        } else {
            assert_eq!(repo.state(), before, "{blocks}: {}", run.stderr);
            assert!(run.stderr.contains("error: ") || run.stderr.contains("written"), "{blocks}: {}", run.stderr);
        }
    }
    assert!((1..7).contains(&passed), "{passed} of 7 limits were high enough");
}

#[test]
fn keeps_the_index_flags_of_a_document() {
    let _transcript = crate::transcript::Transcript::of_this_test();
    for flag in ["--skip-worktree", "--assume-unchanged"] {
        let repo = repo();
        repo.git(&["update-index", flag, PLAN]);
        repo.write("phx.toml", "[facts.sprint]\nstart = 2025-08-30\n").git(&["add", "phx.toml"]);
        edit(&repo, "Notes", "Private notes");
        change(&repo, 8, 9);
        let text = repo.read(PLAN);
        let blob = repo.git(&["hash-object", "-w", PLAN]);
        repo.git(&["update-index", "--cacheinfo", &format!("100644,{},{PLAN}", blob.trim())]);
        repo.git(&["update-index", flag, PLAN]);
        let before = repo.state();
        commit(&repo, &[]).exits(1);
        assert_eq!(repo.state(), before, "{flag}");
        assert_eq!(repo.read(PLAN), text);
        assert_clean_git_directory(&repo);
    }
}

#[test]
fn accepts_a_worktree_that_is_already_regenerated() {
    let repo = repo();
    change(&repo, 8, 9);
    repo.git(&["add", PLAN]);
    edit(&repo, "Notes of Ines.", "Notes, unfinished.");
    repo.run(&["regen"]).exits(0);
    let typed = repo.read(PLAN);
    commit(&repo, &[]).exits(0);
    repo.note(&git_show(&repo, &format!("HEAD:{PLAN}")));
    assert_eq!(repo.read(PLAN), typed);
    assert_eq!(repo.git(&["status", "--porcelain"]), format!(" M {PLAN}\n"));
}

#[test]
fn rejects_a_commit_if_the_worktree_file_is_missing() {
    let repo = repo();
    change(&repo, 8, 9);
    repo.git(&["add", PLAN]);
    std::fs::remove_file(repo.path().join(PLAN)).unwrap();
    commit(&repo, &[]).exits(1);
    repo.git(&["restore", PLAN]);
    repo.run(&["regen", "--staged"]).exits(0);
    commit(&repo, &[]).exits(0);
    assert_consistent(&repo, 14);
}

#[test]
fn keeps_unrelated_files_in_the_git_directory() {
    let repo = repo();
    repo.write(".git/phx-notes", "mine");
    change(&repo, 8, 9);
    commit(&repo, &["-a"]).exits(0);
    assert_eq!(repo.read(".git/phx-notes"), "mine");
}

#[test]
#[cfg(unix)]
fn reads_a_repository_without_write_permission() {
    use std::os::unix::fs::PermissionsExt;
    let repo = repo();
    change(&repo, 8, 9);
    repo.git(&["add", PLAN]);
    let before = repo.state();
    let folders = [".git", ".git/objects", ".git/phx", "docs"].map(|name| repo.path().join(name));
    let allow = |mode: u32| {
        for folder in &folders {
            std::fs::set_permissions(folder, std::fs::Permissions::from_mode(mode)).unwrap();
        }
    };
    allow(0o555);
    let run = repo.run(&["hook", "run", "pre-commit"]).recorded();
    let checked = repo.run(&["hook", "run", "pre-commit", "--mode", "check"]);
    allow(0o755);
    if run.code == 0 {
        // A privileged user can write anyway.
        repo.note(&git_show(&repo, &format!(":{PLAN}")));
        checked.exits(0);
    } else {
        checked.exits(1);
        assert_eq!(repo.state(), before, "{}", run.stderr);
    }
    assert_clean_git_directory(&repo);
}
