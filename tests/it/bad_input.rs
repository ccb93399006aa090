//! Bad input: each gets a clear finding or message with its place, and the other files are still checked.

use crate::support::{Repo, Run, clean_document, document};

/// Checks a document beside another one that has one finding; returns what is said of the first.
#[track_caller]
fn said_of(content: impl AsRef<[u8]>) -> String {
    let repo = Repo::new();
    repo.write("bad.md", content).write("other.md", document("", ""));
    let run = repo.validate().exits(1);
    let (of_other, of_bad): (Vec<&str>, Vec<&str>) = run.stdout.lines().partition(|line| line.starts_with("other.md:"));
    assert_eq!(of_other.len(), 1, "the other document is still checked:\n{}", run.stdout);
    of_bad.join("\n").replace("bad.md:", "")
}

/// What is said of a governance block.
#[track_caller]
fn said_of_front(front: &str) -> String {
    said_of(format!("---\n{front}\n---\n\n# T\n"))
}

#[test]
fn files_without_front_matter_are_not_governed() {
    let _transcript = crate::transcript::Transcript::of_this_test();
    for content in ["", "---", "---\n", "---\n---\n", "\n\n", "\0", "---\n...\n"] {
        assert_eq!(said_of(content), "", "{content:?}");
    }
}

#[test]
fn front_matter_that_never_ends() {
    assert_eq!(
        said_of(clean_document().replace("---\n\n# Title\n", "\n# Title\n")),
        "1:1: error[unterminated-front-matter] front matter that is never closed"
    );
}

#[test]
fn a_tab_in_yaml() {
    let said = said_of_front("governance:\n\towner: x");
    assert_eq!(said, "3:1: error[invalid-front-matter] a tab in the indentation of YAML");
    let said = said_of(clean_document().replace("  phase_number", "\tphase_number"));
    assert_eq!(said, "10:1: error[invalid-front-matter] a tab in the indentation of YAML");
}

#[test]
fn a_key_that_stands_twice() {
    let said = said_of(clean_document().replace("  phase_number: 2\n", "  phase_number: 2\n  phase_number: 3\n"));
    assert_eq!(said, "11:3: error[invalid-front-matter] the key `phase_number` stands twice, first on line 10");
}

#[test]
fn a_block_that_is_no_mapping() {
    let _transcript = crate::transcript::Transcript::of_this_test();
    for (value, kind) in [("null", "null"), ("", "null"), ("[a, b]", "a list"), ("text", "a string"), ("5", "a number")]
    {
        let said = said_of_front(&format!("governance: {value}"));
        assert_eq!(said, format!("2:1: error[invalid-front-matter] `governance` is {kind}, not a mapping"));
    }
}

#[test]
fn front_matter_that_is_no_mapping() {
    let repo = Repo::new();
    repo.write("phx.toml", "[[kind]]\nname = \"document\"\npaths = [\"*.md\"]\n");
    repo.write("D.md", "---\n- a\n- b\n---\n");
    repo.validate().exits(1);
    repo.write("D.md", "---\n---\n# T\n");
    repo.validate().exits(1);
}

#[test]
fn an_alias_bomb() {
    let mut front = "governance:\n  a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n".to_owned();
    for level in 1..20 {
        let aliases = vec![format!("*a{}", level - 1); 10].join(", ");
        front += &format!("  a{level}: &a{level} [{aliases}]\n");
    }
    let said = said_of_front(front.trim_end());
    crate::transcript::note(&said);
}

#[test]
fn depth_has_a_bound() {
    let _transcript = crate::transcript::Transcript::of_this_test();
    let nested = |levels: usize| format!("governance: {}{}", "[".repeat(levels), "]".repeat(levels));
    for levels in [63, 64, 30_000] {
        crate::transcript::note(&said_of_front(&nested(levels)));
    }
}

#[test]
fn bytes_that_are_not_utf8() {
    let mut front = clean_document().into_bytes();
    let at = front.windows(7).position(|window| window == b"PHOENIX").unwrap();
    front[at] = 0xFF;
    let said = said_of(&front);
    assert!(said.starts_with(&format!("9:16: error[invalid-encoding] the byte at offset {at} is not UTF-8")), "{said}");
    let mut body = clean_document().into_bytes();
    let at = body.len();
    body.extend(b"caf\xE9\n");
    assert_eq!(said_of(&body), format!("14:4: error[invalid-encoding] the byte at offset {} is not UTF-8", at + 3));
}

#[test]
fn nul_bytes() {
    let text = format!("{}a\0b\n", clean_document());
    assert_eq!(said_of(&text), format!("14:2: error[invalid-encoding] a NUL byte at offset {}", text.len() - 3));
    let said = said_of(clean_document().replace("PHOENIX_RISING", "PHOENIX\0RISING"));
    assert!(said.starts_with("9:23: error[invalid-encoding] a NUL byte at offset"), "{said}");
}

#[test]
fn a_file_of_twenty_mebibytes() {
    let mut text = clean_document();
    text.push_str(&"x".repeat(20 * 1024 * 1024));
    assert_eq!(said_of(text), "1:1: error[oversized-document] longer than 16 MiB");
}

