//! Background cleanup after a check, such as dropping a database. It runs on separate threads, so that the event loop
//! can close connections that the server waits for. The next check and the end of the run wait for it.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;

static WORK: Mutex<Vec<JoinHandle<()>>> = Mutex::new(Vec::new());

fn work() -> MutexGuard<'static, Vec<JoinHandle<()>>> {
    WORK.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Starts a cleanup function on its own thread.
pub fn spawn(undo: impl FnOnce() + Send + 'static) {
    let thread = std::thread::spawn(undo);
    work().push(thread);
}

/// Waits for all cleanup threads without blocking the event loop.
pub async fn finished() {
    if !work().is_empty() {
        let _ = tokio::task::spawn_blocking(wait_all).await;
    }
}

/// Waits for all cleanup threads; blocks the current thread.
pub fn wait_all() {
    loop {
        let Some(thread) = work().pop() else { return };
        let _ = thread.join();
    }
}
