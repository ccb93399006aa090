//! `phx doctor ws` with misbehaving servers: correct outcomes with evidence, in time.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::time::Duration;

use crate::support::{Repo, Run, assert_valid};

/// Starts a server on a free local port that handles each connection with the same function.
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

/// Repository with this server as the target.
fn repo_with_target(port: u16, more: &str) -> Repo {
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

/// Runs a check, compares outcome and detail, and asserts that it ended before its timeout.
#[track_caller]
fn assert_outcome(port: u16, more: &str, id: &str, outcome: &str, detail: &str) -> serde_json::Value {
    let json = doctor(&repo_with_target(port, more), &[id, "-o", "json"]).json();
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

/// Reads until the peer closes the connection.
fn read_until_closed(stream: &mut TcpStream) {
    while stream.read(&mut [0; 1024]).is_ok_and(|read| read > 0) {}
}

fn upgrade(stream: &mut TcpStream, wrong: bool) {
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
    // Closing a connection with unread bytes resets it; `peek` waits for the first byte.
    let _ = stream.peek(&mut [0]);
    drop(stream);
}

#[test]
fn reports_a_port_without_a_listener() {
    let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let check = assert_outcome(port, "", "ws.handshake", "error", "nothing listens at 127.0.0.1:");
    assert_eq!(check["remediation"]["text"], "start the server, or correct `url`");
    doctor(&repo_with_target(port, ""), &["ws"]).exits(3);
    doctor(&repo_with_target(port, "limit = 5\n"), &["ws.limit.exact"]).exits(3);
}

#[test]
fn reports_servers_that_hang_or_send_invalid_responses() {
    assert_outcome(
        server(|mut stream| read_until_closed(&mut stream)),
        "",
        "ws.handshake",
        "fail",
        "no response within 1000 ms",
    );
    let http = server(|mut stream| {
        request(&mut stream);
        let _ = stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi");
    });
    assert_outcome(http, "", "ws.handshake", "fail", "http-200");
    let old = server(|mut stream| {
        request(&mut stream);
        let _ = stream.write_all(b"HTTP/1.0 503 Go away\r\n\r\n");
    });
    assert_outcome(old, "", "ws.handshake", "fail", "http-503 (Go away)");
    let garbage = server(|mut stream| {
        let _ = stream.write_all(b"SSH-2.0-OpenSSH_9.2\r\n");
        read_until_closed(&mut stream);
    });
    assert_outcome(garbage, "", "ws.handshake", "fail", "the response is not HTTP");
    let wrong = server(|mut stream| {
        upgrade(&mut stream, true);
        read_until_closed(&mut stream);
    });
    assert_outcome(wrong, "", "ws.handshake", "fail", "wrong `Sec-WebSocket-Accept`");
}

#[test]
fn reports_connection_resets_at_every_stage() {
    assert_outcome(server(drop), "", "ws.handshake", "fail", "");
    assert_outcome(server(reset), "", "ws.handshake", "fail", "rst");
    let after_request = server(|mut stream| {
        let _ = stream.read(&mut [0; 16]);
        reset(stream);
    });
    assert_outcome(after_request, "", "ws.handshake", "fail", "rst");
    let after_upgrade = server(|mut stream| {
        upgrade(&mut stream, false);
    });
    assert_outcome(after_upgrade, "", "ws.handshake", "pass", "");
    assert_outcome(after_upgrade, "", "ws.alive", "fail", "connections are accepted but not served");
    assert_outcome(after_upgrade, "limit = 3\n", "ws.limit.exact", "error", "the first connection is not served");
}

#[test]
fn reports_servers_that_never_stop_sending() {
    let head = server(|mut stream| {
        request(&mut stream);
        let _ = stream.write_all(b"HTTP/1.1 200 OK\r\n");
        while stream.write_all(b"X-More: and more\r\n").is_ok() {}
    });
    assert_outcome(head, "", "ws.handshake", "fail", "the response is not HTTP");
    let frames = server(|mut stream| {
        upgrade(&mut stream, false);
        // Text frames without a pause, and no pong.
        let frame = [&[0x81, 0x7E, 0x10, 0x00][..], &[b'x'; 4096]].concat();
        while stream.write_all(&frame).is_ok() {}
    });
    assert_outcome(frames, "", "ws.alive", "fail", "no answer within 2 s");
    let nonsense = server(|mut stream| {
        upgrade(&mut stream, false);
        while stream.write_all(&[0xFF; 4096]).is_ok() {}
    });
    assert_outcome(nonsense, "", "ws.alive", "fail", "not-websocket");
}

#[test]
#[cfg(unix)]
fn a_limit_on_open_files_is_an_error() {
    let repo = repo_with_target(1, "limit = 500\n");
    let phx = env!("CARGO_BIN_EXE_phx");
    let line = format!("ulimit -n 200 && exec '{phx}' doctor ws.limit.exact");
    let mut shell = std::process::Command::new("sh");
    shell.args(["-c", &line]).current_dir(repo.path()).env("PHX_NOW", crate::support::NOW);
    repo.finish(&mut shell).exits(3);
}

#[test]
fn connects_only_to_allowed_hosts() {
    let repo = Repo::bare();
    for url in ["ws://192.0.2.1/", "ws://phx.invalid/", "wss://example.org/chat"] {
        repo.write("phx.toml", format!("[[doctor.ws]]\nname = \"far\"\nurl = \"{url}\"\n"));
        doctor(&repo, &["ws.handshake"]).exits(3);
    }
    let port = server(|mut stream| read_until_closed(&mut stream));
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
fn redacts_secrets_from_the_environment() {
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
    // The secret is sent but no format contains it, although the server echoes it.
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
fn an_interrupted_run_prints_the_results_so_far() {
    use rustix::process::Signal;
    interrupted_by(Signal::INT);
    interrupted_by(Signal::TERM);
    // The `env` of other systems cannot undo the `nohup` of a test run.
    if cfg!(target_os = "linux") {
        interrupted_by(Signal::HUP);
    }
}

#[cfg(unix)]
fn interrupted_by(signal: rustix::process::Signal) {
    static PING_SENDER: std::sync::Mutex<Option<std::sync::mpsc::Sender<()>>> = std::sync::Mutex::new(None);
    let (sender, pinged) = std::sync::mpsc::channel();
    *PING_SENDER.lock().unwrap() = Some(sender);
    // The server completes the handshake but never answers a ping; it signals when a ping arrives.
    let port = server(|mut stream| {
        upgrade(&mut stream, false);
        if stream.read(&mut [0; 64]).is_ok_and(|read| read > 0)
            && let Some(sender) = PING_SENDER.lock().unwrap().as_ref()
        {
            let _ = sender.send(());
        }
        read_until_closed(&mut stream);
    });
    let repo = repo_with_target(port, "");
    let phx = repo.command(&["doctor", "ws.handshake", "ws.alive", "-o", "json"]);
    let mut command = std::process::Command::new("env");
    if cfg!(target_os = "linux") {
        command.arg("--default-signal=HUP");
    }
    command.arg(phx.get_program()).args(phx.get_args()).current_dir(repo.path());
    command.envs(phx.get_envs().filter_map(|(name, value)| Some((name, value?))));
    let child = command.stdout(std::process::Stdio::piped()).stderr(std::process::Stdio::piped()).spawn().unwrap();
    pinged.recv_timeout(Duration::from_secs(20)).unwrap();
    let id = rustix::process::Pid::from_raw(i32::try_from(child.id()).unwrap()).unwrap();
    rustix::process::kill_process(id, signal).unwrap();
    let run = Run::of(child.wait_with_output().unwrap()).exits(130);
    let json: serde_json::Value = serde_json::from_str(&run.stdout).unwrap();
    assert_eq!((json["checks"].as_array().unwrap().len(), &json["checks"][0]["outcome"]), (1, &"pass".into()));
    assert!(!repo.path().join(".phx").exists());
}

/// The server accepts seven connections and never frees a slot.
#[test]
fn reports_a_server_that_leaks_slots() {
    static SERVED: std::sync::atomic::AtomicUsize = std::sync::atomic::AtomicUsize::new(0);
    let port = server(|mut stream| {
        if SERVED.fetch_add(1, std::sync::atomic::Ordering::SeqCst) < 7 {
            upgrade(&mut stream, false);
            read_until_closed(&mut stream);
        } else {
            request(&mut stream);
            let _ = stream.write_all(b"HTTP/1.1 503 Full\r\nContent-Length: 0\r\n\r\n");
        }
    });
    let repo = repo_with_target(port, "liveness = { kind = \"none\" }\nchurn = { cycles = 10 }\n");
    let json = doctor(&repo, &["ws.conformance", "ws.leak", "-o", "json"]).exits(1).json();
    let check = json["checks"].as_array().unwrap().iter().find(|check| check["id"] == "ws.leak").unwrap().clone();
    assert_eq!(check["outcome"], "fail", "{json:#}");
    let detail = check["detail"].as_str().unwrap();
    assert_eq!(
        detail,
        "the server ran out of slots: it served connections earlier in this run, but now refuses the first one: http-503"
    );
    assert!(check["remediation"]["text"].as_str().unwrap().contains("release the slot of a connection"), "{check:#}");
}
