//! Simulated upstreams with switchable faults: a stub that responds to HTTP, and a TCP proxy in front of a real server.
//! Both listen on a local port, record the calls that they receive, and stop when their handle is dropped.

mod door;
mod proxy;
mod stub;
mod tests;

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use tokio::sync::watch;
use tokio::task::JoinHandle;

/// Timeout for a change of the fault mode to take effect.
const SWITCH_TIMEOUT: Duration = Duration::from_secs(5);

/// Behavior of a simulated upstream.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FaultMode {
    /// The stub responds with 200; the proxy forwards.
    Ok,
    /// Responds with this status. A proxy resets the connection.
    Status(u16),
    /// Responds with 503 this number of times, then with 200. A proxy resets instead of responding with 503.
    FailFirst(u64),
    /// Responds once with 503 and `Retry-After` with this number of seconds, then with 200. A proxy resets once.
    RetryAfter(u64),
    /// Responds after this time. A proxy delays every chunk of a response.
    Slow(Duration),
    /// Accepts the connection and does not read.
    HangAccept,
    /// Reads the request and never responds.
    HangHeaders,
    /// Sends the head of a response and never the body.
    HangBody,
    /// Sends the head at once and then the body byte by byte, with this pause in between. A proxy sends all bytes this
    /// way.
    Drip(Duration),
    /// Closes the connection in the middle of a response.
    Truncate,
    /// Resets the connection.
    Reset,
    /// Responds with bytes that are not valid in the protocol.
    Garbage,
    /// Closes its side of the connection instead of responding, and keeps the other side open.
    HalfClose,
    /// Closes the port, so that connections are refused.
    Refuse,
    /// Fills the backlog of the port, so that connecting does not complete.
    SynDrop,
    /// Holds the first chunk of each connection until the mode changes. A stub delays its response until then.
    Hold,
    /// A proxy forwards this number of client chunks, counted over all connections, and holds the others until the mode
    /// changes.
    HoldAfter(usize),
}

impl FaultMode {
    /// Returns whether a proxy holds the chunk with this index. `Hold` applies only to the first chunk of a connection.
    fn holds(self, index: usize, is_first: bool) -> bool {
        match self {
            Self::Hold => is_first,
            Self::HoldAfter(chunks) => index >= chunks,
            _ => false,
        }
    }
}

/// Server behind the port.
#[derive(Clone, Debug)]
pub enum Backend {
    /// None: the stub responds to HTTP itself, with this body if no fault is active.
    Stub(String),
    /// TCP server whose client usually sends first.
    Tcp(SocketAddr),
    /// TCP server that sends first.
    Talker(SocketAddr),
    /// Server on a Unix domain socket.
    Unix(PathBuf),
}

/// Recorded call: a request at a stub, or a chunk from a client at a proxy.
#[derive(Clone, Debug)]
pub struct Hit {
    /// Time of arrival.
    pub at: Instant,
    /// Number of the connection, starting at 1.
    pub connection: u64,
    /// HTTP method; empty at a proxy.
    pub method: String,
    /// HTTP path; empty at a proxy.
    pub path: String,
    /// Correlation ID of the caller (`X-Request-Id`, `X-Correlation-Id` or `traceparent`).
    pub correlation: Option<String>,
    /// Time at which the caller disconnected before it received a response.
    pub gone: Option<Instant>,
}

/// Current instruction for all connections.
#[derive(Clone, Copy, Debug)]
struct Directive {
    mode: FaultMode,
    /// Number of calls recorded when the mode was set.
    since: usize,
    /// Highest number of a connection to reset.
    reset_up_to: u64,
    /// Highest number of a connection that no longer transfers data.
    mute_up_to: u64,
}

#[derive(Debug, Default)]
struct RecordedCalls {
    hits: Vec<Hit>,
    connections: u64,
    open: u64,
    /// First bytes from the server, by connection.
    greetings: BTreeMap<u64, Vec<u8>>,
    broken: Option<String>,
}

