//! `phx doctor` on servers and hosts that others wrote, each installed as its own users install it, and started on a free port of this
//! machine: which must pass, and which must not.
//!
//! `tests/run` installs them and names their folder in `PHX_SUBJECTS`; without it there is nothing to look at.
#![cfg(target_os = "linux")]

use std::net::{TcpListener, TcpStream};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};

use crate::support::{Repo, package};

/// Servers share two processors; more than one test of times at once would measure the others.
static ONE: std::sync::Mutex<()> = std::sync::Mutex::new(());

/// What a check must say.
type Said<'a> = (&'a str, &'a str);

/// A folder for what is started, what is started, and the subjects.
struct Subjects {
    folder: PathBuf,
    repo: Repo,
    running: Vec<Child>,
    _alone: std::sync::MutexGuard<'static, ()>,
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
    fn new() -> Option<Self> {
        let Some(folder) = std::env::var_os("PHX_SUBJECTS").map(PathBuf::from) else {
            eprintln!("PHX_SUBJECTS names no folder, so nothing of others is looked at; `tests/run` installs it");
            return None;
        };
        let alone = ONE.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        Some(Self { folder, repo: Repo::bare(), running: Vec::new(), _alone: alone })
    }

    fn file(name: &str) -> String {
        package().join("tests/it/data/subjects").join(name).display().to_string()
    }

    fn python(&self) -> String {
        self.folder.join("venv/bin/python").display().to_string()
    }

    /// Starts a server, and waits until it listens.
    fn start(&mut self, program: &str, arguments: &[&str], port: u16) -> u16 {
        use std::os::unix::process::CommandExt;
        let mut command = Command::new(program);
        command.args(arguments).env("NODE_PATH", self.folder.join("node_modules")).process_group(0);
        command.current_dir(package().join("tests/it/data/subjects"));
        let child = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).spawn();
        self.running.push(child.unwrap_or_else(|error| panic!("{program}: {error}")));
        for _ in 0..400 {
            if TcpStream::connect(("127.0.0.1", port)).is_ok() {
                return port;
            }
            std::thread::sleep(std::time::Duration::from_millis(25));
        }
        panic!("{program} {arguments:?} does not listen");
    }

    fn python_server(&mut self, arguments: &[&str], port: u16) -> u16 {
        let python = self.python();
        self.start(&python, arguments, port)
    }

    /// An echo server with a limit (none where it is 0) that pings every so many seconds.
    fn echo(&mut self, limit: u32, ping: &str) -> u16 {
        let port = free();
        self.python_server(&[&Self::file("limit.py"), &limit.to_string(), &port.to_string(), ping], port)
    }

    /// A configuration of a proxy with its places put in.
    fn configured(&self, name: &str, port: u16, backend: u16) -> String {
        let text = std::fs::read_to_string(Self::file(name)).unwrap();
        let text = text.replace("PORT", &port.to_string()).replace("BACKEND", &backend.to_string());
        let folder = self.repo.path().join("run");
        std::fs::create_dir_all(&folder).unwrap();
        let file = folder.join(name);
        std::fs::write(&file, text.replace("FOLDER", &folder.display().to_string())).unwrap();
        file.display().to_string()
    }

    fn nginx(&mut self) -> u16 {
        let (backend, port) = (self.echo(0, "20"), free());
        let file = self.configured("nginx.conf", port, backend);
        self.start("/usr/sbin/nginx", &["-c", &file], port)
    }

    /// What the checks say of a subject, in order.
    #[track_caller]
    fn say(&self, table: &str, said: &[Said<'_>]) -> Vec<serde_json::Value> {
        self.repo.write("phx.toml", table);
        let ids: Vec<&str> = said.iter().map(|(id, _)| *id).collect();
        let run = self.repo.run(&[&["doctor", "-o", "json"][..], &ids].concat());
        let json: serde_json::Value = serde_json::from_str(&run.stdout).unwrap_or_else(|_| panic!("{}", run.stderr));
        let of = |id: &str| json["checks"].as_array().unwrap().iter().find(|check| check["id"] == id).unwrap().clone();
        let checks: Vec<serde_json::Value> = ids.iter().map(|id| of(id)).collect();
        for ((id, outcome), check) in said.iter().zip(&checks) {
            assert_eq!(check["outcome"], **outcome, "{id}: {check:#}");
        }
        checks
    }
}

