//! `phx doctor ipc`: configuration errors, services that do not start, and programs as services.
#![cfg(unix)]

use crate::support::Repo;

/// Returns the record of one check after comparing its outcome and detail.
#[track_caller]
fn assert_outcome(table: &str, id: &str, outcome: &str, detail: &str) -> serde_json::Value {
    let repo = Repo::bare();
    repo.write("phx.toml", table);
    let run = repo.run(&["doctor", id, "-o", "json"]);
    let json: serde_json::Value = serde_json::from_str(&run.stdout).unwrap_or_else(|_| panic!("{}", run.stderr));
    let found = json["checks"][0].clone();
    assert_eq!(found["outcome"], outcome, "{found:#}");
    assert!(found["detail"].as_str().unwrap().contains(detail), "{found:#}");
    found
}

/// Configuration of the built-in service with these claims.
fn service(words: &str, claims: &str) -> String {
    format!(
        "[[doctor.ipc]]\nname = \"orders\"\nentry = {{ url = \"http://127.0.0.1:{{listen}}/pay\" }}\n\
         start = {{ command = [{:?}, \"__host\", \"service\", \"{{listen}}\", \"{{upstream}}\", \"{{other}}\"{words}], ready = \"http://127.0.0.1:{{listen}}/ready\" }}\n{claims}\n",
        env!("CARGO_BIN_EXE_phx")
    )
}

fn program(line: &str, claims: &str) -> String {
    format!("[[doctor.ipc]]\nname = \"orders\"\nentry = {{ command = [\"sh\", \"-c\", {line:?}] }}\n{claims}\n")
}

#[test]
fn measures_latency_and_error_rate_of_a_service() {
    let found = assert_outcome(&service("", ""), "ipc.baseline", "pass", "");
    assert!(found["observed"]["latency_ms"].as_f64().unwrap() > 0.0, "{found:#}");
    assert_eq!(
        (found["observed"]["error_rate_percent"].as_u64(), found["observed"]["hits"].as_u64()),
        (Some(0), Some(10))
    );
}

#[test]
fn skips_checks_without_a_claim() {
    assert_outcome(&service("", ""), "ipc.breaker.opens", "skip", "`breaker` is not configured");
    assert_outcome(&service("", ""), "ipc.timeout.drip", "skip", "`timeout` is not configured");
    assert_outcome(&service("", ""), "ipc.retry.count", "skip", "`retry` is not configured");
    assert_outcome(
        &service(", \"breaker\"", "breaker = { open_for = \"400ms\" }"),
        "ipc.breaker.isolated",
        "skip",
        "`other` is not configured",
    );
}

#[test]
fn reports_why_a_service_did_not_start() {
    let exits = service("", "").replace("\"__host\"", "\"--no-such-option\"");
    let found = assert_outcome(
        &exits,
        "ipc.baseline",
        "error",
        "the service ended with code 2 before it was ready; last output:",
    );
    assert_eq!(found["remediation"]["text"], "correct `start` of this target");
    let silent = program(
        "sleep 60",
        "start = { command = [\"sleep\", \"60\"], ready = \"http://127.0.0.1:{listen}/\", within = \"300ms\" }",
    );
    assert_outcome(&silent, "ipc.baseline", "error", "the service was not ready within 300 ms; no output");
}

#[test]
fn a_service_without_a_call_to_its_dependency_is_inconclusive() {
    assert_outcome(&service(", \"unwired\"", ""), "ipc.baseline", "fail", "no call reached the upstream");
    let claims = "timeout = { max = \"300ms\" }";
    assert_outcome(
        &service(", \"unwired\"", claims),
        "ipc.timeout.drip",
        "error",
        "the service does not use `{upstream}`",
    );
}

#[test]
fn error_checks_are_inconclusive_if_no_call_fails() {
    let never_fails =
        program("curl -s -m1 http://$0/x >/dev/null; exit 0", "").replace("\"] }", "\", \"{upstream}\"] }");
    assert_outcome(&never_fails, "ipc.error.secret", "error", "no call returned an error message");
    assert_outcome(&never_fails, "ipc.recover", "error", "there is nothing to recover from");
    assert_outcome(&never_fails, "ipc.error.clear", "fail", "the call is reported as a success");
}

#[test]
fn reports_a_service_that_exits_on_a_dependency_failure() {
    // The service exits when its dependency refuses a connection.
    let line = "import http.server,sys,urllib.request,os\nclass H(http.server.BaseHTTPRequestHandler):\n def do_GET(s):\n  if s.path!='/ready':\n   try: urllib.request.urlopen('http://'+sys.argv[2]).read()\n   except Exception: os._exit(3)\n  s.send_response(200);s.end_headers();s.wfile.write(b'well')\n def log_message(*_): pass\nhttp.server.HTTPServer(('127.0.0.1',int(sys.argv[1])),H).serve_forever()";
    let table = format!(
        "[[doctor.ipc]]\nname = \"orders\"\nentry = {{ url = \"http://127.0.0.1:{{listen}}/pay\" }}\ntimeout = {{ max = \"1s\" }}\n\
         start = {{ command = [\"python3\", \"-c\", {line:?}, \"{{listen}}\", \"{{upstream}}\"], ready = \"http://127.0.0.1:{{listen}}/ready\" }}\n"
    );
    assert_outcome(&table, "ipc.timeout.refuse", "fail", "the service ended with code 3; no output");
}

#[test]
fn reports_an_unreachable_forwarded_dependency() {
    let unreachable =
        program("exec 3<>/dev/tcp/127.0.0.1/1", "upstream = { kind = \"tcp\", forward = \"127.0.0.1:1\" }");
    assert_outcome(&unreachable, "ipc.baseline", "fail", "10 of 10 calls failed although the upstream works");
    let far = program("true", "upstream = { kind = \"tcp\", forward = \"192.0.2.7:80\" }");
    assert_outcome(&far, "ipc.baseline", "error", "not in `doctor.allow_hosts`");
}

#[test]
fn reports_configuration_errors() {
    let _transcript = crate::transcript::Transcript::of_this_test();
    let rejects = |table: &str| {
        let repo = Repo::bare();
        repo.write("phx.toml", table);
        repo.run(&["doctor", "ipc"]).exits(2);
    };
    rejects("[[doctor.ipc]]\nname = \"a\"\n");
    rejects(&program("true", "start = { command = [\"a\"], env = { B = \"http://{upstram}\" } }"));
    rejects(&program("true", "breaker = {}"));
    rejects(&program("true", "timeout = { max = 2 }"));
    rejects(&program("true", "retry = { }"));
    rejects(&program("true", "upstream = { listen = \"0.0.0.0:80\" }"));
    rejects(&program("true", "upstream = { kind = \"tcp\" }"));
    rejects(&program("true", "upstream = { forward = \"somewhere\" }"));
    rejects(
        "[[doctor.ipc]]\nname = \"a\"\nentry = { url = \"http://a\", headers = { Authorization = \"Bearer x\" } }\n",
    );
}
