//! `phx doctor` with public servers and hosts as targets, installed from their own registries and started on free local
//! ports.
//!
//! `tests/run` installs them and sets `PHX_SUBJECTS` to their directory; plain `cargo test` ignores these tests.
#![cfg(target_os = "linux")]

use std::net::{TcpListener, TcpStream};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};

use crate::self_test::TIMING_LOCK;
use crate::support::{Repo, package};

mod databases;
mod maria;
mod servers;
mod services;
mod terminals;

/// Check id and its expected outcome.
type Expected<'a> = (&'a str, &'a str);

/// Directory of the installed programs, running processes, and the repository with the configuration.
struct Subjects {
    folder: PathBuf,
    repo: Repo,
    running: Vec<Child>,
    _lock: std::sync::MutexGuard<'static, ()>,
}

impl Drop for Subjects {
    fn drop(&mut self) {
        for child in &mut self.running {
            let group = rustix::process::Pid::from_raw(i32::try_from(child.id()).unwrap()).unwrap();
            let _ = rustix::process::kill_process_group(group, rustix::process::Signal::TERM);
            let _ = child.wait();
            let _ = rustix::process::kill_process_group(group, rustix::process::Signal::KILL);
        }
    }
}

impl Subjects {
    fn new() -> Self {
        let folder = std::env::var_os("PHX_SUBJECTS").map(PathBuf::from);
        let folder = folder.unwrap_or_else(|| panic!("PHX_SUBJECTS is not set; run `tests/run`"));
        // Tests that measure times must not run concurrently.
        let lock = TIMING_LOCK.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        Self { folder, repo: Repo::bare(), running: Vec::new(), _lock: lock }
    }

    fn file(name: &str) -> String {
        package().join("tests/it/data/subjects").join(name).display().to_string()
    }

    fn python(&self) -> String {
        self.folder.join("venv/bin/python").display().to_string()
    }