#[test]
fn front_matter_past_its_bound() {
    let filler = "# filler\n".repeat(8000);
    let said = said_of(clean_document().replace("phase_number: 2\n", &format!("phase_number: 2\n{filler}")));
    assert_eq!(said, "1:1: error[oversized-document] no line `---` closes the front matter within 64 KiB");
}

#[test]
fn ten_thousand_blocks_and_one_more() {
    let blocks = |count: usize| {
        let body = "<!-- MANUAL -->\n\n".repeat(count);
        document("  phase_number: 1\n", &format!("# T\n\n## A\n{body}"))
    };
    let said = said_of(blocks(10_001));
    assert_eq!(said, "20016:1: error[oversized-document] more than 10000 blocks in one document");
    crate::transcript::note(&said_of(blocks(10_000)));
}

#[test]
fn ten_thousand_markers_that_do_not_pair() {
    let text = format!("{}{}", clean_document(), "<!-- AUTO-GENERATED -->\n".repeat(9_999));
    let said = said_of(text);
    assert_eq!(said.lines().filter(|line| line.contains("[unbalanced-marker]")).count(), 1_000);
    crate::transcript::note(&said);
}

#[test]
fn lines_of_a_megabyte() {
    let text = format!("{}{}\n| {} |\n", clean_document(), "[x](".repeat(250_000), "a|".repeat(500_000));
    assert_eq!(said_of(text), "");
}

#[test]
fn comments_that_open_and_never_close() {
    let text = format!("{}{}\n{}", clean_document(), "<!-- ".repeat(400_000), "<!--\n".repeat(100_000));
    assert_eq!(said_of(text), "");
}

#[test]
fn deeply_nested_markdown() {
    assert_eq!(said_of(format!("{}{}x\n", clean_document(), "> ".repeat(5_000))), "");
    let text = format!("{}{}y\n", clean_document(), "- ".repeat(5_000));
    assert_eq!(said_of(text), "14:129: error[oversized-document] lists are nested more than 64 levels deep");
}

#[cfg(unix)]
mod unix {
    use std::ffi::OsStr;
    use std::os::unix::ffi::OsStrExt;
    use std::os::unix::fs::{PermissionsExt, symlink};
    use std::os::unix::process::CommandExt;

    use super::*;

    #[test]
    fn a_link_to_itself() {
        let repo = Repo::new();
        symlink("loop.md", repo.path().join("loop.md")).unwrap();
        repo.write("a.md", clean_document());
        repo.run(&["validate"]).exits(0);
        let named = repo.run(&["validate", "-o", "concise", "loop.md", "a.md"]).exits(1);
        assert!(
            named.stdout.starts_with("loop.md:1:1: error[unreadable-document] cannot be read: "),
            "{}",
            named.stdout
        );
    }

    #[test]
    fn a_link_to_a_document_is_checked_once() {
        let repo = Repo::new();
        repo.write("a.md", document("", ""));
        symlink("a.md", repo.path().join("b.md")).unwrap();
        repo.validate().exits(1);
    }

    #[test]
    fn a_pipe_is_not_waited_for() {
        let repo = Repo::new();
        repo.write("a.md", clean_document());
        let made = std::process::Command::new("mkfifo").arg(repo.path().join("pipe.md")).status().unwrap();
        assert!(made.success());
        repo.run(&["validate"]).exits(0);
        repo.run(&["validate", "-o", "concise", "pipe.md"]).exits(1);
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn a_name_that_is_not_utf8() {
        let repo = Repo::new();
        let name = OsStr::from_bytes(b"caf\xE9.md");
        std::fs::write(repo.path().join(name), document("", "")).unwrap();
        repo.validate().exits(1);
        let run = Run::of(repo.command(&["validate", "-o", "json", "-q"]).output().unwrap());
        assert_eq!(run.json()["findings"][0]["path"], "caf\u{FFFD}.md");
    }

    /// The user that nothing may be hidden from is no use here; another one is.
    const NOBODY: u32 = 65_534;

    #[test]
    fn what_may_not_be_read_is_a_finding() {
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
            // The binary may stand where only root looks.
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
fn files_that_come_and_go_while_phx_reads_do_no_harm() {
    let repo = Repo::new();
    for index in 0..300 {
        repo.write(&format!("d{}/{index}.md", index % 10), clean_document());
    }
    let path = repo.path();
    let going = std::thread::spawn(move || {
        for index in 0..300 {
            std::fs::remove_file(path.join(format!("d{}/{index}.md", index % 10))).unwrap();
        }
    });
    while !going.is_finished() {
        let run = repo.run(&["validate", "--allow-empty"]).exits(0);
        let other = |line: &&str| !line.ends_with("ignored") && !line.ends_with("it was removed while phx was reading");
        assert_eq!(run.stderr.lines().find(other), None, "{}", run.stderr);
    }
    going.join().unwrap();
}

#[test]
fn lists_that_nest_too_deep_are_a_finding_and_other_documents_go_on() {
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
fn a_template_that_nests_too_deep_ends_neither_the_program_nor_the_run() {
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
fn many_nested_blocks_and_markers_in_one_piece_of_html_are_read_once() {
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
fn a_bare_repository_is_named_and_its_revisions_are_read() {
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
