//! Verifies that a ledger record is consistent. Its authorship is not verified; signed commits prove it.

use super::{FOLDER, Record, file_of};

/// Returns the problems of a record at a path relative to the directory of the configuration; empty if it is valid.
pub(crate) fn problems(path: &str, bytes: &[u8]) -> Vec<String> {
    let record = match Record::read(bytes) {
        Ok(record) => record,
        Err(problem) => return vec![problem],
    };
    let mut problems = Vec::new();
    let id = record.id.to_string();
    match file_of(&id) {
        None => problems.push(format!("`id` is not a UUID of version 7: `{id}`")),
        Some(file) if file != path => {
            problems.push(format!("the record with the id `{id}` must be at `{file}`"));
        }
        Some(_) => {}
    }
    let (seconds, _) = record.id.get_timestamp().map(|time| time.to_unix()).unwrap_or_default();
    if record.id.get_version_num() == 7 && i64::try_from(seconds).ok() != Some(record.at.timestamp()) {
        problems.push(format!("`at` differs from the timestamp in the id `{id}`"));
    }
    if record.operation != "review" {
        problems.push(format!("unknown operation `{}`", record.operation));
    }
    if record.actor.trim().is_empty() {
        problems.push("`actor` is empty".to_owned());
    }
    if record.documents.is_empty() {
        problems.push("`documents` is empty".to_owned());
    }
    for entry in &record.documents {
        let hashes = entry.sections.values().map(|section| &section.hash).chain(&entry.sources).chain([&entry.text]);
        let is_hash = |hash: &String| hash.len() == 64 && hash.bytes().all(|b| b.is_ascii_hexdigit());
        if hashes.into_iter().any(|hash| !is_hash(hash)) {
            problems.push(format!("a hash of `{}` is not a valid SHA-256 hash", entry.path));
        }
        if let Some((name, _)) = entry.sections.iter().find(|(_, section)| section.reviewed > record.at) {
            problems.push(format!("the review of `{name}` in `{}` is later than the record", entry.path));
        }
    }
    problems
}

/// Returns whether a path relative to the directory of the configuration is inside the ledger.
pub(crate) fn is_record(path: &str) -> bool {
    path.strip_prefix(FOLDER).is_some_and(|rest| rest.starts_with('/'))
}
