//! Temporary repositories, and runs of phx in them.

use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::sync::Arc;

use crate::transcript::Transcript;

/// Default time of the tests, within the windows of the fixtures.
pub(crate) const NOW: &str = "2025-09-01T00:00:00Z";

/// Temporary directory with files that phx runs in; removed at the end.
pub(crate) struct Repo {
    directory: tempfile::TempDir,
    transcript: Option<Arc<Transcript>>,
}

/// Content of a repository.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct State {
    pub files: std::collections::BTreeMap<PathBuf, Vec<u8>>,
    /// Entries of the index, with flags.
    pub index: String,
    /// Output of `git status`.
    pub status: String,
}

/// Result of a finished process.
pub(crate) struct Run {
    /// Command line, for the transcript.
    command: String,
    transcript: Option<Arc<Transcript>>,
    pub code: i32,
    pub stdout: String,
    pub stderr: String,
}

impl Repo {
    /// Creates a repository with an empty `.git` directory, without Git data.
    pub(crate) fn new() -> Self {
        let repo = Self::bare();
        std::fs::create_dir(repo.path().join(".git")).unwrap();
        repo
    }

    /// Creates a repository with `git init`.
    pub(crate) fn with_git() -> Self {
        let repo = Self::bare();
        repo.git(&["init", "--quiet"]);
        // phx reads the user identity from Git.
        repo.git(&["config", "user.name", "Ines"]);
        repo.git(&["config", "user.email", "ines@harbor.example"]);
        repo
    }

    /// Creates a directory that is not a repository.
    pub(crate) fn bare() -> Self {
        let directory = tempfile::Builder::new().prefix("phx-test-").tempdir().unwrap();
        Self { directory, transcript: Some(Transcript::of_this_test()) }
    }

    /// Excludes the runs from the transcript, for example because their output depends on timing.
    pub(crate) fn unrecorded(mut self) -> Self {
        self.transcript = None;
        self
    }

    /// Returns the canonical path of the repository.
    pub(crate) fn path(&self) -> PathBuf {
        self.directory.path().canonicalize().unwrap()
    }

    /// Writes a file and its parent directories.
    pub(crate) fn write(&self, path: &str, content: impl AsRef<[u8]>) -> &Self {
        let file = self.path().join(path);
        std::fs::create_dir_all(file.parent().unwrap()).unwrap();
        std::fs::write(file, content).unwrap();
        self
    }

    pub(crate) fn read(&self, path: &str) -> String {
        std::fs::read_to_string(self.path().join(path)).unwrap()
    }

    /// Adds a text to the transcript of the test: a file, a commit message.
    pub(crate) fn note(&self, text: &str) {
        if self.transcript.is_some() {
            crate::transcript::note(text);
        }
    }

    /// Returns a command that runs phx in a clean environment at [`NOW`].
    pub(crate) fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_phx"));
        command
            .args(arguments)
            .current_dir(self.path())
            .env_clear()
            .env("PHX_NOW", NOW)
            .env("PHX_YES", "1")
            .stdin(Stdio::null());
        // `PATH` is necessary to find git, `SystemRoot` to start a process on Windows.
        for kept in ["PATH", "SystemRoot"] {
            if let Some(value) = std::env::var_os(kept) {
                command.env(kept, value);
            }
        }
        command
    }

    /// Returns a git command without user configuration, at 30 August 2025. Hooks run at [`NOW`].
    pub(crate) fn git_command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new("git");
        command
            .args(["-c", "user.name=Ines", "-c", "user.email=ines@harbor.example", "-c", "commit.gpgsign=false"])
            .args([
                "-c",
                "init.defaultBranch=main",
                "-c",
                "protocol.file.allow=always",
                "-c",
                "advice.detachedHead=false",
            ])
            .args(arguments)
            .current_dir(self.path())
            .envs([("GIT_CONFIG_GLOBAL", "/dev/null"), ("GIT_CONFIG_SYSTEM", "/dev/null")])
            .envs([("GIT_AUTHOR_DATE", "2025-08-30T10:00:00Z"), ("GIT_COMMITTER_DATE", "2025-08-30T10:00:00Z")])
            .envs([("PHX_NOW", NOW), ("GIT_EDITOR", "true"), ("GIT_MERGE_AUTOEDIT", "no")]);
        for variable in ["PHX", "PHX_OVERRIDE", "SKIP", "PRE_COMMIT", "GIT_DIR", "GIT_INDEX_FILE", "GIT_WORK_TREE"] {
            command.env_remove(variable);
        }
        command.stdin(Stdio::null());
        command
    }

    /// Runs git and returns its output. Panics if it fails.
    #[track_caller]
    pub(crate) fn git(&self, arguments: &[&str]) -> String {
        let run = self.git_command(arguments).output().unwrap();
        assert!(run.status.success(), "git {arguments:?}: {}", String::from_utf8_lossy(&run.stderr));
        String::from_utf8(run.stdout).unwrap()
    }

    /// Runs git, which may fail.
    pub(crate) fn try_git(&self, arguments: &[&str], environment: &[(&str, &str)]) -> Run {
        self.finish(self.git_command(arguments).envs(environment.iter().copied()))
    }

    /// Returns the bytes of every file of the worktree, the entries of the index, and the output of `git status`.
    pub(crate) fn state(&self) -> State {
        let mut files = std::collections::BTreeMap::new();
        let mut folders = vec![self.path()];
        while let Some(folder) = folders.pop() {
            for entry in std::fs::read_dir(folder).unwrap() {
                let path = entry.unwrap().path();
                if path.file_name().is_some_and(|name| name == ".git") {
                    continue;
                }
                if path.is_dir() && !path.is_symlink() {
                    folders.push(path);
                } else if let Ok(bytes) = std::fs::read(&path) {
                    files.insert(path, bytes);
                }
            }
        }
        let status = self.git(&["status", "--porcelain=v2", "-z"]);
        let index = self.git(&["ls-files", "--stage", "-v", "-z"]);
        State { files, index, status }
    }

    /// Commits all files.
    #[track_caller]
    pub(crate) fn commit(&self, message: &str) -> &Self {
        self.git(&["add", "-A"]);
        self.git(&["commit", "--quiet", "-m", message]);
        self
    }

    pub(crate) fn run(&self, arguments: &[&str]) -> Run {
        self.finish(&mut self.command(arguments))
    }

    /// Runs phx with additional environment variables.
    pub(crate) fn run_with(&self, arguments: &[&str], env: &[(&str, &str)]) -> Run {
        self.finish(self.command(arguments).envs(env.iter().copied()))
    }

    /// Runs a command to completion.
    pub(crate) fn finish(&self, command: &mut Command) -> Run {
        let output = command.output().unwrap();
        Run {
            transcript: self.transcript.clone(),
            command: Transcript::shown(command, &self.path()),
            ..Run::of(output)
        }
    }

    /// Validates the repository with one line per finding.
    pub(crate) fn validate(&self) -> Run {
        self.run(&["validate", "-o", "concise", "-q"])
    }
}

