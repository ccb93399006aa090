//! Ratios within one run: `phx doctor` to `phx --version`, a limit of 1,000 connections to a limit of 100, and the race
//! checks of a database (eight compiled workers, five rounds, three gates) to a single worker.
//!
//! The servers are PostgreSQL, and nginx in front of an echo server with the library `websockets`, as installed by
//! `tests/run`. `PHX_SUBJECTS` is their folder; without it only the first part is measured. The commands run in turns,
//! several times each, and the median is reported.
#![allow(missing_docs, clippy::disallowed_methods, clippy::unwrap_used)]

use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

#[allow(dead_code)] // Only the other benchmarks write trees.
mod measure;

use measure::{NOW, compare};

fn main() {
    if std::env::args().any(|argument| argument == "--test") {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let phx = |arguments: &[&str]| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_phx"));
        command.args(["-q", "--now", NOW]).args(arguments).current_dir(folder.path());
        command
    };
    println!("no configuration");
    compare(&[("phx --version", &|| phx(&["--version"])), ("phx doctor", &|| phx(&["doctor"]))]);
    let Some(subjects) = std::env::var_os("PHX_SUBJECTS").map(PathBuf::from) else {
        println!("PHX_SUBJECTS is not set; limits and races are not measured");
        return;
    };
    races(folder.path(), &phx);
    let (port, _servers) = nginx(folder.path(), &subjects);
    let text = |name: &str, limit: u32| {
        format!("[[doctor.ws]]\nname = \"{name}\"\nurl = \"ws://127.0.0.1:{port}/{name}\"\nlimit = {limit}\n")
    };
    std::fs::write(folder.path().join("phx.toml"), text("all", 100) + &text("many", 1_000)).unwrap();
    println!("ws.limit.exact on nginx, three trials each");
    compare(&[
        ("a limit of 100", &|| phx(&["doctor", "ws.limit.exact", "--target", "all"])),
        ("a limit of 1,000", &|| phx(&["doctor", "ws.limit.exact", "--target", "many"])),
    ]);
}

/// Measures the default matrix of race checks on a new PostgreSQL server.
fn races(folder: &Path, phx: &dyn Fn(&[&str]) -> Command) {
    let (port, _server) = postgres(folder);
    let text = format!(
        "[doctor]\ndestructive = true\n[[doctor.db]]\nname = \"main\"\nengine = \"postgres\"\nadmin = \"postgresql://postgres@127.0.0.1:{port}/postgres\"\n\
         init = {{ command = [{:?}, \"__host\", \"migrate\", \"postgres\", \"{{dsn}}\"] }}\n",
        env!("CARGO_BIN_EXE_phx")
    );
    std::fs::write(folder.join("phx.toml"), text).unwrap();
    println!("8 workers, 5 rounds, gates start, proxy and ddl");
    let gates = ["doctor", "db.race.start", "db.race.proxy", "db.race.ddl"];
    compare(&[("one worker", &|| phx(&["doctor", "db.init.reference"])), ("the matrix", &|| phx(&gates))]);
}

/// Starts PostgreSQL in a separate folder; as root, it runs as the user `nobody`.
fn postgres(folder: &Path) -> (u16, Running) {
    use std::os::unix::process::CommandExt;
    let mut programs: Vec<PathBuf> =
        std::fs::read_dir("/usr/lib/postgresql").unwrap().map(|entry| entry.unwrap().path().join("bin")).collect();
    programs.sort();
    let programs = programs.pop().unwrap();
    let (home, port) = (folder.join("postgres"), free_port());
    std::fs::create_dir(&home).unwrap();
    let nobody = 65_534;
    let is_root = rustix::process::geteuid().is_root();
    if is_root {
        std::os::unix::fs::chown(&home, Some(nobody), Some(nobody)).unwrap();
        // The user `nobody` needs access through the parent folder.
        std::fs::set_permissions(folder, std::os::unix::fs::PermissionsExt::from_mode(0o755)).unwrap();
    }
    let command = |program: &str| {
        let mut command = Command::new(programs.join(program));
        command
            .arg("-D")
            .arg(home.join("data"))
            .current_dir(&home)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null());
        if is_root {
            command.uid(nobody).gid(nobody);
        }
        command
    };
    assert!(command("initdb").args(["-U", "postgres", "-A", "trust", "--no-sync"]).status().unwrap().success());
    let mut server = command("postgres");
    server.args(["-k", "", "-p", &port.to_string(), "-c", "listen_addresses=127.0.0.1", "-c", "fsync=off"]);
    let server = Running(server.spawn().unwrap());
    while TcpStream::connect(("127.0.0.1", port)).is_err() {
        std::thread::sleep(std::time::Duration::from_millis(10));
    }
    (port, server)
}

/// Running server, stopped on drop.
struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        let _ = Command::new("kill").arg(self.0.id().to_string()).status();
        let _ = self.0.wait();
    }
}

fn nginx(folder: &Path, subjects: &Path) -> (u16, [Running; 2]) {
    let data = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it/data/subjects");
    let (backend, port) = (free_port(), free_port());
    let mut echo = Command::new(subjects.join("venv/bin/python"));
    echo.arg(data.join("limit.py")).args(["0", &backend.to_string(), "20"]);
    let text = std::fs::read_to_string(data.join("nginx.conf")).unwrap();
    let text = text.replace("PORT", &port.to_string()).replace("BACKEND", &backend.to_string());
    let file = folder.join("nginx.conf");
    std::fs::write(&file, text.replace("FOLDER", &folder.display().to_string())).unwrap();
    let mut nginx = Command::new("/usr/sbin/nginx");
    nginx.arg("-c").arg(&file);
    let servers = [(echo, backend), (nginx, port)].map(|(mut command, port)| {
        let child = command.stdin(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
        while TcpStream::connect(("127.0.0.1", port)).is_err() {
            std::thread::sleep(std::time::Duration::from_millis(10));
        }
        Running(child)
    });
    (port, servers)
}

fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}
