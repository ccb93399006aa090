//! Measured facts: coverage reports, doctor results and history; what is broken is told with its place and the block stays.

use crate::support::{Repo, document};

const STANDING: &str =
    "\n### Backend Coverage\n- `cache.py`: 1%\n- `gone.py`: 5%\n\n### Frontend Coverage\n- `app.ts`: 12%\n";

const LCOV: &str = "TN:\nSF:backend/cache.py\nDA:1,1\nDA:2,0\nDA:3,4\nend_of_record\nSF:backend/api/main.py\nDA:1,0\nDA:2,0\nend_of_record\n";

fn coverage(report: &str, config: &str) -> Repo {
    let repo = Repo::new();
    let body =
        format!("# T\n\n## Test Coverage Report\n<!-- AUTO-GENERATED -->\n{STANDING}<!-- END AUTO-GENERATED -->\n");
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
fn coverage_of_the_configured_folders_is_written_and_groups_without_a_report_stay() {
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
fn targets_that_are_missed_are_said() {
    let repo = coverage(
        LCOV,
        "target = 60\n[[coverage.folders]]\npath = \"backend\"\ntitle = \"Backend Coverage\"\n[[coverage.folders]]\npath = \"backend/api\"\ntitle = \"API\"\ntarget = 90\n",
    );
    repo.run(&["regen", "-q", "--force"]).exits(0);
    let expected = "\n### Backend Coverage\n- `api/main.py`: 0% (target 60%)\n- `cache.py`: 67%\n\n### API\n- `main.py`: 0% (target 90%)\n\n### Frontend Coverage\n- `app.ts`: 12%\n";
    assert_eq!(body(&repo), expected);
}

#[test]
fn what_is_measured_moves_only_when_somebody_regenerates() {
    let repo = coverage(LCOV, FOLDERS);
    repo.run(&["regen", "-q", "--force"]).exits(0);
    let same = |repo: &Repo| {
        repo.run(&["regen", "--check", "-q"]).exits(0);
        assert!(!repo.validate().stdout.contains("ted-auto-section"));
    };
    // On a laptop with newer reports, and in CI with none, the verdict is the same.
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
fn a_broken_report_is_told_with_its_place_and_the_block_stays() {
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
fn mistakes_in_the_settings_of_coverage_have_their_places() {
    let repo =
        coverage(LCOV, "target = 101\n[[coverage.folders]]\ntitle = 3\n[[coverage.folders]]\npath = \"a\"\ngoal = 3\n");
    repo.run(&["regen"]).exits(2);
}

const DOCTOR: &str = r#"{"version":1,"now":"2025-08-31T00:00:00Z","checks":[
 {"id":"ws.limit","target":"WebSocket","outcome":"pass","observed":{"latency_ms":12.34,"error_rate_percent":0.5}},
 {"id":"ws.release","target":"WebSocket","outcome":"warn","observed":{}},
 {"id":"db.race","target":"Database","outcome":"fail","observed":{"throughput_per_second":250}}]}"#;

fn architecture(heading: &str, standing: &str) -> Repo {
    let repo = Repo::new();
    let body = format!("# T\n\n## {heading}\n<!-- AUTO-GENERATED -->\n{standing}<!-- END AUTO-GENERATED -->\n");
    repo.write("DOC.md", document("  phase_number: 1\n  kind: current-architecture\n", &body));
    repo
}

#[test]
fn a_doctor_result_moves_the_rows_and_pairs_that_it_has_a_subject_for() {
    let standing = "| Integration | Status | Owner | Latency |\n|---|---|---|---|\n| web socket | ✅ Healthy | Ines | 5ms |\n| WebSocket | ✅ Healthy | Ines | 5ms |\n| Mail | 🟢 Up | Ada | 1s |\n";
    let repo = architecture("Integration Health", standing);
    repo.run(&["regen"]).exits(0);
    assert_eq!(body(&repo), standing);
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
fn a_doctor_result_that_cannot_be_read_is_told() {
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

fn sourced() -> Repo {
    let repo = Repo::with_git();
    let body = "# T\n\n## Weather\n<!-- AUTO-GENERATED -->\nChanged: 2020-01-01\n<!-- END AUTO-GENERATED -->\n";
    repo.write("DOC.md", document("  phase_number: 1\n  sources: [\"src/**\"]\n", body));
    let template = "{# needs: git #}\nChanged: {{ fact('git.last_change.at', keep='Changed') }}\nBy: {{ fact('git.last_change.author', keep='By') }}\n";
    repo.write(".phx/templates/sections/weather.md", template).write("src/a/b.rs", "one");
    repo
}

#[test]
fn history_says_when_the_sources_of_a_document_last_changed() {
    let repo = sourced();
    repo.run(&["regen"]).exits(0);
    assert_eq!(body(&repo), "Changed: 2020-01-01\n");
    repo.commit("one");
    repo.run(&["regen", "-q"]).exits(0);
    assert_eq!(body(&repo), "Changed: 2025-08-30T10:00:00Z\nBy: Ines\n");
    repo.validate().exits(0);
}

#[test]
fn a_shallow_clone_does_not_take_its_border_for_a_change() {
    let repo = sourced();
    repo.commit("one");
    repo.write("other", "x");
    repo.commit("two");
    let clone = Repo::bare();
    let from = format!("file://{}", repo.path().display());
    clone.git(&["clone", "-q", "--depth", "1", &from, "."]);
    clone.run(&["regen"]).exits(0);
    assert_eq!(body(&clone), "Changed: 2020-01-01\n");
}
