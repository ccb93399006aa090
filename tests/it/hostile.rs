//! Untrusted text in the output of phx: documents, file names, commits and templates cannot control a terminal, start a
//! new line, or issue a workflow command.

use crate::support::{Repo, document};

/// Document whose names, values and text contain control characters.
fn hostile() -> String {
    let body = "# T\u{1b}]0;title\u{7}\n\n## Sprint Summary\n<!-- AUTO-GENERATED -->\nSprint: \u{1b}[8mhidden\u{1b}[0m\n::add-mask::x\nTotal Features: 7\n\
                <!-- END AUTO-GENERATED -->\n\n## Risks \u{202e}evil\n<!-- MANUAL - REQUIRES REVIEW -->\nTides are fine.\n\nWe pay 5000.\u{1b}[2K\u{1b}[1A\u{9b}2K\n\n\
                ## Priority 1: Now\n\n### Tides \u{1b}[31m<img src=x> `a|b`\n**Status**: Nowhere\u{1b}]52;c;cm0gLXJm\u{7}\n**Points**: 5\u{2028}8\n";
    document("  phase_number: 1\n  kind: upcoming-features\n", body)
        .replace("validation_schema: v1.0", "validation_schema: \"v1.0\\e]52;c;cm0gLXJm\\a\\n::add-mask::x\"")
        .replace("auto_sections: []", "auto_sections: [sprint_summary, \"x\\n::set-output name=a::b\"]")
}

/// Asserts that a text contains nothing that a terminal or a CI runner would interpret.
#[track_caller]
fn assert_harmless(arguments: &[&str], text: &str, may_color: bool) {
    let mut text = text.replace("\r\n", "\n");
    if may_color {
        // Styles that phx uses itself.
        for code in
            ["0", "1", "2", "31", "32", "33", "36", "1;31", "1;33", "36;1;4", "35;1", "36;1", "33;1", "31;1", "3", "4"]
        {
            text = text.replace(&format!("\u{1b}[{code}m"), "");
        }
    }
    let odd = |c: &char| (c.is_control() && !matches!(c, '\n' | '\t')) || matches!(c, '\u{202e}' | '\u{2028}');
    assert_eq!(text.chars().find(odd), None, "{arguments:?}\n{text:?}");
    // A runner trims each line first.
    let is_command = |line: &&str| ["::add-mask", "::set-output"].iter().any(|start| line.trim().starts_with(start));
    let command = text.lines().find(is_command);
    assert_eq!(command, None, "{arguments:?}\n{text}");
}

#[test]
fn output_contains_no_control_characters_or_workflow_commands() {
    let repo = Repo::with_git();
    let name = if cfg!(windows) { "docs/evil.md" } else { "docs/\n::add-mask::\u{1b}[2J.md" };
    repo.write("PLAN.md", hostile()).write(name, hostile()).git(&["add", "-A"]);
    repo.git(&["commit", "-qm", "Say \u{1b}[2K\u{1b}[1A nothing", "--author", "Ev\u{1b}[8mil <e@x.example>"]);
    repo.write("PLAN.md", hostile() + "More.\u{1b}[1A\n");
    repo.git(&["commit", "-qam", "again\n\nPhx-Override: a \u{1b}[2K reason (schema-violation: PLAN.md)"]);
    repo.write("PLAN.md", hostile() + "Even more.\u{1b}[1A\n").git(&["add", "-A"]);
    let head = repo.git(&["rev-parse", "HEAD~1"]);
    let range = format!("{}..HEAD", head.trim());
    let runs: &[&[&str]] = &[
        &["validate"],
        &["validate", "-o", "concise"],
        &["validate", "-o", "markdown"],
        &["validate", "-o", "github"],
        &["validate", "-o", "gitlab"],
        &["validate", "-o", "junit"],
        &["validate", "-o", "sarif"],
        &["validate", "-o", "json"],
        &["validate", "-o", "jsonl"],
        &["validate", "--diff"],
        &["validate", "-v"],
        &["validate", "--staged"],
        &["validate", "--rev", "HEAD"],
        &["status"],
        &["status", "-o", "json"],
        &["regen", "--check"],
        &["regen", "--check", "-v"],
        &["regen", "--check", "-o", "json"],
        &["review", "PLAN.md"],
        &["inspect", "PLAN.md"],
        &["trace", "PLAN.md"],
        &["trace", "no\u{1b}[8msuch.md"],
        &["audit", "--range", &range],
        &["audit", "--range", &range, "-o", "json"],
        &["audit", "verify"],
        &["hook", "run", "pre-commit"],
        &["validate", "no\n::add-mask::such\u{1b}[8m.md"],
    ];
    for arguments in runs {
        let run = repo.run(arguments);
        assert_harmless(arguments, &run.stdout, false);
        assert_harmless(arguments, &run.stderr, false);
        assert!(!run.stdout.is_empty() || !run.stderr.is_empty(), "{arguments:?}");
        let colored = repo.run(&[&["--color", "always"], *arguments].concat());
        assert_harmless(arguments, &colored.stdout, true);
        assert_harmless(arguments, &colored.stderr, true);
    }
}

