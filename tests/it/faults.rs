//! What the pre-commit hook does where something is in its way: locks, flags, links, kills, full disks.

use std::process::Stdio;

use crate::commits::{PLAN, agreed, change, clean_git_folder, commit, edit, repo, shown};
use crate::support::Run;

#[track_caller]
fn assert_holds(text: &str, expected: &str) {
    assert!(text.contains(expected), "no `{expected}` in\n{text}");
}

#[test]
fn a_document_outside_the_sparse_set_is_checked_and_not_written() {
    let repo = repo();
    repo.write("docs/PLAN.md", repo.read(PLAN)).write("other/b.txt", "b\n").commit("more");
    repo.git(&["sparse-checkout", "set", "other"]);
    assert!(!repo.path().join(PLAN).exists());
    // Somebody stages a change of a file that is not checked out.
    let text = shown(&repo, &format!("HEAD:{PLAN}")).replace("**Points**: 8", "**Points**: 9");
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
fn an_ignored_document_that_was_added_by_force_is_written() {
    let repo = repo();
    repo.write(".gitignore", "docs/\n").git(&["add", "-A"]);
    change(&repo, 8, 9);
    repo.git(&["add", "-f", PLAN]);
    commit(&repo, &[]).exits(0);
    agreed(&repo, 14);
}

#[test]
#[cfg(unix)]
fn a_worktree_file_that_is_a_link_is_checked_and_not_written() {
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
fn another_git_add_while_the_hook_runs_is_not_lost() {
    let repo = repo();
    // The hook that stood there before adds something else to the index, and changes it again in the background.
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
    agreed(&repo, 14);
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
fn the_index_locked_by_another_git_is_left_alone() {
    let repo = repo();
    change(&repo, 8, 9);
    repo.git(&["add", PLAN]);
    repo.write(".git/index.lock", "another git");
    let before = repo.read(PLAN);
    repo.run(&["hook", "run", "pre-commit"]).exits(1);
    assert_eq!(repo.read(PLAN), before);
    assert_eq!(repo.read(".git/index.lock"), "another git");
    std::fs::remove_file(repo.path().join(".git/index.lock")).unwrap();
    clean_git_folder(&repo);
    commit(&repo, &[]).exits(0);
    agreed(&repo, 14);
}

#[test]
fn an_index_of_somebodys_own_is_checked_and_not_written() {
    let repo = repo();
    // Another length: a copied index is newer than the file, and Git would take a file of the same length for unchanged.
    change(&repo, 8, 13);
    std::fs::copy(repo.path().join(".git/index"), repo.path().join("own-index")).unwrap();
    let own = repo.path().join("own-index");
    let set = [("GIT_INDEX_FILE", own.to_str().unwrap())];
    repo.try_git(&["add", PLAN], &set).exits(0);
    repo.try_git(&["commit", "-qm", "own"], &set).exits(1);
    repo.note(&repo.read(PLAN));
}

#[test]
fn a_hook_that_is_killed_at_any_moment_loses_nothing() {
    let repo = repo().unrecorded();
    change(&repo, 8, 9);
    repo.git(&["add", PLAN]);
    edit(&repo, "Notes of Ines.", "Notes, unfinished.");
    let typed = repo.read(PLAN);
    let staged = shown(&repo, &format!(":{PLAN}"));
    // The waits only choose the moments.
    for moment in (0..50_u64).map(|step| step * 1500) {
        let mut hook =
            repo.command(&["hook", "run", "pre-commit"]).stderr(Stdio::null()).stdout(Stdio::null()).spawn().unwrap();
        std::thread::sleep(std::time::Duration::from_micros(moment));
        let _ = hook.kill();
        hook.wait().unwrap();
        // Whatever happened, what was typed is there but for the block, and the index can be read and written.
        assert_holds(&repo.read(PLAN), "Notes, unfinished.");
        assert_eq!(
            repo.read(PLAN).replace("Story Points: 14", "Story Points: 13").lines().count(),
            typed.lines().count()
        );
        let index = shown(&repo, &format!(":{PLAN}"));
        assert!(index == staged || index.contains("Story Points: 14\n"), "after {moment} µs:\n{index}");
        // Of git's own lock a killed git would leave the same; it stands for two steps.
        let _ = std::fs::remove_file(repo.path().join(".git/index.lock"));
        repo.write(PLAN, &staged).git(&["add", PLAN]);
        repo.write(PLAN, &typed);
    }
    commit(&repo, &[]).exits(0);
    assert_holds(&shown(&repo, &format!("HEAD:{PLAN}")), "Story Points: 14\n");
    assert_eq!(repo.git(&["status", "--porcelain"]), format!(" M {PLAN}\n"));
    assert!(std::fs::read_dir(repo.path().join("docs")).unwrap().count() == 1, "no temporary file is left");
    clean_git_folder(&repo);
}

#[test]
#[cfg(unix)]
fn a_read_only_repository_is_checked() {
    use std::os::unix::fs::PermissionsExt;
    let repo = repo();
    change(&repo, 8, 9);
    repo.git(&["add", PLAN]);
    let file = repo.path().join(PLAN);
    std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o444)).unwrap();
    let before = repo.state();
    commit(&repo, &[]).exits(1);
    assert_eq!(repo.state(), before);
    clean_git_folder(&repo);
}

#[test]
#[cfg(target_os = "linux")]
fn a_full_disk_loses_nothing_and_leaves_nothing() {
    let repo = repo().unrecorded();
    edit(&repo, "Notes of Ines.", &format!("Notes of Ines.\n\n{}", "A long line of notes.\n".repeat(1000)));
    repo.commit("long");
    change(&repo, 8, 9);
    repo.git(&["add", PLAN]);
    edit(&repo, "# Upcoming Features\n", "# Upcoming Features\n\nUnfinished.\n");
    let before = repo.state();
    // A limit on the size of files fails every write as a full disk does, each limit at another place.
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
        clean_git_folder(&repo);
        assert_eq!(std::fs::read_dir(repo.path().join("docs")).unwrap().count(), 1, "no temporary file is left");
        if run.code == 0 {
            passed += 1;
            assert_holds(&shown(&repo, &format!(":{PLAN}")), "Story Points: 14\n");
            assert_holds(&repo.read(PLAN), "Unfinished.");
            assert_holds(&repo.read(PLAN), "Story Points: 14\n");
        } else {
            assert_eq!(repo.state(), before, "{blocks}: {}", run.stderr);
            assert!(run.stderr.contains("error: ") || run.stderr.contains("written"), "{blocks}: {}", run.stderr);
        }
    }
    assert!((1..7).contains(&passed), "some limits are too low, and one is not: {passed}");
}

