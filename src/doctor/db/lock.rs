//! Locks of those that prepare a database: which kind lets one work while the others wait, and that none is left.

pub mod mechanism;
pub mod released;

use super::postgres::HeldLock;

/// Who waited for what while a gate was closed.
#[derive(Clone, Debug, Default)]
pub struct Queue {
    /// Locks that are waited for, and those that outlive statements.
    pub locks: Vec<HeldLock>,
}

impl Queue {
    /// How many backends wait.
    pub fn waiting(&self) -> usize {
        let mut pids: Vec<i32> = self.locks.iter().filter(|lock| !lock.granted).map(|lock| lock.pid).collect();
        pids.sort_unstable();
        pids.dedup();
        pids.len()
    }

    /// How many backends wait at the gate itself: they are about to create.
    pub fn at_gate(&self) -> usize {
        self.locks.iter().filter(|lock| !lock.granted && lock.what == "relation pg_class").count()
    }

    /// What the others wait for.
    pub fn kinds(&self) -> Vec<String> {
        let others = self.locks.iter().filter(|lock| !lock.granted && lock.what != "relation pg_class");
        let mut kinds: Vec<String> = others.map(|lock| format!("{} {}", lock.what, lock.mode)).collect();
        kinds.sort();
        kinds.dedup();
        kinds
    }
}
