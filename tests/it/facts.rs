//! Measured facts: coverage reports, doctor results and history. Invalid input is reported and the block is unchanged.

use crate::support::{Repo, document};

const OLD_BODY: &str =
    "\n### Backend Coverage\n- `cache.py`: 1%\n- `gone.py`: 5%\n\n### Frontend Coverage\n- `app.ts`: 12%\n";

const LCOV: &str = "TN:\nSF:backend/cache.py\nDA:1,1\nDA:2,0\nDA:3,4\nend_of_record\nSF:backend/api/main.py\nDA:1,0\nDA:2,0\nend_of_record\n";

fn coverage(report: &str, config: &str) -> Repo {
    let repo = Repo::new();
    let body =
        format!("# T\n\n## Test Coverage Report\n<!-- AUTO-GENERATED -->\n{OLD_BODY}<!-- END AUTO-GENERATED -->\n");
    let text = document("  phase_number: 1\n  kind: implemented-features\n", &body);
    repo.write("DOC.md", text).write("cov/report", report);
    repo.write("phx.toml", format!("[coverage]\nreports = [\"cov/report\"]\n{config}"));
    repo
}

const FOLDERS: &str = "[[coverage.folders]]\npath = \"backend/\"\n[[coverage.folders]]\npath = \"frontend\"\n";

fn body(repo: &Repo) -> String {
    let text = repo.read("DOC.md");
    let start = text.find("AUTO-GENERATED -->\n").unwrap() + "AUTO-GENERATED -->\n".len();
    text[start..start + text[start..].find("<!-- END").unwrap()].to_owned()
}

#[test]
fn writes_coverage_and_keeps_groups_without_a_report() {
    let _transcript = crate::transcript::Transcript::of_this_test();
    let cobertura = "<?xml version=\"1.0\"?>\n<coverage><sources><source>/ci/build/backend</source></sources><packages><package><classes>\n\
        <class filename=\"cache.py\"><lines><line number=\"1\" hits=\"1\"/><line number=\"2\" hits=\"0\"/><line number=\"3\" hits=\"1\"/></lines></class>\n\
        <class filename=\"api/main.py\"><lines><line number=\"1\" hits=\"0\"/></lines></class>\n</classes></package></packages></coverage>\n";
    let llvm = "{\"data\":[{\"files\":[{\"filename\":\"/ci/x/backend/cache.py\",\"summary\":{\"lines\":{\"count\":3,\"covered\":2}}},\
        {\"filename\":\"/ci/x/backend/api/main.py\",\"summary\":{\"lines\":{\"count\":2,\"covered\":0}}}]}],\"type\":\"llvm.coverage.json.export\"}";
    for report in [LCOV, cobertura, llvm] {
        let repo = coverage(report, FOLDERS);
        repo.run(&["regen", "-q", "--force"]).exits(0);
        let expected = "\n### Backend Coverage\n- `api/main.py`: 0%\n- `cache.py`: 67%\n\n### Frontend Coverage\n- `app.ts`: 12%\n";
        assert_eq!(body(&repo), expected, "{report}");
        repo.run(&["regen", "-q"]).exits(0);
        assert_eq!(body(&repo), expected);
    }
}

#[test]
fn marks_files_below_the_coverage_target() {
    let repo = coverage(
        LCOV,
        "target = 60\n[[coverage.folders]]\npath = \"backend\"\ntitle = \"Backend Coverage\"\n[[coverage.folders]]\npath = \"backend/api\"\ntitle = \"API\"\ntarget = 90\n",
    );
    repo.run(&["regen", "-q", "--force"]).exits(0);
    let expected = "\n### Backend Coverage\n- `api/main.py`: 0% (target 60%)\n- `cache.py`: 67%\n\n### API\n- `main.py`: 0% (target 90%)\n\n### Frontend Coverage\n- `app.ts`: 12%\n";
    assert_eq!(body(&repo), expected);
}

#[test]
fn measured_facts_do_not_make_a_block_outdated() {
    let repo = coverage(LCOV, FOLDERS);
    repo.run(&["regen", "-q", "--force"]).exits(0);
    let same = |repo: &Repo| {
        repo.run(&["regen", "--check", "-q"]).exits(0);
        assert!(!repo.validate().stdout.contains("ted-auto-section"));
    };
    // The result is the same on a laptop with newer reports and in CI without reports.
    repo.write("cov/report", LCOV.replace("DA:2,0\nDA:3,4", "DA:2,9\nDA:3,4"));
    same(&repo);
    repo.run(&["regen", "--check", "--measured", "-q"]).exits(1);
    std::fs::remove_file(repo.path().join("cov/report")).unwrap();
    same(&repo);
    let before = body(&repo);
    repo.run(&["regen"]).exits(0);
    assert_eq!(body(&repo), before);
}

#[test]
fn reports_a_broken_coverage_report_and_keeps_the_block() {
    let _transcript = crate::transcript::Transcript::of_this_test();
    for report in [
        "SF:a\nDA:one,1\nend_of_record\n",
        "SF:backend/a.py\nDA:1,1\n",
        "<coverage>\n</oops>\n",
        "{\n\"data\": [}",
        "",
        "\u{0}\u{1}\n",
    ] {
        let repo = coverage(report, FOLDERS);
        let text = repo.read("DOC.md");
        repo.run(&["regen"]).exits(1);
        assert_eq!(repo.read("DOC.md"), text);
        repo.run(&["regen", "--check", "--measured"]).exits(1);
        repo.run(&["regen", "--check"]).exits(0);
    }
}

