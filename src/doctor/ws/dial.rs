//! Opens one connection to a WebSocket server: TCP, TLS and the upgrade (RFC 6455, section 4.1). The upgrade is
//! implemented here, so that all kinds of refusals can be distinguished.

use std::net::{IpAddr, SocketAddr};
use std::time::{Duration, Instant};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpSocket, TcpStream};
use tokio::sync::Barrier;
use tokio::time::timeout;
use tokio_tungstenite::tungstenite::handshake::derive_accept_key;

use crate::config::doctor::UrlParts;
use crate::doctor::stream::{Stream, Tls};

/// Longest head of a response to an upgrade request, in bytes.
const MAX_HEAD: usize = 64 << 10;
/// Largest number of headers in a response.
const MAX_HEADERS: usize = 64;

/// Address and connection settings of a server.
#[derive(Clone, Debug)]
pub struct Route {
    pub endpoint: UrlParts,
    /// Resolved addresses, all allowed by `allow_hosts`; tried in this order.
    pub addresses: Vec<SocketAddr>,
    /// TLS settings, if the scheme is `wss`.
    pub tls: Option<Tls>,
    /// Additional headers of the upgrade request.
    pub headers: Vec<(String, String)>,
    /// Requested subprotocol.
    pub subprotocol: Option<String>,
    /// Timeout of a connection attempt, until the upgrade or the refusal.
    pub limit: Duration,
    /// Local address to connect from.
    pub source: Option<IpAddr>,
}

/// Outcome of a connection attempt.
#[derive(Debug)]
pub enum Dialed {
    Open(Box<Opened>),
    /// The server, or a proxy in front of it, refused the connection.
    Refused(Refused),
    /// The attempt failed on this side.
    Broken(String),
}

/// An upgraded connection.
#[derive(Debug)]
pub struct Opened {
    pub stream: Stream,
    /// Bytes received after the head of the response.
    pub rest: Vec<u8>,
    /// Subprotocol chosen by the server.
    pub subprotocol: Option<String>,
    /// Time that TCP, TLS and the upgrade took.
    pub phases: [Duration; 3],
}

/// A refusal of a connection.
#[derive(Clone, Debug, PartialEq)]
pub struct Refused {
    /// Class of the refusal: `tcp-refused`, `tcp-timeout`, `rst`, `eof`, `silent`, `http-NNN`, `close-NNNN`, `101-eof`,
    /// `101-rst`, `bad-accept`, `bad-subprotocol`, `not-http`, `tls`, `app-error`, `zombie` or `evict`.
    pub class: String,
    /// Time from the start of the attempt; after an upgrade, from the upgrade.
    pub after: Duration,
    /// Value of the `Retry-After` header.
    pub retry_after: Option<String>,
    /// Reason given by the server; may be empty.
    pub reason: String,
}

impl Refused {
    /// Creates a refusal without a reason.
    pub fn new(class: impl Into<String>, after: Duration) -> Self {
        Self { class: class.into(), after, retry_after: None, reason: String::new() }
    }
}

impl Route {
    /// Opens a TCP connection, with TLS if configured. Returns the time that each took.
    pub async fn connect(&self) -> Result<(Stream, [Duration; 2]), Dialed> {
        let start = Instant::now();
        let mut last = Dialed::Broken("the host has no address".to_owned());
        for address in &self.addresses {
            match timeout(self.limit, self.tcp(*address)).await {
                Ok(Ok(tcp)) => {
                    let connected = start.elapsed();
                    let Some(tls) = &self.tls else { return Ok((Stream::Plain(tcp), [connected, Duration::ZERO])) };
                    let host = self.endpoint.host.as_str();
                    return match timeout(self.limit, tls.connect(host, tcp)).await {
                        Ok(Ok(stream)) => Ok((stream, [connected, start.elapsed().saturating_sub(connected)])),
                        Ok(Err(why)) => {
                            Err(Dialed::Refused(Refused { reason: why, ..Refused::new("tls", start.elapsed()) }))
                        }
                        Err(_) => Err(Dialed::Refused(Refused::new("silent", start.elapsed()))),
                    };
                }
                Ok(Err(error)) => last = connect_failure(&error, start.elapsed()),
                Err(_) => last = Dialed::Refused(Refused::new("tcp-timeout", start.elapsed())),
            }
        }
        Err(last)
    }

