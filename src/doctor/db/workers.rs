//! Workers: the same program, started several times at once on one database, watched until they all wait, and waited for.

use std::path::Path;
use std::time::{Duration, Instant};

use tokio::time::sleep;

use super::DbTarget;
use crate::doctor::check_result::CheckResult;
use crate::doctor::ending::ExitReason;
use crate::doctor::program::{Placeholders, Running};
use crate::system::disk;

/// How often workers are looked at.
const POLL_INTERVAL: Duration = Duration::from_millis(10);
/// How often it is looked whether they are busy.
const LOOK: Duration = Duration::from_millis(100);
/// How long nothing must happen until nobody else is expected, where one sees that no worker is busy.
const QUIET: Duration = Duration::from_secs(1);
/// The same, where one does not.
const LONG_QUIET: Duration = Duration::from_secs(4);
/// How long workers are waited for at all.
const LONGEST: Duration = Duration::from_secs(20);
/// So many ticks of the processor in that time are no work: somebody looks whether a lock is free.
const IDLE: u64 = 5;

/// What in a program's output says that somebody else was there at the same time, as SQLSTATE: unique violation, duplicate table,
/// duplicate object, deadlock, internal error (a tuple that was updated by two).
const CODES: &[&str] = &["23505", "42P07", "42710", "40P01"];
/// The same in words of PostgreSQL, MySQL and SQLite.
const TEXTS: &[&str] = &[
    "duplicate key value",
    "already exists",
    "deadlock detected",
    "tuple concurrently updated",
    "Duplicate entry",
    "Deadlock found",
    "UNIQUE constraint failed",
];

/// Workers on one database.
#[derive(Debug)]
pub struct Workers {
    /// The workers, in their order.
    pub workers: Vec<Running>,
}

/// How a worker ended.
#[derive(Debug)]
pub struct WorkerEnd {
    /// How; not at all where it is `None`.
    pub ended: Option<ExitReason>,
    /// What it said.
    pub said: String,
    /// Its last words.
    pub last: String,
}

/// What was seen before a gate opened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct GateState {
    /// How many had arrived at the gate, or waited behind somebody who had.
    pub arrived: usize,
    /// How many were alive.
    pub alive: usize,
}

impl Workers {
    /// Starts a worker for each of several places.
    ///
    /// # Errors
    /// Where a worker cannot be started.
    pub fn start(target: &DbTarget, places: &[Placeholders]) -> Result<Self, Box<CheckResult>> {
        let init = target.init()?;
        let start = |places: &Placeholders| {
            Running::start(&init.command, &init.env, places)
                .map_err(|why| Box::new(CheckResult::error(why).help("correct `init` of this subject", &[])))
        };
        Ok(Self { workers: places.iter().map(start).collect::<Result<_, _>>()? })
    }

    /// How many are alive.
    pub fn alive(&mut self) -> usize {
        self.workers.iter_mut().map(Running::is_alive).filter(|alive| *alive).count()
    }

    /// Holds all of them still, or lets them go on.
    pub fn freeze(&self, still: bool) {
        for worker in &self.workers {
            worker.freeze(still);
        }
    }

    /// Waits until all have arrived somewhere, or nobody else is expected.
    ///
    /// # Errors
    /// Where one cannot see who has arrived.
    pub async fn wait_at_gate(
        &mut self,
        mut arrived: impl AsyncFnMut() -> Result<usize, Box<CheckResult>>,
    ) -> Result<GateState, Box<CheckResult>> {
        let (start, mut changed, mut looked) = (Instant::now(), Instant::now(), Instant::now());
        let mut ticks = self.ticks();
        let mut last = (GateState { arrived: 0, alive: 0 }, ticks);
        loop {
            let now = GateState { arrived: arrived().await?, alive: self.alive() };
            if now.arrived >= self.workers.len() || now.alive == 0 || start.elapsed() > LONGEST {
                return Ok(now);
            }
            if looked.elapsed() > LOOK {
                (looked, ticks) = (Instant::now(), self.ticks());
            }
            let works = ticks.zip(last.1).is_some_and(|(now, before)| now > before + IDLE);
            if now != last.0 || works {
                (changed, last) = (Instant::now(), (now, ticks));
            }
            if changed.elapsed() > if ticks.is_some() { QUIET } else { LONG_QUIET } {
                return Ok(now);
            }
            sleep(POLL_INTERVAL).await;
        }
    }

    /// The groups of their processes.
    pub fn groups(&self) -> impl Iterator<Item = u32> {
        self.workers.iter().filter_map(Running::id)
    }

    /// How much of the processor they and their children have used, in ticks (proc_pid_stat(5)); nothing where nobody can say.
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

    /// Waits for all, together so long, and ends those that do not end.
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

/// What is wrong with how workers ended, a sentence each.
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
        let said =
            failed.iter().find_map(|end| telling(&end.said)).map_or(first.last.clone(), |line| format!("`{line}`"));
        all.push(format!("{} of {} workers ended with {ended}; one of them: {said}", failed.len(), ends.len()));
    }
    let collided = ends
        .iter()
        .filter(|end| failed.iter().all(|bad| !std::ptr::eq(*bad, *end)))
        .filter_map(|end| conflict_line(&end.said));
    let collided: Vec<&str> = collided.collect();
    if let Some(first) = collided.first() {
        all.push(format!("{} workers met another one and went on: `{first}`", collided.len()));
    }
    all
}

/// The line of an output that says most: that somebody else was there, or an error.
fn telling(said: &str) -> Option<&str> {
    let is_error = |line: &&str| line.to_ascii_lowercase().contains("error");
    let line = conflict_line(said).or_else(|| said.lines().find(is_error)).map(str::trim)?;
    Some(line.char_indices().nth(200).map_or(line, |(at, _)| &line[..at]))
}

/// The line of an output that says that somebody else was there, too. That something is skipped because it is there is no collision.
fn conflict_line(said: &str) -> Option<&str> {
    let is_one = |line: &&str| {
        let words = line.split(|letter: char| !letter.is_ascii_alphanumeric());
        let has_code = words.into_iter().any(|word| CODES.contains(&word));
        let is_said = TEXTS.iter().any(|text| line.contains(text));
        (has_code || is_said) && !line.contains("skipping")
    };
    said.lines().find(is_one).map(str::trim)
}

#[cfg(test)]
mod tests {
    use super::conflict_line;

    #[test]
    fn what_collides_is_told_from_what_is_skipped() {
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
