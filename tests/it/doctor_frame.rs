//! What all checks share: what counts, what is suppressed, what is asked for, what is shown before it is done, and where the result goes.

use std::io::{Read, Write};
use std::net::TcpListener;

use crate::support::{Repo, Run, assert_valid, document};

/// A server that answers every upgrade with 503.
fn refusing() -> u16 {
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

fn named(doctor: &str) -> Repo {
    let repo = Repo::new();
    repo.write(
        "phx.toml",
        format!("{doctor}\n[[doctor.ws]]\nname = \"gateway\"\nurl = \"ws://127.0.0.1:{}/\"\n", refusing()),
    );
    repo
}

fn doctor(repo: &Repo, arguments: &[&str]) -> Run {
    repo.run(&[&["doctor"][..], arguments].concat())
}

#[test]
fn what_is_suppressed_is_shown_and_does_not_count_until_its_day() {
    let suppress = "[[doctor.suppress]]\nid = \"ws.handshake\"\ntarget = \"gateway\"\nreason = \"it is being moved\"\nuntil = \"2025-09-01\"";
    let repo = named(suppress);
    let run = doctor(&repo, &["ws.handshake", "repo.documents", "repo.config"]).exits(0);
    assert!(run.stdout.ends_with("1 passed, 1 skipped, 1 suppressed\n[✓] pass  [-] skip\n"), "{}", run.stdout);
    let json = doctor(&repo, &["ws.handshake", "-o", "json"]).json();
    assert_valid("schemas/doctor.schema.json", &json);
    assert_eq!((&json["summary"]["suppressed"], &json["summary"]["fail"]), (&1.into(), &0.into()));
    assert_eq!(
        json["checks"][0]["suppressed"],
        serde_json::json!({"reason": "it is being moved", "until": "2025-09-01"})
    );
    // Alone it verifies nothing, and that is no success.
    doctor(&repo, &["ws.handshake"]).exits(3);
    let mut later = repo.command(&["--now", "2025-09-02T00:00:00Z", "doctor", "ws.handshake"]);
    repo.finish(&mut later).exits(1);
    let other = named(&suppress.replace("gateway", "repository"));
    doctor(&other, &["ws.handshake"]).exits(1);
    let unknown = named(&suppress.replace("gateway", "gatewax"));
    doctor(&unknown, &["ws.handshake"]).exits(2);
    let idle = named(&suppress.replace("ws.handshake", "ws.alive").replace("2025-09-01", "2025-10-01"));
    idle.write("phx.toml", idle.read("phx.toml") + "liveness = { kind = \"none\" }\n");
    doctor(&idle, &["ws.alive"]).exits(3);
    for line in ["until = \"2025-09-01\"", "reason = \"it is being moved\"\n"] {
        named(&suppress.replace(line, "")).run(&["doctor", "ws"]).exits(2);
    }
}

#[test]
fn a_required_check_may_not_be_skipped() {
    let repo = named("[doctor]\nrequire = [\"ws.limit.exact\", \"pty.real\"]");
    let json = doctor(&repo, &["ws.limit.exact", "pty.real", "-o", "json"]).json();
    let said: Vec<&str> =
        json["checks"].as_array().unwrap().iter().map(|check| check["detail"].as_str().unwrap()).collect();
    assert_eq!(
        said,
        [
            "`doctor.require` asks for it, and it was skipped: no `limit` is claimed",
            "`doctor.require` asks for it, and there is no subject for it",
        ]
    );
    doctor(&repo, &["ws.limit.exact"]).exits(1);
    doctor(&repo, &["ws.limit.burst"]).exits(3);
}

#[test]
fn what_would_be_done_is_shown_and_not_done() {
    let repo = named("");
    repo.write(
        "phx.toml",
        repo.read("phx.toml")
            + "limit = 7\n[[doctor.pty]]\nname = \"terminal\"\nhost = { command = [\"touch\", \"done\", \"{cmd}\"] }\n",
    );
    doctor(&repo, &["ws.limit", "pty.real", "--dry-run"]).exits(0);
    assert!(!repo.path().join("done").exists() && !repo.path().join(".phx").exists());
}

#[test]
fn subjects_are_chosen_by_name_and_may_stand_in_files_of_their_own() {
    let repo = named("[doctor]\ninclude = [\"ops/*.toml\"]");
    repo.write("ops/more.toml", format!("[[doctor.ws]]\nname = \"other\"\nurl = \"ws://127.0.0.1:{}/\"\n", refusing()));
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
fn times_and_sizes_have_units_and_keys_are_known() {
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
        let repo = named("");
        let text = repo.read("phx.toml");
        // A table of its own stands before the lists of tables.
        repo.write(
            "phx.toml",
            if line.starts_with('[') { format!("{line}\n{text}") } else { format!("{text}{line}\n") },
        );
        doctor(&repo, &["ws"]).exits(2);
    }
    named("")
        .write("phx.toml", "[[doctor.ws]]\nname = \"a\"\nurl = \"http://127.0.0.1/\"\n")
        .run(&["doctor", "ws"])
        .exits(2);
}

#[test]
fn a_broken_configuration_hides_no_subject_without_a_word() {
    let repo = named("[rules]\nnonsense = \"off\"");
    doctor(&repo, &["repo.config", "ws.handshake"]).exits(2);
    doctor(&repo, &[]).exits(1);
    doctor(&repo, &["--dry-run"]).exits(0);
}

#[test]
fn deadlines_are_held_for_a_check_and_for_the_run() {
    let repo = Repo::bare();
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let silent = listener.local_addr().unwrap().port();
    let ws =
        format!("[[doctor.ws]]\nname = \"silent\"\nurl = \"ws://127.0.0.1:{silent}/\"\nhandshake_timeout = \"60s\"\n");
    repo.write("phx.toml", format!("[doctor.deadlines]\n\"ws.handshake\" = \"150ms\"\n{ws}"));
    let json = doctor(&repo, &["ws.handshake", "-o", "json"]).exits(3).json();
    assert_eq!(json["checks"][0]["detail"], "it was not done within 150 ms");
    repo.write("phx.toml", format!("[doctor.deadlines]\n\"ws.*\" = \"150ms\"\n{ws}"));
    let json = doctor(&repo, &["ws.alive", "-o", "json"]).exits(3).json();
    assert_eq!(json["checks"][0]["detail"], "it was not done within 150 ms");
    repo.write("phx.toml", format!("[doctor]\ndeadline = \"200ms\"\n{ws}"));
    let json = doctor(&repo, &["ws.handshake", "ws.alive", "-o", "json"]).exits(3).json();
    assert!(json["checks"][0]["detail"].as_str().unwrap().starts_with("it was not done within"), "{json:#}");
    assert_eq!(json["checks"][1]["detail"], "the deadline of the whole run was over");
}

#[test]
fn the_last_result_is_kept_and_feeds_the_documents() {
    let repo = Repo::with_git();
    repo.write("phx.toml", format!("[[doctor.ws]]\nname = \"WebSocket\"\nurl = \"ws://127.0.0.1:{}/\"\n", refusing()));
    let body = "# Current Architecture\n\n## System Components\n\n| Component | Status | Mock/Real |\n|---|---|---|\n| Gateway | Active | Real |\n\n\
        ## Integration Health\n<!-- AUTO-GENERATED - DO NOT EDIT -->\n| Integration | Status | Latency | Error Rate |\n|---|---|---|---|\n| WebSocket | ✅ Healthy | 5ms | 0% |\n<!-- END AUTO-GENERATED -->\n";
    let text = document("  phase_number: 1\n  kind: current-architecture\n", body)
        .replace("auto_sections: []", "auto_sections: [integration_health]");
    repo.write("ARCH.md", text);
    repo.commit("first");
    doctor(&repo, &["ws.handshake", "repo.git", "-q"]).exits(1);
    let kept: serde_json::Value = serde_json::from_str(&repo.read(".phx/doctor.json")).unwrap();
    assert_valid("schemas/doctor.schema.json", &kept);
    assert_eq!(kept["checks"].as_array().unwrap().len(), 2);
    // It is nothing to commit.
    repo.note(&repo.git(&["status", "--porcelain"]));
    repo.run(&["regen"]).exits(0);
    repo.note(&repo.read("ARCH.md"));
    // What a later run of other checks does not touch stays.
    doctor(&repo, &["repo.config"]).exits(0);
    let kept: serde_json::Value = serde_json::from_str(&repo.read(".phx/doctor.json")).unwrap();
    let ids: Vec<&str> = kept["checks"].as_array().unwrap().iter().map(|check| check["id"].as_str().unwrap()).collect();
    assert_eq!(ids, ["repo.git", "ws.handshake", "repo.config"]);
    assert_eq!((&kept["summary"]["fail"], &kept["summary"]["pass"]), (&1.into(), &2.into()));
}

#[test]
fn figures_that_no_clock_can_tell_are_no_panic() {
    let repo = named("");
    let text = repo.read("phx.toml")
        + "rate = { per_second = 1e-300, burst = 1e300 }\nmessage_rate = { per_second = 1e-300 }\n[doctor.deadlines]\n\"ws.rate.connect\" = \"300ms\"\n";
    repo.write("phx.toml", text);
    doctor(&repo, &["ws.handshake", "ws.rate.connect"]).exits(1);
}

#[test]
fn quiet_tells_what_is_wrong_alone_and_a_group_is_explained_whole() {
    let repo = named("");
    doctor(&repo, &["ws.handshake", "repo.config", "-q"]).exits(1);
    let run = doctor(&repo, &["repo.config", "-q"]).exits(0);
    assert_eq!(run.stdout, "1 passed\n");
    let said = doctor(&repo, &["--explain", "ws.limit"]).exits(0).stdout;
    assert_eq!(said.lines().filter(|line| line.starts_with("Claims: ")).count(), 4, "{said}");
    let list = doctor(&repo, &["ws.limit", "--list-checks"]).exits(0).stdout;
    assert_eq!(list.lines().count(), 4, "{list}");
    // A subject that is not configured any more is not kept.
    repo.note(&repo.read(".phx/doctor.json"));
    repo.write("phx.toml", repo.read("phx.toml").replace("gateway", "door"));
    doctor(&repo, &["repo.config", "-q"]).exits(0);
    repo.note(&repo.read(".phx/doctor.json"));
}

#[test]
fn words_and_older_names_mean_probes() {
    let repo = named("");
    let count = |word: &str| {
        doctor(&repo, &[word, "--dry-run"]).exits(0).stdout.lines().filter(|line| line.contains(": opens ")).count()
    };
    assert_eq!((count("ws"), count("websocket"), count("ws.limit"), count("*.exact")), (22, 22, 4, 1));
    doctor(&repo, &["terminal"]).exits(0);
    doctor(&repo, &["websockt"]).exits(2);
}

#[test]
fn the_configuration_that_the_readme_shows_is_one() {
    let readme = std::fs::read_to_string(crate::support::package().join("README.md")).unwrap();
    let shown: Vec<&str> = readme.split("```toml\n").skip(1).map(|block| block.split("```").next().unwrap()).collect();
    let doctor = shown.iter().find(|block| block.contains("[[doctor.ws]]")).unwrap();
    let repo = Repo::new();
    repo.write("phx.toml", doctor.replace("include", "#")).run(&["doctor", "--dry-run"]).exits(0);
}

#[test]
#[cfg(unix)]
fn what_a_clone_names_is_started_once_somebody_has_allowed_it() {
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
    let refused = run(&[]).exits(2);
    refused.recorded();
    assert!(!repo.path().join("started").exists());
    // What only reads the repository needs no leave.
    let mut own = repo.command(&["doctor", "repo.git"]);
    own.env_remove("PHX_YES");
    repo.finish(&mut own).exits(0);
    run(&["--yes"]);
    assert!(repo.path().join("started").exists());
    std::fs::remove_file(repo.path().join("started")).unwrap();
    run(&[]);
    assert!(repo.path().join("started").exists(), "it is kept for this clone");
    // Another program is another question.
    repo.write("phx.toml", host("cp"));
    run(&[]).exits(2);
    // A variable of the environment may be sent elsewhere.
    repo.write("phx.toml", "[[doctor.ws]]\nname = \"far\"\nurl = \"ws://127.0.0.1:1/\"\nheaders = { authorization = \"${PHX_TEST_TOKEN}\" }\n");
    let mut sends = repo.command(&["doctor", "ws.handshake"]);
    sends.env_remove("PHX_YES").env("PHX_TEST_TOKEN", "a-secret-token");
    let run = repo.finish(&mut sends).exits(2);
    assert!(!run.stderr.contains("a-secret-token"));
}
