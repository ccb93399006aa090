//! Workers: processes that run `init` concurrently on one database, with functions that wait for a gate and for their
//! end.

use std::path::Path;
use std::time::{Duration, Instant};

use tokio::time::sleep;

use super::DbTarget;
use crate::doctor::check_result::CheckResult;
use crate::doctor::ending::ExitReason;
use crate::doctor::program::{Placeholders, Running};
use crate::system::disk;

/// Interval between polls of a gate.
const POLL_INTERVAL: Duration = Duration::from_millis(10);
/// Interval between measurements of CPU time.
const LOOK: Duration = Duration::from_millis(100);
/// Time without progress after which no further worker is expected at a gate, if CPU time can be measured.
const QUIET: Duration = Duration::from_secs(1);
/// The same if CPU time cannot be measured.
const LONG_QUIET: Duration = Duration::from_secs(4);
/// Maximum time to wait for workers at a gate.
const LONGEST: Duration = Duration::from_secs(20);
/// CPU ticks per measurement that do not count as progress: a worker that polls a lock uses this much.
const IDLE: u64 = 5;

/// SQLSTATE codes that show a conflict with another worker in the output of a program: unique violation, duplicate
/// table, duplicate object, deadlock.
const CODES: &[&str] = &["23505", "42P07", "42710", "40P01"];
/// Error texts of PostgreSQL, MySQL and SQLite that show the same.
const TEXTS: &[&str] = &[
    "duplicate key value",
    "already exists",
    "deadlock detected",
    "tuple concurrently updated",
    "Duplicate entry",
    "Deadlock found",
    "UNIQUE constraint failed",
];

/// Worker processes on one database.
#[derive(Debug)]
pub struct Workers {
    pub workers: Vec<Running>,
}

/// Exit reason and output of a worker.
#[derive(Debug)]
pub struct WorkerEnd {
    /// `None` if the worker did not end in time.
    pub ended: Option<ExitReason>,
    /// Complete output, from both streams.
    pub said: String,
    /// Description of the last output line.
    pub last: String,
}

/// Number of workers before a gate opened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct GateState {
    /// Workers that had arrived at the gate, or waited for one that had.
    pub arrived: usize,
    /// Workers that were running.
    pub alive: usize,
}

impl Workers {
    /// Starts one worker for each set of placeholder values.
    pub fn start(target: &DbTarget, places: &[Placeholders]) -> Result<Self, Box<CheckResult>> {
        let init = target.init()?;
        let start = |places: &Placeholders| {
            Running::start(&init.command, &init.env, places)
                .map_err(|why| Box::new(CheckResult::error(why).help("correct `init` of this target", &[])))
        };
        Ok(Self { workers: places.iter().map(start).collect::<Result<_, _>>()? })
    }

    /// Counts the running workers.
    pub fn alive(&mut self) -> usize {
        self.workers.iter_mut().map(Running::is_alive).filter(|alive| *alive).count()
    }

    /// Suspends all workers if `still` is set, otherwise resumes them.
    pub fn freeze(&self, still: bool) {
        for worker in &self.workers {
            worker.freeze(still);
        }
    }

    /// Waits until all workers have arrived at a gate, or no further one is expected. `arrived` returns the number at
    /// the gate.
    pub async fn wait_at_gate(
        &mut self,
        mut arrived: impl AsyncFnMut() -> Result<usize, Box<CheckResult>>,
    ) -> Result<GateState, Box<CheckResult>> {
        let (start, mut changed, mut measured) = (Instant::now(), Instant::now(), Instant::now());
        let mut ticks = self.ticks();
        let mut last = (GateState { arrived: 0, alive: 0 }, ticks);
        loop {
            let now = GateState { arrived: arrived().await?, alive: self.alive() };
            if now.arrived >= self.workers.len() || now.alive == 0 || start.elapsed() > LONGEST {
                return Ok(now);
            }
            if measured.elapsed() > LOOK {
                (measured, ticks) = (Instant::now(), self.ticks());
            }
            let is_working = ticks.zip(last.1).is_some_and(|(now, before)| now > before + IDLE);
            if now != last.0 || is_working {
                (changed, last) = (Instant::now(), (now, ticks));
            }
            if changed.elapsed() > if ticks.is_some() { QUIET } else { LONG_QUIET } {
                return Ok(now);
            }
            sleep(POLL_INTERVAL).await;
        }
    }

    /// Returns the process groups of the workers.
    pub fn groups(&self) -> impl Iterator<Item = u32> {
        self.workers.iter().filter_map(Running::id)
    }

