//! Fixtures for the checks of `repo`: a scratch repository created with git and phx, with at most one defect.

use std::path::{Path, PathBuf};
use std::process::Stdio;

use serde_json::Value;
use tokio::process::Command;

use super::FixtureKind::{Conforming, Defective};
use super::{FixtureCase, FixtureKind};
use crate::doctor::check_result::{CheckFuture, CheckResult};
use crate::doctor::record::Outcome;
use crate::doctor::repo::CHECKS;
use crate::doctor::scratch::ScratchFolder;
use crate::system::{disk, environment};

/// Current time in the scratch repository.
const NOW: &str = "2025-09-01T00:00:00Z";
/// Time after every deadline in the scratch repository.
const LATER: &str = "2035-09-01T00:00:00Z";

/// Defect: path and content of a file to write; without a path, the content is the current time.
type Defect = (&'static str, &'static str);

/// Check id, kind of the fixture, description, and defect.
type RepoFixture = (&'static str, FixtureKind, &'static str, Defect);

const ROWS: &[RepoFixture] = &[
    ("repo.git", Conforming, "the installed git", ("", "")),
    ("repo.git", Defective, "git 2.17", ("bin/git", "#!/bin/sh\necho git version 2.17.1\n")),
    ("repo.config", Conforming, "a configuration", ("", "")),
    ("repo.config", Defective, "an unknown rule", ("phx.toml", "[rules]\nnonsense = \"off\"\n")),
    ("repo.schemas", Conforming, "the schemas of phx", ("", "")),
    ("repo.schemas", Defective, "an invalid schema", (".phx/schemas/v1.0/pier.schema.json", "{ \"type\": 7 }")),
    ("repo.templates", Conforming, "the templates of phx", ("", "")),
    ("repo.templates", Defective, "an invalid template", (".phx/templates/sections/tides.md", "{% if %}\n")),
    ("repo.hooks", Conforming, "hooks installed by phx", ("", "")),
    ("repo.hooks", Defective, "a hook that was changed", (".git/hooks/pre-commit", "#!/bin/sh\n# phx\ntrue\n")),
    ("repo.ledger", Conforming, "a ledger of one record", ("", "")),
    (
        "repo.ledger",
        Defective,
        "a record with a wrong name",
        (".phx/ledger/2025-09/01990000-0000-7000-8000-000000000000.json", "{}\n"),
    ),
    ("repo.documents", Conforming, "a document before its deadline", ("", "")),
    ("repo.documents", Defective, "a document past its deadline", ("", LATER)),
];

/// Returns the cases of the probe.
pub(super) fn cases() -> Vec<FixtureCase> {
    let case = |(id, kind, subject, defect): &'static RepoFixture| {
        let (check, _) = CHECKS.iter().find(|(check, _)| check.id == *id)?;
        Some(FixtureCase { check, kind: *kind, subject, look: Box::new(move || run_on_fixture(id, defect)) })
    };
    ROWS.iter().filter_map(case).collect()
}

fn run_on_fixture(id: &'static str, defect: &'static Defect) -> CheckFuture {
    Box::pin(async move {
        if defect.0.starts_with("bin/") && !cfg!(unix) {
            return CheckResult::skip("platform: git can be replaced only on Unix");
        }
        match create_and_check(id, defect).await {
            Ok(found) => found,
            Err(why) => CheckResult::error(why),
        }
    })
}

async fn create_and_check(id: &str, (file, content): &Defect) -> Result<CheckResult, String> {
    let scratch = ScratchFolder::new("repository").map_err(|error| error.to_string())?;
    let (root, phx) = (scratch.path(), environment::program().map_err(|error| error.to_string())?);
    let git = PathBuf::from("git");
    run(&git, root, &["init", "-q"], NOW).await?;
    for (key, value) in [("user.name", "Ines"), ("user.email", "ines@example.org"), ("core.hooksPath", ".git/hooks")] {
        run(&git, root, &["config", key, value], NOW).await?;
    }
    write(root, "phx.toml", "")?;
    run(&phx, root, &["new", "upcoming-features", "a.md"], NOW).await?;
    run(&phx, root, &["hook", "install"], NOW).await?;
    run(&phx, root, &["review", "a.md", "--yes"], NOW).await?;
    if !file.is_empty() {
        write(root, file, content)?;
    }
    let now = if file.is_empty() && !content.is_empty() { content } else { NOW };
    let printed = run(&phx, root, &["doctor", id, "-o", "json"], now).await?;
    let result: Value =
        serde_json::from_slice(&printed).map_err(|error| format!("cannot parse the result of phx: {error}"))?;
    let record = &result["checks"][0];
    let outcome = Outcome::ALL.iter().find(|outcome| record["outcome"] == outcome.name());
    let outcome = outcome.ok_or_else(|| "the result of phx has no outcome".to_owned())?;
    let detail = record["detail"].as_str().unwrap_or_default();
    Ok(CheckResult::new(*outcome, 1).detail(detail))
}

fn write(root: &Path, file: &str, content: &str) -> Result<(), String> {
    let path = root.join(file);
    disk::write_program(&path, content.as_bytes()).map_err(|error| format!("{file}: {}", disk::explain(&error)))
}

/// Runs a program in the scratch repository, isolated from the Git configuration of the user. Returns its standard
/// output.
async fn run(program: &Path, root: &Path, arguments: &[&str], now: &str) -> Result<Vec<u8>, String> {
    let path = environment::raw_variable("PATH").unwrap_or_default();
    let path =
        if disk::is_directory(&root.join("bin")) { format!("{}:{path}", root.join("bin").display()) } else { path };
    let mut command = Command::new(program);
    command.args(arguments).current_dir(root).stdin(Stdio::null()).kill_on_drop(true);
    command.env("PATH", path).env("PHX_NOW", now).env("GIT_CONFIG_NOSYSTEM", "1").env("HOME", root);
    for name in ["GIT_DIR", "GIT_INDEX_FILE", "GIT_WORK_TREE", "PHX_OVERRIDE"] {
        command.env_remove(name);
    }
    let output = command.output().await.map_err(|error| format!("cannot start `{}`: {error}", program.display()))?;
    let is_doctor = arguments.first() == Some(&"doctor");
    if output.status.success() || is_doctor {
        return Ok(output.stdout);
    }
    Err(format!("`{} {}`: {}", program.display(), arguments.join(" "), String::from_utf8_lossy(&output.stderr).trim()))
}
