//! Malformed input: each file gets a finding with a location, and the other files are still validated.

use crate::support::{Repo, Run, clean_document, document};

/// Validates a document next to another one that has one finding. Returns the findings of the first.
#[track_caller]
fn findings_of(content: impl AsRef<[u8]>) -> String {
    let repo = Repo::new();
    repo.write("bad.md", content).write("other.md", document("", ""));
    let run = repo.validate().exits(1);
    let (of_other, of_bad): (Vec<&str>, Vec<&str>) = run.stdout.lines().partition(|line| line.starts_with("other.md:"));
    assert_eq!(of_other.len(), 1, "the other document is still checked:\n{}", run.stdout);
    of_bad.join("\n").replace("bad.md:", "")
}

/// Returns the findings of a document with the given governance block.
#[track_caller]
fn findings_of_front_matter(front: &str) -> String {
    findings_of(format!("---\n{front}\n---\n\n# T\n"))
}

#[test]
fn files_without_front_matter_are_not_governed() {
    let _transcript = crate::transcript::Transcript::of_this_test();
    for content in ["", "---", "---\n", "---\n---\n", "\n\n", "\0", "---\n...\n"] {
        assert_eq!(findings_of(content), "", "{content:?}");
    }
}

#[test]
fn reports_unterminated_front_matter() {
    crate::transcript::note(&findings_of(clean_document().replace("---\n\n# Title\n", "\n# Title\n")));
}

#[test]
fn reports_a_tab_in_yaml() {
    let findings = findings_of_front_matter("governance:\n\towner: x");
    crate::transcript::note(&findings);
    let findings = findings_of(clean_document().replace("  phase_number", "\tphase_number"));
    assert_eq!(findings, "10:1: error[invalid-front-matter] tab in YAML indentation");
}

#[test]
fn reports_a_duplicate_key() {
    let findings =
        findings_of(clean_document().replace("  phase_number: 2\n", "  phase_number: 2\n  phase_number: 3\n"));
    crate::transcript::note(&findings);
}

#[test]
fn reports_a_governance_block_that_is_not_a_mapping() {
    let _transcript = crate::transcript::Transcript::of_this_test();
    for value in ["null", "", "[a, b]", "text", "5"] {
        let findings = findings_of_front_matter(&format!("governance: {value}"));
        crate::transcript::note(&findings);
    }
}

#[test]
fn reports_front_matter_that_is_not_a_mapping() {
    let repo = Repo::new();
    repo.write("phx.toml", "[[kind]]\nname = \"document\"\npaths = [\"*.md\"]\n");
    repo.write("D.md", "---\n- a\n- b\n---\n");
    repo.validate().exits(1);
    repo.write("D.md", "---\n---\n# T\n");
    repo.validate().exits(1);
}

#[test]
fn limits_the_expansion_of_yaml_aliases() {
    let mut front = "governance:\n  a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n".to_owned();
    for level in 1..20 {
        let aliases = vec![format!("*a{}", level - 1); 10].join(", ");
        front += &format!("  a{level}: &a{level} [{aliases}]\n");
    }
    let findings = findings_of_front_matter(front.trim_end());
    crate::transcript::note(&findings);
}

#[test]
fn limits_the_nesting_depth_of_yaml() {
    let _transcript = crate::transcript::Transcript::of_this_test();
    let nested = |levels: usize| format!("governance: {}{}", "[".repeat(levels), "]".repeat(levels));
    for levels in [63, 64, 30_000] {
        crate::transcript::note(&findings_of_front_matter(&nested(levels)));
    }
}

#[test]
fn reports_bytes_that_are_not_utf8() {
    let mut front = clean_document().into_bytes();
    let at = front.windows(7).position(|window| window == b"PHOENIX").unwrap();
    front[at] = 0xFF;
    let findings = findings_of(&front);
    crate::transcript::note(&findings);
    let mut body = clean_document().into_bytes();
    let at = body.len();
    body.extend(b"caf\xE9\n");
    assert_eq!(
        findings_of(&body),
        format!("14:4: error[invalid-encoding] byte at offset {} is not valid UTF-8", at + 3)
    );
}

#[test]
fn reports_nul_bytes() {
    let text = format!("{}a\0b\n", clean_document());
    crate::transcript::note(&findings_of(&text));
    let findings = findings_of(clean_document().replace("PHOENIX_RISING", "PHOENIX\0RISING"));
    assert!(findings.starts_with("9:23: error[invalid-encoding] NUL byte at offset"), "{findings}");
}

#[test]
fn reports_a_file_larger_than_16_mebibytes() {
    let mut text = clean_document();
    text.push_str(&"x".repeat(20 * 1024 * 1024));
    crate::transcript::note(&findings_of(text));
}

