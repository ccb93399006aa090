//! PostgreSQL with migration tools, connection pools and a pooler as targets.

use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use super::{Expected, Subjects, free_port};

/// Server with a socket in its own directory, run by an unprivileged user.
struct Server {
    folder: tempfile::TempDir,
    programs: PathBuf,
    running: Option<std::process::Child>,
}

/// User id of the server if the tests run as root, because PostgreSQL does not run as root.
const NOBODY: u32 = 65_534;
/// Port number in the name of the socket.
const PORT: u16 = 5_433;

impl Server {
    fn start() -> Self {
        let mut versions: Vec<PathBuf> =
            std::fs::read_dir("/usr/lib/postgresql").unwrap().map(|entry| entry.unwrap().path().join("bin")).collect();
        versions.sort();
        let programs = versions.pop().unwrap();
        let folder = tempfile::Builder::new().prefix("pg").tempdir_in("/tmp").unwrap();
        let mut server = Self { folder, programs, running: None };
        Self::give_to_server_user(server.folder.path());
        let data = server.folder.path().join("data");
        let made = server
            .command("initdb")
            .args(["-U", "postgres", "-A", "trust", "--no-sync", "-D"])
            .arg(&data)
            .output()
            .unwrap();
        assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
        server.launch();
        server
    }

    /// Starts the server and waits until it responds.
    fn launch(&mut self) {
        let folder = self.folder.path().to_path_buf();
        let mut command = self.command("postgres");
        command.arg("-D").arg(folder.join("data")).arg("-k").arg(&folder).args(["-p", &PORT.to_string()]);
        command.args(["-c", "listen_addresses=", "-c", "fsync=off", "-c", "max_connections=100"]);
        self.running = Some(command.spawn().unwrap());
        for _ in 0..400 {
            if self.sql("SELECT 1").is_some() {
                return;
            }
            std::thread::sleep(std::time::Duration::from_millis(25));
        }
        panic!("PostgreSQL does not respond");
    }

    fn give_to_server_user(path: &Path) {
        if rustix::process::geteuid().is_root() {
            std::os::unix::fs::chown(path, Some(NOBODY), Some(NOBODY)).unwrap();
        }
    }

    fn command(&self, program: &str) -> Command {
        let mut command = Command::new(self.programs.join(program));
        command.current_dir(self.folder.path()).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        if rustix::process::geteuid().is_root() {
            command.uid(NOBODY).gid(NOBODY);
        }
        command
    }

    /// Returns the result of a statement, or `None` if it fails.
    fn sql(&self, sql: &str) -> Option<String> {
        let mut psql = Command::new("psql");
        psql.arg("-h").arg(self.folder.path()).args(["-p", &PORT.to_string(), "-U", "postgres", "-At", "-c", sql]);
        let output = psql.output().unwrap();
        output.status.success().then(|| String::from_utf8_lossy(&output.stdout).trim().to_owned())
    }

    fn dsn(&self) -> String {
        format!("postgresql://postgres@/postgres?host={}&port={PORT}", self.folder.path().display())
    }

    /// Returns a configuration with the common keys and `rest`.
    fn table(&self, rest: &str) -> String {
        format!(
            "[doctor]\ndestructive = true\ndeadline = \"20m\"\n[[doctor.db]]\nname = \"main\"\nengine = \"postgres\"\nadmin = \"{}\"\n{rest}\n",
            self.dsn()
        )
    }

    /// Asserts that doctor has left no database and no connection.
    #[track_caller]
    fn assert_clean(&self) {
        assert_eq!(self.sql("SELECT count(*) FROM pg_database WHERE datname LIKE 'phx%'").unwrap(), "0");
        assert_eq!(self.sql("SELECT count(*) FROM pg_stat_activity WHERE datname LIKE 'phx%'").unwrap(), "0");
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        if let Some(child) = &mut self.running {
            let id = rustix::process::Pid::from_raw(i32::try_from(child.id()).unwrap()).unwrap();
            let _ = rustix::process::kill_process(id, rustix::process::Signal::INT);
            let _ = child.wait();
        }
    }
}