    async fn tcp(&self, address: SocketAddr) -> std::io::Result<TcpStream> {
        let socket = if address.is_ipv4() { TcpSocket::new_v4()? } else { TcpSocket::new_v6()? };
        if let Some(source) = self.source {
            socket.bind(SocketAddr::new(source, 0))?;
        }
        let tcp = socket.connect(address).await?;
        tcp.set_nodelay(true)?;
        Ok(tcp)
    }

    /// Returns the bytes of the upgrade request and the expected `Sec-WebSocket-Accept`.
    pub fn request(&self) -> (Vec<u8>, String) {
        let key = STANDARD.encode(uuid::Uuid::now_v7().as_bytes());
        let UrlParts { host, port, path, .. } = &self.endpoint;
        let host = if host.contains(':') { format!("[{host}]") } else { host.clone() };
        let mut lines = vec![
            format!("GET {path} HTTP/1.1"),
            format!("Host: {host}:{port}"),
            "Upgrade: websocket".to_owned(),
            "Connection: Upgrade".to_owned(),
            format!("Sec-WebSocket-Key: {key}"),
            "Sec-WebSocket-Version: 13".to_owned(),
            "User-Agent: phx-doctor".to_owned(),
        ];
        lines.extend(self.subprotocol.iter().map(|protocol| format!("Sec-WebSocket-Protocol: {protocol}")));
        lines.extend(self.endpoint.user.iter().map(|user| format!("Authorization: Basic {}", STANDARD.encode(user))));
        lines.extend(self.headers.iter().map(|(name, value)| format!("{name}: {value}")));
        (format!("{}\r\n\r\n", lines.join("\r\n")).into_bytes(), derive_accept_key(key.as_bytes()))
    }

    /// Sends an upgrade request, waits up to `wait` for the first byte of the response, and resets the connection.
    pub async fn abandon(&self, wait: Duration) {
        let Ok((mut stream, _)) = self.connect().await else { return };
        let (request, _) = self.request();
        if stream.write_all(&request).await.is_ok() && !wait.is_zero() {
            let _ = timeout(wait, stream.read(&mut [0; 1])).await;
        }
        stream.reset();
    }

    /// Connects, sends the upgrade request, and reads the response.
    pub async fn dial(&self) -> Dialed {
        self.dial_at(None).await
    }

    /// Like [`Route::dial`], but holds the last byte of the request until all connections have reached the gate.
    pub async fn dial_at(&self, gate: Option<&Barrier>) -> Dialed {
        let start = Instant::now();
        let connected = self.connect().await;
        let (mut stream, [tcp, tls]) = match connected {
            Ok(connected) => connected,
            Err(failed) => {
                // A failed connection must not keep the others at the gate.
                if let Some(gate) = gate {
                    gate.wait().await;
                }
                return failed;
            }
        };
        let (request, digest) = self.request();
        let (most, last) = request.split_at(request.len() - 1);
        if let Some(gate) = gate {
            let _ = stream.write_all(most).await;
            gate.wait().await;
        }
        let rest = if gate.is_some() { last } else { &request };
        let answer = timeout(self.limit.saturating_sub(start.elapsed()), async {
            stream.write_all(rest).await?;
            read_answer(&mut stream).await
        });
        let refused = |class: String| Refused::new(class, start.elapsed());
        let (head, rest) = match answer.await {
            Err(_) => return Dialed::Refused(refused("silent".to_owned())),
            Ok(Err(error)) => return Dialed::Refused(refused(of_io(&error).to_owned())),
            Ok(Ok(HandshakeAnswer::End(before))) => {
                return Dialed::Refused(refused(if before { "eof" } else { "not-http" }.to_owned()));
            }
            Ok(Ok(HandshakeAnswer::Garbage(reason))) => {
                return Dialed::Refused(Refused { reason, ..refused("not-http".to_owned()) });
            }
            Ok(Ok(HandshakeAnswer::Head(head, rest))) => (head, rest),
        };
        let header = |name: &str| {
            head.headers.iter().find(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, value)| value.clone())
        };
        if head.status != 101 {
            let retry_after = header("retry-after");
            return Dialed::Refused(Refused {
                retry_after,
                reason: head.reason,
                ..refused(format!("http-{}", head.status))
            });
        }
        if header("sec-websocket-accept").as_deref() != Some(digest.as_str()) {
            return Dialed::Refused(refused("bad-accept".to_owned()));
        }
        let phases = [tcp, tls, start.elapsed().saturating_sub(tcp + tls)];
        Dialed::Open(Box::new(Opened { stream, rest, subprotocol: header("sec-websocket-protocol"), phases }))
    }
}

