//! Property tests on generated and mutated documents: `phx regen` changes only AUTO bodies and checksums, a second run
//! changes nothing, and the model is otherwise the same.

use std::sync::Arc;

use phx::config::Config;
use phx::document::{BlockMode, Dialect, Document, Shape, model};
use phx::regen::facts::MeasuredFacts;
use phx::regen::plan::{self, RenderOutcome, Sources};
use phx::regen::{Facts, Library, proof};
use phx::schema::Catalog;
use phx::text::{Edits, decode};
use proptest::prelude::*;
use proptest::test_runner::TestError;

const AUTO: &str = "<!-- AUTO-GENERATED - DO NOT EDIT -->";
const END: &str = "<!-- END AUTO-GENERATED -->";

/// Lines of a body: rendered lines in several formats, and other lines.
const BODY: &[&str] = &[
    "Total Features: 15",
    "- Total Features: 15",
    "**Story Points**: 89",
    "- **Story Points:** `89`",
    "* Story points:",
    "Sprint: x",
    "Stable: 3",
    "- On Track: 2",
    "Start Date: 2025-08-30",
    "  - nested: 3",
    "    deep: 4",
    "1. **Critical**: x (5 points)",
    "2. y",
    "| Dependency | Status | Blocking | Notes |",
    "|------------|--------|----------|-------|",
    "| Queue | ✅ Complete | x | Ready |",
    "| a | b \\| c |",
    "### By Component",
    "### By Migration Priority",
    "#### Deeper",
    "plain words 🚧",
    "",
    "",
    "<!-- a comment -->",
    "> quoted: 3",
    "Total Mocks: 1",
    "High Fidelity: **2**",
    "Active: 1",
    "Last Scan: 2025-01-01",
    "Total Phases: 9",
    "Current Phase: Phase 1: Old",
];

/// Unusual lines.
const ODD: &[&str] = &[
    "```",
    "~~~ text",
    "<div>",
    "\u{FDD0}",
    "**Points**: many",
    "**Status**: odd",
    "#### A heading without fields",
    "words and <!-- AUTO-GENERATED --> words",
    "    <!-- AUTO-GENERATED -->",
    "    <!-- END AUTO-GENERATED -->",
    "> <!-- AUTO-GENERATED -->",
    "- <!-- AUTO-GENERATED -->",
    "`<!-- AUTO-GENERATED -->`",
    "<!-- AUTO-GENERATED:sprint_summary -->",
    "<!--",
    "-->",
    "===",
    "[[[cog",
];

/// Lines between blocks.
const TEXT: &[&str] = &[
    "# Title",
    "## Phase 2: Hardening",
    "### 🎯 Priority 1: Critical Path",
    "#### 1. Living Documents 🚧\n**Status**: 🚧 In Progress | **Points**: 8 | **Owner**: Lisa",
    "- **Status**: Planned\n- **Points**: 3 pts",
    "> **Status**: Planned",
    "**Dependencies**: Queue (✅ Complete), Login",
    "**Dependencies**:",
    "- Queue (done)",
    "  - inner",
    "## Core Features",
    "### ✅ Cache\n**Status**: Stable | **Coverage**: 85%",
    "## Active Mocks",
    "### 1. Terminal\n**Status**: Active | **Fidelity**: Low | **Impact**: High | **Component**: Backend",
    "**Migration Path**:",
    "1. Step (5 points)",
    "## System Components",
    "| Component | Status | Mock/Real |",
    "|---|---|---|",
    "| A | Active | Real |",
    "## Phase Group: HARBOR",
    "### Phase 1: Start\n**Status**: Planned | **Duration**: 2 weeks",
    "## Risk Assessment",
    "<!-- MANUAL - REQUIRES REVIEW -->",
    "",
    "",
    "- item",
    "<!-- BEGIN_TF_DOCS -->",
    "<!-- END_TF_DOCS -->",
    "<!-- phx-ignore stale-document: soon -->",
    "émoji 🧑‍🚀 and \u{200B}",
];

