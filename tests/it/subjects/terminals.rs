//! Hosts of terminals, and sandboxes.

use super::{Said, Subjects, free};
use crate::support::Repo;

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
#[ignore = "needs programs of others: `tests/run` installs them"]
fn ptyprocess_and_node_pty_give_real_terminals() {
    let subjects = Subjects::new();
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
#[ignore = "needs programs of others: `tests/run` installs them"]
fn what_only_looks_like_a_terminal_is_told_from_one() {
    let subjects = Subjects::new();
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
#[ignore = "needs programs of others: `tests/run` installs them"]
fn a_server_of_terminals_of_others_gives_real_ones() {
    let mut subjects = Subjects::new();
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
#[ignore = "needs programs of others: `tests/run` installs them"]
fn a_sandbox_of_all_namespaces_denies_and_fewer_rights_alone_do_not() {
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
