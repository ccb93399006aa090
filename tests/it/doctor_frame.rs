//! Features that all checks share: suppressions, required checks, selection, dry runs, timeouts, and stored results.

use std::io::{Read, Write};
use std::net::TcpListener;

use crate::support::{Repo, Run, assert_valid, document};

/// Starts a server that answers every upgrade with 503.
fn refusing_server() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    std::thread::spawn(move || {
        for mut stream in listener.incoming().flatten() {
            let _ = stream.read(&mut [0; 1024]);
            let _ = stream.write_all(b"HTTP/1.1 503 Full\r\nContent-Length: 0\r\n\r\n");
        }
    });
    port
}

fn repo_with_target(doctor: &str) -> Repo {
    let repo = Repo::new();
    repo.write(
        "phx.toml",
        format!("{doctor}\n[[doctor.ws]]\nname = \"gateway\"\nurl = \"ws://127.0.0.1:{}/\"\n", refusing_server()),
    );
    repo
}

fn doctor(repo: &Repo, arguments: &[&str]) -> Run {
    repo.run(&[&["doctor"][..], arguments].concat())
}

#[test]
fn suppressed_results_are_shown_but_not_counted_until_their_date() {
    let suppress = "[[doctor.suppress]]\nid = \"ws.handshake\"\ntarget = \"gateway\"\nreason = \"it is being moved\"\nuntil = \"2025-09-01\"";
    let repo = repo_with_target(suppress);
    let run = doctor(&repo, &["ws.handshake", "repo.documents", "repo.config"]).exits(0);
    assert!(run.stdout.ends_with("1 passed, 1 skipped, 1 suppressed\n[✓] pass  [-] skip\n"), "{}", run.stdout);
    let json = doctor(&repo, &["ws.handshake", "-o", "json"]).json();
    assert_valid("schemas/doctor.schema.json", &json);
    assert_eq!((&json["summary"]["suppressed"], &json["summary"]["fail"]), (&1.into(), &0.into()));
    assert_eq!(
        json["checks"][0]["suppressed"],
        serde_json::json!({"reason": "it is being moved", "until": "2025-09-01"})
    );
    // A run in which every result is suppressed verifies nothing and is not successful.
    doctor(&repo, &["ws.handshake"]).exits(3);
    let mut later = repo.command(&["--now", "2025-09-02T00:00:00Z", "doctor", "ws.handshake"]);
    repo.finish(&mut later).exits(1);
    let other = repo_with_target(&suppress.replace("gateway", "repository"));
    doctor(&other, &["ws.handshake"]).exits(1);
    let unknown = repo_with_target(&suppress.replace("gateway", "gatewax"));
    doctor(&unknown, &["ws.handshake"]).exits(2);
    let idle = repo_with_target(&suppress.replace("ws.handshake", "ws.alive").replace("2025-09-01", "2025-10-01"));
    idle.write("phx.toml", idle.read("phx.toml") + "liveness = { kind = \"none\" }\n");
    doctor(&idle, &["ws.alive"]).exits(3);
    for line in ["until = \"2025-09-01\"", "reason = \"it is being moved\"\n"] {
        repo_with_target(&suppress.replace(line, "")).run(&["doctor", "ws"]).exits(2);
    }
}

#[test]
fn a_required_check_fails_if_it_is_skipped() {
    let repo = repo_with_target("[doctor]\nrequire = [\"ws.limit.exact\", \"pty.real\"]");
    let json = doctor(&repo, &["ws.limit.exact", "pty.real", "-o", "json"]).json();
    let details: Vec<&str> =
        json["checks"].as_array().unwrap().iter().map(|check| check["detail"].as_str().unwrap()).collect();
    assert_eq!(
        details,
        [
            "required by `doctor.require`, but skipped: `limit` is not set",
            "required by `doctor.require`, but no target is configured for it",
        ]
    );
    doctor(&repo, &["ws.limit.exact"]).exits(1);
    doctor(&repo, &["ws.limit.burst"]).exits(3);
}

