//! MariaDB as a target.

use std::io::Write;
use std::os::unix::process::CommandExt;
use std::process::{Command, Stdio};

use super::{Subjects, free_port};

/// User id of the server if the tests run as root.
const NOBODY: u32 = 65_534;

fn command(folder: &std::path::Path) -> Command {
    let mut command = Command::new("/usr/sbin/mariadbd");
    command.arg("--no-defaults").arg(format!("--datadir={}", folder.join("data").display()));
    command.stdout(Stdio::null()).stderr(Stdio::null()).current_dir(folder);
    if rustix::process::geteuid().is_root() {
        command.uid(NOBODY).gid(NOBODY);
    }
    command
}

#[test]
#[ignore = "needs third-party programs: `tests/run` installs them"]
fn verifies_workers_and_pools_on_mariadb() {
    let mut subjects = Subjects::new();
    let folder = tempfile::Builder::new().prefix("my").tempdir_in("/tmp").unwrap();
    std::fs::create_dir(folder.path().join("data")).unwrap();
    if rustix::process::geteuid().is_root() {
        for path in [folder.path().to_path_buf(), folder.path().join("data")] {
            std::os::unix::fs::chown(path, Some(NOBODY), Some(NOBODY)).unwrap();
        }
    }
    let mut first = command(folder.path()).arg("--bootstrap").stdin(Stdio::piped()).spawn().unwrap();
    let mut input = first.stdin.take().unwrap();
    input.write_all(b"create database mysql;\nuse mysql;\n").unwrap();
    for file in ["mysql_system_tables.sql", "mysql_performance_tables.sql", "mysql_system_tables_data.sql"] {
        input.write_all(&std::fs::read(format!("/usr/share/mysql/{file}")).unwrap()).unwrap();
    }
    drop(input);
    assert!(first.wait().unwrap().success());
    let port = free_port();
    let mut server = command(folder.path());
    server.args(["--bind-address=127.0.0.1", "--skip-grant-tables", &format!("--port={port}")]);
    server.arg(format!("--socket={}", folder.path().join("socket").display()));
    subjects.run(server.stdin(Stdio::null()), port);

    let (python, file) = (subjects.python(), Subjects::file("maria.py"));
    let table = |kind: &str| {
        format!(
            "[doctor]\ndestructive = true\n[[doctor.db]]\nname = \"maria\"\nengine = \"mysql\"\nadmin = \"mysql://root@127.0.0.1:{port}/\"\nworkers = 6\nrounds = 2\n\
             init = {{ command = [{python:?}, {file:?}, \"{kind}\", \"{{dsn}}\"] }}\n\
             serve = {{ command = [{python:?}, {file:?}, \"serve\", \"{{listen}}\", \"{{dsn}}\"] }}\n\
             call = \"http://127.0.0.1:{{listen}}/items\"\npool_size = 5\nreconnect_deadline = \"5s\"\n\
             health = {{ url = \"http://127.0.0.1:{{listen}}/health\", max_lag = \"3s\", answer_within = \"3s\", states = [\"up\", \"refused\", \"blackhole\"] }}\n"
        )
    };
    let passing = [
        "db.reach",
        "db.init.reference",
        "db.init.idempotent",
        "db.race.proxy",
        "db.race.crash",
        "db.lock.released",
        "db.state.late_db",
        "db.reconnect.terminate",
        "db.reconnect.reset",
        "db.reconnect.pool",
        "db.health.truth",
    ];
    let expected: Vec<super::Expected<'_>> =
        passing.iter().map(|id| (*id, "pass")).chain([("db.race.ddl", "skip"), ("db.race.start", "skip")]).collect();
    subjects.check(&table("resume"), &expected);
    // The worker creates and fills the table in two steps; another worker that finds the table does not fill it.
    let found = subjects.check(&table("lock"), &[("db.race.crash", "fail")]);
    assert!(found[0]["detail"].as_str().unwrap().contains("harbour` has 0 rows instead of 2"), "{:#}", found[0]);
    let found = subjects.check(&table("naive"), &[("db.race.proxy", "fail")]);
    assert!(found[0]["detail"].as_str().unwrap().contains("already exists"), "{:#}", found[0]);
    let gone = table("lock").replace(&format!("{port}/"), "1/");
    subjects.check(&gone, &[("db.reach", "fail")]);
}
