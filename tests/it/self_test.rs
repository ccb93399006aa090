//! `phx doctor --self-test`: every check distinguishes conforming from defective fixtures.

use crate::support::{Repo, Run, assert_valid, package};

/// Lock for tests that measure times of fixtures, which must not run concurrently.
pub(crate) static TIMING_LOCK: std::sync::Mutex<()> = std::sync::Mutex::new(());

/// Runs the fixtures of a probe. Only checks for which `may_skip` holds may be skipped.
#[track_caller]
fn run_fixtures(probe: &str, may_skip: fn(&str) -> bool) {
    let _lock = TIMING_LOCK.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
    let run = Repo::bare().unrecorded().run(&["doctor", "--self-test", probe, "-o", "json"]);
    let json: serde_json::Value = serde_json::from_str(&run.stdout).unwrap_or_else(|_| panic!("{}", run.stderr));
    assert_valid("schemas/doctor.schema.json", &json);
    let mut outcomes = String::new();
    for check in json["checks"].as_array().unwrap() {
        let text = |key: &str| check[key].as_str().unwrap().to_owned();
        let (id, fixture) = (text("id"), text("target"));
        match &*text("outcome") {
            "pass" => outcomes += &format!("{id} on {fixture}: {}\n", check["observed"]["said"].as_str().unwrap()),
            "skip" if may_skip(&id) => {}
            other => panic!("{id} on {fixture}: {other}: {}\n{}", text("detail"), run.stderr),
        }
    }
    assert_eq!(run.code, 0, "{}", run.stderr);
    assert!(outcomes.contains(": pass\n") && outcomes.contains(": fail\n"), "too few cases ran:\n{outcomes}");
    // The snapshot contains all cases. If some were skipped, each remaining line must be in the snapshot.
    if json["summary"]["skip"] == 0 {
        crate::transcript::note(&outcomes);
    } else {
        let name = format!(
            "tests/it/snapshots/self_test__{}.snap",
            std::thread::current().name().unwrap().rsplit(':').next().unwrap()
        );
        let all = std::fs::read_to_string(package().join(name)).unwrap();
        for line in outcomes.lines() {
            assert!(all.lines().any(|expected| expected == line), "{line}");
        }
    }
}

#[test]
fn repositories() {
    run_fixtures("repo", |id| cfg!(not(unix)) && id == "repo.git");
}

#[test]
fn servers() {
    // `TCP_REPAIR`, which drops a connection without a packet, needs Linux and a privilege.
    run_fixtures("ws", |id| id == "ws.release.vanish" || cfg!(not(target_os = "linux")) && id == "ws.limit.scope");
}

#[test]
fn services() {
    // Only Linux drops a SYN if the backlog is full.
    run_fixtures("ipc", |id| cfg!(not(target_os = "linux")) && id == "ipc.timeout.syn");
}

#[test]
#[cfg_attr(target_os = "linux", ignore = "needs the programs of PostgreSQL: `tests/run` installs them")]
fn databases() {
    // `tests/run` installs PostgreSQL only on Linux.
    run_fixtures("db", |_| cfg!(not(target_os = "linux")));
}

#[test]
#[cfg(unix)]
fn terminals() {
    // If the machine denies these operations to everyone, the checks cannot verify that a sandbox denies them.
    const PRIVILEGED: &[&str] =
        &["pty.sandbox.mount", "pty.sandbox.ptrace", "pty.sandbox.rawsock", "pty.sandbox.tiocsti"];
    run_fixtures("pty", |id| {
        PRIVILEGED.contains(&id) || cfg!(not(target_os = "linux")) && id.starts_with("pty.sandbox.")
    });
}

#[test]
fn reports_unknown_checks() {
    let _transcript = crate::transcript::Transcript::of_this_test();
    Repo::bare().run(&["doctor", "--self-test", "nothing"]).exits(2);
    let run: Run = Repo::bare().run(&["doctor", "--self-test", "ws.handshake"]).exits(0);
    assert!(run.stdout.ends_with("\n2 passed\n"), "{}", run.stdout);
}
