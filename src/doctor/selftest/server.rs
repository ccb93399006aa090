//! WebSocket echo server for the self-test, conforming or with faults. It runs in a separate thread on a free local
//! port and stops when its handle is dropped.

use std::collections::BTreeMap;
use std::net::{IpAddr, SocketAddr};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use futures_util::{SinkExt, StreamExt};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Notify, oneshot};
use tokio::time::{interval, sleep};
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::handshake::derive_accept_key;
use tokio_tungstenite::tungstenite::protocol::frame::coding::CloseCode;
use tokio_tungstenite::tungstenite::protocol::{CloseFrame, Role, WebSocketConfig};
use tokio_tungstenite::tungstenite::{Bytes, Error, Message};

/// Way in which a server refuses a connection.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Refuse {
    /// Responds with status 503.
    #[default]
    Status,
    /// Resets the connection.
    Reset,
    /// Responds with status 503 and closes the oldest connection.
    Evict,
    /// Completes the upgrade and closes with 1013.
    Close,
}

/// Behavior of a server. The default conforms and has no limits.
#[derive(Clone, Debug, Default)]
#[allow(clippy::struct_excessive_bools)] // Each field is a separate fault.
pub(super) struct Behaviour {
    /// Maximum number of connections.
    pub cap: Option<usize>,
    /// Whether the maximum applies to each client address.
    pub per_ip: bool,
    pub refuse: Refuse,
    /// Whether there is a delay between the limit test and the count.
    pub racy: bool,
    /// Ends of connections that do not free a slot: `close`, `fin`, `rst`, `aborted` (before the response).
    pub keeps: &'static [&'static str],
    /// Whether handshakes are processed one at a time.
    pub serial: bool,
    /// Ping interval; a client that does not respond before the next ping is dropped.
    pub heartbeat: Option<Duration>,
    /// Connections per second, and burst.
    pub rate: Option<(f64, f64)>,
    /// Maximum number of messages per second.
    pub message_rate: Option<f64>,
    /// Size limit of a message, in bytes.
    pub largest: Option<usize>,
    /// Whether all writes share one lock.
    pub shared_writer: bool,
    /// Delay of each response.
    pub delay: Duration,
    /// Number of connections from which every response is slow permanently.
    pub tires_at: Option<usize>,
    /// Whether a reset by a refused client closes all connections.
    pub fragile: bool,
    /// Whether the gauge is always zero.
    pub stuck_gauge: bool,
    /// Whether the server closes without a code after a protocol error.
    pub codeless: bool,
    /// Whether the digest in the upgrade response is wrong.
    pub wrong_digest: bool,
    /// Whether the server never reads after the upgrade.
    pub mute: bool,
}

#[derive(Debug, Default)]
struct Counts {
    active: usize,
    per_ip: BTreeMap<IpAddr, usize>,
    refused: u64,
    tokens: f64,
    filled: Option<Instant>,
    tired: bool,
    served: Vec<(u64, Arc<Notify>)>,
    next: u64,
}

struct ServerState {
    behaviour: Behaviour,
    counts: Mutex<Counts>,
    handshake: tokio::sync::Mutex<()>,
    writer: tokio::sync::Mutex<()>,
}

/// Running server.
#[derive(Debug)]
pub(super) struct FixtureServer {
    pub port: u16,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<std::thread::JoinHandle<()>>,
}

