//! Console examples of the tutorial and the guides: every command runs, and its output is compared with the page.
//!
//! In a block `console`, a line that starts with `$ ` is a command, `> ` continues it, and the lines up to the next command are its
//! output, standard error included. `# exit code N` follows a command that fails. A block whose info string is `LANGUAGE,file=PATH`
//! is written to that file. The blocks of a page run in one shell, in a temporary folder. Identifiers that differ from run to run
//! count as equal. `PHX_BLESS=1 cargo test --test it book::` writes the real output into the pages.
#![cfg(unix)]

use std::fmt::Write;
use std::path::Path;
use std::process::{Command, Stdio};

use crate::support::package;
use crate::transcript::redacted;

/// Folder that the pages show.
const FOLDER: &str = "/home/ines/harbor";

/// A command of a page, and the output that the page shows.
struct Example {
    command: String,
    output: String,
    /// Lines of the page that hold the output.
    lines: std::ops::Range<usize>,
}

/// A step of a page.
enum Step {
    File { path: String, text: String },
    Run(Example),
}

fn steps(page: &str) -> Vec<Step> {
    let mut steps = Vec::new();
    let lines: Vec<&str> = page.lines().collect();
    let mut at = 0;
    while at < lines.len() {
        let Some(info) = lines[at].strip_prefix("```").filter(|info| !info.is_empty()) else {
            at += 1;
            continue;
        };
        let end = (at + 1..lines.len()).find(|line| lines[*line] == "```").unwrap();
        if let Some(path) = info.split(',').find_map(|part| part.strip_prefix("file=")) {
            steps.push(Step::File { path: path.to_owned(), text: lines[at + 1..end].join("\n") + "\n" });
        } else if info == "console" {
            steps.extend(examples(&lines, at + 1..end).into_iter().map(Step::Run));
        }
        at = end + 1;
    }
    steps
}

fn examples(lines: &[&str], block: std::ops::Range<usize>) -> Vec<Example> {
    let mut examples: Vec<Example> = Vec::new();
    for at in block {
        let line = lines[at];
        if let Some(command) = line.strip_prefix("$ ") {
            examples.push(Example { command: command.to_owned(), output: String::new(), lines: at + 1..at + 1 });
            continue;
        }
        let last = examples.last_mut().unwrap();
        if let Some(more) = line.strip_prefix("> ").filter(|_| last.output.is_empty()) {
            last.command += &format!("\n{more}");
            last.lines = at + 1..at + 1;
        } else {
            last.output += &format!("{line}\n");
            last.lines.end = at + 1;
        }
    }
    examples
}

/// Runs the steps of a page in one shell; returns the output of each command, with its exit code if that is not 0.
fn run(steps: &[Step]) -> Vec<String> {
    const MARK: &str = "<<phx-example-ends>>";
    let folder = tempfile::Builder::new().prefix("phx-test-").tempdir().unwrap();
    let mut script = String::new();
    for step in steps {
        match step {
            Step::File { path, text } => {
                let parent = Path::new(path).parent().unwrap().display().to_string();
                let parent = if parent.is_empty() { "." } else { &parent };
                let _ = write!(script, "mkdir -p '{parent}'\ncat > '{path}' <<'PHX_FILE_ENDS'\n{text}PHX_FILE_ENDS\n");
            }
            Step::Run(example) => {
                let _ = write!(script, "{{ {}\n}} 2>&1\necho \"{MARK}$?\"\n", example.command);
            }
        }
    }
    let binary = Path::new(env!("CARGO_BIN_EXE_phx")).parent().unwrap();
    let path = std::env::join_paths(
        std::iter::once(binary.to_path_buf()).chain(std::env::split_paths(&std::env::var_os("PATH").unwrap())),
    );
    let output = Command::new("sh")
        .arg("-c")
        .arg(script)
        .current_dir(folder.path())
        .env_clear()
        .envs([("PATH", path.unwrap()), ("HOME", folder.path().into())])
        .envs([("PHX_NOW", crate::support::NOW), ("GIT_CONFIG_SYSTEM", "/dev/null"), ("LC_ALL", "C.UTF-8")])
        .envs([("GIT_AUTHOR_DATE", "2025-09-01T00:00:00Z"), ("GIT_COMMITTER_DATE", "2025-09-01T00:00:00Z")])
        .stdin(Stdio::null())
        .output()
        .unwrap();
    let real = folder.path().canonicalize().unwrap();
    let text = String::from_utf8(output.stdout).unwrap().replace(&*real.to_string_lossy(), FOLDER);
    let mut parts: Vec<&str> = text.split(MARK).collect();
    let mut outputs = Vec::new();
    for at in 1..parts.len() {
        let (code, rest) = parts[at].split_once('\n').unwrap();
        let exit = if code == "0" { String::new() } else { format!("# exit code {code}\n") };
        outputs.push(parts[at - 1].to_owned() + &exit);
        parts[at] = rest;
    }
    outputs
}

#[track_caller]
fn check(path: &str) {
    let file = package().join("docs/src").join(path);
    let page = std::fs::read_to_string(&file).unwrap();
    let steps = steps(&page);
    let outputs = run(&steps);
    let examples: Vec<&Example> =
        steps.iter().filter_map(|step| if let Step::Run(example) = step { Some(example) } else { None }).collect();
    assert!(!examples.is_empty(), "{path}: no console example");
    assert_eq!(examples.len(), outputs.len(), "{path}: a command ended the shell");
    if std::env::var_os("PHX_BLESS").is_some() {
        let mut lines: Vec<String> = page.lines().map(str::to_owned).collect();
        for (example, output) in examples.iter().zip(&outputs).rev() {
            lines.splice(example.lines.clone(), output.lines().map(str::to_owned));
        }
        std::fs::write(&file, lines.join("\n") + "\n").unwrap();
        return;
    }
    for (example, output) in examples.iter().zip(&outputs) {
        assert_eq!(redacted(output), redacted(&example.output), "{path}: $ {}", example.command);
    }
}

#[test]
fn the_tutorial_runs() {
    check("tutorial.md");
}

#[test]
fn the_guide_to_existing_repositories_runs() {
    check("guides/existing-repository.md");
}

#[test]
fn the_guide_to_continuous_integration_runs() {
    check("guides/ci.md");
}

#[test]
fn the_guide_to_hooks_runs() {
    check("guides/hooks.md");
}

#[test]
fn the_guide_to_kinds_and_templates_runs() {
    check("guides/kinds-and-templates.md");
}

#[test]
fn the_guide_to_merge_conflicts_runs() {
    check("guides/merge-conflicts.md");
}

#[test]
fn the_guide_to_monorepos_runs() {
    check("guides/monorepo.md");
}

#[test]
fn the_guides_to_doctor_run() {
    check("guides/doctor.md");
    check("guides/doctor-ws.md");
    check("guides/doctor-pty.md");
    check("guides/doctor-ipc.md");
    check("guides/doctor-db.md");
}
