//! Dependencies that fail as they are told: a stub that answers HTTP, and a proxy before a real server. Both stand on a port of
//! this machine, both keep what came in, and both end with their handle.

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

/// How long a door may take to do as told.
const TURN: Duration = Duration::from_secs(5);

/// What a dependency does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FaultMode {
    /// It answers, or hands on.
    Ok,
    /// It answers with this status. A proxy resets.
    Status(u16),
    /// So many times it answers with 503, then it is well. A proxy resets as often.
    FailFirst(u64),
    /// The first time it answers with 503 and asks to come back after so many seconds, then it is well.
    RetryAfter(u64),
    /// It answers after this time; a proxy holds up every piece of an answer for so long.
    Slow(Duration),
    /// It takes the connection and does not read.
    HangAccept,
    /// It reads and never answers.
    HangHeaders,
    /// It begins an answer and never ends it.
    HangBody,
    /// It answers the head, then a byte of the body, waits so long, and answers the next one. A proxy does so with every byte.
    Drip(Duration),
    /// It ends in the middle of an answer.
    Truncate,
    /// It resets the connection.
    Reset,
    /// It answers something that is no protocol.
    Garbage,
    /// It ends its side of the connection instead of answering, and leaves the other one open.
    HalfClose,
    /// Nothing listens.
    Refuse,
    /// Something listens, and connecting does not end (a full backlog).
    SynDrop,
    /// What comes first on each connection is kept until the mode changes. A stub waits before it answers.
    Hold,
    /// A proxy hands on the first pieces that clients send, so many of all connections, and keeps the others until the mode changes.
    HoldAfter(usize),
}

impl FaultMode {
    /// Whether a proxy keeps the piece at this place; the first piece of a connection is kept by `Hold` as well.
    fn holds(self, place: usize, is_first: bool) -> bool {
        match self {
            Self::Hold => is_first,
            Self::HoldAfter(pieces) => place >= pieces,
            _ => false,
        }
    }
}

/// What stands behind the port.
#[derive(Clone, Debug)]
pub enum Backend {
    /// Nothing: HTTP is answered here, with this body where all is well.
    Stub(String),
    /// A server on TCP that waits for what the client says, as far as one can see.
    Tcp(SocketAddr),
    /// A server on TCP that speaks first.
    Talker(SocketAddr),
    /// A server on a socket of this machine.
    Unix(PathBuf),
}

/// Something that came in: a request at a stub, the first bytes of a connection or of an exchange at a proxy.
#[derive(Clone, Debug)]
pub struct Hit {
    /// When.
    pub at: Instant,
    /// The connection, numbered from one.
    pub connection: u64,
    /// The method, where it is HTTP.
    pub method: String,
    /// The path, where it is HTTP.
    pub path: String,
    /// What the caller calls it (`X-Request-Id`, `X-Correlation-Id` or `traceparent`).
    pub correlation: Option<String>,
    /// When the caller went away before it had an answer.
    pub gone: Option<Instant>,
}

/// What the connections are told.
#[derive(Clone, Copy, Debug)]
struct Directive {
    mode: FaultMode,
    /// How many hits there had been when the mode was set.
    since: usize,
    /// Connections up to this one are reset.
    cut: u64,
    /// Connections up to this one say nothing any more.
    silent: u64,
}

#[derive(Debug, Default)]
struct RecordedCalls {
    hits: Vec<Hit>,
    connections: u64,
    open: u64,
    /// What the server said first on each connection.
    greetings: BTreeMap<u64, Vec<u8>>,
    broken: Option<String>,
}

#[derive(Debug)]
struct UpstreamState {
    behind: Backend,
    seen: Mutex<RecordedCalls>,
    told: watch::Receiver<Directive>,
    /// What the door does, once it does it.
    done: watch::Sender<Option<FaultMode>>,
}

impl UpstreamState {
    fn seen(&self) -> MutexGuard<'_, RecordedCalls> {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn told(&self) -> Directive {
        *self.told.borrow()
    }

    /// Keeps a hit; how many there were since the mode was set, and its place.
    fn hit(&self, hit: Hit) -> (usize, usize) {
        let since = self.told().since;
        let mut seen = self.seen();
        seen.hits.push(hit);
        (seen.hits.len() - since, seen.hits.len() - 1)
    }

    fn gone(&self, place: usize) {
        if let Some(hit) = self.seen().hits.get_mut(place) {
            hit.gone.get_or_insert_with(Instant::now);
        }
    }
}

/// A dependency that runs.
#[derive(Debug)]
pub struct Upstream {
    /// Where it listens.
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
    /// Listens, all being well.
    ///
    /// # Errors
    /// As the system says.
    pub fn start(listen: SocketAddr, behind: Backend) -> std::io::Result<Self> {
        let listener = door::open(listen)?;
        let address = listener.local_addr()?;
        let (tell, told) = watch::channel(Directive { mode: FaultMode::Ok, since: 0, cut: 0, silent: 0 });
        let shared = Arc::new(UpstreamState { behind, seen: Mutex::default(), told, done: watch::Sender::new(None) });
        let task = tokio::spawn(door::serve(listener, address, Arc::clone(&shared)));
        Ok(Self { address, shared, tell, task })
    }

    /// Listens on a free port of this machine.
    ///
    /// # Errors
    /// As the system says.
    pub fn local(behind: Backend) -> std::io::Result<Self> {
        Self::start(SocketAddr::from(([127, 0, 0, 1], 0)), behind)
    }

    /// Does as told as soon as it can.
    pub fn tell(&self, mode: FaultMode) {
        let since = self.shared.seen().hits.len();
        self.tell.send_modify(|told| (told.mode, told.since) = (mode, since));
    }

    /// Does as told from now on, and waits until that is so.
    pub async fn set(&self, mode: FaultMode) {
        self.tell(mode);
        let mut done = self.shared.done.subscribe();
        let _ = tokio::time::timeout(TURN, done.wait_for(|done| *done == Some(mode))).await;
    }

    /// Resets all connections that there are.
    pub fn cut(&self) {
        let connections = self.shared.seen().connections;
        self.tell.send_modify(|told| told.cut = connections);
    }

    /// From now on the connections that there are say nothing any more; new ones are served.
    pub fn silence(&self) {
        let connections = self.shared.seen().connections;
        self.tell.send_modify(|told| told.silent = connections);
    }

    /// What came in so far.
    pub fn hits(&self) -> Vec<Hit> {
        self.shared.seen().hits.clone()
    }

    /// How much came in so far.
    pub fn count(&self) -> usize {
        self.shared.seen().hits.len()
    }

    /// How many connections there are.
    pub fn open(&self) -> u64 {
        self.shared.seen().open
    }

    /// What the server said first, on each connection.
    pub fn greetings(&self) -> Vec<Vec<u8>> {
        self.shared.seen().greetings.values().cloned().collect()
    }

    /// Why it could not do as told, where it could not.
    pub fn broken(&self) -> Option<String> {
        self.shared.seen().broken.clone()
    }
}