impl Drop for FixtureServer {
    fn drop(&mut self) {
        drop(self.stop.take());
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

impl FixtureServer {
    /// Starts a server on a free port of 127.0.0.1.
    pub(super) fn start(behaviour: Behaviour) -> std::io::Result<Self> {
        let listener = std::net::TcpListener::bind("127.0.0.1:0")?;
        listener.set_nonblocking(true)?;
        let port = listener.local_addr()?.port();
        let (stop, stopped) = oneshot::channel::<()>();
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        let thread = std::thread::spawn(move || {
            runtime.block_on(async {
                let Ok(listener) = TcpListener::from_std(listener) else { return };
                tokio::select! { _ = stopped => {}, () = serve(listener, behaviour) => {} }
            });
        });
        Ok(Self { port, stop: Some(stop), thread: Some(thread) })
    }
}

async fn serve(listener: TcpListener, behaviour: Behaviour) {
    let shared = Arc::new(ServerState {
        behaviour,
        counts: Mutex::default(),
        handshake: tokio::sync::Mutex::default(),
        writer: tokio::sync::Mutex::default(),
    });
    loop {
        if let Ok((tcp, peer)) = listener.accept().await {
            let shared = Arc::clone(&shared);
            tokio::spawn(async move { shared.connection(tcp, peer).await });
        }
    }
}

impl ServerState {
    fn counts(&self) -> std::sync::MutexGuard<'_, Counts> {
        self.counts.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn connection(&self, mut tcp: TcpStream, peer: SocketAddr) {
        let _ = tcp.set_nodelay(true);
        let (path, key) = if self.behaviour.serial {
            let _turn = self.handshake.lock().await;
            read_request(&mut tcp).await
        } else {
            read_request(&mut tcp).await
        };
        if path == "/metrics" {
            let page = self.metrics_page();
            let head = format!(
                "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: {}\r\nConnection: close\r\n\r\n",
                page.len()
            );
            let _ = tcp.write_all((head + &page).as_bytes()).await;
            return;
        }
        if !self.admits() || !self.takes_slot(peer.ip()).await {
            self.counts().refused += 1;
            match self.behaviour.refuse {
                Refuse::Reset => {
                    let _ = tcp.set_zero_linger();
                }
                Refuse::Close => {
                    let _ = tcp.write_all(upgrade_response(&derive_accept_key(key.as_bytes())).as_bytes()).await;
                    let mut socket = WebSocketStream::from_raw_socket(tcp, Role::Server, None).await;
                    close_with(&mut socket, CloseCode::Again).await;
                }
                Refuse::Status | Refuse::Evict => {
                    let _ = tcp
                        .write_all(b"HTTP/1.1 503 Service Unavailable\r\nRetry-After: 1\r\nContent-Length: 0\r\n\r\n")
                        .await;
                    if self.behaviour.fragile {
                        let after = tokio::time::timeout(Duration::from_secs(1), tcp.read(&mut [0; 1])).await;
                        if matches!(after, Ok(Err(_))) {
                            self.counts().served.iter().for_each(|(_, gone)| gone.notify_one());
                        }
                    }
                }
            }
            return;
        }
        let digest = if self.behaviour.wrong_digest { "wrong".to_owned() } else { derive_accept_key(key.as_bytes()) };
        if self.behaviour.keeps.contains(&"aborted") {
            // A client that aborts before the response is detected within this time.
            let gone = tokio::time::timeout(Duration::from_millis(5), tcp.read(&mut [0; 1])).await;
            if matches!(gone, Ok(Ok(0) | Err(_))) {
                return;
            }
        }
        let head = upgrade_response(&digest);
        let gone = Arc::new(Notify::new());
        let id = {
            let mut counts = self.counts();
            counts.next += 1;
            let id = counts.next;
            counts.served.push((id, Arc::clone(&gone)));
            id
        };
        let ended = match tcp.write_all(head.as_bytes()).await {
            Ok(()) => tokio::select! { ended = self.echo(tcp) => ended, () = gone.notified() => "close" },
            Err(_) => "rst",
        };
        let mut counts = self.counts();
        counts.served.retain(|(known, _)| *known != id);
        if !self.behaviour.keeps.contains(&ended) {
            counts.active -= 1;
            counts.per_ip.entry(peer.ip()).and_modify(|count| *count -= 1);
        }
    }

    fn metrics_page(&self) -> String {
        let counts = self.counts();
        let active = if self.behaviour.stuck_gauge { 0 } else { counts.active };
        format!(
            "# TYPE ws_active gauge\nws_active {active}\n# TYPE ws_refused_total counter\nws_refused_total {}\n",
            counts.refused
        )
    }

    /// Returns whether the connection rate allows one more connection (token bucket).
    fn admits(&self) -> bool {
        let Some((per_second, burst)) = self.behaviour.rate else { return true };
        let mut counts = self.counts();
        let now = Instant::now();
        let since = counts.filled.map_or(f64::MAX, |filled| (now - filled).as_secs_f64());
        counts.tokens = (counts.tokens + since * per_second).min(burst + 1.0);
        counts.filled = Some(now);
        if counts.tokens < 1.0 {
            return false;
        }
        counts.tokens -= 1.0;
        true
    }

    async fn takes_slot(&self, ip: IpAddr) -> bool {
        let Some(cap) = self.behaviour.cap else {
            self.count(ip);
            return true;
        };
        let is_full = {
            let counts = self.counts();
            if self.behaviour.per_ip {
                counts.per_ip.get(&ip).copied().unwrap_or_default() >= cap
            } else {
                counts.active >= cap
            }
        };
        if is_full {
            if self.behaviour.refuse == Refuse::Evict
                && let Some((_, oldest)) = self.counts().served.first()
            {
                oldest.notify_one();
            }
            return false;
        }
        if self.behaviour.racy {
            sleep(Duration::from_millis(20)).await;
        }
        self.count(ip);
        true
    }

    fn count(&self, ip: IpAddr) {
        let mut counts = self.counts();
        counts.active += 1;
        *counts.per_ip.entry(ip).or_default() += 1;
        counts.tired |= self.behaviour.tires_at.is_some_and(|limit| counts.active >= limit);
    }

    /// Echoes until the connection ends. Returns how it ended.
    async fn echo(&self, tcp: TcpStream) -> &'static str {
        if self.behaviour.mute {
            std::future::pending::<()>().await;
        }
        let config =
            WebSocketConfig::default().max_message_size(self.behaviour.largest).max_frame_size(self.behaviour.largest);
        let mut socket = WebSocketStream::from_raw_socket(tcp, Role::Server, Some(config)).await;
        let mut ping = interval(self.behaviour.heartbeat.unwrap_or(Duration::from_secs(3_600)));
        let (mut answered, mut messages, start) = (true, 0.0, Instant::now());
        ping.tick().await;
        loop {
            let message = tokio::select! {
                _ = ping.tick() => {
                    if !answered { return "dead"; }
                    answered = false;
                    let _ = socket.send(Message::Ping(Bytes::from_static(b"?"))).await;
                    continue;
                }
                message = socket.next() => message,
            };
            let delay = if self.counts().tired { Duration::from_millis(60) } else { self.behaviour.delay };
            match message {
                None => return "close",
                Some(Ok(Message::Pong(_))) => answered = true,
                Some(Ok(message @ (Message::Text(_) | Message::Binary(_)))) => {
                    messages += 1.0;
                    if self
                        .behaviour
                        .message_rate
                        .is_some_and(|rate| messages > 5.0 + rate * start.elapsed().as_secs_f64())
                    {
                        close_with(&mut socket, CloseCode::Policy).await;
                        return "close";
                    }
                    if !delay.is_zero() {
                        sleep(delay).await;
                    }
                    let _turn = if self.behaviour.shared_writer { Some(self.writer.lock().await) } else { None };
                    let _ = socket.send(message).await;
                }
                Some(Ok(_)) => {}
                Some(Err(Error::Io(_))) => return "rst",
                Some(Err(Error::Protocol(error))) if error.to_string().contains("without closing handshake") => {
                    return "fin";
                }
                Some(Err(_)) if self.behaviour.codeless => return "close",
                Some(Err(error)) => {
                    let code = match error {
                        Error::Capacity(_) => CloseCode::Size,
                        Error::Utf8(_) => CloseCode::Invalid,
                        _ => CloseCode::Protocol,
                    };
                    close_with(&mut socket, code).await;
                    return "close";
                }
            }
        }
    }
}

/// Formats the response to an upgrade.
fn upgrade_response(digest: &str) -> String {
    format!(
        "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: {digest}\r\n\r\n"
    )
}

/// Sends a close frame and waits until the client has read it, since closing with unread bytes causes a reset.
async fn close_with(socket: &mut WebSocketStream<TcpStream>, code: CloseCode) {
    let _ = socket.close(Some(CloseFrame { code, reason: "".into() })).await;
    let _ = socket.get_mut().shutdown().await;
    let mut rest = [0; 4096];
    let drained = async { while socket.get_mut().read(&mut rest).await.is_ok_and(|read| read > 0) {} };
    let _ = tokio::time::timeout(Duration::from_secs(1), drained).await;
}

/// Reads the path and the key of an upgrade; both are empty if no complete request arrives.
async fn read_request(tcp: &mut TcpStream) -> (String, String) {
    let mut bytes = Vec::new();
    while tcp.read_buf(&mut bytes).await.is_ok_and(|read| read > 0) {
        let mut headers = [httparse::EMPTY_HEADER; 32];
        let mut request = httparse::Request::new(&mut headers);
        if let Ok(httparse::Status::Complete(_)) = request.parse(&bytes) {
            let key = request.headers.iter().find(|header| header.name.eq_ignore_ascii_case("sec-websocket-key"));
            let key = key.map(|header| String::from_utf8_lossy(header.value).into_owned()).unwrap_or_default();
            return (request.path.unwrap_or_default().to_owned(), key);
        }
    }
    (String::new(), String::new())
}
