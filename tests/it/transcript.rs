//! Transcripts of tests: command line, exit code, standard output and standard error of each run, as one snapshot.
//!
//! A transcript is compared with `tests/it/snapshots/<module>__<test>.snap` when its last repository and run are
//! dropped. If a test starts another transcript afterwards, it is compared with `<module>__<test>-2.snap`. Text that
//! differs between runs (directories, identifiers, durations) is replaced by a name in brackets.

use std::cell::RefCell;
use std::collections::HashMap;
use std::fmt::Write;
use std::path::Path;
use std::process::Command;
use std::sync::{Arc, Mutex, Weak};

thread_local! {
    static CURRENT: RefCell<Weak<Transcript>> = const { RefCell::new(Weak::new()) };
    static STARTED: RefCell<HashMap<String, usize>> = RefCell::new(HashMap::new());
}

/// Runs of a test, in order.
pub(crate) struct Transcript {
    test: String,
    text: Mutex<String>,
}

/// Maximum number of lines of a stream in a transcript.
const LINES: usize = 120;

/// Patterns of text that differs between runs, and their replacements.
const FILTERS: &[(&str, &str)] = &[
    (r"(/private)?/[^\s`'\x22:]*/phx-test-[A-Za-z0-9]+", "[REPO]"),
    (r"\bphx-test-[A-Za-z0-9]+", "[REPO]"),
    (r"[^\s`'\x22:=]*/debug/phx(\.exe)?\b", "[PHX]"),
    (r"\b[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[0-9a-f]{4}-[0-9a-f]{12}\b", "[UUID]"),
    (r"\b[0-9a-f]{10}\b", "[COMMIT]"),
    (r"(\[[a-z]+( \(root-commit\))?) [0-9a-f]{7,}\]", "$1 [COMMIT]]"),
    (r"\b127\.0\.0\.1:[0-9]{2,5}\b", "127.0.0.1:[PORT]"),
    (r"\x22(duration_ms|t_ms)\x22:( ?)[0-9]+", "\"$1\":$2[N]"),
    (r"\btime=\x22[0-9.]+\x22", "time=\"[N]\""),
    (r"( {4,})[0-9]+ ms ", "$1[N] ms "),
    (r"(duration_seconds\{[^}]*\}) [0-9.]+", "$1 [N]"),
    (r"\bms [0-9]+(\.[0-9]+)?", "ms [N]"),
];

impl Transcript {
    /// Returns the transcript of the test on this thread. It is compared when the last reference is dropped.
    pub(crate) fn of_this_test() -> Arc<Self> {
        CURRENT.with_borrow_mut(|current| {
            current.upgrade().unwrap_or_else(|| {
                let test = std::thread::current().name().unwrap_or("unnamed").replace("::", "__");
                let new = Arc::new(Self { test, text: Mutex::default() });
                *current = Arc::downgrade(&new);
                new
            })
        })
    }

    /// Formats a command line as a user types it, with the environment variables set for it.
    pub(crate) fn shown(command: &Command, folder: &Path) -> String {
        let name = Path::new(command.get_program()).file_stem().unwrap().to_string_lossy();
        let mut line = String::new();
        for (variable, value) in command.get_envs() {
            let variable = variable.to_string_lossy();
            if let Some(value) = value
                && !["PHX_NOW", "PHX_YES", "PATH", "SystemRoot", "GIT_EDITOR", "GIT_MERGE_AUTOEDIT"]
                    .contains(&&*variable)
                && !variable.ends_with("_DATE")
                && !variable.starts_with("GIT_CONFIG_")
            {
                let _ = write!(line, "{variable}={:?} ", value.to_string_lossy());
            }
        }
        line.push_str(&name);
        let mut words = command.get_args().map(std::ffi::OsStr::to_string_lossy).peekable();
        while let Some(word) = words.next() {
            if name == "git" && word == "-c" {
                words.next();
                continue;
            }
            let is_plain = !word.is_empty() && word.chars().all(|c| c.is_alphanumeric() || "-_./=:@+,^~".contains(c));
            let _ = if is_plain { write!(line, " {word}") } else { write!(line, " {word:?}") };
        }
        line.replace(&*folder.to_string_lossy(), ".")
    }

    pub(crate) fn add(&self, command: &str, code: i32, stdout: &str, stderr: &str) {
        let mut text = format!("$ {command}\nexit code: {code}\n");
        for (name, stream) in [("stdout", stdout), ("stderr", stderr)] {
            if !stream.is_empty() {
                let _ = write!(text, "----- {name}\n{}", shortened(stream));
            }
        }
        self.text.lock().unwrap().push_str(&(text + "\n"));
    }
}

/// Adds a text to the transcript of the test on this thread.
pub(crate) fn note(text: &str) {
    Transcript::of_this_test().text.lock().unwrap().push_str(&format!("----- text\n{}\n", shortened(text)));
}

/// Replaces control characters by escapes.
pub(crate) fn printable(text: &str) -> String {
    let mut printable = String::new();
    for character in text.chars() {
        match character {
            '\n' | '\t' => printable.push(character),
            control if control.is_control() => printable.extend(control.escape_default()),
            other => printable.push(other),
        }
    }
    printable
}

/// Replaces control characters by escapes and keeps at most [`LINES`] lines.
fn shortened(text: &str) -> String {
    let mut short: String = text.split_inclusive('\n').take(LINES).map(printable).collect();
    if !short.ends_with('\n') && !short.is_empty() {
        short.push_str("[no line feed]\n");
    }
    match text.split_inclusive('\n').count().checked_sub(LINES) {
        None | Some(0) => short,
        Some(more) => short + &format!("[{more} more lines]\n"),
    }
}

/// A text with what differs from run to run replaced, as in a transcript.
#[cfg(unix)]
pub(crate) fn redacted(text: &str) -> String {
    FILTERS.iter().fold(text.to_owned(), |text, (pattern, replacement)| {
        regex::Regex::new(pattern).unwrap().replace_all(&text, *replacement).into_owned()
    })
}

impl Drop for Transcript {
    fn drop(&mut self) {
        let text = std::mem::take(&mut *self.text.lock().unwrap());
        if std::thread::panicking() || text.is_empty() {
            return;
        }
        let number = STARTED.with_borrow_mut(|started| {
            let number = started.entry(self.test.clone()).or_default();
            *number += 1;
            *number
        });
        let name = if number == 1 { self.test.clone() } else { format!("{}-{number}", self.test) };
        let mut settings = insta::Settings::clone_current();
        settings.set_snapshot_path("snapshots");
        settings.set_prepend_module_to_snapshot(false);
        settings.set_omit_expression(true);
        for (pattern, replacement) in FILTERS {
            settings.add_filter(pattern, *replacement);
        }
        settings.bind(|| insta::assert_snapshot!(name, text));
    }
}
