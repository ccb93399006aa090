//! Runs each fuzz target on its corpus and on a bounded, reproducible sequence of mutated inputs:
//! `cargo run --manifest-path fuzz/Cargo.toml --bin bounded [EXECUTIONS]`.

// Only one module of phx may read files; this program is not part of phx.
#![allow(clippy::disallowed_methods)]

use std::path::Path;
use std::process::ExitCode;

use phx_fuzz::TARGETS;

/// Default number of mutated inputs per target.
const EXECUTIONS: usize = 2_000;

/// Linear congruential generator (Knuth, MMIX).
struct Random(u64);

impl Random {
    fn below(&mut self, limit: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) as usize % limit.max(1)
    }
}

fn main() -> ExitCode {
    let executions = std::env::args().nth(1).and_then(|count| count.parse().ok()).unwrap_or(EXECUTIONS);
    for (name, target) in TARGETS {
        let corpus = corpus(name);
        if corpus.is_empty() {
            eprintln!("target `{name}` has no corpus");
            return ExitCode::FAILURE;
        }
        corpus.iter().for_each(|input| target(input));
        let mut random = Random(1);
        for execution in 0..executions {
            let input = mutated(&corpus, &mut random);
            let run = std::panic::catch_unwind(|| target(&input));
            if run.is_err() {
                let file = format!("{name}-{execution}.input");
                let written = std::fs::write(&file, &input);
                eprintln!("target `{name}` panicked in execution {execution}; input written to {file}: {written:?}");
                return ExitCode::FAILURE;
            }
        }
        println!("{name}: {} corpus inputs, {executions} mutated inputs", corpus.len());
    }
    ExitCode::SUCCESS
}

fn corpus(name: &str) -> Vec<Vec<u8>> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("corpus").join(name);
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
    let mut files: Vec<_> = entries.map(|entry| entry.path()).collect();
    files.sort();
    files.iter().filter_map(|file| std::fs::read(file).ok()).collect()
}

/// Returns an input of the corpus with up to five mutations: bytes replaced, removed or repeated, or a part of another
/// input inserted.
fn mutated(corpus: &[Vec<u8>], random: &mut Random) -> Vec<u8> {
    let mut input = corpus[random.below(corpus.len())].clone();
    for _ in 0..=random.below(4) {
        let at = random.below(input.len());
        let end = (at + 1 + random.below(24)).min(input.len());
        match random.below(5) {
            0 if !input.is_empty() => input[at] = random.below(256) as u8,
            1 => drop(input.drain(at..end)),
            2 => {
                let piece = input[at..end].to_vec();
                input.splice(at..at, piece.repeat(1 + random.below(40)));
            }
            3 => {
                let other = &corpus[random.below(corpus.len())];
                let from = random.below(other.len());
                let to = (from + 1 + random.below(120)).min(other.len());
                let piece = other[from..to].to_vec();
                input.splice(at..at, piece);
            }
            _ => {
                let piece = ["–", "\u{202E}", "\0", "\r", "|", "<!--", "-->", "**", "{{", "%}", "\"", "[", "- "]
                    [random.below(13)];
                input.splice(at..at, piece.bytes());
            }
        }
    }
    input
}