#[test]
fn dry_run_starts_nothing() {
    let repo = repo_with_target("");
    repo.write(
        "phx.toml",
        repo.read("phx.toml")
            + "limit = 7\n[[doctor.pty]]\nname = \"terminal\"\nhost = { command = [\"touch\", \"done\", \"{cmd}\"] }\n",
    );
    doctor(&repo, &["ws.limit", "pty.real", "--dry-run"]).exits(0);
    assert!(!repo.path().join("done").exists() && !repo.path().join(".phx").exists());
}

#[test]
fn selects_targets_by_name_and_reads_included_files() {
    let repo = repo_with_target("[doctor]\ninclude = [\"ops/*.toml\"]");
    repo.write(
        "ops/more.toml",
        format!("[[doctor.ws]]\nname = \"other\"\nurl = \"ws://127.0.0.1:{}/\"\n", refusing_server()),
    );
    let targets = |arguments: &[&str]| -> Vec<String> {
        let json = doctor(&repo, &[&["ws.handshake", "-o", "json"][..], arguments].concat()).json();
        json["checks"].as_array().unwrap().iter().map(|check| check["target"].as_str().unwrap().to_owned()).collect()
    };
    assert_eq!(targets(&[]), ["gateway", "other"]);
    assert_eq!(targets(&["--target", "other"]), ["other"]);
    doctor(&repo, &["--target", "gatway"]).exits(2);
    repo.write("ops/more.toml", "[[doctor.ws]]\nname = \"gateway\"\nurl = \"ws://127.0.0.1:1/\"\n");
    doctor(&repo, &["ws"]).exits(2);
    repo.write("ops/more.toml", "[[doctor.ws]]\nname = \"other\"\nurl = 5\n");
    doctor(&repo, &["ws"]).exits(2);
    std::fs::remove_dir_all(repo.path().join("ops")).unwrap();
    doctor(&repo, &["ws"]).exits(2);
}

#[test]
fn reports_invalid_values_and_unknown_keys() {
    let _transcript = crate::transcript::Transcript::of_this_test();
    for line in [
        "handshake_timeout = 500",
        "limitt = 5",
        "limit = 5000",
        "limit = 1990\novershoot = 50",
        "max_frame = \"big\"",
        "limit_scope = \"all\"",
        "stress = { duration = 5 }",
        "rate = { burst = 5 }",
        "max_frame = 0",
        "max_frame = 9007199254740991",
        "handshake_timeout = \"0s\"",
        "handshake_timeout = \"soon\"",
        "accept = [\"http503\"]",
        "source_addrs = [\"nonsense\"]",
        "headers = { \"Bad Name\" = \"v\" }",
        "[doctor]\nallow_hosts = [\"127.0.0.0/33\"]",
        "[doctor]\nrequire = [\"ws.limti.*\"]",
        "[doctor.deadlines]\n\"ws.handshak\" = \"1s\"",
    ] {
        let repo = repo_with_target("");
        let text = repo.read("phx.toml");
        // A table must precede the arrays of tables.
        repo.write(
            "phx.toml",
            if line.starts_with('[') { format!("{line}\n{text}") } else { format!("{text}{line}\n") },
        );
        doctor(&repo, &["ws"]).exits(2);
    }
    repo_with_target("")
        .write("phx.toml", "[[doctor.ws]]\nname = \"a\"\nurl = \"http://127.0.0.1/\"\n")
        .run(&["doctor", "ws"])
        .exits(2);
}

#[test]
fn reports_a_broken_configuration_instead_of_skipping_targets() {
    let repo = repo_with_target("[rules]\nnonsense = \"off\"");
    doctor(&repo, &["repo.config", "ws.handshake"]).exits(2);
    doctor(&repo, &[]).exits(1);
    doctor(&repo, &["--dry-run"]).exits(0);
}

