//! No data loss: killed runs, full disks, read-only files, links, and concurrent writers.

use std::path::Path;
use std::process::Stdio;

use crate::support::{Repo, Run, document};

/// Large document with an outdated block `feature_metrics`.
fn features(count: usize) -> String {
    let item = |n: usize| format!("### Feature {n}\n**Status**: Stable | **Coverage**: {}%\n\n", n % 100);
    let items = (0..count).map(item).collect::<Vec<_>>().concat();
    let body = format!(
        "# T\n\n## Feature Metrics\n<!-- AUTO-GENERATED -->\nTotal Features: 0\n<!-- END AUTO-GENERATED -->\n\n## Core Features\n\n{items}"
    );
    document("  phase_number: 1\n  kind: implemented-features\n", &body)
}

fn names(folder: &Path) -> Vec<String> {
    let mut names: Vec<String> =
        std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

#[test]
fn a_killed_run_leaves_old_or_new_content() {
    let old = features(300);
    let expected = Repo::new();
    expected.write("0.md", &old).run(&["regen", "-q"]).exits(0);
    let new = expected.read("0.md");
    let repo = Repo::new();
    let files: Vec<String> = (0..40).map(|n| format!("{n}.md")).collect();
    let mut interrupted = 0;
    for round in 0..20 {
        for file in &files {
            repo.write(file, &old);
        }
        let mut child = repo.command(&["regen", "-q"]).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
        // In each round, more files are written before the run is killed.
        let done = || files.iter().filter(|file| repo.read(file) != old).count();
        while done() < 2 * round && child.try_wait().unwrap().is_none() {
            std::thread::yield_now();
        }
        let _ = child.kill();
        child.wait().unwrap();
        let texts: Vec<String> = files.iter().map(|file| repo.read(file)).collect();
        assert!(
            texts.iter().all(|text| *text == old || *text == new),
            "round {round}: a file has neither the old nor the new content"
        );
        interrupted += usize::from((1..files.len()).contains(&done()));
    }
    assert!(interrupted > 5, "{interrupted} runs were killed between two files");
    // The next run removes the temporary files of the killed runs.
    for file in &files {
        repo.write(file, &old);
    }
    repo.run(&["regen", "-q"]).exits(0);
    assert_eq!(names(&repo.path()).len(), files.len() + 1, "{:?}", names(&repo.path()));
}

#[test]
fn concurrent_runs_write_consistent_files() {
    let old = features(50);
    let repo = Repo::new();
    let files: Vec<String> = (0..30).map(|n| format!("{n}.md")).collect();
    for _ in 0..5 {
        for file in &files {
            repo.write(file, &old);
        }
        let start = || repo.command(&["regen", "-q"]).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let children: Vec<_> = (0..3).map(|_| start()).collect();
        for child in children {
            let run = Run::of(child.wait_with_output().unwrap());
            assert!(run.code == 0 || run.stderr.contains("changed on disk"), "{}", run.stderr);
        }
        repo.run(&["regen", "--check", "-q"]).exits(0);
        assert_eq!(names(&repo.path()).len(), files.len() + 1);
    }
}

#[cfg(unix)]
mod unix {
    use std::os::unix::fs::{PermissionsExt, symlink};
    use std::process::Command;

    use super::*;

    fn mode(path: &Path) -> u32 {
        std::fs::metadata(path).unwrap().permissions().mode() & 0o7777
    }

    /// Repository with an outdated document.
    fn repo() -> Repo {
        let repo = Repo::new();
        repo.write("docs/PLAN.md", features(3));
        repo
    }

    #[test]
    fn does_not_write_a_hard_linked_file() {
        let repo = repo();
        let before = repo.read("docs/PLAN.md");
        std::fs::hard_link(repo.path().join("docs/PLAN.md"), repo.path().join("other.txt")).unwrap();
        repo.run(&["regen"]).exits(4);
        assert_eq!((repo.read("docs/PLAN.md"), repo.read("other.txt")), (before.clone(), before));
    }

    #[test]
    #[cfg(target_os = "linux")]
    fn keeps_extended_attributes() {
        let repo = repo();
        let file = repo.path().join("docs/PLAN.md");
        let set = rustix::fs::setxattr(&file, "user.reader", b"Ines", rustix::fs::XattrFlags::empty());
        let why = "the temporary folder must keep extended attributes; set TMPDIR to one that does";
        set.unwrap_or_else(|error| panic!("{error}: {why}"));
        repo.run(&["regen", "-q"]).exits(0);
        let mut value = [0; 16];
        let length = rustix::fs::getxattr(&file, "user.reader", &mut value[..]).unwrap();
        assert_eq!(&value[..length], b"Ines");
    }

    #[test]
    fn removes_temporary_files_of_killed_runs() {
        let repo = repo();
        repo.write("docs/.OTHER.md.4711-0.phx-tmp", "left").write("docs/.mine.tmp", "mine");
        repo.run(&["regen", "-q"]).exits(0);
        assert!(
            !repo.path().join("docs/.OTHER.md.4711-0.phx-tmp").exists() && repo.path().join("docs/.mine.tmp").exists()
        );
    }

    #[test]
    fn waits_for_another_phx_process() {
        let repo = repo();
        repo.git(&["init", "-q"]);
        std::fs::create_dir_all(repo.path().join(".git/phx")).unwrap();
        let lock = std::fs::File::create(repo.path().join(".git/phx/writing")).unwrap();
        lock.lock().unwrap();
        let before = repo.read("docs/PLAN.md");
        repo.run(&["regen"]).exits(2);
        assert_eq!(repo.read("docs/PLAN.md"), before);
        drop(lock);
        repo.run(&["regen", "-q"]).exits(0);
    }

    #[test]
    fn keeps_the_file_mode() {
        let repo = Repo::new();
        let file = repo.path().join("a.md");
        repo.write("a.md", features(3));
        for wanted in [0o600, 0o755, 0o664] {
            repo.write("a.md", features(3));
            std::fs::set_permissions(&file, std::fs::Permissions::from_mode(wanted)).unwrap();
            repo.run(&["regen", "-q"]).exits(0);
            assert_eq!(mode(&file), wanted);
        }
    }

    #[test]
    fn does_not_write_a_read_only_file() {
        let repo = Repo::new();
        let text = features(3);
        repo.write("a.md", &text).write("b.md", &text);
        let file = repo.path().join("a.md");
        std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o444)).unwrap();
        repo.run(&["regen"]).exits(4);
        assert_eq!((repo.read("a.md"), mode(&file)), (text, 0o444));
    }

    #[test]
    fn keeps_the_file_on_a_full_disk() {
        let repo = Repo::new();
        let text = features(2000);
        repo.write("a.md", &text);
        // The limit of 16 blocks of 512 bytes makes larger writes fail with an error instead of a signal.
        let script = "trap '' XFSZ; ulimit -f 16; exec \"$0\" regen -q";
        let mut command = Command::new("sh");
        command
            .args(["-c", script, env!("CARGO_BIN_EXE_phx")])
            .current_dir(repo.path())
            .env("PHX_NOW", crate::support::NOW);
        repo.finish(&mut command).exits(4);
        assert_eq!(repo.read("a.md"), text);
        assert_eq!(names(&repo.path()), [".git", "a.md"]);
    }

    #[test]
    fn follows_links_only_inside_the_repository() {
        let repo = Repo::new();
        let outside = Repo::bare();
        let text = features(3);
        repo.write("real/a.md", &text);
        outside.write("a.md", &text);
        symlink("real/a.md", repo.path().join("in.md")).unwrap();
        symlink(outside.path().join("a.md"), repo.path().join("out.md")).unwrap();
        repo.run(&["regen", "-q", "in.md"]).exits(0);
        assert!(std::fs::symlink_metadata(repo.path().join("in.md")).unwrap().is_symlink());
        repo.note(&repo.read("real/a.md"));
        repo.run(&["regen", "-q", "out.md"]).exits(4);
        assert_eq!(outside.read("a.md"), text);
    }

    #[test]
    fn does_not_overwrite_a_file_that_changed_on_disk() {
        // An editor saves continuously; the last saved line must never be lost.
        let repo = Repo::new();
        let file = repo.path().join("a.md");
        repo.write("a.md", features(400));
        let stop = std::sync::atomic::AtomicBool::new(false);
        let saved = std::thread::scope(|scope| {
            let editor = scope.spawn(|| {
                let mut saved = 0;
                while !stop.load(std::sync::atomic::Ordering::Relaxed) {
                    let text = std::fs::read_to_string(&file).unwrap();
                    let text = text.replace(&format!("<!-- line {saved} -->\n"), "")
                        + &format!("<!-- line {} -->\n", saved + 1);
                    let temporary = repo.path().join("editor.tmp");
                    std::fs::write(&temporary, text).unwrap();
                    std::fs::rename(&temporary, &file).unwrap();
                    saved += 1;
                }
                saved
            });
            for _ in 0..40 {
                let run = repo.run(&["regen", "-q", "--force"]);
                assert!(run.code == 0 || run.stderr.contains("`a.md` changed on disk"), "{}", run.stderr);
            }
            stop.store(true, std::sync::atomic::Ordering::Relaxed);
            editor.join().unwrap()
        });
        assert!(saved > 40, "the editor saved {saved} times");
        assert!(repo.read("a.md").ends_with(&format!("<!-- line {saved} -->\n")));
    }
}