#[test]
fn reports_front_matter_larger_than_64_kibibytes() {
    let filler = "# filler\n".repeat(8000);
    let findings = findings_of(clean_document().replace("phase_number: 2\n", &format!("phase_number: 2\n{filler}")));
    crate::transcript::note(&findings);
}

#[test]
fn reports_more_than_10000_blocks() {
    let blocks = |count: usize| {
        let body = "<!-- MANUAL -->\n\n".repeat(count);
        document("  phase_number: 1\n", &format!("# T\n\n## A\n{body}"))
    };
    let findings = findings_of(blocks(10_001));
    crate::transcript::note(&findings);
    crate::transcript::note(&findings_of(blocks(10_000)));
}

#[test]
fn limits_the_number_of_unbalanced_marker_findings() {
    let text = format!("{}{}", clean_document(), "<!-- AUTO-GENERATED -->\n".repeat(9_999));
    let findings = findings_of(text);
    assert_eq!(findings.lines().filter(|line| line.contains("[unbalanced-marker]")).count(), 1_000);
    crate::transcript::note(&findings);
}

#[test]
fn accepts_lines_of_a_megabyte() {
    let text = format!("{}{}\n| {} |\n", clean_document(), "[x](".repeat(250_000), "a|".repeat(500_000));
    assert_eq!(findings_of(text), "");
}

#[test]
fn accepts_many_unclosed_comments() {
    let text = format!("{}{}\n{}", clean_document(), "<!-- ".repeat(400_000), "<!--\n".repeat(100_000));
    assert_eq!(findings_of(text), "");
}

#[test]
fn reports_lists_nested_more_than_64_levels_deep() {
    assert_eq!(findings_of(format!("{}{}x\n", clean_document(), "> ".repeat(5_000))), "");
    let text = format!("{}{}y\n", clean_document(), "- ".repeat(5_000));
    assert_eq!(findings_of(text), "14:129: error[oversized-document] lists are nested more than 64 levels deep");
}

#[cfg(unix)]
mod unix {
    use std::ffi::OsStr;
    use std::os::unix::ffi::OsStrExt;
    use std::os::unix::fs::{PermissionsExt, symlink};
    use std::os::unix::process::CommandExt;

    use super::*;

    #[test]
    fn reports_a_link_to_itself_if_it_is_named() {
        let repo = Repo::new();
        symlink("loop.md", repo.path().join("loop.md")).unwrap();
        repo.write("a.md", clean_document());
        repo.run(&["validate"]).exits(0);
        let named = repo.run(&["validate", "-o", "concise", "loop.md", "a.md"]).exits(1);
        crate::transcript::note(&named.stdout);
    }

    #[test]
    fn validates_a_linked_document_once() {
        let repo = Repo::new();
        repo.write("a.md", document("", ""));
        symlink("a.md", repo.path().join("b.md")).unwrap();
        repo.validate().exits(1);
    }

