//! `phx validate`: selection, levels, suppressions, names and locations.

use std::io::Write;
use std::process::Stdio;

use crate::support::{Repo, Run, clean_document, document};

/// Document of features with one item that has the given fields.
fn features(fields: &str) -> String {
    document(
        "  phase_number: 2\n",
        &format!(
            "# Upcoming Features\n\n## Sprint Summary\nNone.\n\n## Dependencies Status\nNone.\n\n## Risk Assessment\nNone.\n\n\
             ## Work\n\n### Priority 1: Now\n\n#### 3. Third (H2 Fix)\n{fields}\n"
        ),
    )
}

#[test]
fn reports_a_missing_field_at_the_heading_of_the_item() {
    let repo = Repo::new();
    repo.write("docs/UPCOMING_FEATURES.md", features("**Status**: Planned | **Points**: 5\n**Target**: soon\n"));
    repo.validate().exits(1);
}

#[test]
fn a_complete_item_has_no_finding() {
    let repo = Repo::new();
    let fields = "**Status**: Planned | **Points**: 5 | **Owner**: Ada\n**Target:** soon\n\n**Deliverables**:\n- x\n\n**Dependencies** (known): None\n";
    repo.write("UPCOMING_FEATURES.md", features(fields)).validate().exits(0);
}

#[test]
fn reports_an_invalid_value_at_the_value() {
    let repo = Repo::new();
    repo.write("DOC.md", document("  phase_number: 0\n", ""));
    repo.validate().exits(1);
}

#[test]
fn accepts_singular_and_plural_section_names() {
    let repo = Repo::new();
    let text = features("").replace("## Dependencies Status", "## Dependency Status");
    repo.write("UPCOMING_FEATURES.md", text.split("#### 3").next().unwrap());
    repo.validate().exits(0);
    let text = features("").replace("## Dependencies Status", "## Other");
    repo.write("UPCOMING_FEATURES.md", text.split("#### 3").next().unwrap());
    repo.validate().exits(1);
}

#[test]
fn prints_the_number_of_files_to_standard_error() {
    let repo = Repo::new();
    repo.write("a.md", clean_document())
        .write("b.md", "# Free\n")
        .write("c/d.md", "---\ntitle: x\n---\n")
        .write("e.txt", "");
    let run = repo.run(&["validate"]).exits(0);
    assert_eq!(run.stderr, "1 governed, 2 ignored\n");
    assert_eq!(repo.run(&["validate", "-q"]).stderr, "");
    repo.run(&["validate", "-v"]).recorded();
}

#[test]
fn paths_are_relative_to_the_root() {
    let repo = Repo::new();
    repo.write("docs/a.md", document("", "")).write("docs/deep/x.txt", "");
    let from_root = repo.run(&["validate", "-o", "json"]);
    let mut command = repo.command(&["validate", "-o", "json"]);
    let from_below = repo.finish(command.current_dir(repo.path().join("docs/deep")));
    assert_eq!(from_root.stdout, from_below.stdout);
    let named = repo.run(&["-C", "docs/deep", "validate", "-o", "json", "../a.md"]);
    assert_eq!(named.json()["findings"], from_root.json()["findings"]);
    assert_eq!(from_root.json()["findings"][0]["path"], "docs/a.md");
}

#[test]
fn output_is_deterministic_in_any_locale() {
    let repo = Repo::new();
    for index in 0..200 {
        repo.write(&format!("d{}/{index}.md", index % 7), document("", "# T\n"));
    }
    let first = repo.run(&["validate", "-o", "json"]).exits(1).stdout;
    for locale in ["C", "tr_TR.UTF-8"] {
        let mut command = repo.command(&["validate", "-o", "json"]);
        let again =
            command.env("LC_ALL", locale).env("TZ", "Asia/Tokyo").env("RAYON_NUM_THREADS", "7").output().unwrap();
        assert_eq!(first, String::from_utf8(again.stdout).unwrap());
    }
}

#[test]
fn validates_a_document_once() {
    let repo = Repo::new();
    repo.write("docs/a.md", document("", ""));
    let run = repo.run(&["validate", "-o", "concise", "docs", "docs/a.md", "./docs/../docs/a.md"]).exits(1);
    assert_eq!(run.stdout.lines().count(), 1, "{}", run.stdout);
}

#[test]
fn skips_ignored_files_but_not_hidden_directories() {
    let repo = Repo::new();
    repo.write(".gitignore", "build/\n");
    repo.write("build/a.md", document("", "")).write(".github/b.md", document("", ""));
    repo.validate().exits(1);
}

#[test]
fn validates_standard_input_with_a_file_name() {
    let repo = Repo::new();
    let mut command = repo.command(&["validate", "-o", "concise", "-", "--stdin-filename", "docs/x.md"]);
    let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    child.stdin.take().unwrap().write_all(document("", "").as_bytes()).unwrap();
    let run = Run::of(child.wait_with_output().unwrap()).exits(1);
    repo.note(&run.stdout);
    repo.run(&["validate", "-"]).exits(2);
}

