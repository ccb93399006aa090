//! `phx doctor db`: configuration errors, and init programs that misbehave.
#![cfg(unix)]

use std::io::{Read, Write};
use std::net::TcpListener;

use crate::support::{Repo, Run, document};

/// Returns the record and the run of one check with this configuration.
#[track_caller]
fn record(table: &str, id: &str, env: &[(&str, &str)]) -> (serde_json::Value, Run) {
    let repo = Repo::bare();
    repo.write("phx.toml", table);
    let run = repo.run_with(&["doctor", id, "-o", "json"], env);
    let json: serde_json::Value = serde_json::from_str(&run.stdout).unwrap_or_else(|_| panic!("{}", run.stderr));
    (json["checks"][0].clone(), run)
}

#[track_caller]
fn assert_outcome(table: &str, id: &str, outcome: &str, detail: &str) -> serde_json::Value {
    let (found, _) = record(table, id, &[]);
    assert_eq!(found["outcome"], outcome, "{found:#}");
    assert!(found["detail"].as_str().unwrap().contains(detail), "{found:#}");
    found
}

/// Configuration of a SQLite database that a shell command initializes.
fn shell_init(line: &str, rest: &str) -> String {
    format!(
        "[[doctor.db]]\nname = \"main\"\nengine = \"sqlite\"\nworkers = 3\ninit = {{ command = [\"sh\", \"-c\", {line:?}], within = \"1s\" {rest} }}\n"
    )
}

/// Configuration of a SQLite database that phx initializes; `words` select a defect.
fn builtin_init(words: &str) -> String {
    format!(
        "[[doctor.db]]\nname = \"main\"\nengine = \"sqlite\"\ninit = {{ command = [{:?}, \"__host\", \"migrate\", \"sqlite\", \"{{path}}\"{words}] }}\n",
        env!("CARGO_BIN_EXE_phx")
    )
}

/// Starts a server that refuses each connection with this SQLSTATE.
fn refusing_server(state: &'static str, message: &'static str) -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    std::thread::spawn(move || {
        for tcp in listener.incoming() {
            let Ok(mut tcp) = tcp else { return };
            let mut bytes = [0; 1024];
            // The client requests TLS first; `N` declines it.
            while let Ok(read @ 1..) = tcp.read(&mut bytes) {
                if read == 8 {
                    tcp.write_all(b"N").unwrap();
                    continue;
                }
                let body = format!("SFATAL\0VFATAL\0C{state}\0M{message}\0\0");
                let length = u32::try_from(body.len() + 4).unwrap().to_be_bytes();
                tcp.write_all(&[b"E", &length[..], body.as_bytes()].concat()).unwrap();
                break;
            }
        }
    });
    port
}

fn server(port: u16) -> String {
    format!(
        "[[doctor.db]]\nname = \"main\"\nengine = \"postgres\"\nadmin = \"postgresql://somebody@127.0.0.1:{port}/postgres\"\n"
    )
}

#[test]
fn distinguishes_connection_errors() {
    for (state, message, class, detail) in [
        ("28P01", "password authentication failed", "auth", "the server rejected the login"),
        ("57P03", "the database system is starting up", "starting", "not ready"),
        ("53300", "sorry, too many clients already", "too-many", "no free connection"),
        ("3D000", "database does not exist", "no-database", "no such database"),
        ("XX001", "something else", "other", "something else"),
    ] {
        let found = assert_outcome(&server(refusing_server(state, message)), "db.reach", "fail", detail);
        assert_eq!(
            (&found["observed"]["class"], &found["observed"]["sqlstate"]),
            (&class.into(), &state.into()),
            "{found:#}"
        );
        assert!(!found["remediation"]["text"].as_str().unwrap().is_empty());
    }
    assert_outcome(&server(1), "db.reach", "fail", "nothing listens at the address (refused)");
    let silent = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = silent.local_addr().unwrap().port();
    assert_outcome(&server(port), "db.reach", "fail", "the server does not answer (timeout)");
}

#[test]
fn redacts_secrets_in_output() {
    let table = "[[doctor.db]]\nname = \"main\"\nengine = \"postgres\"\nadmin = \"postgresql://me:${PHX_TEST_PASSWORD}@127.0.0.1:1/postgres\"\n";
    let (found, run) = record(table, "db.reach", &[("PHX_TEST_PASSWORD", "hunter2hunter2")]);
    assert_eq!(found["outcome"], "fail", "{found:#}");
    assert!(!run.stdout.contains("hunter2") && !run.stderr.contains("hunter2"), "{}{}", run.stdout, run.stderr);
    let table = shell_init("echo it is $KEY >&2; exit 1", ", env = { KEY = \"${PHX_TEST_PASSWORD}\" }");
    let (found, run) = record(&table, "db.init.reference", &[("PHX_TEST_PASSWORD", "hunter2hunter2")]);
    assert!(
        found["detail"].as_str().unwrap().contains("it is [redacted]") && !run.stdout.contains("hunter2"),
        "{found:#}"
    );
    let (found, _) = record(table.as_str(), "db.init.reference", &[]);
    assert!(found["detail"].as_str().unwrap().contains("`PHX_TEST_PASSWORD` is not set"), "{found:#}");
}

