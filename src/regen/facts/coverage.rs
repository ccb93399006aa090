//! Parses coverage reports into the line coverage per file and per configured folder, with targets.

pub mod cobertura;
pub mod lcov;
pub mod llvm_cov;

use std::collections::BTreeMap;

use minijinja::Value;

use super::super::values;
use crate::config::Coverage;

/// Coverage report file.
#[derive(Clone, Debug)]
pub struct CoverageReport {
    /// Path for messages.
    pub path: String,
    pub bytes: Vec<u8>,
}

/// Line coverage of one file in one report.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum LineCounts {
    /// Executable lines by number, and whether each is covered.
    Each(BTreeMap<u64, bool>),
    /// Only totals are known.
    Count {
        /// Number of executable lines.
        lines: u64,
        /// Number of covered lines.
        covered: u64,
    },
}

/// Reason why a report cannot be read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReportError {
    /// Line in the report, from 1.
    pub line: usize,
    pub message: String,
}

impl ReportError {
    pub fn new(line: usize, message: impl Into<String>) -> Self {
        Self { line, message: message.into() }
    }
}

/// Files of one report, in their order.
pub type Files = Vec<(String, LineCounts)>;

/// Parses reports of all supported formats into the fact `coverage`. `root` is the absolute path of the repository with
/// `/` as the separator; it is removed from absolute paths in reports.
///
/// # Errors
/// Returns path, line and reason of the first report that cannot be parsed.
pub fn read(reports: &[CoverageReport], root: &str, settings: &Coverage) -> Result<Value, String> {
    let mut files: BTreeMap<String, LineCounts> = BTreeMap::new();
    for report in reports {
        let found =
            parse(&report.bytes).map_err(|broken| format!("{}:{}: {}", report.path, broken.line, broken.message))?;
        for (path, lines) in found {
            let path = relative(&path, root);
            match files.remove(&path) {
                Some(known) => files.insert(path, known.with(lines)),
                None => files.insert(path, lines),
            };
        }
    }
    Ok(value(&files, settings))
}

/// Parses one report: XML as Cobertura, JSON as `llvm-cov export`, everything else as lcov.
fn parse(bytes: &[u8]) -> Result<Files, ReportError> {
    let text = std::str::from_utf8(bytes).map_err(|error| {
        let line = 1 + memchr::memchr_iter(b'\n', &bytes[..error.valid_up_to()]).count();
        ReportError::new(line, "not UTF-8")
    })?;
    let text = text.trim_start_matches('\u{FEFF}');
    match text.trim_start().chars().next() {
        Some('<') => cobertura::parse(text),
        Some('{' | '[') => llvm_cov::parse(text),
        _ => lcov::parse(text),
    }
}

/// Converts a path to `/` separators, relative to the root if it is inside.
fn relative(path: &str, root: &str) -> String {
    let path = path.replace('\\', "/");
    let below = path.strip_prefix(root).and_then(|rest| rest.strip_prefix('/'));
    let path = below.unwrap_or(&path);
    path.strip_prefix("./").unwrap_or(path).to_owned()
}

/// Returns the part of a path below a folder. The folder may occur anywhere in an absolute path, because reports from
/// another machine have another root.
fn below<'p>(path: &'p str, folder: &str) -> Option<&'p str> {
    let folder = folder.trim_start_matches("./").trim_matches('/');
    if folder.is_empty() || folder == "." {
        return Some(path);
    }
    if let Some(rest) = path.strip_prefix(folder).and_then(|rest| rest.strip_prefix('/')) {
        return Some(rest);
    }
    let absolute = path.starts_with('/') || path.get(1..3) == Some(":/");
    let inside = format!("/{folder}/");
    let at = path.find(&inside).filter(|_| absolute)?;
    Some(&path[at + inside.len()..])
}