#[test]
fn reports_errors_in_the_coverage_settings() {
    let repo =
        coverage(LCOV, "target = 101\n[[coverage.folders]]\ntitle = 3\n[[coverage.folders]]\npath = \"a\"\ngoal = 3\n");
    repo.run(&["regen"]).exits(2);
}

const DOCTOR: &str = r#"{"version":1,"now":"2025-08-31T00:00:00Z","checks":[
 {"id":"ws.limit","target":"WebSocket","outcome":"pass","observed":{"latency_ms":12.34,"error_rate_percent":0.5}},
 {"id":"ws.release","target":"WebSocket","outcome":"warn","observed":{}},
 {"id":"db.race","target":"Database","outcome":"fail","observed":{"throughput_per_second":250}}]}"#;

fn architecture(heading: &str, old_body: &str) -> Repo {
    let repo = Repo::new();
    let body = format!("# T\n\n## {heading}\n<!-- AUTO-GENERATED -->\n{old_body}<!-- END AUTO-GENERATED -->\n");
    repo.write("DOC.md", document("  phase_number: 1\n  kind: current-architecture\n", &body));
    repo
}

#[test]
fn doctor_results_update_rows_and_values_of_their_targets() {
    let old_body = "| Integration | Status | Owner | Latency |\n|---|---|---|---|\n| web socket | ✅ Healthy | Ines | 5ms |\n| WebSocket | ✅ Healthy | Ines | 5ms |\n| Mail | 🟢 Up | Ada | 1s |\n";
    let repo = architecture("Integration Health", old_body);
    repo.run(&["regen"]).exits(0);
    assert_eq!(body(&repo), old_body);
    repo.write(".phx/doctor.json", DOCTOR).run(&["regen", "-q"]).exits(0);
    assert_eq!(
        body(&repo),
        "| Integration | Status | Owner | Latency |\n|---|---|---|---|\n| web socket | ✅ Healthy | Ines | 5ms |\n| WebSocket | ⚠️ Degraded | Ines | 12.3ms |\n| Mail | 🟢 Up | Ada | 1s |\n| Database | ❌ Failing |  | – |\n"
    );
    let repo = architecture("Integration Health", "");
    repo.write(".phx/doctor.json", DOCTOR).run(&["regen", "-q"]).exits(0);
    assert!(
        body(&repo).contains("| WebSocket | ⚠️ Degraded | 12.3ms | 0.5% |\n| Database | ❌ Failing | – | – |\n"),
        "{}",
        body(&repo)
    );
    let metrics = "- Uptime: 99%\n- WebSocket Latency: 3ms\n";
    let repo = architecture("Performance Metrics", metrics);
    repo.write(".phx/doctor.json", DOCTOR);
    repo.run(&["regen"]).exits(1);
    repo.write("DOC.md", repo.read("DOC.md").replace(metrics, &format!("{metrics}- WebSocket error rate: 0\n")));
    repo.run(&["regen", "-q"]).exits(0);
    let expected =
        "- Uptime: 99%\n- WebSocket Latency: 12.3ms\n- WebSocket error rate: 0.5%\n- Database throughput: 250/s\n";
    assert_eq!(body(&repo), expected);
}

#[test]
fn reports_an_invalid_doctor_result() {
    let _transcript = crate::transcript::Transcript::of_this_test();
    for result in [
        "{",
        "{\"version\":2}",
        "{\"version\":1,\"checks\":[{}]}",
        "{\"version\":1,\"checks\":[{\"target\":\"a\",\"outcome\":\"good\"}]}",
    ] {
        let repo = architecture("Integration Health", "x: y\n");
        repo.write(".phx/doctor.json", result);
        repo.run(&["regen"]).exits(1);
        assert_eq!(body(&repo), "x: y\n");
    }
}

fn repo_with_sources() -> Repo {
    let repo = Repo::with_git();
    let body = "# T\n\n## Weather\n<!-- AUTO-GENERATED -->\nChanged: 2020-01-01\n<!-- END AUTO-GENERATED -->\n";
    repo.write("DOC.md", document("  phase_number: 1\n  sources: [\"src/**\"]\n", body));
    let template = "{# needs: git #}\nChanged: {{ fact('git.last_change.at', keep='Changed') }}\nBy: {{ fact('git.last_change.author', keep='By') }}\n";
    repo.write(".phx/templates/sections/weather.md", template).write("src/a/b.rs", "one");
    repo
}

#[test]
fn provides_the_last_change_of_the_sources() {
    let repo = repo_with_sources();
    repo.run(&["regen"]).exits(0);
    assert_eq!(body(&repo), "Changed: 2020-01-01\n");
    repo.commit("one");
    repo.run(&["regen", "-q"]).exits(0);
    assert_eq!(body(&repo), "Changed: 2025-08-30T10:00:00Z\nBy: Ines\n");
    repo.validate().exits(0);
}

#[test]
fn ignores_the_boundary_of_a_shallow_clone() {
    let repo = repo_with_sources();
    repo.commit("one");
    repo.write("other", "x");
    repo.commit("two");
    let clone = Repo::bare();
    let from = format!("file://{}", repo.path().display());
    clone.git(&["clone", "-q", "--depth", "1", &from, "."]);
    clone.run(&["regen"]).exits(0);
    assert_eq!(body(&clone), "Changed: 2020-01-01\n");
}