    /// Returns the CPU time of the workers and their children in clock ticks (proc_pid_stat(5)); `None` if `/proc` does
    /// not provide it.
    pub fn ticks(&self) -> Option<u64> {
        let groups: Vec<u32> = self.groups().collect();
        let used = |folder: &Path| -> Option<u64> {
            let stat = disk::read_optional(&folder.join("stat")).ok()??;
            let text = String::from_utf8_lossy(&stat).into_owned();
            let fields: Vec<&str> = text.rsplit_once(')')?.1.split_whitespace().collect();
            let is_ours = groups.contains(&fields.get(2)?.parse().ok()?);
            is_ours.then(|| (11..15).filter_map(|at| fields.get(at)?.parse::<u64>().ok()).sum())
        };
        let processes = disk::list(Path::new("/proc")).ok()?;
        let numbered = processes.iter().filter(|(name, _)| name.parse::<u32>().is_ok());
        let all: Vec<u64> = numbered.filter_map(|(_, folder)| used(folder)).collect();
        (!all.is_empty()).then(|| all.iter().sum())
    }

    /// Waits for all workers, `within` in total, and kills those that are still running.
    pub async fn finish(mut self, within: Duration) -> Vec<WorkerEnd> {
        let end = Instant::now() + within;
        let mut ends = Vec::new();
        for worker in &mut self.workers {
            let ended = worker.ended(end.saturating_duration_since(Instant::now())).await;
            ends.push(WorkerEnd { ended, said: worker.output(), last: worker.last_output_line() });
        }
        ends
    }
}

/// Describes hung, failed and conflicting workers, one string per problem.
pub fn worker_errors(target: &DbTarget, ends: &[WorkerEnd]) -> Vec<String> {
    let mut all = Vec::new();
    let bad = |end: &&WorkerEnd| {
        let code = end.ended.and_then(ExitReason::code);
        end.ended.is_some() && !code.is_some_and(|code| target.db.expect_exit.contains(&i64::from(code)))
    };
    let stuck = ends.iter().filter(|end| end.ended.is_none()).count();
    if stuck > 0 {
        all.push(format!("{stuck} of {} workers did not end", ends.len()));
    }
    let failed: Vec<&WorkerEnd> = ends.iter().filter(bad).collect();
    if let Some((first, ended)) = failed.first().and_then(|first| Some((first, first.ended?))) {
        let output = failed
            .iter()
            .find_map(|end| most_relevant_line(&end.said))
            .map_or(first.last.clone(), |line| format!("`{line}`"));
        all.push(format!("{} of {} workers ended with {ended}; one of them: {output}", failed.len(), ends.len()));
    }
    let conflicts = ends
        .iter()
        .filter(|end| failed.iter().all(|bad| !std::ptr::eq(*bad, *end)))
        .filter_map(|end| conflict_line(&end.said));
    let conflicts: Vec<&str> = conflicts.collect();
    if let Some(first) = conflicts.first() {
        all.push(format!("{} workers reported a conflict and continued: `{first}`", conflicts.len()));
    }
    all
}

/// Returns the most relevant line of an output, up to 200 characters: a conflict, or else an error.
fn most_relevant_line(output: &str) -> Option<&str> {
    let is_error = |line: &&str| line.to_ascii_lowercase().contains("error");
    let line = conflict_line(output).or_else(|| output.lines().find(is_error)).map(str::trim)?;
    Some(line.char_indices().nth(200).map_or(line, |(at, _)| &line[..at]))
}

/// Returns the line of an output that reports a conflict with another worker. A notice that an existing object is
/// skipped is not a conflict.
fn conflict_line(output: &str) -> Option<&str> {
    let is_conflict = |line: &&str| {
        let words = line.split(|letter: char| !letter.is_ascii_alphanumeric());
        let has_code = words.into_iter().any(|word| CODES.contains(&word));
        let has_text = TEXTS.iter().any(|text| line.contains(text));
        (has_code || has_text) && !line.contains("skipping")
    };
    output.lines().find(is_conflict).map(str::trim)
}

#[cfg(test)]
mod tests {
    use super::conflict_line;

    #[test]
    fn distinguishes_conflicts_from_skipped_objects() {
        assert_eq!(
            conflict_line("ok\nERROR: 42P07: relation \"t\" is there\n"),
            Some("ERROR: 42P07: relation \"t\" is there")
        );
        assert!(conflict_line("duplicate key value violates unique constraint").is_some());
        assert!(conflict_line("db error: ERROR: deadlock detected").is_some());
        assert_eq!(conflict_line("NOTICE:  relation \"t\" already exists, skipping"), None);
        assert_eq!(conflict_line("done in 123505 ms, 1062 rows"), None);
    }
}
