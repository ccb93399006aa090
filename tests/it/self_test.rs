//! `phx doctor --self-test`: every check tells a subject that conforms from one that does not.

use crate::support::{Repo, Run, assert_valid};

/// What is measured by time on built-in subjects must not be measured beside another one.
pub static ALONE: std::sync::Mutex<()> = std::sync::Mutex::new(());

#[track_caller]
fn tells(probe: &str, least: usize) {
    let _alone = ALONE.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
    let run = Repo::bare().run(&["doctor", "--self-test", probe, "-o", "json"]);
    let json: serde_json::Value = serde_json::from_str(&run.stdout).unwrap_or_else(|_| panic!("{}", run.stderr));
    assert_valid("schemas/doctor.schema.json", &json);
    let checks = json["checks"].as_array().unwrap();
    let wrong: Vec<String> = checks
        .iter()
        .filter(|check| check["outcome"] != "pass" && check["outcome"] != "skip")
        .map(|check| format!("{} on {}: {}", check["id"], check["target"], check["detail"]))
        .collect();
    assert!(wrong.is_empty() && run.code == 0, "{}\n{}", wrong.join("\n"), run.stderr);
    let told = checks.iter().filter(|check| check["outcome"] == "pass").count();
    assert!(told >= least, "only {told} of {} cases could be told here:\n{:#}", checks.len(), json["checks"]);
    let said = |word: &str| checks.iter().filter(|check| check["observed"]["said"] == word).count();
    assert!(said("pass") > 0 && said("fail") > 0, "{json:#}");
}

#[test]
fn repositories() {
    tells("repo", 13);
}

#[test]
fn servers() {
    // Two cases end connections without a word, which needs a right of its own, and Linux.
    tells("ws", if cfg!(target_os = "linux") { 59 } else { 54 });
}

#[test]
fn services() {
    // Where no backlog can be filled, two cases cannot be told.
    tells("ipc", 59);
}

#[test]
#[cfg_attr(target_os = "linux", ignore = "needs the programs of PostgreSQL: `tests/run` installs them")]
fn databases() {
    // Elsewhere nothing installs PostgreSQL, so only files are checked.
    tells("db", if cfg!(target_os = "linux") { 53 } else { 12 });
}

#[test]
#[cfg(unix)]
fn terminals() {
    // What a machine denies to all, a sandbox cannot be seen to deny: raw sockets, mounts, tracing.
    tells("pty", if cfg!(target_os = "linux") { 60 } else { 30 });
}

#[test]
fn only_checks_that_are_there_can_be_tested() {
    Repo::bare().run(&["doctor", "--self-test", "nothing"]).exits(2).says("there is no check `nothing`");
    let run: Run = Repo::bare().run(&["doctor", "--self-test", "ws.handshake"]).exits(0);
    assert!(
        run.stdout.contains("[✓] ws.handshake on a conforming one, an echo server: told as `pass`\n"),
        "{}",
        run.stdout
    );
    assert!(run.stdout.ends_with("\n2 passed\n"), "{}", run.stdout);
}
