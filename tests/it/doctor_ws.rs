//! `phx doctor ws` against servers that do anything but what they should: the right outcome, with evidence, in time.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::time::Duration;

use crate::support::{Repo, Run, assert_valid};

/// A server on a free port of this machine, which does the same with each connection. It ends with the test.
fn server(with: fn(TcpStream)) -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    std::thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            std::thread::spawn(move || with(stream));
        }
    });
    port
}

/// A repository that names this server.
fn named(port: u16, more: &str) -> Repo {
    let repo = Repo::bare();
    repo.write(
        "phx.toml",
        format!("[[doctor.ws]]\nname = \"it\"\nurl = \"ws://127.0.0.1:{port}/\"\nhandshake_timeout = \"1s\"\n{more}"),
    );
    repo
}

fn doctor(repo: &Repo, arguments: &[&str]) -> Run {
    repo.run(&[&["doctor"][..], arguments].concat())
}

/// What a check says; it must be done in its time.
#[track_caller]
fn says(port: u16, more: &str, id: &str, outcome: &str, detail: &str) -> serde_json::Value {
    let json = doctor(&named(port, more), &[id, "-o", "json"]).json();
    assert_valid("schemas/doctor.schema.json", &json);
    let check = json["checks"][0].clone();
    assert_eq!(check["outcome"], outcome, "{check:#}");
    assert!(check["detail"].as_str().unwrap().contains(detail), "{check:#}");
    assert!(check["duration_ms"].as_u64() <= check["deadline_ms"].as_u64(), "{check:#}");
    check
}