/// Kind: its name, the headings of its AUTO blocks, and a section with items that are counted.
type Kind = (&'static str, &'static [&'static str], &'static str);

const KINDS: &[Kind] = &[
    (
        "upcoming-features",
        &["Sprint Summary", "Sprint Metrics", "Dependencies Status", "Weather"],
        "### Priority 1: Now\n\n#### 1. Dues\n**Status**: Planned | **Points**: 5 | **Owner**: Ines\n**Dependencies**: Queue (done), A | B\n",
    ),
    (
        "implemented-features",
        &["Feature Summary", "Feature Metrics", "Test Coverage Report"],
        "## Core Features\n\n### Tides\n**Status**: Stable | **Coverage**: 85%\n### Berths\n**Status**: Beta | **Coverage**: N/A\n",
    ),
    (
        "current-architecture",
        &["Component Status", "Integration Health", "Performance Metrics"],
        "## System Components\n\n| Component | Status | Mock/Real |\n|---|---|---|\n| A | Active | Mock |\n",
    ),
    (
        "active-mocks",
        &["Mock Summary", "Mock Inventory", "Weather"],
        "## Active Mocks\n\n### Bank\n**Status**: Active | **Fidelity**: Low | **Impact**: High\n**Migration Path**:\n1. Talk (5 points)\n",
    ),
    (
        "phase-plan",
        &["Phase Group Summary", "Milestone Tracking"],
        "## Phase Group: HARBOR\n\n### Phase 1: Start\n**Status**: Planned | **Duration**: 2 weeks\n",
    ),
    ("document", &["Sprint Summary", "Weather"], ""),
];

fn lines(from: &'static [&'static str], most: usize) -> impl Strategy<Value = Vec<String>> {
    let line = prop_oneof![60 => prop::sample::select(from), 1 => prop::sample::select(ODD)];
    let split = |lines: Vec<&'static str>| lines.into_iter().flat_map(str::lines).map(str::to_owned).collect();
    prop::collection::vec(line, 0..most).prop_map(split)
}

/// Generates a block: a heading, its markers with some indentation, and a body.
fn block(names: &'static [&'static str]) -> impl Strategy<Value = Vec<String>> {
    let indent = prop::sample::select(&["", "", "", "  ", "   ", "\t"][..]);
    let level = prop::sample::select(&["##", "##", "##", "##", "##", "##", "###", "######"][..]);
    let sum = prop::sample::select(&["", "", " sum:0123456789abcdef"][..]);
    (prop::sample::select(names), level, indent, lines(BODY, 9), sum).prop_map(|(name, level, indent, body, sum)| {
        let mut all = vec![format!("{level} {name}"), format!("{indent}{AUTO}")];
        all.extend(body);
        all.push(format!("{indent}{}", END.replace(" -->", &format!("{sum} -->"))));
        all
    })
}

fn text() -> impl Strategy<Value = String> {
    prop::sample::select(KINDS).prop_flat_map(text_of)
}

fn text_of((kind, names, things): Kind) -> impl Strategy<Value = String> {
    let things = Just(things.lines().map(str::to_owned).collect());
    let parts = prop::collection::vec(prop_oneof![2 => lines(TEXT, 8), 3 => block(names), 2 => things], 1..8);
    let ending = prop::sample::select(&["\n", "\n", "\r\n", "\r"][..]);
    let bom = prop::sample::select(&["", "", "\u{FEFF}"][..]);
    let long = prop::option::weighted(0.01, 0..6_usize);
    (parts, ending, bom, any::<bool>(), long).prop_map(move |(parts, ending, bom, last, long)| {
        let front = format!(
            "---\ngovernance:\n  auto_sections: [sprint_summary]\n  phase_group: HARBOR\n  phase_number: 2\n  kind: {kind}\n---\n"
        );
        let mut all: Vec<String> = front.lines().map(str::to_owned).collect();
        all.extend(parts.into_iter().flatten());
        if let Some(at) = long {
            let at = (7 + at).min(all.len());
            all.insert(at, "🚧 x".repeat(170_000));
        }
        let text = format!("{bom}{}", all.join(ending));
        if last { text + ending } else { text }
    })
}