#[test]
fn command_line_levels_override_the_configuration() {
    let repo = Repo::new();
    repo.write("a.md", document("  phase_number: 1\n  onwer: x\n", ""));
    repo.validate().exits(0);
    repo.run(&["validate", "-q", "-o", "concise", "--fail-on", "warning"]).exits(1);
    repo.run(&["validate", "-q", "-o", "concise", "-D", "schema-violation"]).exits(1);
    repo.write("phx.toml", "[rules]\nschema-violation = \"off\"\n").validate().exits(0);
    repo.run(&["validate", "-q", "-o", "concise", "-W", "schema-violation"]).exits(0);
    repo.run(&["validate", "-A", "schema-violatoin"]).exits(2);
}

#[test]
fn enforcement_sets_the_failing_severity() {
    let repo = Repo::new();
    repo.write("error.md", document("", ""));
    repo.write("phx.toml", "[enforcement]\nlevel = \"advisory\"\n").validate().exits(0);
    repo.run(&["validate", "--fail-on", "error"]).exits(1);
    repo.write("error.md", document("  phase_number: 1\n  onwer: x\n", "")).validate().exits(0);
    repo.write("phx.toml", "[enforcement]\nlevel = \"strict\"\n").validate().exits(1);
}

#[test]
fn a_suppression_covers_only_the_next_block() {
    let repo = Repo::new();
    let block = |name: &str| {
        format!(
            "## {name}\n<!-- phx-ignore undeclared-auto-section: old -->\n<!-- AUTO-GENERATED -->\nx\n<!-- END AUTO-GENERATED sum:73cb3858a687a849 -->\n\n"
        )
    };
    let open = "## Open\n<!-- AUTO-GENERATED -->\nx\n<!-- END AUTO-GENERATED sum:73cb3858a687a849 -->\n";
    repo.write("a.md", document("  phase_number: 1\n", &format!("{}{}{open}", block("One"), block("Two"))));
    repo.validate().exits(0);
}

#[test]
fn a_suppression_above_a_heading_covers_the_item() {
    let repo = Repo::new();
    let text =
        features("**Status**: Planned | **Points**: 5 | **Owner**: Ada\n**Target**: soon\n\n**Deliverables**:\n- x\n");
    repo.write("UPCOMING_FEATURES.md", &text).validate().exits(0);
    let text = text.replace("#### 3.", "<!-- phx-ignore schema-violation: not known yet -->\n#### 3.");
    repo.write("UPCOMING_FEATURES.md", text).validate().exits(0);
}

#[test]
fn selects_the_kind_by_front_matter_path_or_file_name() {
    let repo = Repo::new();
    repo.write("phx.toml", "[[kind]]\nname = \"phase-plan\"\npaths = [\"plans/*.md\"]\n");
    repo.write("plans/a.md", document("  phase_number: 1\n", ""));
    repo.write("plans/own.md", document("  phase_number: 1\n  kind: active-mocks\n", ""));
    repo.write("b.md", document("  phase_number: 1\n  kind: active-mocks\n", ""));
    repo.write("active_mocks.md", document("  phase_number: 1\n", ""));
    repo.write("c.md", document("  phase_number: 1\n", ""));
    repo.run(&["validate", "-v"]).recorded();
}

#[test]
fn text_output_shows_location_and_help() {
    let repo = Repo::new();
    let text = clean_document().replace("2025-09-12T15:35:33Z", "2025-08-31T15:35:33Z");
    repo.write("docs/a.md", text);
    repo.run(&["validate"]).exits(1);
}

#[test]
fn uses_colors_only_on_request() {
    let repo = Repo::new();
    repo.write("a.md", document("", ""));
    repo.run(&["validate"]).exits(1);
    repo.run(&["validate", "--color", "always"]).exits(1);
    repo.run_with(&["validate"], &[("FORCE_COLOR", "1")]).exits(1);
    repo.run_with(&["validate"], &[("NO_COLOR", "1")]).exits(1);
}

#[test]
fn the_now_option_overrides_environment_variables() {
    let repo = Repo::new();
    repo.write("a.md", clean_document());
    let at = |arguments: &[&str], variables: &[(&str, &str)]| {
        let mut command = repo.command(arguments);
        repo.finish(command.envs(variables.iter().copied()))
    };
    at(&["validate"], &[]).exits(0);
    at(&["validate", "--now", "2026-01-01T00:00:00Z"], &[]).exits(1);
    at(&["validate"], &[("PHX_NOW", "2026-01-01T00:00:00+02:00")]).exits(1);
    at(&["validate"], &[("PHX_NOW", ""), ("SOURCE_DATE_EPOCH", "1800000000")]).exits(1);
    at(&["validate"], &[("PHX_NOW", ""), ("SOURCE_DATE_EPOCH", "1756700000")]).exits(0);
    at(&["validate", "--now", "2026-01-01"], &[]).exits(2);
    at(&["validate"], &[("PHX_NOW", ""), ("SOURCE_DATE_EPOCH", "soon")]).exits(2);
}