#[test]
fn applies_timeouts_of_checks_and_of_the_run() {
    let repo = Repo::bare().unrecorded();
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let silent = listener.local_addr().unwrap().port();
    let ws =
        format!("[[doctor.ws]]\nname = \"silent\"\nurl = \"ws://127.0.0.1:{silent}/\"\nhandshake_timeout = \"60s\"\n");
    repo.write("phx.toml", format!("[doctor.deadlines]\n\"ws.handshake\" = \"150ms\"\n{ws}"));
    let json = doctor(&repo, &["ws.handshake", "-o", "json"]).exits(3).json();
    assert_eq!(json["checks"][0]["detail"], "timed out after 150 ms");
    repo.write("phx.toml", format!("[doctor.deadlines]\n\"ws.*\" = \"150ms\"\n{ws}"));
    let json = doctor(&repo, &["ws.alive", "-o", "json"]).exits(3).json();
    assert_eq!(json["checks"][0]["detail"], "timed out after 150 ms");
    repo.write("phx.toml", format!("[doctor]\ndeadline = \"200ms\"\n{ws}"));
    let json = doctor(&repo, &["ws.handshake", "ws.alive", "-o", "json"]).exits(3).json();
    assert!(json["checks"][0]["detail"].as_str().unwrap().starts_with("timed out after"), "{json:#}");
    assert_eq!(json["checks"][1]["detail"], "the timeout of the whole run was reached before this check");
}

#[test]
fn stores_the_last_results_and_uses_them_in_documents() {
    let repo = Repo::with_git();
    repo.write(
        "phx.toml",
        format!("[[doctor.ws]]\nname = \"WebSocket\"\nurl = \"ws://127.0.0.1:{}/\"\n", refusing_server()),
    );
    let body = "# Current Architecture\n\n## System Components\n\n| Component | Status | Mock/Real |\n|---|---|---|\n| Gateway | Active | Real |\n\n\
        ## Integration Health\n<!-- AUTO-GENERATED - DO NOT EDIT -->\n| Integration | Status | Latency | Error Rate |\n|---|---|---|---|\n| WebSocket | ✅ Healthy | 5ms | 0% |\n<!-- END AUTO-GENERATED -->\n";
    let text = document("  phase_number: 1\n  kind: current-architecture\n", body)
        .replace("auto_sections: []", "auto_sections: [integration_health]");
    repo.write("ARCH.md", text);
    repo.commit("first");
    doctor(&repo, &["ws.handshake", "repo.git", "-q"]).exits(1);
    let stored: serde_json::Value = serde_json::from_str(&repo.read(".phx/doctor.json")).unwrap();
    assert_valid("schemas/doctor.schema.json", &stored);
    assert_eq!(stored["checks"].as_array().unwrap().len(), 2);
    // Git ignores the stored results.
    repo.note(&repo.git(&["status", "--porcelain"]));
    repo.run(&["regen"]).exits(0);
    repo.note(&repo.read("ARCH.md"));
    // A run of other checks keeps the stored results.
    doctor(&repo, &["repo.config"]).exits(0);
    let stored: serde_json::Value = serde_json::from_str(&repo.read(".phx/doctor.json")).unwrap();
    let ids: Vec<&str> =
        stored["checks"].as_array().unwrap().iter().map(|check| check["id"].as_str().unwrap()).collect();
    assert_eq!(ids, ["repo.git", "ws.handshake", "repo.config"]);
    assert_eq!((&stored["summary"]["fail"], &stored["summary"]["pass"]), (&1.into(), &2.into()));
}

#[test]
fn accepts_extreme_rates_without_panic() {
    let repo = repo_with_target("");
    let text = repo.read("phx.toml")
        + "rate = { per_second = 1e-300, burst = 1e300 }\nmessage_rate = { per_second = 1e-300 }\n[doctor.deadlines]\n\"ws.rate.connect\" = \"300ms\"\n";
    repo.write("phx.toml", text);
    doctor(&repo, &["ws.handshake", "ws.rate.connect"]).exits(1);
}