/// Generates a text with some characters removed, duplicated or moved.
fn mutated() -> impl Strategy<Value = String> {
    let cuts = prop::collection::vec((any::<prop::sample::Index>(), 0..40_usize, 0..3_u8), 0..3);
    (text(), cuts).prop_map(|(mut text, cuts)| {
        for (at, length, what) in cuts {
            let floor =
                |at: usize, text: &str| (0..=at.min(text.len())).rev().find(|at| text.is_char_boundary(*at)).unwrap();
            // Most front matter is kept unchanged, because phx writes nothing without it.
            let front = if length % 8 == 0 { 0 } else { text.len().min(130) };
            let start = floor(front + at.index(text.len() + 1 - front), &text);
            let end = floor(start + length, &text).max(start);
            let part = text[start..end].to_owned();
            match what {
                0 => text.replace_range(start..end, ""),
                1 => text.insert_str(start, &part),
                _ => {
                    text.replace_range(start..end, "");
                    let to = floor(text.len() / 2, &text);
                    text.insert_str(to, &part);
                }
            }
        }
        text
    })
}

/// Parser and renderer without a repository.
pub(crate) struct Engine {
    pub library: Library,
    pub facts: Arc<Facts>,
    pub measured: Arc<MeasuredFacts>,
    pub catalog: Catalog,
    pub config: Config,
}

impl Engine {
    pub(crate) fn new() -> Self {
        let (config, _) = Config::parse(
            "phx.toml",
            "[facts.sprint]\nvelocity = [70, 71, 72, 73, 90]\n[facts.milestones]\nlate = 1\n",
        );
        Self {
            library: Library::new(Vec::new()),
            facts: Arc::new(Facts::new(&config, || serde_json::Value::Null)),
            measured: Arc::default(),
            catalog: Catalog::new(&[]).unwrap(),
            config,
        }
    }

    pub(crate) fn parse(&self, text: &str) -> Arc<Document> {
        self.parse_bytes(text.as_bytes())
    }

    pub(crate) fn parse_bytes(&self, bytes: &[u8]) -> Arc<Document> {
        let shape = |kind: Option<&str>| -> Arc<Shape> {
            Arc::clone(&self.catalog.kind(self.catalog.newest(), kind.unwrap_or("document")).shape)
        };
        let decoded = decode::decode(bytes.to_vec());
        Arc::new(Document::parse("DOC.md", decoded, &Arc::new(Dialect::default()), &shape))
    }

    /// Returns the plans of the AUTO blocks of a document.
    pub(crate) fn plans(&self, document: &Arc<Document>) -> Vec<plan::BlockPlan> {
        let sources = Sources { library: &self.library, facts: &self.facts, measured: &self.measured };
        plan::document(document, sources)
    }

    /// Returns the edits of `phx regen --force` and the resulting text.
    fn regenerate(&self, document: &Arc<Document>) -> Result<(Edits, String), String> {
        let mut edits = Edits::default();
        for plan in self.plans(document) {
            match &plan.outcome {
                RenderOutcome::Body(body) => {
                    if !edits.add(plan::edits(document, &plan, body)) {
                        return Err("blocks overlap".to_owned());
                    }
                }
                // There is no heading level below 6.
                RenderOutcome::Failed(error) if error.message.ends_with("level 6") => {}
                // A block after an unclosed code fence cannot be written.
                RenderOutcome::Failed(error)
                    if error.message.contains("be read back") && open_fence(document, plan.block) => {}
                RenderOutcome::Failed(error) => return Err(error.to_string()),
                RenderOutcome::NoFacts | RenderOutcome::NoTemplate | RenderOutcome::Blocked(_) => {}
            }
        }
        let text = edits.apply(&document.text);
        Ok((edits, text))
    }
}

fn open_fence(document: &Document, block: usize) -> bool {
    let body = document.slice(document.blocks[block].body);
    body.contains("```") || body.contains("~~~")
}