#[test]
fn reports_a_misspelled_kind() {
    let repo = Repo::new();
    repo.write("a.md", document("  phase_number: 1\n  kind: upcoming-featurs\n", ""));
    repo.validate().exits(1);
}

#[test]
fn blocks_below_equal_headings_have_one_name() {
    let repo = Repo::new();
    let block = "#### Phase Progress\n<!-- AUTO-GENERATED -->\nx\n<!-- END AUTO-GENERATED sum:73cb3858a687a849 -->\n\n";
    let text = document("  phase_number: 1\n", &format!("# T\n\n## P\n\n### A\n\n{block}### B\n\n{block}"));
    repo.write("a.md", text.replace("auto_sections: []", "auto_sections: [phase_progress]"));
    repo.validate().exits(0);
}

#[test]
fn does_not_suggest_markers_for_a_section_that_contains_blocks() {
    let repo = Repo::new();
    let body = "# T\n\n## Numbers\n\n### Latency\n<!-- AUTO-GENERATED -->\nx\n<!-- END AUTO-GENERATED sum:73cb3858a687a849 -->\n";
    repo.write("a.md", document("  phase_number: 1\n", body).replace("auto_sections: []", "auto_sections: [numbers]"));
    repo.validate().exits(1);
}

#[test]
fn files_below_dot_phx_are_not_documents() {
    let repo = Repo::with_git();
    let template = document("", "# {{ kind }}\n");
    repo.write("a.md", clean_document()).write(".phx/templates/documents/plan.md", &template).git(&["add", "-A"]);
    repo.validate().exits(0);
    repo.run(&["validate", "--staged"]).exits(0);
    repo.run(&["hook", "run", "pre-commit"]).exits(0);
    repo.run(&["validate", "a.md", ".phx/templates/documents/plan.md"]).exits(0);
}

#[test]
fn ignores_documents_in_nested_repositories() {
    let repo = Repo::with_git();
    repo.write("a.md", clean_document()).commit("first");
    repo.write("lib/b.md", document("", "")).write("sub/c.md", document("", ""));
    repo.git(&["init", "-q", "lib"]);
    // A submodule has a `.git` file with the path of its repository.
    repo.write("sub/.git", "gitdir: ../.git/modules/sub\n");
    repo.run(&["validate"]).exits(0);
    repo.run(&["validate", "a.md", "lib/b.md"]).exits(0);
    repo.run(&["regen", "lib"]).exits(3);
    repo.run(&["-C", "lib", "validate"]).exits(1);
}

#[test]
fn statistics_count_the_findings_of_each_rule() {
    let repo = Repo::new();
    repo.write("a.md", document("  nonsense: 1\n  more: 2\n", "")).write("b.md", document("", ""));
    let run = repo.run(&["validate", "--statistics"]).exits(1);
    assert_eq!(run.stdout, "2  error    schema-violation\n2  warning  schema-violation\n");
    repo.run(&["validate", "--statistics", "-o", "json"]).exits(2);
}

#[test]
fn very_verbose_lists_the_files_read() {
    let repo = Repo::new();
    repo.write("phx.toml", "").write(".phx/schemas/v1.0/tide-table.schema.json", "{}").write("a.md", clean_document());
    repo.run(&["validate", "-vv"]).exits(0);
    repo.write("phx.toml", "[hook]\n").run(&["validate", "-vv"]).exits(0);
}

#[test]
#[cfg(unix)]
fn wraps_text_on_narrow_terminals() {
    use std::io::Read;
    let repo = Repo::new();
    let text = clean_document().replace("2025-09-12T15:35:33Z", "2025-08-31T15:35:33Z");
    repo.write("docs/a-document-with-a-name.md", text);
    for columns in [60, 80] {
        for arguments in [&["validate"][..], &["status"], &["rules"], &["doctor", "repo"]] {
            let (mut pty, pts) = pty_process::blocking::open().unwrap();
            pty.resize(pty_process::Size::new(24, columns)).unwrap();
            let phx = repo.command(arguments);
            let set = phx.get_envs().filter_map(|(name, value)| Some((name.to_owned(), value?.to_owned())));
            let command = pty_process::blocking::Command::new(phx.get_program()).args(phx.get_args());
            let mut child = command.current_dir(repo.path()).envs(set).spawn(pts).unwrap();
            let mut out = Vec::new();
            // Reading fails after the program on the terminal has exited.
            let _ = pty.read_to_end(&mut out);
            child.wait().unwrap();
            let out = String::from_utf8_lossy(&out).replace("\r\n", "\n");
            let plain = textwrap::core::display_width;
            let long: Vec<&str> = out
                .lines()
                // Progress lines are overwritten.
                .map(|line| line.rsplit("\u{1b}[K").next().unwrap_or(line))
                .filter(|line| plain(line) > usize::from(columns) && line.trim().contains(' '))
                .filter(|line| !line.contains("://") && !line.starts_with("0 governed") && !line.contains("governed,"))
                .collect();
            assert!(!out.is_empty() && long.is_empty(), "{arguments:?} in {columns} columns:\n{long:#?}\n{out}");
        }
    }
}
