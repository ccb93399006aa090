//! Fuzzing in process: documents with a changed byte, character or line are parsed, validated and regenerated without a
//! panic.
//!
//! `PHX_MUTATION_DOCUMENTS=FOLDER` adds the documents of a directory to those of the tests.

use std::path::{Path, PathBuf};

use chrono::{DateTime, Utc};
use phx::corpus::reviews::ReviewHistory;
use phx::document::model;
use phx::rules::{Context, RuleRunner};
use phx::text::Edits;

use crate::support::{Random, package};
use crate::unchanged::Engine;

/// Number of mutations over all documents.
const MUTATIONS: usize = 20_000;

/// Inserted texts: dashes, spaces, full-width and combining characters, right-to-left text, digits of other scripts,
/// and the syntax of documents.
const INSERTIONS: &[&str] = &[
    "–",
    "—",
    "‑",
    "−",
    "\u{A0}",
    "\u{202F}",
    "\u{3000}",
    "\u{200B}",
    "\u{FEFF}",
    "：",
    "｜",
    "８",
    "％",
    "\u{301}",
    "\u{20E3}",
    "\u{FE0F}",
    "שלום",
    "مرحبا",
    "\u{202E}",
    "٨",
    "८",
    "៨",
    "½",
    "Ⅷ",
    "🚧",
    "👩‍🚀",
    "é",
    "ß",
    "İ",
    "\u{FDD0}",
    "\0",
    "\r",
    "\n",
    "\t",
    "|",
    "*",
    "**",
    "_",
    "`",
    "~~",
    "[",
    "](",
    "<",
    "</",
    "<!--",
    "-->",
    "&amp;",
    ":",
    "-",
    "#",
    ">",
    "{{",
    "\\",
    "- [x] ",
    "---",
    "(",
    ")",
    "1,000",
    "5–8",
];

fn documents() -> Vec<(PathBuf, Vec<u8>)> {
    let mut folders = vec![package().join("tests/it/data/documents")];
    folders.extend(std::env::var_os("PHX_MUTATION_DOCUMENTS").map(PathBuf::from));
    let mut found = Vec::new();
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "md") {
                found.push((path.clone(), std::fs::read(path).unwrap()));
            }
        }
    }
    found.sort();
    found
}

/// Returns the bytes with one random change.
fn mutated(bytes: &[u8], random: &mut Random) -> Vec<u8> {
    let mut bytes = bytes.to_vec();
    let at = random.below(bytes.len());
    let line = |bytes: &[u8], at: usize| -> (usize, usize) {
        let start = bytes[..at].iter().rposition(|byte| *byte == b'\n').map_or(0, |end| end + 1);
        let end = bytes[at..].iter().position(|byte| *byte == b'\n').map_or(bytes.len(), |length| at + length + 1);
        (start, end)
    };
    match random.below(8) {
        0 => bytes[at] = u8::try_from(random.below(256)).unwrap(),
        1 => drop(bytes.remove(at)),
        2 => {
            let (start, end) = line(&bytes, at);
            bytes.drain(start..end);
        }
        3 => {
            let (start, end) = line(&bytes, at);
            let copy = bytes[start..end].to_vec();
            let to = line(&bytes, random.below(bytes.len())).0;
            bytes.splice(to..to, copy);
        }
        _ => {
            let text = INSERTIONS[random.below(INSERTIONS.len())].bytes();
            // Inserts at a character boundary, so that the text stays UTF-8.
            let at = (0..=at).rev().find(|at| bytes.get(*at).is_none_or(|byte| byte & 0xC0 != 0x80)).unwrap();
            let end = if random.below(2) == 0 { at } else { (at + 1).min(bytes.len()) };
            bytes.splice(at..end, text);
        }
    }
    bytes
}

/// Parses, validates and regenerates a document, then parses the result and plans it again.
fn exercise(engine: &Engine, judge: &RuleRunner, bytes: &[u8], now: DateTime<Utc>) {
    let document = engine.parse_bytes(bytes);
    let plans = engine.plans(&document);
    let kind = engine.catalog.kind(engine.catalog.newest(), &document.shape.kind);
    let context = Context {
        document: &document,
        claimed: None,
        kind: &kind,
        catalog: &engine.catalog,
        config: &engine.config,
        plans: &plans,
        reviews: &ReviewHistory::default(),
        now,
        folder: &phx::text::Folder::default(),
    };
    let findings = judge.document(&context);
    assert!(findings.iter().all(|finding| !finding.message.is_empty()));
    assert!(model::model(&document).to_json().is_object());
    let mut edits = Edits::default();
    for plan in &plans {
        if let phx::regen::RenderOutcome::Body(body) = &plan.outcome {
            let _ = edits.add(phx::regen::plan::edits(&document, plan, body));
        }
    }
    let written = engine.parse(&edits.apply(&document.text));
    drop(engine.plans(&written));
}

fn name(path: &Path) -> String {
    path.file_name().unwrap_or_default().to_string_lossy().into_owned()
}

#[test]
fn no_mutation_of_a_document_panics() {
    let documents = documents();
    assert!(documents.len() >= 5);
    let each = MUTATIONS.div_ceil(documents.len());
    let now: DateTime<Utc> = crate::support::NOW.parse().unwrap();
    let threads = std::thread::available_parallelism().map_or(1, usize::from);
    let run = |thread: usize| {
        let (engine, judge) = (Engine::new(), RuleRunner::default());
        for (index, (path, bytes)) in documents.iter().enumerate() {
            for number in (thread..each).step_by(threads) {
                let seed = (index * each + number) as u64;
                let changed = mutated(bytes, &mut Random(seed));
                let outcome = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
                    exercise(&engine, &judge, &changed, now);
                }));
                assert!(
                    outcome.is_ok(),
                    "mutation {seed} of {} panics:\n{}",
                    name(path),
                    String::from_utf8_lossy(&changed)
                );
            }
        }
    };
    std::thread::scope(|scope| {
        let all: Vec<_> = (0..threads).map(|thread| scope.spawn(move || run(thread))).collect();
        for thread in all {
            thread.join().unwrap();
        }
    });
}