/// Returns the text without AUTO bodies and checksums.
fn text_outside_blocks(document: &Document) -> String {
    let mut rest = String::new();
    let mut from = 0;
    for block in document.blocks.iter().filter(|block| block.mode == BlockMode::Auto) {
        let Some(closer) = block.closer else { continue };
        rest.push_str(&document.text[from..block.body.start]);
        let line = &document.text[block.body.end..closer.end];
        rest.push_str(&line.split(" sum:").next().unwrap().replace(" -->", ""));
        from = closer.end;
    }
    rest + &document.text[from..]
}

/// Returns the model without line numbers, bodies and checksums.
fn comparable_model(document: &Document) -> serde_json::Value {
    let mut model = model::model(document).to_json();
    for key in ["sections", "blocks", "items", "tables"] {
        let parts: Vec<&mut serde_json::Value> = match &mut model[key] {
            serde_json::Value::Object(map) => map.values_mut().collect(),
            serde_json::Value::Array(list) => list.iter_mut().collect(),
            _ => Vec::new(),
        };
        for part in parts.into_iter().filter_map(|part| part.as_object_mut()) {
            for gone in ["line", "previous", "sum"] {
                part.remove(gone);
            }
        }
    }
    model
}

/// Result of regenerating a document.
#[derive(Clone, Copy, PartialEq)]
enum Outcome {
    Unchanged,
    Changed,
    /// The proof failed and nothing would be written: a body with unclosed HTML includes the text after its block, or a
    /// marker that continues a paragraph has such a body.
    Rejected,
}

/// Regenerates a document twice and compares the results. Returns an error if a property is violated.
fn check(engine: &Engine, text: &str) -> Result<Outcome, String> {
    let before = engine.parse(text);
    let (edits, new) = engine.regenerate(&before)?;
    let after = engine.parse(&new);
    if proof::bodies(&before, &after, &edits).is_err() {
        return Ok(Outcome::Rejected);
    }
    if before.syntax_errors.is_empty() && text_outside_blocks(&before) != text_outside_blocks(&after) {
        return Err(format!("text outside the bodies changed\n--- after\n{new}"));
    }
    if comparable_model(&before) != comparable_model(&after) {
        return Err(format!("the model changed\n--- after\n{new}"));
    }
    let (again, third) = engine.regenerate(&after)?;
    if !again.is_empty() {
        return Err(format!("a second run changes more\n--- second\n{new}\n--- third\n{third}"));
    }
    Ok(if edits.is_empty() { Outcome::Unchanged } else { Outcome::Changed })
}

fn cases() -> u32 {
    std::env::var("PROPTEST_CASES").ok().and_then(|cases| cases.parse().ok()).unwrap_or(600)
}

#[test]
fn regen_changes_only_auto_bodies_and_checksums() {
    let engine = Engine::new();
    let seen = std::cell::RefCell::new(Vec::new());
    let mut runner = proptest::test_runner::TestRunner::new(ProptestConfig {
        failure_persistence: None,
        ..ProptestConfig::with_cases(cases())
    });
    let result = runner.run(&mutated(), |text| {
        let outcome = check(&engine, &text);
        let shown = |why| format!("{why}\n--- before\n{text}").replace('\r', "␍\n");
        seen.borrow_mut().push(outcome.map_err(|why| TestCaseError::fail(shown(why)))?);
        Ok(())
    });
    if let Err(TestError::Fail(why, _)) = result {
        panic!("{why}");
    }
    let seen = seen.into_inner();
    let count = |outcome: Outcome| seen.iter().filter(|seen| **seen == outcome).count();
    let (changed, rejected) = (count(Outcome::Changed), count(Outcome::Rejected));
    // About one document in seven changes; far fewer changes mean that the generator no longer creates writable blocks.
    assert!(changed > seen.len() / 16, "only {changed} of {} documents were changed", seen.len());
    // About one change in 400 is rejected; a small run may contain several.
    assert!(rejected < 4 + changed / 50, "{rejected} of {changed} changes were rejected");
}