#[derive(Debug)]
struct UpstreamState {
    backend: Backend,
    seen: Mutex<RecordedCalls>,
    told: watch::Receiver<Directive>,
    /// Mode that the listener has applied.
    done: watch::Sender<Option<FaultMode>>,
}

impl UpstreamState {
    fn seen(&self) -> MutexGuard<'_, RecordedCalls> {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn told(&self) -> Directive {
        *self.told.borrow()
    }

    /// Records a call. Returns the number of calls since the mode was set, and the index of this call.
    fn hit(&self, hit: Hit) -> (usize, usize) {
        let since = self.told().since;
        let mut seen = self.seen();
        seen.hits.push(hit);
        (seen.hits.len() - since, seen.hits.len() - 1)
    }

    fn gone(&self, index: usize) {
        if let Some(hit) = self.seen().hits.get_mut(index) {
            hit.gone.get_or_insert_with(Instant::now);
        }
    }
}

/// Running upstream; it resets all connections and stops on drop.
#[derive(Debug)]
pub struct Upstream {
    pub address: SocketAddr,
    shared: Arc<UpstreamState>,
    tell: watch::Sender<Directive>,
    task: JoinHandle<()>,
}

impl Drop for Upstream {
    fn drop(&mut self) {
        self.cut();
        self.task.abort();
    }
}

impl Upstream {
    /// Starts to listen, without a fault.
    pub fn start(listen: SocketAddr, backend: Backend) -> std::io::Result<Self> {
        let listener = door::open(listen)?;
        let address = listener.local_addr()?;
        let (sender, receiver) =
            watch::channel(Directive { mode: FaultMode::Ok, since: 0, reset_up_to: 0, mute_up_to: 0 });
        let shared =
            Arc::new(UpstreamState { backend, seen: Mutex::default(), told: receiver, done: watch::Sender::new(None) });
        let task = tokio::spawn(door::serve(listener, address, Arc::clone(&shared)));
        Ok(Self { address, shared, tell: sender, task })
    }

    /// Starts to listen on a free port of 127.0.0.1.
    pub fn local(backend: Backend) -> std::io::Result<Self> {
        Self::start(SocketAddr::from(([127, 0, 0, 1], 0)), backend)
    }

    /// Requests a fault mode and returns at once.
    pub fn request_mode(&self, mode: FaultMode) {
        let since = self.shared.seen().hits.len();
        self.tell.send_modify(|directive| (directive.mode, directive.since) = (mode, since));
    }

    /// Requests a fault mode and waits until the listener has applied it.
    pub async fn set(&self, mode: FaultMode) {
        self.request_mode(mode);
        let mut done = self.shared.done.subscribe();
        let _ = tokio::time::timeout(SWITCH_TIMEOUT, done.wait_for(|done| *done == Some(mode))).await;
    }

    /// Resets all existing connections.
    pub fn cut(&self) {
        let connections = self.shared.seen().connections;
        self.tell.send_modify(|directive| directive.reset_up_to = connections);
    }

    /// Stops the data transfer on all existing connections; new connections are served.
    pub fn mute_all(&self) {
        let connections = self.shared.seen().connections;
        self.tell.send_modify(|directive| directive.mute_up_to = connections);
    }

    /// Returns the calls recorded so far.
    pub fn hits(&self) -> Vec<Hit> {
        self.shared.seen().hits.clone()
    }

    /// Returns the number of calls recorded so far.
    pub fn count(&self) -> usize {
        self.shared.seen().hits.len()
    }

    /// Returns the number of open connections.
    pub fn open(&self) -> u64 {
        self.shared.seen().open
    }

    /// Returns the first bytes from the server, one entry per connection.
    pub fn greetings(&self) -> Vec<Vec<u8>> {
        self.shared.seen().greetings.values().cloned().collect()
    }

    /// Returns the reason why a mode could not be applied, if any.
    pub fn mode_error(&self) -> Option<String> {
        self.shared.seen().broken.clone()
    }
}