#[test]
fn quiet_prints_only_failures_and_explain_accepts_a_group() {
    let repo = repo_with_target("");
    doctor(&repo, &["ws.handshake", "repo.config", "-q"]).exits(1);
    let run = doctor(&repo, &["repo.config", "-q"]).exits(0);
    assert_eq!(run.stdout, "1 passed\n");
    let pages = doctor(&repo, &["--explain", "ws.limit"]).exits(0).stdout;
    assert_eq!(pages.lines().filter(|line| line.starts_with("Claim: ")).count(), 4, "{pages}");
    let list = doctor(&repo, &["ws.limit", "--list-checks"]).exits(0).stdout;
    assert_eq!(list.lines().count(), 4, "{list}");
    // Results of a target that is no longer configured are removed.
    repo.note(&repo.read(".phx/doctor.json"));
    repo.write("phx.toml", repo.read("phx.toml").replace("gateway", "door"));
    doctor(&repo, &["repo.config", "-q"]).exits(0);
    repo.note(&repo.read(".phx/doctor.json"));
}

#[test]
fn accepts_words_and_older_names_of_probes() {
    let repo = repo_with_target("");
    let count = |word: &str| {
        doctor(&repo, &[word, "--dry-run"]).exits(0).stdout.lines().filter(|line| line.contains(": opens ")).count()
    };
    assert_eq!((count("ws"), count("websocket"), count("ws.limit"), count("*.exact")), (22, 22, 4, 1));
    doctor(&repo, &["terminal"]).exits(0);
    doctor(&repo, &["websockt"]).exits(2);
}

#[test]
fn the_configurations_in_the_documentation_are_valid() {
    let _transcript = crate::transcript::Transcript::of_this_test();
    for page in ["README.md", "docs/src/guides/kinds-and-templates.md", "docs/src/reference/configuration.md"] {
        let page = std::fs::read_to_string(crate::support::package().join(page)).unwrap();
        for block in page.split("```toml\n").skip(1).map(|block| block.split("```").next().unwrap()) {
            let repo = Repo::new();
            repo.write("phx.toml", block.replace("include = [\"ops", "# [\"ops"))
                .run(&["doctor", "repo", "--dry-run"])
                .exits(0);
        }
    }
}

#[test]
#[cfg(unix)]
fn starts_configured_programs_only_after_permission() {
    let repo = Repo::with_git();
    let host = |command: &str| {
        format!(
            "[[doctor.pty]]\nname = \"terminal\"\nhost = {{ command = [\"{command}\", \"started\", \"{{cmd}}\"] }}\n"
        )
    };
    repo.write("phx.toml", host("touch"));
    let run = |arguments: &[&str]| {
        let mut command = repo.command(&[&["doctor", "pty.real"], arguments].concat());
        command.env_remove("PHX_YES");
        repo.finish(&mut command)
    };
    run(&[]).exits(2);
    assert!(!repo.path().join("started").exists());
    // Checks that only read the repository need no permission.
    let mut own = repo.command(&["doctor", "repo.git"]);
    own.env_remove("PHX_YES");
    repo.finish(&mut own).exits(0);
    run(&["--yes"]);
    assert!(repo.path().join("started").exists());
    std::fs::remove_file(repo.path().join("started")).unwrap();
    run(&[]);
    assert!(repo.path().join("started").exists(), "the permission is stored for this clone");
    // The permission applies to one command only.
    repo.write("phx.toml", host("cp"));
    run(&[]).exits(2);
    // Sending the value of an environment variable needs permission.
    repo.write("phx.toml", "[[doctor.ws]]\nname = \"far\"\nurl = \"ws://127.0.0.1:1/\"\nheaders = { authorization = \"${PHX_TEST_TOKEN}\" }\n");
    let mut sends = repo.command(&["doctor", "ws.handshake"]);
    sends.env_remove("PHX_YES").env("PHX_TEST_TOKEN", "a-secret-token");
    let run = repo.finish(&mut sends).exits(2);
    assert!(!run.stderr.contains("a-secret-token"));
}