    /// Starts a server and waits until it listens.
    fn start(&mut self, program: &str, arguments: &[&str], port: u16) -> u16 {
        let mut command = Command::new(program);
        command.args(arguments).env("NODE_PATH", self.folder.join("node_modules"));
        command.current_dir(package().join("tests/it/data/subjects"));
        self.run(command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()), port)
    }

    /// Starts a command and waits until it listens on the port.
    fn run(&mut self, command: &mut Command, port: u16) -> u16 {
        use std::os::unix::process::CommandExt;
        let child = command.process_group(0).spawn();
        self.running.push(child.unwrap_or_else(|error| panic!("{command:?}: {error}")));
        for _ in 0..400 {
            if TcpStream::connect(("127.0.0.1", port)).is_ok() {
                return port;
            }
            std::thread::sleep(std::time::Duration::from_millis(25));
        }
        panic!("{command:?} does not listen");
    }

    fn python_server(&mut self, arguments: &[&str], port: u16) -> u16 {
        let python = self.python();
        self.start(&python, arguments, port)
    }

    /// Starts an echo server with a limit (0 for no limit) and a ping interval in seconds. Returns its port.
    fn echo(&mut self, limit: u32, ping: &str) -> u16 {
        let port = free_port();
        self.python_server(&[&Self::file("limit.py"), &limit.to_string(), &port.to_string(), ping], port)
    }

    /// Writes the configuration of a proxy with its placeholders replaced. Returns the path.
    fn write_configuration(&self, name: &str, port: u16, backend: u16) -> String {
        let text = std::fs::read_to_string(Self::file(name)).unwrap();
        let text = text.replace("PORT", &port.to_string()).replace("BACKEND", &backend.to_string());
        let folder = self.repo.path().join("run");
        std::fs::create_dir_all(&folder).unwrap();
        let file = folder.join(name);
        std::fs::write(&file, text.replace("FOLDER", &folder.display().to_string())).unwrap();
        file.display().to_string()
    }

    fn nginx(&mut self) -> u16 {
        let (backend, port) = (self.echo(0, "20"), free_port());
        let file = self.write_configuration("nginx.conf", port, backend);
        self.start("/usr/sbin/nginx", &["-c", &file], port)
    }

    /// Runs the checks on a target and compares their outcomes. Returns the records in the given order.
    #[track_caller]
    fn check(&self, table: &str, expected: &[Expected<'_>]) -> Vec<serde_json::Value> {
        self.check_with(&[], table, expected)
    }

    /// Like `check`, with `--quick`.
    #[track_caller]
    fn check_quickly(&self, table: &str, expected: &[Expected<'_>]) -> Vec<serde_json::Value> {
        self.check_with(&["--quick"], table, expected)
    }

    #[track_caller]
    fn check_with(&self, options: &[&str], table: &str, expected: &[Expected<'_>]) -> Vec<serde_json::Value> {
        self.repo.write("phx.toml", table);
        let ids: Vec<&str> = expected.iter().map(|(id, _)| *id).collect();
        let run = || {
            let run = self.repo.run(&[&["doctor", "-o", "json"][..], options, &ids].concat());
            serde_json::from_str::<serde_json::Value>(&run.stdout).unwrap_or_else(|_| panic!("{}", run.stderr))
        };
        // An inconclusive result, for example on a busy machine, is retried; a wrong result is not.
        let is_inconclusive = |json: &serde_json::Value| {
            let details = json["checks"].as_array().into_iter().flatten().map(|check| check["detail"].as_str());
            details.flatten().any(|detail| detail.starts_with("inconclusive"))
        };
        let mut json = run();
        for _ in 0..3 {
            if is_inconclusive(&json) {
                json = run();
            }
        }
        let of = |id: &str| json["checks"].as_array().unwrap().iter().find(|check| check["id"] == id).unwrap().clone();
        let checks: Vec<serde_json::Value> = ids.iter().map(|id| of(id)).collect();
        for ((id, outcome), check) in expected.iter().zip(&checks) {
            assert_eq!(check["outcome"], **outcome, "{id}: {check:#}");
        }
        checks
    }
}

fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

#[test]
#[ignore = "needs third-party programs: `tests/run` installs them"]
fn other_tools_parse_the_formats() {
    let subjects = Subjects::new();
    let repo = &subjects.repo;
    // One of each outcome except `warn`, with text that needs escaping.
    repo.write(
        "phx.toml",
        "[[doctor.pty]]\nname = \"a \\\"b\\\" <c> & d\"\nhost = { kind = \"exec\", command = [\"sh\", \"-c\", \"{cmd}\"] }\n\
         [[doctor.ws]]\nname = \"nobody\"\nurl = \"ws://127.0.0.1:1/\"\n",
    );
    let run = repo.run(&[
        "doctor",
        "pty.local",
        "pty.real",
        "pty.exit",
        "pty.env",
        "ws.handshake",
        "-o",
        "junit=out.xml",
        "-o",
        "tap=out.tap",
        "-o",
        "prometheus=out.prom",
    ]);
    assert_eq!(run.code, 1, "{}{}", run.stdout, run.stderr);
    let checked = |mut command: Command, file: &str| {
        let input = std::fs::File::open(repo.path().join(file)).unwrap();
        let run = command.stdin(input).current_dir(repo.path()).output().unwrap();
        let output = String::from_utf8_lossy(&run.stdout).into_owned() + &String::from_utf8_lossy(&run.stderr);
        assert!(run.status.success(), "{output}\n{}", repo.read(file));
        output
    };
    let mut promtool = Command::new("promtool");
    promtool.args(["check", "metrics"]);
    checked(promtool, "out.prom");
    let python = |script: &str| {
        let mut command = Command::new(subjects.python());
        command.args(["-c", script]);
        command
    };
    let junit = "from junitparser import JUnitXml\nx = JUnitXml.fromfile('out.xml')\nprint(sorted((s.name, s.tests, s.failures, s.errors, s.skipped) for s in x))";
    let output = checked(python(junit), "out.xml");
    assert_eq!(output.trim(), "[('pty', 4, 1, 0, 1), ('ws', 1, 0, 1, 0)]");
    let tap = "from tap.parser import Parser\nfor l in Parser().parse_file('out.tap'):\n  if l.category == 'test': print(l.ok, l.skip, l.description)\n  assert l.category != 'unknown', l";
    let output = checked(python(tap), "out.tap");
    let lines: Vec<&str> = output.lines().collect();
    assert_eq!(lines.len(), 5, "{output}");
    assert_eq!(lines.iter().filter(|line| line.starts_with("False False")).count(), 2, "{output}");
    assert_eq!(lines.iter().filter(|line| line.starts_with("True True")).count(), 1, "{output}");
}
