//! `phx doctor --self-test`: every check tells a subject that conforms from one that does not.

use crate::support::{Repo, Run, assert_valid, package};

/// What is measured by time on built-in subjects must not be measured beside another one.
pub static ALONE: std::sync::Mutex<()> = std::sync::Mutex::new(());

/// Runs the fixtures of a probe. Only checks for which `may_skip` holds may be skipped.
#[track_caller]
fn tells(probe: &str, may_skip: fn(&str) -> bool) {
    let _alone = ALONE.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
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
    // The snapshot holds all cases. Where some were skipped, those that remain are compared with it line by line.
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
    tells("repo", |id| cfg!(not(unix)) && id == "repo.git");
}

#[test]
fn servers() {
    // To end a connection without a packet needs `TCP_REPAIR`: Linux, and a privilege.
    tells("ws", |id| id == "ws.release.vanish" || cfg!(not(target_os = "linux")) && id == "ws.limit.scope");
}

#[test]
fn services() {
    // Elsewhere a full backlog does not drop a SYN.
    tells("ipc", |id| cfg!(not(target_os = "linux")) && id == "ipc.timeout.syn");
}

#[test]
#[cfg_attr(target_os = "linux", ignore = "needs the programs of PostgreSQL: `tests/run` installs them")]
fn databases() {
    // Elsewhere nothing installs PostgreSQL.
    tells("db", |_| cfg!(not(target_os = "linux")));
}

#[test]
#[cfg(unix)]
fn terminals() {
    // A machine that denies these to everybody cannot show that a sandbox denies them.
    const PRIVILEGED: &[&str] =
        &["pty.sandbox.mount", "pty.sandbox.ptrace", "pty.sandbox.rawsock", "pty.sandbox.tiocsti"];
    tells("pty", |id| PRIVILEGED.contains(&id) || cfg!(not(target_os = "linux")) && id.starts_with("pty.sandbox."));
}

#[test]
fn only_checks_that_are_there_can_be_tested() {
    let _transcript = crate::transcript::Transcript::of_this_test();
    Repo::bare().run(&["doctor", "--self-test", "nothing"]).exits(2);
    let run: Run = Repo::bare().run(&["doctor", "--self-test", "ws.handshake"]).exits(0);
    assert!(run.stdout.ends_with("\n2 passed\n"), "{}", run.stdout);
}
