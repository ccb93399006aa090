//! `phx doctor pty` with misbehaving hosts and terminal servers: correct outcomes in time, and no remaining processes.
#![cfg(unix)]

use std::io::{BufRead, BufReader};
use std::process::{Child, Stdio};

use crate::support::{Repo, Run};

fn host(command: &[&str], more: &str) -> Repo {
    let repo = Repo::bare();
    let command = serde_json::json!(command);
    repo.write(
        "phx.toml",
        format!("[[doctor.pty]]\nname = \"it\"\nhost = {{ kind = \"exec\", command = {command} }}\n{more}"),
    );
    repo
}

#[track_caller]
fn assert_outcome(repo: &Repo, id: &str, outcome: &str, detail: &str) -> serde_json::Value {
    let json = repo.run(&["doctor", id, "--quick", "-o", "json"]).json();
    let check = json["checks"][0].clone();
    assert_eq!(check["outcome"], outcome, "{check:#}");
    assert!(check["detail"].as_str().unwrap().contains(detail), "{check:#}");
    // A check that times out ends shortly after its timeout.
    let took = check["duration_ms"].as_u64().unwrap();
    assert!(took < check["deadline_ms"].as_u64().unwrap() + 1_000, "{check:#}");
    check
}

/// Returns the number of processes whose command line contains `what`.
fn processes_of(what: &str) -> usize {
    let listed = std::process::Command::new("ps").args(["-eo", "args"]).output().unwrap();
    String::from_utf8_lossy(&listed.stdout).lines().filter(|line| line.contains(what)).count()
}

#[test]
fn reports_a_host_that_cannot_start_or_exits_immediately() {
    assert_outcome(&host(&["./no-such-program", "{cmd}"], ""), "pty.real", "error", "cannot start `./no-such-program`");
    let ended = assert_outcome(
        &host(&["sh", "-c", "echo broken >&2; exit 4 # {cmd}"], ""),
        "pty.real",
        "error",
        "the host ended (code 4)",
    );
    assert!(ended["detail"].as_str().unwrap().contains("output: `broken`"), "{ended}");
    host(&["true", "{cmd}"], "").run(&["doctor", "pty.real"]).exits(3);
}

#[test]
#[cfg(target_os = "linux")]
fn resets_ignored_signals_for_hosts() {
    let repo = host(&["sh", "-c", "{cmd}"], "");
    let phx = repo.command(&["doctor", "pty.dispositions", "-o", "json"]);
    let mut command = std::process::Command::new("env");
    command.args(["--ignore-signal=HUP", "--ignore-signal=QUIT", "--ignore-signal=INT"]).arg(phx.get_program());
    command.args(phx.get_args()).current_dir(repo.path());
    command.envs(phx.get_envs().filter_map(|(name, value)| Some((name, value?))));
    let run = Run::of(command.output().unwrap());
    assert_eq!(run.json()["checks"][0]["outcome"], "pass", "{}", run.stdout);
    // A host that ignores signals itself is reported.
    let deaf = host(&["sh", "-c", "trap '' QUIT; {cmd}"], "");
    let check =
        assert_outcome(&deaf, "pty.dispositions", "warn", "signals ignored or blocked at the start of a program: QUIT");
    assert_eq!(check["observed"]["ignored"], serde_json::json!(["QUIT"]));
}

#[test]
fn kills_a_host_that_floods_or_ignores_signals() {
    let mark = format!("phx-flood-{}", std::process::id());
    let check = assert_outcome(
        &host(&["sh", "-c", &format!("yes {mark} # {{cmd}}")], ""),
        "pty.real",
        "error",
        "no report from the payload",
    );
    assert!(check["detail"].as_str().unwrap().contains(&mark), "{check}");
    let deaf = format!("trap '' HUP INT TERM QUIT; sleep 61.{} # {{cmd}}", std::process::id());
    assert_outcome(
        &host(&["sh", "-c", &deaf], "\n[doctor.deadlines]\n\"pty.real\" = \"2s\"\n"),
        "pty.real",
        "error",
        "timed out after 2000 ms",
    );
    assert_eq!((processes_of(&mark), processes_of(&format!("sleep 61.{}", std::process::id()))), (0, 0));
}