impl Subjects {
    /// Configuration of a worker in Python.
    fn worker(&self, kind: &str) -> String {
        format!("init = {{ command = [{:?}, {:?}, {kind:?}, \"{{dsn}}\"] }}", self.python(), Self::file("worker.py"))
    }

    /// Configuration of a service in Python with a pool of five connections.
    fn pool(&self, kind: &str) -> String {
        format!(
            "{}\nserve = {{ command = [{:?}, {:?}, {kind:?}, \"{{listen}}\", \"{{dsn}}\"] }}\ncall = \"http://127.0.0.1:{{listen}}/items\"\npool_size = 5\nreconnect_deadline = \"4s\"",
            self.worker("lock"),
            self.python(),
            Self::file("pool.py")
        )
    }

    fn alembic(&self, lock: &str) -> String {
        let program = self.folder.join("venv/bin/alembic").display().to_string();
        let url = "postgresql+psycopg://{user}@/{database}?host={host}&port={port}";
        format!(
            "workers = 6\nrounds = 2\ninit = {{ command = [{program:?}, \"-c\", {:?}, \"upgrade\", \"head\"], env = {{ PHX_LOCK = {lock:?}, DATABASE_URL = {url:?} }} }}",
            Self::file("alembic/alembic.ini")
        )
    }
}

/// Configuration of the built-in worker, which is fast; `words` select a defect.
fn compiled(words: &str) -> String {
    format!(
        "init = {{ command = [{:?}, \"__host\", \"migrate\", \"postgres\", \"{{dsn}}\"{words}] }}",
        env!("CARGO_BIN_EXE_phx")
    )
}

const GATES: [&str; 4] = ["db.race.start", "db.race.proxy", "db.race.ddl", "db.race.dml"];

#[test]
#[ignore = "needs third-party programs: `tests/run` installs them"]
fn workers_with_a_lock_pass_every_gate() {
    let subjects = Subjects::new();
    let server = Server::start();
    // The gate `start` does not hold workers on a server, so its result is inconclusive without a collision.
    let expected: Vec<Expected<'_>> =
        std::iter::once((GATES[0], "skip")).chain(GATES[1..].iter().map(|gate| (*gate, "pass"))).collect();
    let found = subjects.check(&server.table(&format!("rounds = 20\n{}", compiled(""))), &expected);
    for check in &found[1..] {
        assert_eq!(
            (check["observed"]["rounds"].as_u64(), &check["observed"]["power"]),
            (Some(20), &"full".into()),
            "{check:#}"
        );
    }
    let expected = [
        ("db.race.crash", "pass"),
        ("db.lock.mechanism", "pass"),
        ("db.lock.released", "pass"),
        ("db.race.ddl", "pass"),
    ];
    let found = subjects.check(&server.table(&format!("rounds = 2\n{}", subjects.worker("lock"))), &expected);
    assert_eq!(found[1]["observed"]["kinds"], serde_json::json!(["advisory ExclusiveLock"]), "{:#}", found[1]);
    server.assert_clean();
}

#[test]
#[ignore = "needs third-party programs: `tests/run` installs them"]
fn detects_workers_without_a_lock_in_every_round() {
    let subjects = Subjects::new();
    let server = Server::start();
    let assert_detected = |found: &serde_json::Value, rounds: u64| {
        let wrong = &found["observed"]["rounds_wrong"];
        assert_eq!((wrong.as_u64(), &found["observed"]["power"]), (Some(rounds), &"full".into()), "{found:#}");
    };
    let naive = server.table(&format!("rounds = 20\n{}", compiled(", \"naive\"")));
    for found in subjects.check(&naive, &[("db.race.ddl", "fail"), ("db.race.dml", "fail")]) {
        assert_detected(&found, 20);
    }
    let create = server.table(&format!("rounds = 3\nworkers = 6\n{}", subjects.worker("create")));
    assert_detected(&subjects.check(&create, &[("db.race.ddl", "fail"), ("db.lock.mechanism", "fail")])[0], 3);
    let insert = server.table(&format!("rounds = 3\nworkers = 6\n{}", subjects.worker("insert")));
    let found = subjects.check(&insert, &[("db.race.dml", "fail")]);
    assert_detected(&found[0], 3);
    assert!(found[0]["detail"].as_str().unwrap().contains("has 12 rows instead of 2"), "{:#}", found[0]);
    server.assert_clean();
}

