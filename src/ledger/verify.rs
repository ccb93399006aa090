//! Whether a record is what it claims to be. Who wrote it is what signed commits prove.

use super::{FOLDER, Record, file_of};

/// What is wrong with a record at a path from the configuration's directory; nothing for a good one.
pub fn problems(path: &str, bytes: &[u8]) -> Vec<String> {
    let record = match Record::read(bytes) {
        Ok(record) => record,
        Err(why) => return vec![why],
    };
    let mut problems = Vec::new();
    let id = record.id.to_string();
    match file_of(&id) {
        None => problems.push(format!("its id `{id}` is no UUID of version 7")),
        Some(file) if file != path => {
            problems.push(format!("it says that it is `{id}`, which stands at `{file}`"));
        }
        Some(_) => {}
    }
    let (seconds, _) = record.id.get_timestamp().map(|time| time.to_unix()).unwrap_or_default();
    if record.id.get_version_num() == 7 && i64::try_from(seconds).ok() != Some(record.at.timestamp()) {
        problems.push(format!("its `at` is not the time in its id `{id}`"));
    }
    if record.operation != "review" {
        problems.push(format!("phx knows no operation `{}`", record.operation));
    }
    if record.actor.trim().is_empty() {
        problems.push("it names no actor".to_owned());
    }
    if record.documents.is_empty() {
        problems.push("it vouches for no document".to_owned());
    }
    for entry in &record.documents {
        let hashes = entry.sections.values().map(|section| &section.hash).chain(&entry.sources).chain([&entry.text]);
        let is_hash = |hash: &String| hash.len() == 64 && hash.bytes().all(|b| b.is_ascii_hexdigit());
        if hashes.into_iter().any(|hash| !is_hash(hash)) {
            problems.push(format!("a hash of `{}` is none", entry.path));
        }
        if let Some((name, _)) = entry.sections.iter().find(|(_, section)| section.reviewed > record.at) {
            problems.push(format!("`{name}` of `{}` would be reviewed after the record was made", entry.path));
        }
    }
    problems
}

/// Whether a path from the configuration's directory stands in the ledger.
pub fn is_record(path: &str) -> bool {
    path.strip_prefix(FOLDER).is_some_and(|rest| rest.starts_with('/'))
}
