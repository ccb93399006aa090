//! Reports through a channel that is itself under test: JSON in base64, in numbered lines of at most 60 columns, each with a sum, so
//! that they survive line endings, wrapping, prompts and other wrappings. Raw bytes stand between two marks.

use base64::Engine;
use base64::engine::general_purpose::STANDARD_NO_PAD;
use serde_json::Value;
use sha2::{Digest, Sha256};

use crate::text::hex;

/// The start of a line of a report.
const START: &str = "%phx:";
/// How much of a report a line holds, in characters.
const CHUNK: usize = 28;

/// The lines of a report.
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

/// The mark before raw bytes.
pub fn raw_start(token: &str) -> Vec<u8> {
    format!("%phx<{token}%").into_bytes()
}

/// The mark behind raw bytes.
pub fn raw_end(token: &str) -> Vec<u8> {
    format!("%phx>{token}%").into_bytes()
}

fn sum(text: &str) -> String {
    hex(&Sha256::digest(text.as_bytes()))[..4].to_owned()
}

/// The reports in what came out of a terminal, and where each ends. Broken lines are left out, and with them their report.
pub fn reports(token: &str, bytes: &[u8]) -> Vec<(Value, usize)> {
    let start = format!("{START}{token}:");
    let finder = memchr::memmem::Finder::new(start.as_bytes());
    let (mut found, mut parts) = (Vec::new(), Vec::<String>::new());
    for at in finder.find_iter(bytes) {
        let rest = &bytes[at + start.len()..];
        let Some(length) = memchr::memchr(b'%', rest) else { break };
        let line = String::from_utf8_lossy(&rest[..length]).into_owned();
        let fields: Vec<&str> = line.split(':').collect();
        let [place, said, chunk] = fields[..] else { continue };
        let Some((number, count)) = place.split_once('/') else { continue };
        let (Ok(number), Ok(count)) = (number.parse::<usize>(), count.parse::<usize>()) else { continue };
        if sum(&format!("{place}{chunk}")) != said {
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

/// Whether a line of a report begins in what came out of a terminal.
pub fn begins(token: &str, bytes: &[u8]) -> bool {
    memchr::memmem::find(bytes, format!("{START}{token}:").as_bytes()).is_some()
}

/// The raw bytes, and whether their end has come.
pub fn raw(token: &str, bytes: &[u8]) -> Option<(usize, Option<usize>)> {
    let start = raw_start(token);
    let from = memchr::memmem::find(bytes, &start)? + start.len();
    let end = memchr::memmem::find(&bytes[from..], &raw_end(token)).map(|at| from + at);
    Some((from, end))
}

/// Lines that are numbered, with letters of one to four bytes, at least as many bytes as wanted.
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
    fn a_report_survives_what_terminals_do_to_it() {
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
    fn a_report_with_a_changed_letter_is_none() {
        let lines = report("t", &json!({"event": "ready", "code": 1}));
        let broken = lines.replacen("0/", "1/", 1);
        assert!(reports("t", broken.as_bytes()).is_empty());
    }

    #[test]
    fn raw_bytes_stand_between_two_marks() {
        let bytes = [b"x".as_slice(), &raw_start("t"), b"\x00\xff%", &raw_end("t"), b"y"].concat();
        let (from, end) = raw("t", &bytes).unwrap();
        assert_eq!(&bytes[from..end.unwrap()], b"\x00\xff%");
        assert_eq!(raw("u", &bytes), None);
    }
}
