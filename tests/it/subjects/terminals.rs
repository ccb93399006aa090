//! Terminal hosts and sandboxes as targets.

use super::{Expected, Subjects, free_port};
use crate::support::Repo;

/// Configuration of a host of the kind `exec`.
fn pty(command: &[&str], more: &str) -> String {
    format!(
        "[[doctor.pty]]\nname = \"it\"\nhost = {{ kind = \"exec\", command = {} }}\n{more}\n",
        serde_json::json!(command)
    )
}

/// Expected outcomes for a real terminal.
const REAL: &[Expected<'_>] = &[
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
#[ignore = "needs third-party programs: `tests/run` installs them"]
fn verifies_terminals_of_ptyprocess_and_node_pty() {
    let subjects = Subjects::new();
    let claims = "size = [33, 101]\nsessions = 30\nvolume = 2000000";
    let python = subjects.python();
    subjects.check(&pty(&[&python, &Subjects::file("terminal.py"), "{rows}", "{cols}", "{cmd}"], claims), REAL);
    let modules = format!("NODE_PATH={}", subjects.folder.join("node_modules").display());
    subjects.check(
        &pty(&["env", &modules, "node", &Subjects::file("terminal.js"), "{rows}", "{cols}", "{cmd}"], claims),
        REAL,
    );
}

#[test]
#[ignore = "needs third-party programs: `tests/run` installs them"]
fn detects_pipes_instead_of_terminals() {
    let subjects = Subjects::new();
    let pipes = [
        ("pty.real", "fail"),
        ("pty.controlling", "fail"),
        ("pty.size", "fail"),
        ("pty.signals", "fail"),
        ("pty.orphans", "fail"),
    ];
    subjects.check(&pty(&["sh", "-c", "{cmd}"], ""), &pipes);
    let half = [
        ("pty.real", "fail"),
        ("pty.controlling", "fail"),
        ("pty.size", "fail"),
        ("pty.jobctl", "fail"),
        ("pty.fds", "fail"),
    ];
    subjects.check(&pty(&["socat", "-", "EXEC:{cmd},pty"], ""), &half);
    let more = [("pty.real", "fail"), ("pty.controlling", "pass"), ("pty.size", "fail"), ("pty.fds", "fail")];
    subjects.check(&pty(&["socat", "-", "EXEC:{cmd},pty,setsid,ctty"], ""), &more);
    let checks = subjects
        .check(&pty(&["script", "-qec", "{cmd}", "/dev/null"], ""), &[("pty.real", "pass"), ("pty.size", "fail")]);
    assert_eq!(checks[1]["observed"]["size"], serde_json::json!([0, 0]));
}

#[test]
#[ignore = "needs third-party programs: `tests/run` installs them"]
fn verifies_terminals_of_a_terminado_server() {
    let mut subjects = Subjects::new();
    let port = free_port();
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
    subjects.check(&table, &all);
}

#[test]
#[ignore = "needs third-party programs: `tests/run` installs them"]
fn distinguishes_a_bubblewrap_sandbox_from_reduced_privileges() {
    let subjects = Subjects::new();
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
    let mut all: Vec<Expected<'_>> = ids.iter().map(|id| (id.as_str(), "pass")).collect();
    all.extend([("pty.sandbox.allowed", "pass"), ("pty.orphans", "pass")]);
    subjects.check(&pty(&words, &claims), &all);
    let words = ["setpriv", "--reuid", "65534", "--regid", "65534", "--clear-groups", "--no-new-privs", "{cmd}"];
    let fewer = [
        ("pty.sandbox.net", "fail"),
        ("pty.sandbox.proc", "fail"),
        ("pty.sandbox.read", "fail"),
        ("pty.orphans", "fail"),
    ];
    let program = Repo::bare();
    // The unprivileged user must be able to run phx.
    let copy = program.path().join("phx");
    std::fs::copy(phx, &copy).unwrap();
    for folder in [program.path(), copy.clone()] {
        std::fs::set_permissions(&folder, std::os::unix::fs::PermissionsExt::from_mode(0o755)).unwrap();
    }
    let claims =
        format!("payload = \"{}\"\nsandbox = {{ deny = [\"net\", \"proc\", \"read:/etc/passwd\"] }}", copy.display());
    subjects.check(&pty(&words, &claims), &fewer);
}
