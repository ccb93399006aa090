//! Shared by the benchmarks: trees of documents, and commands that are measured in turns.

use std::fmt::Write;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

const ROUNDS: usize = 7;

/// Current time for the validation of the documents.
pub(crate) const NOW: &str = "2025-09-01T00:00:00Z";

/// Runs the commands in turns. Prints the median of each in milliseconds and its ratio to the first.
pub(crate) fn compare(commands: &[(&str, &dyn Fn() -> Command)]) {
    let mut times: Vec<Vec<Duration>> = vec![Vec::new(); commands.len()];
    for _ in 0..ROUNDS {
        for (index, (_, command)) in commands.iter().enumerate() {
            times[index].extend(time(command()));
        }
    }
    let medians: Vec<Option<f64>> = times.iter_mut().map(|times| median(times)).collect();
    for ((name, _), median) in commands.iter().zip(&medians) {
        match (median, medians[0]) {
            (Some(median), Some(floor)) => println!("  {name:18} {:9.1} ms  {:7.2} x", median * 1000.0, median / floor),
            (Some(median), None) => println!("  {name:18} {:9.1} ms", median * 1000.0),
            (None, _) => println!("  {name:18} not installed"),
        }
    }
}

fn time(mut command: Command) -> Option<Duration> {
    let start = Instant::now();
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).status().ok()?;
    Some(start.elapsed())
}

fn median(times: &mut [Duration]) -> Option<f64> {
    times.sort();
    times.get(times.len() / 2).map(Duration::as_secs_f64)
}

/// Writes `count` files into a hundred folders.
pub(crate) fn write_tree(root: &Path, count: usize, content: fn(usize) -> String) {
    for folder in 0..100 {
        std::fs::create_dir_all(root.join(format!("d{folder}"))).unwrap();
    }
    for index in 0..count {
        std::fs::write(root.join(format!("d{}/{index}.md", index % 100)), content(index)).unwrap();
    }
}

/// Returns a document of 8 KB with two outdated AUTO blocks.
pub(crate) fn governed_document(index: usize) -> String {
    let mut text = format!(
        "---\ngovernance:\n  correlation_id: 4018e185-d0ad-4382-91cf-3224b61fcdfd\n  last_updated: 2025-08-29T15:35:33Z\n  \
         update_required_by: 2025-09-05T15:35:33Z\n  validation_schema: v1.0\n  auto_sections: [sprint_summary, dependency_status]\n  \
         manual_sections: [risk_assessment]\n  phase_group: PHOENIX_RISING\n  phase_number: 2\n  kind: upcoming-features\n---\n\n\
         # Upcoming Features\n<!-- LIVING DOCUMENT - MUST REMAIN CURRENT -->\n\n## Sprint Summary\n<!-- AUTO-GENERATED - DO NOT EDIT -->\n\
         Total Features: 15\nStory Points: {index}\n<!-- END AUTO-GENERATED -->\n\n## Phase 2: Hardening\n\n### Priority 1: Critical\n\n"
    );
    let mut number = 0;
    while text.len() < 7_400 {
        number += 1;
        let _ = write!(
            text,
            "#### {number}. Feature number {number} of {index}\n**Status**: 📋 Planned | **Points**: 5 | **Owner**: Dr. Sarah Chen\n\
             **Target**: 2025-09-02\n\n**Requirements**:\n- [ ] Implement connection pooling\n- [ ] Add rate limiting\n\
             - [ ] Resource usage monitoring\n- [ ] Graceful degradation\n- [ ] Stress testing\n\n**Acceptance Criteria**:\n\
             - Max 100 concurrent connections enforced\n- Connections properly cleaned up\n- No resource exhaustion under load\n\n\
             **Dependencies**: WebSocket Manager (✅ Complete)\n\n---\n\n"
        );
    }
    text + "## Risk Assessment\n<!-- MANUAL - REQUIRES REVIEW -->\n\n1. **Terminal Integration**: complex cross-platform challenges\n\n\
            ## Dependencies Status\n<!-- AUTO-GENERATED - DO NOT EDIT -->\n| Dependency | Status | Blocking | Notes |\n\
            |------------|--------|----------|-------|\n| Governance System | Complete | Living Docs | Ready |\n<!-- END AUTO-GENERATED -->\n"
}