#[test]
fn a_file_that_git_is_told_to_overlook_is_checked_and_keeps_its_flag() {
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
        clean_git_folder(&repo);
    }
}

#[test]
fn a_worktree_that_was_regenerated_already_is_no_obstacle() {
    let repo = repo();
    change(&repo, 8, 9);
    repo.git(&["add", PLAN]);
    edit(&repo, "Notes of Ines.", "Notes, unfinished.");
    repo.run(&["regen"]).exits(0);
    let typed = repo.read(PLAN);
    commit(&repo, &[]).exits(0);
    repo.note(&shown(&repo, &format!("HEAD:{PLAN}")));
    assert_eq!(repo.read(PLAN), typed);
    assert_eq!(repo.git(&["status", "--porcelain"]), format!(" M {PLAN}\n"));
}

#[test]
fn a_document_that_is_not_in_the_worktree_is_brought_back_and_regenerated() {
    let repo = repo();
    change(&repo, 8, 9);
    repo.git(&["add", PLAN]);
    std::fs::remove_file(repo.path().join(PLAN)).unwrap();
    commit(&repo, &[]).exits(1);
    repo.git(&["restore", PLAN]);
    repo.run(&["regen", "--staged"]).exits(0);
    commit(&repo, &[]).exits(0);
    agreed(&repo, 14);
}

#[test]
fn a_file_of_somebody_elses_in_the_folder_of_git_is_left_alone() {
    let repo = repo();
    repo.write(".git/phx-notes", "mine");
    change(&repo, 8, 9);
    commit(&repo, &["-a"]).exits(0);
    assert_eq!(repo.read(".git/phx-notes"), "mine");
}

#[test]
#[cfg(unix)]
fn a_repository_that_nobody_may_write_to_is_read_all_the_same() {
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
        // Whoever may write everywhere, may.
        repo.note(&shown(&repo, &format!(":{PLAN}")));
        checked.exits(0);
    } else {
        checked.exits(1);
        assert_eq!(repo.state(), before, "{}", run.stderr);
    }
    clean_git_folder(&repo);
}