#[test]
#[ignore = "needs third-party programs: `tests/run` installs them"]
fn detects_races_of_alembic_but_not_of_sqlx() {
    let subjects = Subjects::new();
    let server = Server::start();
    let expected = [
        ("db.init.reference", "pass"),
        ("db.init.idempotent", "pass"),
        ("db.race.ddl", "fail"),
        ("db.race.dml", "skip"),
    ];
    subjects.check(&server.table(&subjects.alembic("")), &expected);
    subjects.check(
        &server.table(&subjects.alembic("1")),
        &[("db.race.ddl", "pass"), ("db.race.crash", "pass"), ("db.lock.mechanism", "pass")],
    );
    let (program, migrations) =
        (subjects.folder.join("sqlx/debug/sqlx-worker").display().to_string(), Subjects::file("sqlx/migrations"));
    let sqlx = format!(
        "rounds = 3\ninit = {{ command = [{program:?}, \"{{dsn}}\"], env = {{ MIGRATIONS = {migrations:?} }} }}"
    );
    let expected = [
        ("db.init.idempotent", "pass"),
        ("db.race.proxy", "pass"),
        ("db.race.ddl", "pass"),
        ("db.race.crash", "pass"),
        ("db.lock.mechanism", "pass"),
    ];
    subjects.check(&server.table(&sqlx), &expected);
    server.assert_clean();
}

#[test]
#[ignore = "needs third-party programs: `tests/run` installs them"]
fn detects_session_locks_behind_a_pooler() {
    let mut subjects = Subjects::new();
    let server = Server::start();
    let port = free_port();
    let file = server.folder.path().join("pgbouncer.ini");
    let folder = server.folder.path().display();
    let text = format!(
        "[databases]\n* = host={folder} port={PORT} user=postgres\n[pgbouncer]\nlisten_addr = 127.0.0.1\nlisten_port = {port}\nunix_socket_dir =\nauth_type = any\npool_mode = transaction\n"
    );
    std::fs::write(&file, text).unwrap();
    Server::give_to_server_user(&file);
    let file = file.display().to_string();
    let words = ["--reuid=65534", "--regid=65534", "--clear-groups", "/usr/sbin/pgbouncer", &file];
    if rustix::process::geteuid().is_root() {
        subjects.start("setpriv", &words, port);
    } else {
        subjects.start("/usr/sbin/pgbouncer", &[&file], port);
    }
    let via_pooler = |kind: &str| {
        let dsn = format!("pooler_dsn = \"postgresql://postgres@127.0.0.1:{port}/postgres\"");
        let worker = subjects.worker(kind).replace(" }", ", within = \"6s\" }");
        server.table(&format!("rounds = 2\nworkers = 6\n{dsn}\n{worker}"))
    };
    subjects.check(&via_pooler("transaction"), &[("db.race.pooler", "pass")]);
    let found = subjects.check(&via_pooler("session"), &[("db.race.pooler", "fail"), ("db.lock.released", "pass")]);
    let detail = found[0]["detail"].as_str().unwrap();
    assert!(
        detail.contains("did not end") || detail.contains("timed out after") || detail.contains("left behind: backend"),
        "{detail}"
    );
}