    #[test]
    fn does_not_block_on_a_named_pipe() {
        let repo = Repo::new();
        repo.write("a.md", clean_document());
        let made = std::process::Command::new("mkfifo").arg(repo.path().join("pipe.md")).status().unwrap();
        assert!(made.success());
        repo.run(&["validate"]).exits(0);
        repo.run(&["validate", "-o", "concise", "pipe.md"]).exits(1);
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn accepts_a_file_name_that_is_not_utf8() {
        let repo = Repo::new();
        let name = OsStr::from_bytes(b"caf\xE9.md");
        std::fs::write(repo.path().join(name), document("", "")).unwrap();
        repo.validate().exits(1);
        let run = Run::of(repo.command(&["validate", "-o", "json", "-q"]).output().unwrap());
        assert_eq!(run.json()["findings"][0]["path"], "caf\u{FFFD}.md");
    }

    /// Unprivileged user, because root can read every file.
    const NOBODY: u32 = 65_534;

    #[test]
    fn reports_files_and_directories_without_read_permission() {
        let repo = Repo::new();
        repo.write("a.md", document("", "")).write("shut/b.md", clean_document()).write("c.md", clean_document());
        let mode = |path: &str, mode: u32| {
            std::fs::set_permissions(repo.path().join(path), std::fs::Permissions::from_mode(mode)).unwrap();
        };
        mode("", 0o755);
        mode("shut", 0o000);
        mode("c.md", 0o000);
        let mut command = repo.command(&["validate", "-o", "concise", "-q"]);
        let binary = repo.path().join("phx");
        if is_root() {
            // The binary may be in a directory that only root can read.
            std::fs::copy(env!("CARGO_BIN_EXE_phx"), &binary).unwrap();
            command = std::process::Command::new(&binary);
            command
                .args(["validate", "-o", "concise", "-q"])
                .current_dir(repo.path())
                .env("PHX_NOW", crate::support::NOW);
            command.uid(NOBODY);
        }
        let run = repo.finish(&mut command);
        mode("shut", 0o755);
        run.exits(1);
    }

    fn is_root() -> bool {
        let id = std::process::Command::new("id").arg("-u").output().unwrap();
        id.stdout == b"0\n"
    }
}

#[test]
fn ignores_files_that_are_removed_while_phx_reads() {
    let repo = Repo::new();
    for index in 0..300 {
        repo.write(&format!("d{}/{index}.md", index % 10), clean_document());
    }
    let path = repo.path();
    let remover = std::thread::spawn(move || {
        for index in 0..300 {
            std::fs::remove_file(path.join(format!("d{}/{index}.md", index % 10))).unwrap();
        }
    });
    while !remover.is_finished() {
        let run = repo.run(&["validate", "--allow-empty"]).exits(0);
        let other = |line: &&str| !line.ends_with("ignored") && !line.ends_with("it was removed while phx was reading");
        assert_eq!(run.stderr.lines().find(other), None, "{}", run.stderr);
    }
    remover.join().unwrap();
}

#[test]
fn validates_other_documents_next_to_a_deeply_nested_list() {
    let _transcript = crate::transcript::Transcript::of_this_test();
    for entry in ["- ", "1. ", "+ ", "1. > ", "- > "] {
        let repo = Repo::with_git();
        let deep = format!("{}\n{}x\n", clean_document(), entry.repeat(10_000));
        repo.write("deep.md", &deep).write("wrong.md", document("", "")).git(&["add", "-A"]);
        for arguments in [&["validate"][..], &["validate", "deep.md", "wrong.md"], &["validate", "--staged"]] {
            repo.run(arguments).exits(1);
        }
        repo.run(&["inspect", "deep.md"]).exits(0);
        repo.run(&["status"]).exits(0);
        repo.run(&["hook", "run", "pre-commit"]).exits(1);
        assert_eq!(repo.read("deep.md"), deep);
    }
}

#[test]
fn survives_deeply_nested_templates() {
    let rounds = "{% set ns = namespace(s=[]) %}{% for i in range(50000) %}{% set ns.s = [ns.s] %}{% endfor %}";
    let cases = [
        format!("A: {{{{ {}1 }}}}\n", "not ".repeat(20_000)),
        format!("A: {{{{ {}1 }}}}\n", "(".repeat(2000)),
        "{% if 1 %}".repeat(100) + "\n",
        format!("A: {{{{ {}1 }}}}\n", "-".repeat(4000)),
        format!("A: {{{{ a{} }}}}\n", ".a".repeat(2000)),
        format!("{rounds}A: 1\n"),
    ];
    for template in cases {
        let repo = Repo::new();
        let body = "# T\n\n## Weather\n<!-- AUTO-GENERATED -->\nA: 2\n<!-- END AUTO-GENERATED -->\n";
        repo.write("DOC.md", document("  phase_number: 1\n", body))
            .write(".phx/templates/sections/weather.md", &template);
        let run = repo.run(&["regen"]).recorded();
        assert!(matches!(run.code, 0 | 1), "{}", run.stderr);
    }
}

#[test]
fn parses_many_markers_in_one_html_block_in_linear_time() {
    let opened = "<!-- AUTO-GENERATED - DO NOT EDIT -->\n";
    let repo = Repo::new();
    let nested = opened.repeat(4_000) + &"<!-- END AUTO-GENERATED -->\n".repeat(4_000);
    repo.write("a.md", format!("---\ngovernance:\n  kind: upcoming-features\n---\n{nested}"));
    repo.run(&["validate", "-o", "concise"]).exits(1);
    for start in ["<?\n", "<![CDATA[\n"] {
        repo.write("a.md", format!("{}\n{}", clean_document(), format!("{start}{opened}").repeat(8_000)));
        repo.run(&["validate", "-o", "concise"]).exits(1);
    }
}

#[test]
fn rejects_worktree_commands_in_a_bare_repository() {
    let origin = Repo::with_git();
    origin.write("PLAN.md", document("  phase_number: 1\n", "# T\n")).commit("first");
    origin.run(&["review", "PLAN.md", "--yes"]).exits(0);
    origin.commit("review");
    let bare = Repo::bare();
    let from = origin.path().display().to_string();
    bare.try_git(&["clone", "-q", "--bare", &from, "."], &[]).exits(0);
    for command in [&["validate"][..], &["new", "phase-plan"], &["status"], &["regen"], &["review", "PLAN.md"]] {
        bare.run(command).exits(2);
    }
    bare.run(&["validate", "--rev", "HEAD"]).exits(0);
    bare.run(&["audit", "verify"]).exits(0);
    bare.run(&["schema", "show", "governance"]).exits(0);
    bare.run(&["hook", "install"]).exits(2);
    assert!(!bare.path().join("PHASE_PLAN.md").exists());
}
