//! Encoding of reports that pass through a terminal under test: JSON in base64, in numbered lines of at most 60
//! columns, each with a checksum, so that they survive changed line endings, wrapping and prompts. Raw bytes are
//! enclosed in two marks.

use base64::Engine;
use base64::engine::general_purpose::STANDARD_NO_PAD;
use serde_json::Value;
use sha2::{Digest, Sha256};

use crate::text::hex;

/// Prefix of each line of a report.
const START: &str = "%phx:";
/// Length of the base64 text in one line, in characters.
const CHUNK: usize = 28;

/// Encodes a value as the lines of a report, each terminated by CRLF.
pub fn report(token: &str, value: &Value) -> String {
    let text = STANDARD_NO_PAD.encode(value.to_string());
    let count = text.len().div_ceil(CHUNK);
    let chunks = text.as_bytes().chunks(CHUNK).enumerate();
    let lines = chunks.map(|(at, chunk)| {
        let chunk = String::from_utf8_lossy(chunk);
        format!("{START}{token}:{at}/{count}:{}:{chunk}%\r\n", sum(&format!("{at}/{count}{chunk}")))
    });
    lines.collect()
}

/// Returns the mark before raw bytes.
pub fn raw_start(token: &str) -> Vec<u8> {
    format!("%phx<{token}%").into_bytes()
}

/// Returns the mark after raw bytes.
pub fn raw_end(token: &str) -> Vec<u8> {
    format!("%phx>{token}%").into_bytes()
}

fn sum(text: &str) -> String {
    hex(&Sha256::digest(text.as_bytes()))[..4].to_owned()
}

/// Decodes all complete reports in terminal output, each with the offset of its end. A report with a damaged or missing
/// line is left out.
pub fn reports(token: &str, bytes: &[u8]) -> Vec<(Value, usize)> {
    let start = format!("{START}{token}:");
    let finder = memchr::memmem::Finder::new(start.as_bytes());
    let (mut found, mut parts) = (Vec::new(), Vec::<String>::new());
    for at in finder.find_iter(bytes) {
        let rest = &bytes[at + start.len()..];
        let Some(length) = memchr::memchr(b'%', rest) else { break };
        let line = String::from_utf8_lossy(&rest[..length]).into_owned();
        let fields: Vec<&str> = line.split(':').collect();
        let [position, checksum, chunk] = fields[..] else { continue };
        let Some((number, count)) = position.split_once('/') else { continue };
        let (Ok(number), Ok(count)) = (number.parse::<usize>(), count.parse::<usize>()) else { continue };
        if sum(&format!("{position}{chunk}")) != checksum {
            continue;
        }
        if number == 0 {
            parts.clear();
        }
        if number != parts.len() {
            continue;
        }
        parts.push(chunk.to_owned());
        if parts.len() == count {
            let decoded = STANDARD_NO_PAD.decode(parts.concat()).ok();
            let value = decoded.and_then(|bytes| serde_json::from_slice(&bytes).ok());
            found.extend(value.map(|value| (value, at + start.len() + length + 1)));
            parts.clear();
        }
    }
    found
}

/// Returns whether terminal output contains the start of a report, complete or not.
pub fn begins(token: &str, bytes: &[u8]) -> bool {
    memchr::memmem::find(bytes, format!("{START}{token}:").as_bytes()).is_some()
}

/// Returns the offset of the raw bytes and, if the end mark was received, the offset of their end.
pub fn raw(token: &str, bytes: &[u8]) -> Option<(usize, Option<usize>)> {
    let start = raw_start(token);
    let from = memchr::memmem::find(bytes, &start)? + start.len();
    let end = memchr::memmem::find(&bytes[from..], &raw_end(token)).map(|at| from + at);
    Some((from, end))
}

/// Returns numbered lines with UTF-8 characters of one to four bytes, at least `bytes` bytes in total.
pub fn numbered(bytes: usize) -> Vec<u8> {
    let mut out = Vec::with_capacity(bytes + 64);
    let mut number = 0_u32;
    while out.len() < bytes {
        out.extend_from_slice(format!("{number:08} phx äöü 漢字 🚀 abcdefghijklmnopqrstuvwxyz\n").as_bytes());
        number += 1;
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn decodes_a_report_after_terminal_processing() {
        let value = json!({"event": "ready", "list": ["äöü 🚀", 1, null], "long": "x".repeat(300)});
        let lines = report("t0ken", &value);
        assert!(lines.lines().all(|line| line.chars().count() <= 60), "{lines}");
        let wrapped = format!("$ phx\r\n{}bye", lines.replace("\r\n", "\r\r\n\u{1b}[0m"));
        let found = reports("t0ken", wrapped.as_bytes());
        assert_eq!((found.len(), &found[0].0), (1, &value));
        assert!(reports("other", wrapped.as_bytes()).is_empty());
        let cut = &wrapped.as_bytes()[..wrapped.len() - 20];
        assert!(reports("t0ken", cut).is_empty() && begins("t0ken", cut) && !begins("other", cut));
    }

    #[test]
    fn ignores_a_report_with_a_changed_character() {
        let lines = report("t", &json!({"event": "ready", "code": 1}));
        let broken = lines.replacen("0/", "1/", 1);
        assert!(reports("t", broken.as_bytes()).is_empty());
    }

    #[test]
    fn finds_raw_bytes_between_marks() {
        let bytes = [b"x".as_slice(), &raw_start("t"), b"\x00\xff%", &raw_end("t"), b"y"].concat();
        let (from, end) = raw("t", &bytes).unwrap();
        assert_eq!(&bytes[from..end.unwrap()], b"\x00\xff%");
        assert_eq!(raw("u", &bytes), None);
    }
}