fn free() -> u16 {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

fn ws(port: u16, path: &str, more: &str) -> String {
    format!("[[doctor.ws]]\nname = \"it\"\nurl = \"ws://127.0.0.1:{port}{path}\"\n{more}\n")
}

#[test]
fn nginx_keeps_a_limit_exactly_and_one_for_each_address_is_seen_as_such() {
    let Some(mut subjects) = Subjects::new() else { return };
    let port = subjects.nginx();
    let all = [
        ("ws.handshake", "pass"),
        ("ws.alive", "pass"),
        ("ws.limit.exact", "pass"),
        ("ws.limit.burst", "pass"),
        ("ws.limit.scope", "pass"),
        ("ws.refusal.graceful", "pass"),
        ("ws.release.close", "pass"),
        ("ws.release.rst", "pass"),
        ("ws.release.fin", "pass"),
        ("ws.release.abandoned", "pass"),
    ];
    let checks = subjects.say(&ws(port, "/all", "limit = 100"), &all);
    assert_eq!((&checks[2]["observed"]["served"], &checks[2]["observed"]["first_refusal"]), (&100.into(), &100.into()));
    let each = [("ws.limit.exact", "pass"), ("ws.limit.scope", "fail")];
    let checks = subjects.say(&ws(port, "/each", "limit = 10"), &each);
    assert_eq!(checks[1]["observed"]["served_per_source"], serde_json::json!([10, 10, 10]));
    subjects.say(&ws(port, "/each", "limit = 10\nlimit_scope = \"ip\""), &[("ws.limit.scope", "pass")]);
}

#[test]
fn nginx_keeps_a_rate_and_none_where_its_key_is_empty() {
    let Some(mut subjects) = Subjects::new() else { return };
    let port = subjects.nginx();
    let claim = "rate = { per_second = 5, burst = 10 }";
    let checks = subjects.say(&ws(port, "/rate", claim), &[("ws.rate.connect", "pass")]);
    let near = |key: &str, wanted: f64| {
        let seen = checks[0]["observed"][key].as_f64().unwrap();
        assert!((seen - wanted).abs() <= wanted / 5.0, "{key}: {seen}");
    };
    near("rate_per_second", 5.0);
    near("burst", 10.0);
    let checks = subjects.say(&ws(port, "/empty", claim), &[("ws.rate.connect", "fail")]);
    assert!(checks[0]["detail"].as_str().unwrap().contains("so there is no limit"), "{}", checks[0]);
}

#[test]
fn limits_of_libraries_are_told_from_those_that_only_look_so() {
    let Some(mut subjects) = Subjects::new() else { return };
    let port = subjects.echo(10, "1");
    let dead = "limit = 10\ndead_peer_deadline = \"8s\"";
    let all = [
        ("ws.limit.exact", "pass"),
        ("ws.limit.burst", "pass"),
        ("ws.refusal.graceful", "pass"),
        ("ws.release.mute", "pass"),
        ("ws.conformance", "pass"),
    ];
    subjects.say(&ws(port, "/", dead), &all);
    let port = free();
    subjects.start("node", &[&Subjects::file("max.js"), "10", &port.to_string()], port);
    let short = "limit = 10\ndead_peer_deadline = \"3s\"";
    let all = [
        ("ws.limit.exact", "pass"),
        ("ws.refusal.graceful", "fail"),
        ("ws.release.mute", "fail"),
        ("ws.conformance", "pass"),
    ];
    subjects.say(&ws(port, "/", short), &all);
    let port = free();
    subjects.start("node", &[&Subjects::file("cluster.js"), "10", &port.to_string()], port);
    let all = [("ws.limit.exact", "fail"), ("ws.limit.scope", "fail")];
    let checks = subjects.say(&ws(port, "/", "limit = 10\nhandshake_timeout = \"1s\""), &all);
    assert_eq!((&checks[1]["observed"]["served"], &checks[1]["observed"]["scope"]), (&20.into(), &"worker".into()));
    let port = free();
    let words = [
        "-m",
        "uvicorn",
        "--log-level",
        "critical",
        "--limit-concurrency",
        "10",
        "--port",
        &port.to_string(),
        "app:app",
    ];
    subjects.python_server(&words, port);
    let checks = subjects.say(&ws(port, "/", "limit = 10"), &[("ws.limit.exact", "fail"), ("ws.limit.burst", "fail")]);
    assert_eq!(checks[0]["observed"]["served"], 15);
}

#[test]
fn tls_is_spoken_to_whom_the_configuration_trusts() {
    let Some(mut subjects) = Subjects::new() else { return };
    let file = |name: &str| subjects.repo.path().join(name).display().to_string();
    let (certificate, key, port) = (file("it.pem"), file("it.key"), free());
    let words =
        ["req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "36500", "-subj", "/CN=localhost", "-addext"];
    let mut openssl = Command::new("openssl");
    openssl.args(words).args([
        "subjectAltName=DNS:localhost,IP:127.0.0.1",
        "-addext",
        "basicConstraints=critical,CA:FALSE",
        "-keyout",
        &key,
        "-out",
        &certificate,
    ]);
    assert!(openssl.stderr(Stdio::null()).status().unwrap().success());
    subjects.python_server(&[&Subjects::file("tls.py"), &port.to_string(), &certificate, &key], port);
    let named =
        |host: &str, more: &str| format!("[[doctor.ws]]\nname = \"it\"\nurl = \"wss://{host}:{port}/\"\n{more}\n");
    let trusted = format!("ca = {certificate:?}");
    let all = [("ws.handshake", "pass"), ("ws.alive", "pass"), ("ws.conformance", "pass")];
    let checks = subjects.say(&named("localhost", &trusted), &all);
    assert!(checks[0]["observed"]["tls_ms"].as_f64().unwrap() > 0.0, "{}", checks[0]);
    subjects.say(&named("127.0.0.1", &trusted), &all[..1]);
    let checks = subjects.say(&named("localhost", ""), &[("ws.handshake", "fail")]);
    assert!(
        checks[0]["detail"].as_str().unwrap().contains("the upgrade was answered with tls (invalid peer certificate"),
        "{}",
        checks[0]
    );
    let checks = subjects.say(&named("localhost", "ca = \"nowhere.pem\""), &[("ws.handshake", "error")]);
    assert!(checks[0]["detail"].as_str().unwrap().contains("`nowhere.pem`: there is no such file"), "{}", checks[0]);
}

#[test]
fn haproxy_refuses_without_a_word() {
    let Some(mut subjects) = Subjects::new() else { return };
    let (backend, port) = (subjects.echo(0, "20"), free());
    let file = subjects.configured("haproxy.cfg", port, backend);
    subjects.start("/usr/sbin/haproxy", &["-f", &file, "-db"], port);
    let all = [("ws.limit.exact", "pass"), ("ws.refusal.graceful", "fail")];
    let checks = subjects.say(&ws(port, "/", "limit = 10\nhandshake_timeout = \"1s\""), &all);
    assert!(checks[1]["detail"].as_str().unwrap().contains("silent"), "{}", checks[1]);
}

/// A host that is a program.
fn pty(command: &[&str], more: &str) -> String {
    format!(
        "[[doctor.pty]]\nname = \"it\"\nhost = {{ kind = \"exec\", command = {} }}\n{more}\n",
        serde_json::json!(command)
    )
}

/// What a real terminal passes.
const REAL: &[Said<'_>] = &[
    ("pty.real", "pass"),
    ("pty.controlling", "pass"),
    ("pty.size", "pass"),
    ("pty.exit", "pass"),
    ("pty.signals", "pass"),
    ("pty.jobctl", "pass"),
    ("pty.hup", "pass"),
    ("pty.io.out", "pass"),
    ("pty.io.tail", "pass"),
    ("pty.io.in", "pass"),
    ("pty.io.utf8", "pass"),
    ("pty.io.binary", "pass"),
    ("pty.io.slow", "pass"),
    ("pty.render", "pass"),
    ("pty.zombies", "pass"),
    ("pty.leak", "pass"),
    ("pty.isolation", "pass"),
    ("pty.fds", "pass"),
];

#[test]
fn ptyprocess_and_node_pty_give_real_terminals() {
    let Some(subjects) = Subjects::new() else { return };
    let claims = "size = [33, 101]\nsessions = 30\nvolume = 2000000";
    let python = subjects.python();
    subjects.say(&pty(&[&python, &Subjects::file("terminal.py"), "{rows}", "{cols}", "{cmd}"], claims), REAL);
    let modules = format!("NODE_PATH={}", subjects.folder.join("node_modules").display());
    subjects.say(
        &pty(&["env", &modules, "node", &Subjects::file("terminal.js"), "{rows}", "{cols}", "{cmd}"], claims),
        REAL,
    );
}

#[test]
fn what_only_looks_like_a_terminal_is_told_from_one() {
    let Some(subjects) = Subjects::new() else { return };
    let pipes = [
        ("pty.real", "fail"),
        ("pty.controlling", "fail"),
        ("pty.size", "fail"),
        ("pty.signals", "fail"),
        ("pty.orphans", "fail"),
    ];
    subjects.say(&pty(&["sh", "-c", "{cmd}"], ""), &pipes);
    let half = [
        ("pty.real", "fail"),
        ("pty.controlling", "fail"),
        ("pty.size", "fail"),
        ("pty.jobctl", "fail"),
        ("pty.fds", "fail"),
    ];
    subjects.say(&pty(&["socat", "-", "EXEC:{cmd},pty"], ""), &half);
    let more = [("pty.real", "fail"), ("pty.controlling", "pass"), ("pty.size", "fail"), ("pty.fds", "fail")];
    subjects.say(&pty(&["socat", "-", "EXEC:{cmd},pty,setsid,ctty"], ""), &more);
    let checks = subjects
        .say(&pty(&["script", "-qec", "{cmd}", "/dev/null"], ""), &[("pty.real", "pass"), ("pty.size", "fail")]);
    assert_eq!(checks[1]["observed"]["size"], serde_json::json!([0, 0]));
}

#[test]
fn a_server_of_terminals_of_others_gives_real_ones() {
    let Some(mut subjects) = Subjects::new() else { return };
    let port = free();
    subjects.python_server(&[&Subjects::file("shells.py"), &port.to_string()], port);
    let table = format!(
        "[[doctor.pty]]\nname = \"it\"\nsize = [33, 101]\nvolume = 200000\nhost = {{ kind = \"websocket\", url = \"ws://127.0.0.1:{port}/ws\", codec = \"terminado\" }}\n"
    );
    let all = [
        ("pty.real", "pass"),
        ("pty.controlling", "pass"),
        ("pty.size", "pass"),
        ("pty.resize", "pass"),
        ("pty.signals", "pass"),
        ("pty.io.out", "pass"),
        ("pty.io.utf8", "pass"),
        ("pty.io.binary", "warn"),
        ("pty.exit", "skip"),
    ];
    subjects.say(&table, &all);
}

#[test]
fn a_sandbox_of_all_namespaces_denies_and_fewer_rights_alone_do_not() {
    let Some(subjects) = Subjects::new() else { return };
    let phx = env!("CARGO_BIN_EXE_phx");
    let mut words = vec!["bwrap", "--unshare-all", "--die-with-parent", "--new-session", "--cap-drop", "ALL"];
    for path in ["/usr", "/lib", "/lib64", "/bin"] {
        words.extend(["--ro-bind-try", path, path]);
    }
    words.extend([
        "--proc",
        "/proc",
        "--dev",
        "/dev",
        "--tmpfs",
        "/tmp",
        "--bind",
        "{workdir}",
        "{workdir}",
        "--ro-bind",
        phx,
        "/run/phx",
        "{cmd}",
    ]);
    let denied = ["read", "write", "net", "signal", "proc", "ptrace", "mount", "rawsock"];
    let claims = format!(
        "payload = \"/run/phx\"\nsandbox = {{ deny = {}, allow = [\"write:{{workdir}}\"] }}",
        serde_json::json!(denied)
    );
    let ids: Vec<String> = denied.iter().map(|name| format!("pty.sandbox.{name}")).collect();
    let mut all: Vec<Said<'_>> = ids.iter().map(|id| (id.as_str(), "pass")).collect();
    all.extend([("pty.sandbox.allowed", "pass"), ("pty.orphans", "pass")]);
    subjects.say(&pty(&words, &claims), &all);
    let words = ["setpriv", "--reuid", "65534", "--regid", "65534", "--clear-groups", "--no-new-privs", "{cmd}"];
    let fewer = [
        ("pty.sandbox.net", "fail"),
        ("pty.sandbox.proc", "fail"),
        ("pty.sandbox.read", "fail"),
        ("pty.orphans", "fail"),
    ];
    let program = Repo::bare();
    // What has fewer rights must be able to run phx.
    let copy = program.path().join("phx");
    std::fs::copy(phx, &copy).unwrap();
    for folder in [program.path(), copy.clone()] {
        std::fs::set_permissions(&folder, std::os::unix::fs::PermissionsExt::from_mode(0o755)).unwrap();
    }
    let claims =
        format!("payload = \"{}\"\nsandbox = {{ deny = [\"net\", \"proc\", \"read:/etc/passwd\"] }}", copy.display());
    subjects.say(&pty(&words, &claims), &fewer);
}

#[test]
fn readers_of_others_read_the_formats() {
    let Some(subjects) = Subjects::new() else { return };
    let repo = &subjects.repo;
    // One of each outcome but `warn`, with words that need escaping.
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
        let output = command.stdin(input).current_dir(repo.path()).output().unwrap();
        let said = String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{said}\n{}", repo.read(file));
        said
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
    let said = checked(python(junit), "out.xml");
    assert_eq!(said.trim(), "[('pty', 4, 1, 0, 1), ('ws', 1, 0, 1, 0)]");
    let tap = "from tap.parser import Parser\nfor l in Parser().parse_file('out.tap'):\n  if l.category == 'test': print(l.ok, l.skip, l.description)\n  assert l.category != 'unknown', l";
    let said = checked(python(tap), "out.tap");
    let lines: Vec<&str> = said.lines().collect();
    assert_eq!(lines.len(), 5, "{said}");
    assert_eq!(lines.iter().filter(|line| line.starts_with("False False")).count(), 2, "{said}");
    assert_eq!(lines.iter().filter(|line| line.starts_with("True True")).count(), 1, "{said}");
}
