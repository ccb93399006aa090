//! One connection to a WebSocket server: TCP, TLS, and an upgrade of our own (RFC 6455, section 4.1), so that every way in which
//! a server may refuse is told apart.

use std::net::{IpAddr, SocketAddr};
use std::time::{Duration, Instant};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpSocket, TcpStream};
use tokio::sync::Barrier;
use tokio::time::timeout;
use tokio_tungstenite::tungstenite::handshake::derive_accept_key;

use crate::config::doctor::Endpoint;
use crate::doctor::stream::{Stream, Tls};

/// The longest answer to an upgrade, in bytes.
const LONGEST: usize = 64 << 10;
/// The most headers of an answer.
const HEADERS: usize = 64;

/// How to reach a server.
#[derive(Clone, Debug)]
pub struct Route {
    /// Where it is, as its URL says.
    pub endpoint: Endpoint,
    /// The addresses that this means, all of them allowed.
    pub addresses: Vec<SocketAddr>,
    /// TLS, where the URL asks for it.
    pub tls: Option<Tls>,
    /// Headers of the upgrade.
    pub headers: Vec<(String, String)>,
    /// The subprotocol that is asked for.
    pub subprotocol: Option<String>,
    /// How long a connection may take until it is upgraded or refused.
    pub limit: Duration,
    /// The address to come from.
    pub source: Option<IpAddr>,
}

/// What became of a connection.
#[derive(Debug)]
pub enum Dialed {
    /// It is upgraded.
    Open(Box<Opened>),
    /// The server, or what stands before it, does not want it.
    Refused(Refused),
    /// It failed on this side.
    Broken(String),
}

/// An upgraded connection.
#[derive(Debug)]
pub struct Opened {
    /// The bytes.
    pub stream: Stream,
    /// What came behind the answer.
    pub rest: Vec<u8>,
    /// The subprotocol that was chosen.
    pub subprotocol: Option<String>,
    /// How long TCP, TLS and the upgrade took.
    pub phases: [Duration; 3],
}

/// A refusal: its class, and how it was said.
#[derive(Clone, Debug, PartialEq)]
pub struct Refused {
    /// `tcp-refused`, `tcp-timeout`, `rst`, `eof`, `silent`, `http-NNN`, `close-NNNN`, `101-eof`, `101-rst`, `bad-accept`,
    /// `bad-subprotocol`, `not-http`, `tls`, `app-error`, `zombie` or `evict`.
    pub class: String,
    /// How long it took.
    pub after: Duration,
    /// When to come again, as the server says.
    pub retry_after: Option<String>,
    /// The reason, in the server's words.
    pub reason: String,
}

impl Refused {
    /// A refusal without words.
    pub fn new(class: impl Into<String>, after: Duration) -> Self {
        Self { class: class.into(), after, retry_after: None, reason: String::new() }
    }
}

impl Route {
    /// A TCP connection, and TLS where it is asked for.
    pub async fn connect(&self) -> Result<(Stream, [Duration; 2]), Dialed> {
        let start = Instant::now();
        let mut last = Dialed::Broken("there is no address".to_owned());
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
                Ok(Err(error)) => last = of_connect(&error, start.elapsed()),
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

    /// The request for an upgrade, and the answer's digest that it asks for.
    pub fn request(&self) -> (Vec<u8>, String) {
        let key = STANDARD.encode(uuid::Uuid::now_v7().as_bytes());
        let Endpoint { host, port, path, .. } = &self.endpoint;
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

    /// Asks for the upgrade, waits so long for the start of an answer, and resets the connection.
    pub async fn abandon(&self, wait: Duration) {
        let Ok((mut stream, _)) = self.connect().await else { return };
        let (request, _) = self.request();
        if stream.write_all(&request).await.is_ok() && !wait.is_zero() {
            let _ = timeout(wait, stream.read(&mut [0; 1])).await;
        }
        stream.reset();
    }

    /// Connects, asks for the upgrade, and reads the answer.
    pub async fn dial(&self) -> Dialed {
        self.dial_at(None).await
    }

    /// The same; the last byte of the request waits until all connections of the gate have come so far.
    pub async fn dial_at(&self, gate: Option<&Barrier>) -> Dialed {
        let start = Instant::now();
        let connected = self.connect().await;
        let (mut stream, [tcp, tls]) = match connected {
            Ok(connected) => connected,
            Err(ended) => {
                // One that comes no further must not keep the others waiting.
                if let Some(gate) = gate {
                    gate.wait().await;
                }
                return ended;
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
            Ok(Ok(HandshakeAnswer::Garbage(said))) => {
                return Dialed::Refused(Refused { reason: said, ..refused("not-http".to_owned()) });
            }
            Ok(Ok(HandshakeAnswer::Head(head, rest))) => (head, rest),
        };
        let of = |name: &str| {
            head.headers.iter().find(|(known, _)| known.eq_ignore_ascii_case(name)).map(|(_, value)| value.clone())
        };
        if head.status != 101 {
            let retry_after = of("retry-after");
            return Dialed::Refused(Refused {
                retry_after,
                reason: head.reason,
                ..refused(format!("http-{}", head.status))
            });
        }
        if of("sec-websocket-accept").as_deref() != Some(digest.as_str()) {
            return Dialed::Refused(refused("bad-accept".to_owned()));
        }
        let phases = [tcp, tls, start.elapsed().saturating_sub(tcp + tls)];
        Dialed::Open(Box::new(Opened { stream, rest, subprotocol: of("sec-websocket-protocol"), phases }))
    }
}

/// The head of an answer.
struct Head {
    status: u16,
    reason: String,
    headers: Vec<(String, String)>,
}

/// What came for an upgrade.
enum HandshakeAnswer {
    /// A head, and what followed it.
    Head(Head, Vec<u8>),
    /// Something that is no HTTP.
    Garbage(String),
    /// The end: before any byte, or in the middle.
    End(bool),
}

async fn read_answer(stream: &mut Stream) -> std::io::Result<HandshakeAnswer> {
    let mut bytes = Vec::with_capacity(1024);
    loop {
        if stream.read_buf(&mut bytes).await? == 0 {
            return Ok(HandshakeAnswer::End(bytes.is_empty()));
        }
        let mut headers = [httparse::EMPTY_HEADER; HEADERS];
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
            Ok(httparse::Status::Partial) if bytes.len() < LONGEST => {}
            Ok(httparse::Status::Partial) => return Ok(HandshakeAnswer::Garbage("a head without an end".to_owned())),
            Err(error) => {
                let start: String = String::from_utf8_lossy(&bytes[..bytes.len().min(40)]).escape_debug().collect();
                return Ok(HandshakeAnswer::Garbage(format!("{error}: `{start}`")));
            }
        }
    }
}

fn of_connect(error: &std::io::Error, after: Duration) -> Dialed {
    use std::io::ErrorKind;
    match error.kind() {
        ErrorKind::ConnectionRefused => Dialed::Refused(Refused::new("tcp-refused", after)),
        ErrorKind::ConnectionReset | ErrorKind::ConnectionAborted => Dialed::Refused(Refused::new("rst", after)),
        ErrorKind::TimedOut => Dialed::Refused(Refused::new("tcp-timeout", after)),
        _ => Dialed::Broken(format!("no connection could be made: {error}")),
    }
}

/// The class of an error on an open connection.
pub fn of_io(error: &std::io::Error) -> &'static str {
    use std::io::ErrorKind;
    match error.kind() {
        ErrorKind::ConnectionReset | ErrorKind::ConnectionAborted | ErrorKind::BrokenPipe => "rst",
        _ => "eof",
    }
}
