//! WebSocket servers and proxies as targets.

use std::process::{Command, Stdio};

use super::{Subjects, free_port};

fn ws(port: u16, path: &str, more: &str) -> String {
    format!("[[doctor.ws]]\nname = \"it\"\nurl = \"ws://127.0.0.1:{port}{path}\"\n{more}\n")
}

#[test]
#[ignore = "needs third-party programs: `tests/run` installs them"]
fn verifies_global_and_per_address_limits_of_nginx() {
    let mut subjects = Subjects::new();
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
    let checks = subjects.check(&ws(port, "/all", "limit = 100"), &all);
    assert_eq!((&checks[2]["observed"]["served"], &checks[2]["observed"]["first_refusal"]), (&100.into(), &100.into()));
    let each = [("ws.limit.exact", "pass"), ("ws.limit.scope", "fail")];
    let checks = subjects.check(&ws(port, "/each", "limit = 10"), &each);
    assert_eq!(checks[1]["observed"]["served_per_source"], serde_json::json!([10, 10, 10]));
    subjects.check(&ws(port, "/each", "limit = 10\nlimit_scope = \"ip\""), &[("ws.limit.scope", "pass")]);
}

#[test]
#[ignore = "needs third-party programs: `tests/run` installs them"]
fn verifies_rate_limits_of_nginx() {
    let mut subjects = Subjects::new();
    let port = subjects.nginx();
    let claim = "rate = { per_second = 5, burst = 10 }";
    let checks = subjects.check(&ws(port, "/rate", claim), &[("ws.rate.connect", "pass")]);
    let near = |key: &str, wanted: f64| {
        let seen = checks[0]["observed"][key].as_f64().unwrap();
        assert!((seen - wanted).abs() <= wanted / 5.0, "{key}: {seen}");
    };
    near("rate_per_second", 5.0);
    near("burst", 10.0);
    let checks = subjects.check(&ws(port, "/empty", claim), &[("ws.rate.connect", "fail")]);
    assert!(checks[0]["detail"].as_str().unwrap().contains("so the rate is not limited"), "{}", checks[0]);
}

#[test]
#[ignore = "needs third-party programs: `tests/run` installs them"]
fn verifies_connection_limits_of_libraries() {
    let mut subjects = Subjects::new();
    let port = subjects.echo(10, "1");
    let dead = "limit = 10\ndead_peer_deadline = \"8s\"";
    let all = [
        ("ws.limit.exact", "pass"),
        ("ws.limit.burst", "pass"),
        ("ws.refusal.graceful", "pass"),
        ("ws.release.mute", "pass"),
        ("ws.conformance", "pass"),
    ];
    subjects.check(&ws(port, "/", dead), &all);
    let port = free_port();
    subjects.start("node", &[&Subjects::file("max.js"), "10", &port.to_string()], port);
    let short = "limit = 10\ndead_peer_deadline = \"3s\"";
    let all = [
        ("ws.limit.exact", "pass"),
        ("ws.refusal.graceful", "fail"),
        ("ws.release.mute", "fail"),
        ("ws.conformance", "pass"),
    ];
    subjects.check(&ws(port, "/", short), &all);
    let port = free_port();
    subjects.start("node", &[&Subjects::file("cluster.js"), "10", &port.to_string()], port);
    let all = [("ws.limit.exact", "fail"), ("ws.limit.scope", "fail")];
    let checks = subjects.check(&ws(port, "/", "limit = 10\nhandshake_timeout = \"1s\""), &all);
    assert_eq!((&checks[1]["observed"]["served"], &checks[1]["observed"]["scope"]), (&20.into(), &"worker".into()));
    let port = free_port();
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
    let checks =
        subjects.check(&ws(port, "/", "limit = 10"), &[("ws.limit.exact", "fail"), ("ws.limit.burst", "fail")]);
    assert_eq!(checks[0]["observed"]["served"], 15);
}

#[test]
#[ignore = "needs third-party programs: `tests/run` installs them"]
fn verifies_tls_with_the_configured_certificates() {
    let mut subjects = Subjects::new();
    let file = |name: &str| subjects.repo.path().join(name).display().to_string();
    let (certificate, key, port) = (file("it.pem"), file("it.key"), free_port());
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
    let checks = subjects.check(&named("localhost", &trusted), &all);
    assert!(checks[0]["observed"]["tls_ms"].as_f64().unwrap() > 0.0, "{}", checks[0]);
    subjects.check(&named("127.0.0.1", &trusted), &all[..1]);
    let checks = subjects.check(&named("localhost", ""), &[("ws.handshake", "fail")]);
    assert!(checks[0]["detail"].as_str().unwrap().contains("invalid peer certificate"), "{}", checks[0]);
    let checks = subjects.check(&named("localhost", "ca = \"nowhere.pem\""), &[("ws.handshake", "error")]);
    assert!(
        checks[0]["detail"].as_str().unwrap().contains("cannot read `nowhere.pem`: file not found"),
        "{}",
        checks[0]
    );
}

#[test]
#[ignore = "needs third-party programs: `tests/run` installs them"]
fn verifies_silent_refusals_of_haproxy() {
    let mut subjects = Subjects::new();
    let (backend, port) = (subjects.echo(0, "20"), free_port());
    let file = subjects.write_configuration("haproxy.cfg", port, backend);
    subjects.start("/usr/sbin/haproxy", &["-f", &file, "-db"], port);
    let all = [("ws.limit.exact", "pass"), ("ws.refusal.graceful", "fail")];
    let checks = subjects.check(&ws(port, "/", "limit = 10\nhandshake_timeout = \"1s\""), &all);
    assert!(checks[1]["detail"].as_str().unwrap().contains("silent"), "{}", checks[1]);
}
