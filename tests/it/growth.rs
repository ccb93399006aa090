//! Time and memory grow at most linearly with the size of a document, for any content.
#![cfg(target_os = "linux")]

use std::process::Command;

use crate::support::{Repo, document};

const AUTO: &str = "<!-- AUTO-GENERATED - DO NOT EDIT -->\n";
const END: &str = "<!-- END AUTO-GENERATED -->\n";

/// Names and texts of the units that a document repeats.
fn shapes() -> Vec<(&'static str, String)> {
    let shapes: &[(&str, &str)] = &[
        ("headings", "# a\n"),
        ("sections", "## a\n\nx\n"),
        ("features", "### F\n**Status**: Planned\n**Points**: 3\n"),
        ("entries", "- a\n"),
        ("tasks", "- [ ] a\n"),
        ("numbered entries", "1. a\n"),
        ("nested entries", "- a\n  - b\n"),
        ("deep entries", "- a\n  - b\n    - c\n      - d\n"),
        ("entries on a line", "* "),
        ("quotes", "> a\n"),
        ("paragraphs", "a\n\n"),
        ("rows", "| a | b |\n"),
        ("bars", "|"),
        ("code", "```\na\n```\n"),
        ("fields", "**Points**: 3\n"),
        ("fields on a line", "**A**: 1 | "),
        ("colons", "a: "),
        ("definitions", "a\n: b\n"),
        ("MANUAL markers", "<!-- MANUAL - REQUIRES REVIEW -->\n"),
        ("LIVING markers", "<!-- LIVING DOCUMENT - MUST REMAIN CURRENT -->\n"),
        ("suppressions", "<!-- phx-ignore stale-document: x -->\n"),
        ("comments", "<!-- c -->\n"),
        ("openers of comments", "<!--\n"),
        ("CDATA", "<![CDATA[\n<!-- MANUAL -->\n"),
        ("instructions", "<?\n<!-- MANUAL -->\n"),
        ("HTML", "<div>\n"),
        ("conflicts", "<<<<<<< a\nx\n=======\ny\n>>>>>>> b\n"),
        ("openers of conflicts", "<<<<<<< a\n"),
        ("emphasis", "**"),
        ("brackets", "["),
        ("links", "[a](b) "),
        ("entities", "&amp;"),
        ("words", "a "),
    ];
    let own = shapes.iter().map(|(name, unit)| (*name, (*unit).to_owned()));
    let blocks = [("AUTO blocks", format!("{AUTO}x\n{END}")), ("openers", AUTO.to_owned()), ("ENDs", END.to_owned())];
    own.chain(blocks).collect()
}

/// Returns the CPU time in seconds and the peak memory in KiB of validating a document of `size` bytes.
fn cost(repo: &Repo, unit: &str, size: usize) -> (f64, f64) {
    let text = document("  phase_number: 1\n  kind: upcoming-features\n", "# T\n\n## Priority 1: Now\n\n");
    repo.write("DOC.md", text + &unit.repeat(size / unit.len()));
    // The resource usage of the child excludes other load.
    let measure = "import resource, subprocess, sys\nsubprocess.run(sys.argv[1:], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)\n\
        used = resource.getrusage(resource.RUSAGE_CHILDREN)\nprint(used.ru_utime + used.ru_stime, used.ru_maxrss)\n";
    let phx = repo.command(&["validate", "-q", "-o", "json", "DOC.md"]);
    let mut python = Command::new("python3");
    python.args(["-c", measure]).arg(phx.get_program()).args(phx.get_args()).current_dir(repo.path());
    python.envs(phx.get_envs().filter_map(|(name, value)| Some((name, value?))));
    let output = String::from_utf8(python.output().unwrap().stdout).unwrap();
    let mut numbers = output.split_whitespace().map(|number| number.parse::<f64>().unwrap());
    (numbers.next().unwrap(), numbers.next().unwrap())
}

#[test]
fn doubling_a_document_at_most_triples_its_cost() {
    const SIZE: usize = 60_000;
    // Differences below 0.1 s and 20 MiB are ignored.
    const SLACK: (f64, f64) = (0.1, 20.0 * 1024.0);
    let repo = Repo::new();
    let base = cost(&repo, "a", 0);
    for (name, unit) in shapes() {
        let mut seen = Vec::new();
        // A single measurement may be disturbed, so growth must be too fast three times.
        let grows = |seen: &mut Vec<_>| {
            let (one, two) = (cost(&repo, &unit, SIZE), cost(&repo, &unit, SIZE * 2));
            seen.push((one, two));
            let over = |one: f64, two: f64, base: f64, slack: f64| two - base > 3.0 * (one - base).max(0.0) + slack;
            over(one.0, two.0, base.0, SLACK.0) || over(one.1, two.1, base.1, SLACK.1)
        };
        let is_too_fast = (0..3).all(|_| grows(&mut seen));
        assert!(
            !is_too_fast,
            "{name}: seconds and KiB for {SIZE} bytes and twice as many: {seen:?}; for none: {base:?}"
        );
    }
}
