//! Lock checks: workers wait for the one that initializes the database, and leave no locks behind.

pub mod mechanism;
pub mod released;

use super::postgres::HeldLock;

/// Locks of the workers while a gate was closed.
#[derive(Clone, Debug, Default)]
pub struct Queue {
    /// Locks that are waited for, and locks that outlive a statement.
    pub locks: Vec<HeldLock>,
}

impl Queue {
    /// Returns the number of waiting backends.
    pub fn waiting(&self) -> usize {
        let mut pids: Vec<i32> = self.locks.iter().filter(|lock| !lock.granted).map(|lock| lock.pid).collect();
        pids.sort_unstable();
        pids.dedup();
        pids.len()
    }

    /// Returns the number of backends that wait at the gate itself, about to create objects.
    pub fn at_gate(&self) -> usize {
        self.locks.iter().filter(|lock| !lock.granted && lock.what == "relation pg_class").count()
    }

    /// Returns the kinds of the other locks that are waited for, sorted.
    pub fn kinds(&self) -> Vec<String> {
        let others = self.locks.iter().filter(|lock| !lock.granted && lock.what != "relation pg_class");
        let mut kinds: Vec<String> = others.map(|lock| format!("{} {}", lock.what, lock.mode)).collect();
        kinds.sort();
        kinds.dedup();
        kinds
    }
}