#[cfg(unix)]
#[test]
fn does_not_follow_links_outside_the_repository() {
    use std::os::unix::fs::symlink;
    let outside = Repo::bare();
    outside.write("secret", "TOPSECRET = token\n").write("lcov", "SF:a\nDA:1,1\nend_of_record\n");
    let secret = outside.path().join("secret");
    let link = |target: &std::path::Path, name: &str| {
        let repo = Repo::with_git();
        repo.write(
            "PLAN.md",
            document(
                "  phase_number: 1\n  kind: upcoming-features\n",
                "# T\n\n## Risks\n<!-- MANUAL - REQUIRES REVIEW -->\nx\n",
            ),
        );
        let file = repo.path().join(name);
        std::fs::create_dir_all(file.parent().unwrap()).unwrap();
        symlink(target, file).unwrap();
        repo
    };
    for name in ["phx.toml", ".phx/templates/sections/sprint_summary.md", ".phx/schemas/v1.0/x.schema.json"] {
        for target in [secret.as_path(), std::path::Path::new("/dev/zero")] {
            let run = link(target, name).run(&["validate"]).exits(2);
            assert!(!run.stderr.contains("TOPSECRET"), "{}", run.stderr);
        }
    }
    // phx does not wait for a named pipe.
    let repo = link(&secret, "other");
    let pipe = std::process::Command::new("mkfifo").arg(repo.path().join("phx.toml")).status().unwrap();
    assert!(pipe.success());
    repo.run(&["validate"]).exits(2);
    // Records are not written through a link.
    for name in [".phx", ".phx/ledger"] {
        let repo = link(&outside.path(), name);
        repo.run(&["review", "--yes", "PLAN.md"]).recorded();
        assert_eq!(std::fs::read_dir(outside.path()).unwrap().count(), 2, "{name}");
    }
}

#[test]
fn rejects_schemas_templates_and_globs_of_exponential_cost() {
    let repo = Repo::with_git();
    let fan = (0..40).fold(String::new(), |all, at| {
        let next = at + 1;
        format!("{all}\"a{at}\":{{\"allOf\":[{{\"$ref\":\"#/$defs/a{next}\"}},{{\"$ref\":\"#/$defs/a{next}\"}}]}},")
    });
    let schema = ".phx/schemas/v1.0/upcoming-features.schema.json";
    repo.write(schema, format!("{{\"$ref\":\"#/$defs/a0\",\"$defs\":{{{fan}\"a40\":{{\"type\":\"object\"}}}}}}"));
    repo.run(&["validate"]).exits(2);
    // A recursive schema is valid.
    repo.write(
        schema,
        "{\"properties\":{\"title\":{\"$ref\":\"#/$defs/a\"}},\"$defs\":{\"a\":{\"not\":{\"$ref\":\"#/$defs/a\"}}}}",
    );
    repo.run(&["validate", "--allow-empty"]).recorded();
    std::fs::remove_file(repo.path().join(schema)).unwrap();
    let block = "# T\n\n## S\n<!-- AUTO-GENERATED:own - DO NOT EDIT -->\n<!-- END AUTO-GENERATED:own -->\n";
    let text = document("  phase_number: 1\n", block).replace("auto_sections: []", "auto_sections: [own]");
    repo.write("DOC.md", &text);
    repo.write(
        ".phx/templates/sections/own.md",
        "{% set ns = namespace(s=[1]) %}\n{% for i in range(40) %}\n{% set ns.s = ns.s + ns.s %}\n{% endfor %}\n{{ ns.s|length }}\n",
    );
    repo.run(&["regen"]).exits(1);
    // Globs that would take Git minutes to match.
    let many = "**/".repeat(200) + "a*zz";
    let stars = "**/a".repeat(9);
    let globs =
        text.replace("  phase_number: 1\n", &format!("  phase_number: 1\n  sources: [\"{many}\", \"{stars}\"]\n"));
    repo.write("DOC.md", globs).commit("globs");
    repo.run(&["validate", "-o", "concise"]).exits(1);
    repo.run(&["review", "DOC.md", "--yes"]).exits(0);
}
