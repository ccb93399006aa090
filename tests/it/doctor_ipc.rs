//! `phx doctor ipc`: what a configuration gets wrong, services that do not come up, and programs as services.
#![cfg(unix)]

use crate::support::Repo;

/// The record of one check on a configuration.
#[track_caller]
fn comes_to(table: &str, id: &str, outcome: &str, detail: &str) -> serde_json::Value {
    let repo = Repo::bare();
    repo.write("phx.toml", table);
    let run = repo.run(&["doctor", id, "-o", "json"]);
    let json: serde_json::Value = serde_json::from_str(&run.stdout).unwrap_or_else(|_| panic!("{}", run.stderr));
    let found = json["checks"][0].clone();
    assert_eq!(found["outcome"], outcome, "{found:#}");
    assert!(found["detail"].as_str().unwrap().contains(detail), "{found:#}");
    found
}

/// The built-in service, with what is claimed.
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
fn a_service_is_measured_for_documents() {
    let found = comes_to(&service("", ""), "ipc.baseline", "pass", "");
    assert!(found["observed"]["latency_ms"].as_f64().unwrap() > 0.0, "{found:#}");
    assert_eq!(
        (found["observed"]["error_rate_percent"].as_u64(), found["observed"]["hits"].as_u64()),
        (Some(0), Some(10))
    );
}

#[test]
fn what_is_not_claimed_is_skipped() {
    comes_to(&service("", ""), "ipc.breaker.opens", "skip", "no `breaker` is claimed");
    comes_to(&service("", ""), "ipc.timeout.drip", "skip", "no `timeout` is claimed");
    comes_to(&service("", ""), "ipc.retry.count", "skip", "no `retry` is claimed");
    comes_to(
        &service(", \"breaker\"", "breaker = { open_for = \"400ms\" }"),
        "ipc.breaker.isolated",
        "skip",
        "no `other` is named",
    );
}

#[test]
fn a_service_that_does_not_come_up_says_why() {
    let gone = service("", "").replace("\"__host\"", "\"--no-such-option\"");
    let found =
        comes_to(&gone, "ipc.baseline", "error", "the service ended with code 2 before it was ready; it said last:");
    assert_eq!(found["remediation"]["text"], "correct `start` of this subject");
    let silent = program(
        "sleep 60",
        "start = { command = [\"sleep\", \"60\"], ready = \"http://127.0.0.1:{listen}/\", within = \"300ms\" }",
    );
    comes_to(&silent, "ipc.baseline", "error", "the service was not ready within 300 ms; it said nothing");
}

#[test]
fn a_service_that_is_not_wired_proves_nothing() {
    comes_to(&service(", \"unwired\"", ""), "ipc.baseline", "fail", "no call reached the dependency");
    let claims = "timeout = { max = \"300ms\" }";
    comes_to(
        &service(", \"unwired\"", claims),
        "ipc.timeout.drip",
        "error",
        "the service is not wired to `{upstream}`",
    );
}

#[test]
fn where_no_call_ever_fails_nothing_is_known_of_errors() {
    let always_well =
        program("curl -s -m1 http://$0/x >/dev/null; exit 0", "").replace("\"] }", "\", \"{upstream}\"] }");
    comes_to(&always_well, "ipc.error.secret", "error", "no error was told to the caller");
    comes_to(&always_well, "ipc.recover", "error", "there is nothing to recover from");
    comes_to(&always_well, "ipc.error.clear", "fail", "the caller is told that all is well");
}

#[test]
fn a_service_that_dies_of_a_failure_fails() {
    // It ends when its dependency refuses.
    let line = "import http.server,sys,urllib.request,os\nclass H(http.server.BaseHTTPRequestHandler):\n def do_GET(s):\n  if s.path!='/ready':\n   try: urllib.request.urlopen('http://'+sys.argv[2]).read()\n   except Exception: os._exit(3)\n  s.send_response(200);s.end_headers();s.wfile.write(b'well')\n def log_message(*_): pass\nhttp.server.HTTPServer(('127.0.0.1',int(sys.argv[1])),H).serve_forever()";
    let table = format!(
        "[[doctor.ipc]]\nname = \"orders\"\nentry = {{ url = \"http://127.0.0.1:{{listen}}/pay\" }}\ntimeout = {{ max = \"1s\" }}\n\
         start = {{ command = [\"python3\", \"-c\", {line:?}, \"{{listen}}\", \"{{upstream}}\"], ready = \"http://127.0.0.1:{{listen}}/ready\" }}\n"
    );
    comes_to(&table, "ipc.timeout.refuse", "fail", "the service itself ended with code 3; it said nothing");
}

#[test]
fn a_dependency_that_is_handed_on_may_go_away() {
    let nobody = program("exec 3<>/dev/tcp/127.0.0.1/1", "upstream = { kind = \"tcp\", forward = \"127.0.0.1:1\" }");
    comes_to(&nobody, "ipc.baseline", "fail", "10 of 10 calls failed while the dependency was well");
    let far = program("true", "upstream = { kind = \"tcp\", forward = \"192.0.2.7:80\" }");
    comes_to(&far, "ipc.baseline", "error", "not in `doctor.allow_hosts`");
}

#[test]
fn mistakes_in_the_table_are_named() {
    let _transcript = crate::transcript::Transcript::of_this_test();
    let says = |table: &str| {
        let repo = Repo::bare();
        repo.write("phx.toml", table);
        repo.run(&["doctor", "ipc"]).exits(2);
    };
    says("[[doctor.ipc]]\nname = \"a\"\n");
    says(&program("true", "start = { command = [\"a\"], env = { B = \"http://{upstram}\" } }"));
    says(&program("true", "breaker = {}"));
    says(&program("true", "timeout = { max = 2 }"));
    says(&program("true", "retry = { }"));
    says(&program("true", "upstream = { listen = \"0.0.0.0:80\" }"));
    says(&program("true", "upstream = { kind = \"tcp\" }"));
    says(&program("true", "upstream = { forward = \"somewhere\" }"));
    says("[[doctor.ipc]]\nname = \"a\"\nentry = { url = \"http://a\", headers = { Authorization = \"Bearer x\" } }\n");
}