#[test]
fn skips_checks_that_change_a_server_without_permission() {
    let (found, run) = record(&server(1), "db.race.ddl", &[]);
    assert_eq!((found["outcome"].as_str(), run.code), (Some("skip"), 3), "{found:#}");
    assert!(found["detail"].as_str().unwrap().contains("`[doctor] destructive = true` allows it"), "{found:#}");
    let repo = Repo::bare();
    repo.write("phx.toml", server(1));
    repo.run(&["doctor", "db", "--dry-run"]).exits(0);
}

#[test]
fn kills_a_worker_that_does_not_exit() {
    let table = shell_init("trap '' TERM INT HUP; while :; do sleep 0.0917; done", "");
    assert_outcome(&table, "db.init.reference", "fail", "1 of 1 workers did not end");
    assert_outcome(&table, "db.race.start", "error", "a single worker cannot initialize the database");
    assert!(!is_running("0.0917"));
}

#[test]
fn keeps_the_first_and_last_output_of_a_worker() {
    let table = shell_init("echo error at the start; yes flood | head -c 30000000; echo the end; exit 3", "")
        .replace("\"1s\"", "\"60s\"");
    assert_outcome(&table, "db.init.reference", "fail", "ended with code 3; one of them: `error at the start`");
}

#[test]
#[cfg(target_os = "linux")]
fn kills_processes_that_a_worker_leaves_running() {
    let table = shell_init("setsid sleep 31.7 & env -i setsid sleep 31.8 & (sleep 31.9 &) ; exit 1", "");
    assert_outcome(&table, "db.init.reference", "fail", "ended with code 1");
    for left in ["31.7", "31.8", "31.9"] {
        assert!(!is_running(left), "sleep {left} is still running");
    }
}

/// Returns whether a `sleep` process with this argument exists.
fn is_running(word: &str) -> bool {
    let output = std::process::Command::new("ps").args(["-A", "-o", "args"]).output().unwrap();
    String::from_utf8_lossy(&output.stdout).lines().any(|line| line == format!("sleep {word}"))
}

#[test]
fn reports_an_init_program_that_creates_nothing() {
    assert_outcome(
        &shell_init("true", ""),
        "db.init.reference",
        "fail",
        "`init` succeeded, but left the database empty",
    );
    let gone = shell_init("echo no database >$0", "").replace("\"], within", "\", \"{path}\"], within");
    assert_outcome(&gone, "db.init.reference", "fail", "the database is missing or not readable");
    assert_outcome(&shell_init("printf 'a\\033[31mb' >&2; exit 7", ""), "db.init.reference", "fail", "a\\u{1b}[31mb");
    assert_outcome(&shell_init("exit 7", ""), "db.init.reference", "fail", "ended with code 7");
    let none = "[[doctor.db]]\nname = \"main\"\nengine = \"sqlite\"\ninit = { command = [\"no-such-program\"] }\n";
    assert_outcome(none, "db.init.reference", "error", "cannot start `no-such-program`");
    assert_outcome(
        "[[doctor.db]]\nname = \"main\"\nengine = \"sqlite\"\n",
        "db.init.reference",
        "skip",
        "`init` is not configured",
    );
    assert_outcome(&builtin_init(", \"full\""), "db.init.reference", "fail", "database or disk is full");
    assert_outcome(&builtin_init(""), "db.reconnect.terminate", "skip", "`call` is not configured");
}

#[test]
fn races_on_sqlite_files_leave_no_temporary_files() {
    let folder = tempfile::tempdir().unwrap();
    let left = || std::fs::read_dir(folder.path()).unwrap().count();
    let repo = Repo::bare();
    for (words, code) in [(", \"slow\"", 0), (", \"naive\"", 1), (", \"hasty\", \"impatient\"", 1)] {
        repo.write("phx.toml", builtin_init(words));
        let temporary = folder.path().display().to_string();
        let run = repo.run_with(&["doctor", "db"], &[("TMPDIR", &temporary)]);
        assert_eq!((run.code, left()), (code, 0), "{words}: {}{}", run.stdout, run.stderr);
    }
}

#[test]
fn reports_configuration_errors() {
    let _transcript = crate::transcript::Transcript::of_this_test();
    let rejects = |table: &str| {
        let repo = Repo::bare();
        repo.write("phx.toml", table);
        repo.run(&["doctor", "db"]).exits(2);
    };
    rejects("[[doctor.db]]\nname = \"a\"\n");
    rejects("[[doctor.db]]\nname = \"a\"\nengine = \"oracle\"\n");
    rejects("[[doctor.db]]\nname = \"a\"\nengine = \"postgres\"\n");
    rejects("[[doctor.db]]\nname = \"a\"\nengine = \"postgres\"\nadmin = \"postgresql://a:b@c/d\"\n");
    rejects("[[doctor.db]]\nname = \"a\"\nengine = \"sqlite\"\ngates = [\"dll\"]\n");
    rejects("[[doctor.db]]\nname = \"a\"\nengine = \"sqlite\"\ninit = {}\n");
    rejects("[[doctor.db]]\nname = \"a\"\nengine = \"sqlite\"\nhealth = { url = \"ftp://a\" }\n");
    rejects("[[doctor.db]]\nname = \"a\"\nengine = \"sqlite\"\nstate = { url = \"http://a\", order = [\"up\"] }\n");
}