#[test]
fn reports_configuration_errors() {
    let _transcript = crate::transcript::Transcript::of_this_test();
    let rejects = |text: &str| {
        let repo = Repo::bare();
        repo.write("phx.toml", text);
        repo.run(&["doctor", "pty"]).exits(2);
    };
    rejects("[[doctor.pty]]\nname = \"it\"\n");
    rejects("[[doctor.pty]]\nname = \"it\"\nhost = { kind = \"exec\", command = [\"sh\"] }\n");
    rejects("[[doctor.pty]]\nname = \"it\"\nsize = [0, 80]\nhost = { command = [\"{cmd}\"] }\n");
    let sandbox = "[[doctor.pty]]\nname = \"it\"\nhost = { command = [\"{cmd}\"] }\nsandbox = { deny = [\"raed\"] }\n";
    rejects(sandbox);
}

#[test]
fn sessions_leak_no_open_files() {
    // With 150 sessions and a limit of 100 open files, a leak of one file per session exceeds the limit.
    let repo = host(&["sh", "-c", "{cmd}"], "sessions = 150\n");
    let phx = env!("CARGO_BIN_EXE_phx");
    let line = format!("ulimit -n 100 && exec '{phx}' doctor --yes pty.io.tail pty.isolation");
    let mut shell = std::process::Command::new("sh");
    repo.finish(shell.args(["-c", &line]).current_dir(repo.path()).env("PHX_NOW", crate::support::NOW)).exits(0);
}

#[test]
#[cfg(target_os = "linux")]
fn finds_and_kills_processes_that_outlive_a_session() {
    let repo = host(&["sh", "-c", "{cmd}"], "grace = \"300ms\"\n");
    let found = assert_outcome(
        &repo,
        "pty.orphans",
        "fail",
        "4 processes outlive their session: background, nohup, setsid, daemon",
    );
    assert_eq!(found["control"]["outcome"], "pass");
    let allowed = host(&["sh", "-c", "{cmd}"], "grace = \"300ms\"\nallow_survivors = 4\n");
    assert_outcome(&allowed, "pty.orphans", "pass", "");
    let listed = std::process::Command::new("ps").args(["-eo", "args"]).output().unwrap();
    let listed = String::from_utf8_lossy(&listed.stdout).into_owned();
    for evidence in found["evidence"].as_array().unwrap().iter().filter(|line| line["event"] == "left") {
        let id =
            evidence["detail"].as_str().unwrap().split_whitespace().nth(1).unwrap().trim_end_matches(':').to_owned();
        let state = std::fs::read_to_string(format!("/proc/{id}/stat")).unwrap_or_default();
        assert!(state.is_empty() || state.contains(") Z "), "{state}\n{listed}");
    }
}

#[test]
#[cfg(target_os = "linux")]
fn a_stalled_session_is_inconclusive_and_exec_is_not_a_zombie() {
    let stalls =
        host(&["sh", "-c", "{cmd} | { head -n 2; sleep 30; }"], "sandbox = { deny = [\"read:/etc/passwd\"] }\n");
    assert_outcome(&stalls, "pty.sandbox.read", "error", "reported nothing within 12 s");
    let replaced = "[[doctor.pty]]\nname = \"it\"\nhost = { kind = \"exec\", stdio = \"pty\", command = [\"sh\", \"-c\", \"exec {cmd}\"] }\n";
    let repo = Repo::bare();
    repo.write("phx.toml", replaced);
    assert_outcome(&repo, "pty.zombies", "pass", "");
}

#[test]
#[cfg(target_os = "linux")]
fn kills_remaining_processes_after_a_timeout() {
    let folder = Repo::bare();
    // A separate copy of the program, so that its processes differ from those of other tests.
    let phx = folder.path().join("phx-leaks");
    std::fs::copy(env!("CARGO_BIN_EXE_phx"), &phx).unwrap();
    let phx = phx.display().to_string();
    let repo = host(
        &[&phx, "__host", "size={rows}x{cols}", "leaks-terminal", "--", "{cmd}"],
        "[doctor.deadlines]\n\"pty.leak\" = \"1s\"\n",
    );
    repo.write("phx.toml", repo.read("phx.toml").replace("}\n[doctor", &format!("}}\npayload = {phx:?}\n[doctor")));
    assert_outcome(&repo, "pty.leak", "error", "timed out after 1000 ms");
    assert_eq!(processes_of(&phx), 0);
}