impl Run {
    /// Converts the output of a finished process, which is not recorded.
    pub(crate) fn of(output: Output) -> Self {
        Self {
            command: String::new(),
            transcript: None,
            code: output.status.code().unwrap_or(-1),
            stdout: String::from_utf8(output.stdout).unwrap(),
            stderr: String::from_utf8(output.stderr).unwrap(),
        }
    }

    /// Asserts the exit code and adds the run to the transcript of the test.
    #[track_caller]
    pub(crate) fn exits(self, code: i32) -> Self {
        assert_eq!(self.code, code, "exit code\nstdout:\n{}\nstderr:\n{}", self.stdout, self.stderr);
        self.recorded()
    }

    /// Adds the run to the transcript of the test, at most once.
    pub(crate) fn recorded(mut self) -> Self {
        if let Some(transcript) = self.transcript.take() {
            transcript.add(&self.command, self.code, &self.stdout, &self.stderr);
        }
        self
    }

    /// Parses standard output as JSON.
    #[track_caller]
    pub(crate) fn json(&self) -> serde_json::Value {
        serde_json::from_str(&self.stdout).unwrap_or_else(|error| panic!("{error}:\n{}", self.stdout))
    }
}

/// Document of the kind `document` without findings.
pub(crate) fn clean_document() -> String {
    document("  phase_number: 2\n", "# Title\n")
}

/// Front matter with all required keys except the phase number, followed by the lines in `more` and a body.
pub(crate) fn document(more: &str, body: &str) -> String {
    format!(
        "---\ngovernance:\n  correlation_id: 4018e185-d0ad-4382-91cf-3224b61fcdfd\n  \
         last_updated: 2025-08-29T15:35:33Z\n  update_required_by: 2025-09-12T15:35:33Z\n  \
         validation_schema: v1.0\n  auto_sections: []\n  manual_sections: []\n  phase_group: PHOENIX_RISING\n{more}---\n\n{body}"
    )
}

/// Linear congruential generator (Knuth, MMIX) with the same numbers in each run.
pub(crate) struct Random(pub u64);

impl Random {
    pub(crate) fn below(&mut self, limit: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        usize::try_from((self.0 >> 33) % u64::try_from(limit.max(1)).unwrap()).unwrap()
    }
}

/// Directory of the package.
pub(crate) fn package() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// Validates a JSON value against a schema of the repository.
#[track_caller]
pub(crate) fn assert_valid(schema: &str, value: &serde_json::Value) {
    let text = std::fs::read_to_string(package().join(schema)).unwrap();
    let schema = serde_json::from_str(&text).unwrap();
    let validator = jsonschema::options().should_validate_formats(true).build(&schema).unwrap();
    let errors: Vec<String> =
        validator.iter_errors(value).map(|error| format!("{} at {}", error, error.instance_path())).collect();
    assert!(errors.is_empty(), "{errors:#?}\n{value:#}");
}