struct Head {
    status: u16,
    reason: String,
    headers: Vec<(String, String)>,
}

/// Response to an upgrade request.
enum HandshakeAnswer {
    /// Head of the response and the bytes after it.
    Head(Head, Vec<u8>),
    /// Response that is not HTTP, with a description.
    Garbage(String),
    /// The connection ended; `true` if this was before the first byte.
    End(bool),
}

async fn read_answer(stream: &mut Stream) -> std::io::Result<HandshakeAnswer> {
    let mut bytes = Vec::with_capacity(1024);
    loop {
        if stream.read_buf(&mut bytes).await? == 0 {
            return Ok(HandshakeAnswer::End(bytes.is_empty()));
        }
        let mut headers = [httparse::EMPTY_HEADER; MAX_HEADERS];
        let mut response = httparse::Response::new(&mut headers);
        match response.parse(&bytes) {
            Ok(httparse::Status::Complete(length)) => {
                let text = |value: &[u8]| String::from_utf8_lossy(value).into_owned();
                let head = Head {
                    status: response.code.unwrap_or_default(),
                    reason: response.reason.unwrap_or_default().to_owned(),
                    headers: response
                        .headers
                        .iter()
                        .map(|header| (header.name.to_owned(), text(header.value)))
                        .collect(),
                };
                return Ok(HandshakeAnswer::Head(head, bytes.split_off(length)));
            }
            Ok(httparse::Status::Partial) if bytes.len() < MAX_HEAD => {}
            Ok(httparse::Status::Partial) => {
                return Ok(HandshakeAnswer::Garbage("the response head is longer than 64 KiB".to_owned()));
            }
            Err(error) => {
                let start: String = String::from_utf8_lossy(&bytes[..bytes.len().min(40)]).escape_debug().collect();
                return Ok(HandshakeAnswer::Garbage(format!("{error}: `{start}`")));
            }
        }
    }
}

fn connect_failure(error: &std::io::Error, after: Duration) -> Dialed {
    use std::io::ErrorKind;
    match error.kind() {
        ErrorKind::ConnectionRefused => Dialed::Refused(Refused::new("tcp-refused", after)),
        ErrorKind::ConnectionReset | ErrorKind::ConnectionAborted => Dialed::Refused(Refused::new("rst", after)),
        ErrorKind::TimedOut => Dialed::Refused(Refused::new("tcp-timeout", after)),
        _ => Dialed::Broken(format!("cannot connect: {error}")),
    }
}

/// Returns the class of an I/O error on an open connection: `rst` or `eof`.
pub fn of_io(error: &std::io::Error) -> &'static str {
    use std::io::ErrorKind;
    match error.kind() {
        ErrorKind::ConnectionReset | ErrorKind::ConnectionAborted | ErrorKind::BrokenPipe => "rst",
        _ => "eof",
    }
}