#[test]
fn writes_doctor_results_into_documents() {
    let repo = Repo::with_git();
    let body = "# T\n\n## Integration Health\n<!-- AUTO-GENERATED -->\n<!-- END AUTO-GENERATED -->\n";
    repo.write("DOC.md", document("  phase_number: 1\n  kind: current-architecture\n", body));
    let services = format!(
        "[[doctor.ipc]]\nname = \"IPC Boundary\"\nentry = {{ url = \"http://127.0.0.1:{{listen}}/pay\" }}\n\
         start = {{ command = [{:?}, \"__host\", \"service\", \"{{listen}}\", \"{{upstream}}\", \"-\"], ready = \"http://127.0.0.1:{{listen}}/ready\" }}\n",
        env!("CARGO_BIN_EXE_phx")
    );
    repo.write("phx.toml", builtin_init("").replace("\"main\"", "\"Database\"") + &services);
    repo.run(&["doctor", "db.reach", "ipc.baseline", "db.init", "pty.local", "-q"]).exits(0);
    repo.run(&["regen", "-q"]).exits(0);
    let text = repo.read("DOC.md");
    let rows: Vec<Vec<&str>> = text
        .lines()
        .filter(|line| line.starts_with("| "))
        .map(|line| line.split('|').map(str::trim).collect())
        .collect();
    // The repository and the local machine are not integrations.
    let names: Vec<&str> = rows.iter().map(|row| row[1]).collect();
    assert_eq!(names, ["Integration", "IPC Boundary", "Database"], "{text}");
    for row in &rows[1..] {
        assert_eq!((row[2], row[4]), ("✅ Healthy", "0%"), "{text}");
        assert!(row[3].trim_end_matches("ms").parse::<f64>().unwrap() > 0.0, "{text}");
    }
}

/// The worker checks if a table exists and then creates it without a lock.
#[test]
#[cfg(target_os = "linux")]
fn detects_check_then_create_races_on_sqlite() {
    let repo = Repo::bare();
    let worker = "import sqlite3, sys\nc = sqlite3.connect(sys.argv[1], isolation_level=None, timeout=float(sys.argv[2]))\n\
        there = c.execute(\"select 1 from sqlite_schema where name = 't'\").fetchone()\nif not there:\n    c.execute('create table t (id integer)')\n";
    repo.write("worker.py", worker);
    let table = |timeout: &str, word: &str| {
        format!(
            "[[doctor.db]]\nname = \"file\"\nengine = \"sqlite\"\nworkers = 4\nrounds = 2\ninit = {{ command = [\"python3\", \"{word}\", \"{{path}}\", \"{timeout}\"] }}\n"
        )
    };
    for _ in 0..3 {
        repo.write("phx.toml", table("5", "worker.py"));
        let json = repo.run(&["doctor", "db.race.start", "-o", "json"]).json();
        let check = &json["checks"][0];
        assert_eq!((&check["outcome"], &check["observed"]["rounds_wrong"]), (&"fail".into(), &2.into()), "{check:#}");
    }
    // A worker that takes the lock before the check is correct.
    repo.write(
        "careful.py",
        worker.replace("there =", "c.execute('begin immediate')\nthere =") + "c.execute('commit')\n",
    );
    repo.write("phx.toml", table("5", "careful.py"));
    let json = repo.run(&["doctor", "db.race.start", "-o", "json"]).json();
    assert_eq!(json["checks"][0]["outcome"], "pass", "{json:#}");
    // Workers that do not wait for a lock cannot be held at a gate, so the result is inconclusive.
    repo.write("phx.toml", table("0", "careful.py"));
    let json = repo.run(&["doctor", "db.race.start", "-o", "json"]).json();
    assert_eq!(json["checks"][0]["outcome"], "error", "{json:#}");
}

#[test]
fn removes_temporary_directories_of_killed_runs() {
    let repo = Repo::bare();
    let temporary = repo.path().join("tmp");
    // The name contains the time: one directory is from 2025, one from now.
    let old = temporary.join("phx-doctor-db-01990292d00073368552357 2bda10c24".replace(' ', ""));
    let fresh = temporary.join(format!("phx-doctor-db-{}", uuid::Uuid::now_v7().simple()));
    for folder in [&old, &fresh, &temporary.join("phx-doctor-mine")] {
        std::fs::create_dir_all(folder).unwrap();
        std::fs::write(folder.join("scratch.db"), "").unwrap();
    }
    let mut command = repo.command(&["doctor", "db.sqlite"]);
    command.env("TMPDIR", &temporary).env("TMP", &temporary);
    command.output().unwrap();
    assert!(!old.exists() && fresh.exists() && temporary.join("phx-doctor-mine").exists());
}