fn request(stream: &mut TcpStream) -> String {
    let mut bytes = Vec::new();
    let mut block = [0; 1024];
    while !bytes.ends_with(b"\r\n\r\n") {
        match stream.read(&mut block) {
            Ok(read @ 1..) => bytes.extend_from_slice(&block[..read]),
            _ => break,
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

/// Stays until the other side goes.
fn stay(stream: &mut TcpStream) {
    while stream.read(&mut [0; 1024]).is_ok_and(|read| read > 0) {}
}

fn upgraded(stream: &mut TcpStream, wrong: bool) {
    let request = request(stream);
    let key = request.lines().find_map(|line| line.strip_prefix("Sec-WebSocket-Key: ")).unwrap_or_default();
    let digest = if wrong {
        "bm90IGl0".to_owned()
    } else {
        tokio_tungstenite::tungstenite::handshake::derive_accept_key(key.as_bytes())
    };
    let head = format!(
        "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: {digest}\r\n\r\n"
    );
    let _ = stream.write_all(head.as_bytes());
}

fn reset(stream: TcpStream) {
    // What is closed with unread bytes is reset; there are some as soon as one can be seen.
    let _ = stream.peek(&mut [0]);
    drop(stream);
}

#[test]
fn nobody_listens() {
    let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let check = says(port, "", "ws.handshake", "error", "nothing listens at 127.0.0.1:");
    assert_eq!(check["remediation"]["text"], "start the server, or correct `url`");
    doctor(&named(port, ""), &["ws"]).exits(3);
    doctor(&named(port, "limit = 5\n"), &["ws.limit.exact"]).exits(3);
}

#[test]
fn it_hangs_speaks_http_only_or_sends_garbage() {
    says(server(|mut stream| stay(&mut stream)), "", "ws.handshake", "fail", "nothing came within 1000 ms");
    let http = server(|mut stream| {
        request(&mut stream);
        let _ = stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi");
    });
    says(http, "", "ws.handshake", "fail", "http-200");
    let old = server(|mut stream| {
        request(&mut stream);
        let _ = stream.write_all(b"HTTP/1.0 503 Go away\r\n\r\n");
    });
    says(old, "", "ws.handshake", "fail", "http-503 (Go away)");
    let garbage = server(|mut stream| {
        let _ = stream.write_all(b"SSH-2.0-OpenSSH_9.2\r\n");
        stay(&mut stream);
    });
    says(garbage, "", "ws.handshake", "fail", "what answers speaks no HTTP");
    let wrong = server(|mut stream| {
        upgraded(&mut stream, true);
        stay(&mut stream);
    });
    says(wrong, "", "ws.handshake", "fail", "wrong `Sec-WebSocket-Accept`");
}

#[test]
fn it_resets_at_every_stage() {
    says(server(drop), "", "ws.handshake", "fail", "");
    says(server(reset), "", "ws.handshake", "fail", "rst");
    let after_request = server(|mut stream| {
        let _ = stream.read(&mut [0; 16]);
        reset(stream);
    });
    says(after_request, "", "ws.handshake", "fail", "rst");
    let after_upgrade = server(|mut stream| {
        upgraded(&mut stream, false);
    });
    says(after_upgrade, "", "ws.handshake", "pass", "");
    says(after_upgrade, "", "ws.alive", "fail", "it accepts, and does not serve");
    says(after_upgrade, "limit = 3\n", "ws.limit.exact", "error", "a first connection is not served");
}

#[test]
fn it_streams_for_ever() {
    let head = server(|mut stream| {
        request(&mut stream);
        let _ = stream.write_all(b"HTTP/1.1 200 OK\r\n");
        while stream.write_all(b"X-More: and more\r\n").is_ok() {}
    });
    says(head, "", "ws.handshake", "fail", "speaks no HTTP");
    let frames = server(|mut stream| {
        upgraded(&mut stream, false);
        // Text frames, one after the other, and never a pong.
        let frame = [&[0x81, 0x7E, 0x10, 0x00][..], &[b'x'; 4096]].concat();
        while stream.write_all(&frame).is_ok() {}
    });
    says(frames, "", "ws.alive", "fail", "no answer within 2 s");
    let nonsense = server(|mut stream| {
        upgraded(&mut stream, false);
        while stream.write_all(&[0xFF; 4096]).is_ok() {}
    });
    says(nonsense, "", "ws.alive", "fail", "not-websocket");
}

#[test]
#[cfg(unix)]
fn too_few_open_files_are_no_verdict() {
    let repo = named(1, "limit = 500\n");
    let phx = env!("CARGO_BIN_EXE_phx");
    let line = format!("ulimit -n 200 && exec '{phx}' doctor ws.limit.exact");
    let mut shell = std::process::Command::new("sh");
    shell.args(["-c", &line]).current_dir(repo.path()).env("PHX_NOW", crate::support::NOW);
    repo.finish(&mut shell).exits(3);
}

#[test]
fn what_is_not_allowed_is_not_connected_to() {
    let repo = Repo::bare();
    for url in ["ws://192.0.2.1/", "ws://phx.invalid/", "wss://example.org/chat"] {
        repo.write("phx.toml", format!("[[doctor.ws]]\nname = \"far\"\nurl = \"{url}\"\n"));
        doctor(&repo, &["ws.handshake"]).exits(3);
    }
    let port = server(|mut stream| stay(&mut stream));
    let closed = format!(
        "[doctor]\nallow_hosts = [\"10.0.0.0/8\"]\n[[doctor.ws]]\nname = \"near\"\nurl = \"ws://127.0.0.1:{port}/\"\n"
    );
    repo.write("phx.toml", closed);
    doctor(&repo, &["ws"]).exits(3);
    repo.write(
        "phx.toml",
        format!("[[doctor.ws]]\nname = \"near\"\nurl = \"ws://localhost:{port}/\"\nhandshake_timeout = \"200ms\"\n"),
    );
    doctor(&repo, &["ws.handshake"]).exits(1);
}

#[test]
fn a_secret_comes_from_the_environment_and_is_never_shown() {
    let repo = Repo::bare();
    for line in [
        "url = \"ws://phx:hunter2@127.0.0.1:1/\"",
        "url = \"ws://127.0.0.1:1/?token=hunter2\"",
        "url = \"ws://127.0.0.1:1/\"\nheaders = { Authorization = \"Bearer hunter2\" }",
    ] {
        repo.write("phx.toml", format!("[[doctor.ws]]\nname = \"it\"\n{line}\n"));
        let run = repo.run(&["doctor", "ws"]).exits(2);
        assert!(run.stderr.contains("phx.toml:3") || run.stderr.contains("phx.toml:4"), "{}", run.stderr);
    }
    // It is sent, and stands in no format, though the server says it back.
    let port = server(|mut stream| {
        let request = request(&mut stream);
        let line = request.lines().find(|line| line.starts_with("Authorization")).unwrap_or("none").to_owned();
        let _ = stream.write_all(format!("HTTP/1.1 403 {line}\r\nRetry-After: {line}\r\n\r\n").as_bytes());
    });
    let text = format!(
        "[[doctor.ws]]\nname = \"it\"\nurl = \"ws://127.0.0.1:{port}/?token=${{TOKEN}}\"\nheaders = {{ Authorization = \"Bearer ${{TOKEN}}\" }}\n"
    );
    repo.write("phx.toml", text);
    for format in ["text", "json", "ndjson", "junit", "tap", "prometheus", "nagios", "health+json", "markdown"] {
        let mut command = repo.command(&["doctor", "ws.handshake", "-v", "-o", format]);
        let run = repo.finish(command.env("TOKEN", "s3cr3t-phrase")).recorded();
        assert!(
            !run.stdout.contains("s3cr3t") && !run.stderr.contains("s3cr3t"),
            "{format}: {}{}",
            run.stdout,
            run.stderr
        );
    }
    repo.run(&["doctor", "ws.handshake"]).exits(3);
}

#[test]
#[cfg(unix)]
fn an_interruption_ends_it_at_once_with_what_is_known() {
    use rustix::process::Signal;
    interrupted_by(Signal::INT);
    interrupted_by(Signal::TERM);
    // The `env` of other systems cannot undo a `nohup` of the tests.
    if cfg!(target_os = "linux") {
        interrupted_by(Signal::HUP);
    }
}

#[cfg(unix)]
fn interrupted_by(signal: rustix::process::Signal) {
    static TOLD: std::sync::Mutex<Option<std::sync::mpsc::Sender<()>>> = std::sync::Mutex::new(None);
    let (told, came) = std::sync::mpsc::channel();
    *TOLD.lock().unwrap() = Some(told);
    // The handshake is answered, a sign of life never is, and it is said when somebody waits for one.
    let port = server(|mut stream| {
        upgraded(&mut stream, false);
        if stream.read(&mut [0; 64]).is_ok_and(|read| read > 0)
            && let Some(told) = TOLD.lock().unwrap().as_ref()
        {
            let _ = told.send(());
        }
        stay(&mut stream);
    });
    let repo = named(port, "");
    let phx = repo.command(&["doctor", "ws.handshake", "ws.alive", "-o", "json"]);
    let mut command = std::process::Command::new("env");
    if cfg!(target_os = "linux") {
        command.arg("--default-signal=HUP");
    }
    command.arg(phx.get_program()).args(phx.get_args()).current_dir(repo.path());
    command.envs(phx.get_envs().filter_map(|(name, value)| Some((name, value?))));
    let child = command.stdout(std::process::Stdio::piped()).stderr(std::process::Stdio::piped()).spawn().unwrap();
    came.recv_timeout(Duration::from_secs(20)).unwrap();
    let id = rustix::process::Pid::from_raw(i32::try_from(child.id()).unwrap()).unwrap();
    rustix::process::kill_process(id, signal).unwrap();
    let run = Run::of(child.wait_with_output().unwrap()).exits(130);
    let json: serde_json::Value = serde_json::from_str(&run.stdout).unwrap();
    assert_eq!((json["checks"].as_array().unwrap().len(), &json["checks"][0]["outcome"]), (1, &"pass".into()));
    assert!(!repo.path().join(".phx").exists());
}

/// A server that serves seven connections and never frees a slot.
#[test]
fn a_server_that_loses_its_slots_during_a_run_fails_for_it() {
    static SERVED: std::sync::atomic::AtomicUsize = std::sync::atomic::AtomicUsize::new(0);
    let port = server(|mut stream| {
        if SERVED.fetch_add(1, std::sync::atomic::Ordering::SeqCst) < 7 {
            upgraded(&mut stream, false);
            stay(&mut stream);
        } else {
            request(&mut stream);
            let _ = stream.write_all(b"HTTP/1.1 503 Full\r\nContent-Length: 0\r\n\r\n");
        }
    });
    let repo = named(port, "liveness = { kind = \"none\" }\nchurn = { cycles = 10 }\n");
    let json = doctor(&repo, &["ws.conformance", "ws.leak", "-o", "json"]).exits(1).json();
    let check = json["checks"].as_array().unwrap().iter().find(|check| check["id"] == "ws.leak").unwrap().clone();
    assert_eq!(check["outcome"], "fail", "{json:#}");
    let detail = check["detail"].as_str().unwrap();
    assert_eq!(
        detail,
        "the server has lost its slots: it served connections before, and refuses a first one now: http-503"
    );
    assert!(check["remediation"]["text"].as_str().unwrap().contains("free what a connection holds"), "{check:#}");
}
