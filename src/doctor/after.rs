//! What is to be undone after a check and takes its time, as dropping a database: done by threads of their own, so that it holds up nobody
//! who may have to let go first, and waited for before the next check and before the end.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;

static WORK: Mutex<Vec<JoinHandle<()>>> = Mutex::new(Vec::new());

fn work() -> MutexGuard<'static, Vec<JoinHandle<()>>> {
    WORK.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Begins something.
pub fn begin(undo: impl FnOnce() + Send + 'static) {
    let thread = std::thread::spawn(undo);
    work().push(thread);
}

/// Waits until all that has begun is done, while the event loop goes on.
pub async fn settled() {
    if !work().is_empty() {
        let _ = tokio::task::spawn_blocking(all_done).await;
    }
}

/// Waits until all that has begun is done.
pub fn all_done() {
    loop {
        let Some(thread) = work().pop() else { return };
        let _ = thread.join();
    }
}