impl LineCounts {
    /// Merges the coverage of one file in two reports: a line is covered if it is covered in one of them.
    fn with(self, other: Self) -> Self {
        match (self, other) {
            (Self::Each(mut lines), Self::Each(more)) => {
                for (line, covered) in more {
                    *lines.entry(line).or_insert(false) |= covered;
                }
                Self::Each(lines)
            }
            (a, b) => {
                let ((lines, covered), (more, also)) = (a.counts(), b.counts());
                Self::Count { lines: lines.max(more), covered: covered.max(also) }
            }
        }
    }

    /// Returns the number of executable lines and of covered lines.
    fn counts(&self) -> (u64, u64) {
        match self {
            Self::Each(lines) => (lines.len() as u64, lines.values().filter(|covered| **covered).count() as u64),
            Self::Count { lines, covered } => (*lines, *covered),
        }
    }
}

/// Returns the percentage, rounded to a whole number; 100 and 0 only if they are exact. No executable lines are 100%.
fn percent((lines, covered): (u64, u64)) -> u64 {
    if lines == 0 {
        return 100;
    }
    let rounded = (200 * covered + lines) / (2 * lines);
    match rounded {
        100 if covered < lines => 99,
        0 if covered > 0 => 1,
        rounded => rounded,
    }
}

fn value(files: &BTreeMap<String, LineCounts>, settings: &Coverage) -> Value {
    let entry =
        |name: &str, path: &str, lines: &LineCounts, target: Option<f64>| summary(name, path, lines.counts(), target);
    let all: Vec<Value> = files.iter().map(|(path, lines)| entry(path, path, lines, settings.target)).collect();
    let folders = settings.folders.iter().filter_map(|folder| {
        let target = folder.target.or(settings.target);
        let inside: Vec<_> =
            files.iter().filter_map(|(path, lines)| Some((below(path, &folder.path)?, path, lines))).collect();
        let counts = inside.iter().fold((0, 0), |sum, (_, _, lines)| {
            let counts = lines.counts();
            (sum.0 + counts.0, sum.1 + counts.1)
        });
        let files: Vec<Value> = inside.iter().map(|(name, path, lines)| entry(name, path, lines, target)).collect();
        let all = summary(&folder.title, &folder.path, counts, target);
        let all = [("all", all), ("title", Value::from(folder.title.as_str())), ("files", Value::from(files))];
        // A folder that no report mentions is omitted instead of shown with 0%.
        (!inside.is_empty()).then(|| Value::from_pairs(all))
    });
    let folders: Vec<Value> = folders.collect();
    let counts =
        files.values().map(LineCounts::counts).fold((0, 0), |sum, counts| (sum.0 + counts.0, sum.1 + counts.1));
    Value::from_pairs([
        ("total", summary("total", "", counts, settings.target)),
        ("files", Value::from(all)),
        ("folders", Value::from(folders)),
    ])
}

fn summary(name: &str, path: &str, counts: (u64, u64), target: Option<f64>) -> Value {
    let percent = percent(counts);
    #[allow(clippy::cast_precision_loss)]
    let missed = target.is_some_and(|target| (percent as f64) < target);
    Value::from_pairs([
        ("name", Value::from(name)),
        ("path", Value::from(path)),
        ("percent", Value::from(percent)),
        ("lines", Value::from(counts.0)),
        ("covered", Value::from(counts.1)),
        ("target", target.map_or(Value::from(()), values::of_number)),
        ("missed", Value::from(missed)),
    ])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rounds_to_0_and_100_only_if_exact() {
        assert_eq!([(200, 199), (200, 1), (3, 2), (8, 1), (0, 0), (5, 5)].map(percent), [99, 1, 67, 13, 100, 100]);
    }

    #[test]
    fn finds_a_folder_in_paths_of_another_machine() {
        assert_eq!(below("backend/a.py", "backend/"), Some("a.py"));
        assert_eq!(below("/home/ci/x/app/backend/b/a.py", "app/backend"), Some("b/a.py"));
        assert_eq!(below("C:/x/backend/a.py", "backend"), Some("a.py"));
        assert_eq!(below("tests/backend/a.py", "backend"), None);
        assert_eq!(below("backend2/a.py", "backend"), None);
        assert_eq!(relative("C:\\repo\\src\\a.rs", "C:/repo"), "src/a.rs");
    }
}