#[test]
#[ignore = "needs third-party programs: `tests/run` installs them"]
fn verifies_how_connection_pools_reconnect() {
    let subjects = Subjects::new();
    let server = Server::start();
    let reconnect_checks = |outcome| [("db.reconnect.terminate", outcome), ("db.reconnect.reset", outcome)];
    let pre_ping = server.table(&subjects.pool("pre-ping"));
    subjects.check(
        &pre_ping,
        &[&reconnect_checks("pass")[..], &[("db.reconnect.restart", "pass"), ("db.reconnect.pool", "pass")]].concat(),
    );
    for found in subjects.check(&server.table(&subjects.pool("psycopg_pool")), &reconnect_checks("warn")) {
        assert_eq!(found["observed"]["failed"], 5, "one failure per connection: {found:#}");
    }
    let by_default = subjects.check(&server.table(&subjects.pool("default")), &reconnect_checks("warn"));
    assert_eq!(
        by_default[0]["observed"]["failed"], 1,
        "the pool is replaced after the first broken connection: {:#}",
        by_default[0]
    );
    subjects.check(
        &server.table(&subjects.pool("bare")),
        &[&reconnect_checks("fail")[..], &[("db.reconnect.pool", "error")]].concat(),
    );
    server.assert_clean();
}

#[test]
#[ignore = "needs third-party programs: `tests/run` installs them"]
fn detects_a_health_page_that_reports_a_wrong_state() {
    let subjects = Subjects::new();
    let server = Server::start();
    let page = |page: &str| {
        let health = format!(
            "health = {{ url = \"http://127.0.0.1:{{listen}}/{page}\", max_lag = \"2s\", answer_within = \"1s\", states = [\"up\", \"refused\", \"blackhole\", \"auth-fail\", \"schema-missing\"] }}"
        );
        server.table(&format!("{}\n{health}", subjects.pool("pre-ping")))
    };
    subjects.check(
        &page("honest"),
        &[("db.health.truth", "pass"), ("db.health.bounded", "pass"), ("db.health.cheap", "pass")],
    );
    let found = subjects.check(&page("lies"), &[("db.health.truth", "fail"), ("db.health.bounded", "pass")]);
    let detail = found[0]["detail"].as_str().unwrap();
    assert!(detail.contains("state `blackhole`: expected `unhealthy`, found `healthy`"), "{detail}");
    // A page that requires the database and waits for it without a timeout.
    subjects.check(&page("items"), &[("db.health.bounded", "fail")]);
    server.assert_clean();
}

#[test]
#[ignore = "needs third-party programs: `tests/run` installs them"]
fn an_interrupted_run_drops_its_databases() {
    let subjects = Subjects::new();
    let server = Server::start();
    subjects.repo.write("phx.toml", server.table(&format!("rounds = 100\n{}", compiled(""))));
    let mut command = subjects.repo.command(&["doctor", "db.race"]);
    let mut child = command.stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap();
    // Waits until doctor has created a database.
    while server.sql("SELECT count(*) FROM pg_database WHERE datname LIKE 'phx%'").unwrap() == "0" {
        assert!(child.try_wait().unwrap().is_none(), "doctor ended before the interruption");
    }
    let id = rustix::process::Pid::from_raw(i32::try_from(child.id()).unwrap()).unwrap();
    rustix::process::kill_process(id, rustix::process::Signal::INT).unwrap();
    let run = child.wait_with_output().unwrap();
    assert_eq!(run.status.code(), Some(130), "{}", String::from_utf8_lossy(&run.stderr));
    server.assert_clean();
}

#[test]
#[ignore = "needs third-party programs: `tests/run` installs them"]
fn reports_a_read_only_server_and_drops_nothing() {
    let subjects = Subjects::new();
    let server = Server::start();
    let table = server.table(&compiled(""));
    let table = table.replace("postgres?host", "postgres?options=-c%20default_transaction_read_only%3Don&host");
    let found = subjects.check(&table, &[("db.reach", "pass"), ("db.init.reference", "error")]);
    assert!(
        found[1]["detail"].as_str().unwrap().contains("cannot execute CREATE DATABASE in a read-only"),
        "{:#}",
        found[1]
    );
    assert!(!subjects.repo.run(&["doctor", "db.init.reference"]).stderr.contains("could not be dropped"));
    server.assert_clean();
}