#[test]
#[cfg(target_os = "linux")]
fn falls_back_to_a_shell_if_phx_cannot_run_in_the_session() {
    let phx = env!("CARGO_BIN_EXE_phx");
    let repo =
        host(&[phx, "__host", "size={rows}x{cols}", "--", "{cmd}"], "size = [33, 101]\npayload = \"/no/such/phx\"\n");
    for id in ["pty.real", "pty.controlling", "pty.size"] {
        let check = assert_outcome(&repo, id, "pass", "");
        assert_eq!(check["evidence"][0]["event"], "fallback", "{check:#}");
    }
    assert_outcome(&repo, "pty.fds", "error", "a shell cannot list its descriptors");
    let pipes = host(&["sh", "-c", "{cmd}"], "payload = \"/no/such/phx\"\n");
    assert_outcome(&pipes, "pty.real", "fail", "not a terminal: standard input, standard output, standard error");
}

/// Terminal server that is stopped at the end of the test.
struct Server(Child, u16);

impl Server {
    fn start(codec: &str) -> Self {
        let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_phx"));
        let mut child =
            command.args(["__host", "--serve", codec]).stdin(Stdio::null()).stdout(Stdio::piped()).spawn().unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        Self(child, line.trim().parse().unwrap())
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

#[test]
fn supports_every_codec_of_terminal_servers() {
    for (codec, resize, exit) in
        [("raw", "skip", "skip"), ("ttyd", "pass", "skip"), ("terminado", "pass", "skip"), ("json", "pass", "pass")]
    {
        let server = Server::start(codec);
        let repo = Repo::bare();
        let text = format!(
            "[[doctor.pty]]\nname = \"it\"\nvolume = 200000\nhost = {{ kind = \"websocket\", url = \"ws://127.0.0.1:{}/\", codec = \"{codec}\" }}\n",
            server.1
        );
        repo.write("phx.toml", text);
        let checks = [
            "pty.real",
            "pty.controlling",
            "pty.size",
            "pty.resize",
            "pty.exit",
            "pty.signals",
            "pty.io.out",
            "pty.io.in",
            "pty.io.utf8",
        ];
        let json = repo.run(&[&["doctor", "--quick", "-o", "json"][..], &checks].concat()).json();
        for check in json["checks"].as_array().unwrap() {
            let expected = match check["id"].as_str().unwrap() {
                "pty.resize" => resize,
                // A shell that is replaced by a killed program reports 137.
                "pty.exit" if exit == "pass" => {
                    check["outcome"].as_str().filter(|outcome| ["pass", "fail", "warn"].contains(outcome)).unwrap()
                }
                "pty.exit" => exit,
                _ => "pass",
            };
            assert_eq!(check["outcome"], expected, "{codec}: {check:#}");
        }
    }
}

#[test]
fn an_unreachable_terminal_server_is_an_error() {
    let repo = Repo::bare();
    repo.write(
        "phx.toml",
        "[[doctor.pty]]\nname = \"it\"\nhost = { kind = \"websocket\", url = \"ws://127.0.0.1:1/\" }\n",
    );
    assert_outcome(&repo, "pty.real", "error", "cannot open a session: tcp-refused");
    repo.write(
        "phx.toml",
        "[[doctor.pty]]\nname = \"it\"\nhost = { kind = \"websocket\", url = \"ws://192.0.2.1/\" }\n",
    );
    assert_outcome(&repo, "pty.real", "error", "is not in `doctor.allow_hosts`");
}

#[test]
#[cfg(target_os = "linux")]
fn a_host_is_killed_together_with_phx() {
    let mark = format!("phx-killed-{}", std::process::id());
    let repo = host(&["sh", "-c", &format!("trap '' HUP; exec sleep 600.{} # {mark} {{cmd}}", std::process::id())], "");
    let sleeper = format!("sleep 600.{}", std::process::id());
    let mut child = repo.command(&["doctor", "pty.real"]).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    let wait = |wanted: usize| {
        (0..400).any(|_| {
            std::thread::sleep(std::time::Duration::from_millis(25));
            processes_of(&sleeper) == wanted
        })
    };
    assert!(wait(1), "the host did not start");
    child.kill().unwrap();
    child.wait().unwrap();
    assert!(wait(0), "the host is still running");
}
