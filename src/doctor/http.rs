//! Minimal HTTP/1.1 client: one request per connection, with errors that distinguish connection, protocol and timeout.

use std::fmt;
use std::net::SocketAddr;
use std::path::Path;
use std::time::{Duration, Instant};

use http_body_util::{BodyExt, Full, Limited};
use hyper::body::Bytes;
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;
use tokio::time::timeout;

use super::allow::Allow;
use super::stream::{Stream, Tls};
use crate::config::doctor::UrlParts;
use crate::system::disk;

/// Size limit of a response body, in bytes.
const MAX_BODY: usize = 16 << 20;

/// URL with its resolved, allowed addresses.
#[derive(Clone, Debug)]
pub struct Page {
    endpoint: UrlParts,
    addresses: Vec<SocketAddr>,
    tls: Option<Tls>,
}

/// Request to send.
#[derive(Clone, Debug)]
pub struct Request {
    pub method: String,
    /// Headers in addition to `Host`.
    pub headers: Vec<(String, String)>,
    pub body: String,
}

#[derive(Clone, Debug)]
pub struct HttpAnswer {
    pub status: u16,
    /// Body, decoded as UTF-8 with replacement characters.
    pub body: String,
    /// Time from the start of the connection to the end of the body.
    pub time: Duration,
}

/// Reason why a request has no complete response.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum HttpError {
    /// The TCP or TLS connection failed.
    Connect(String),
    /// The connection ended, or the protocol was violated, before the response was complete.
    Broken(String),
    /// No complete response arrived within this timeout.
    Late(Duration),
}

impl fmt::Display for HttpError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Connect(why) => write!(formatter, "cannot connect: {why}"),
            Self::Broken(why) => write!(formatter, "incomplete response: {why}"),
            Self::Late(within) => write!(formatter, "no response within {} ms", within.as_millis()),
        }
    }
}

impl Page {
    /// Parses a URL and resolves its host. `ca` is the path of a PEM file with additional root certificates.
    ///
    /// # Errors
    /// Returns an error if the URL is not valid, the host is not allowed or cannot be resolved, or the certificates
    /// cannot be read.
    pub async fn resolve(url: &str, allow: &Allow, ca: Option<&str>) -> Result<Self, String> {
        let endpoint =
            UrlParts::parse(url, ["http", "https"]).map_err(|why| format!("`{url}` is not a valid URL: {why}"))?;
        let addresses = allow.addresses(&endpoint.host, endpoint.port).await?;
        let tls = if endpoint.tls { Some(tls(ca)?) } else { None };
        Ok(Self { endpoint, addresses, tls })
    }

    pub async fn get(&self, within: Duration) -> Result<HttpAnswer, HttpError> {
        self.send(&Request { method: "GET".to_owned(), headers: Vec::new(), body: String::new() }, within).await
    }

    /// Sends a request on a new connection.
    pub async fn send(&self, request: &Request, within: Duration) -> Result<HttpAnswer, HttpError> {
        let start = Instant::now();
        let response = timeout(within, self.exchange(request)).await.unwrap_or(Err(HttpError::Late(within)));
        response.map(|(status, body)| HttpAnswer { status, body, time: start.elapsed() })
    }

    async fn exchange(&self, request: &Request) -> Result<(u16, String), HttpError> {
        let Self { endpoint, addresses, tls } = self;
        let tcp = TcpStream::connect(&addresses[..]).await.map_err(|error| HttpError::Connect(error.to_string()))?;
        let _ = tcp.set_nodelay(true);
        let stream = match tls {
            Some(tls) => tls.connect(&endpoint.host, tcp).await.map_err(HttpError::Connect)?,
            None => Stream::Plain(tcp),
        };
        let broken = |error: &dyn std::error::Error| HttpError::Broken(error_chain(error));
        let (mut sender, connection) =
            hyper::client::conn::http1::handshake(TokioIo::new(stream)).await.map_err(|error| broken(&error))?;
        // The task ends with the request: if it outlived it, the server would not see that the client is gone.
        let worker = HttpWorker(tokio::spawn(async {
            let _ = connection.await;
        }));
        let host = if endpoint.host.contains(':') { format!("[{}]", endpoint.host) } else { endpoint.host.clone() };
        let mut built = hyper::Request::builder()
            .method(request.method.as_str())
            .uri(&endpoint.path)
            .header("host", format!("{host}:{}", endpoint.port));
        for (name, value) in &request.headers {
            built = built.header(name, value);
        }
        let built = built.body(Full::new(Bytes::from(request.body.clone()))).map_err(|error| broken(&error))?;
        let answer = sender.send_request(built).await.map_err(|error| broken(&error))?;
        let status = answer.status().as_u16();
        let body = Limited::new(answer.into_body(), MAX_BODY).collect().await;
        drop(worker);
        let body = body.map_err(|error| broken(error.as_ref()))?;
        Ok((status, String::from_utf8_lossy(&body.to_bytes()).into_owned()))
    }
}

struct HttpWorker(tokio::task::JoinHandle<()>);

impl Drop for HttpWorker {
    fn drop(&mut self) {
        self.0.abort();
    }
}

/// Formats an error together with its causes, separated by `: `.
pub fn error_chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        let message = error.to_string();
        if !text.contains(&message) {
            text = format!("{text}: {message}");
        }
        cause = error.source();
    }
    text
}

/// Creates a TLS configuration with the root certificates of the system and those of a PEM file.
///
/// # Errors
/// Returns an error if the file cannot be read or contains an invalid certificate.
pub fn tls(ca: Option<&str>) -> Result<Tls, String> {
    let read = |file: &str| {
        let bytes = disk::read_optional(Path::new(file)).map_err(|error| disk::explain(&error));
        let bytes = bytes.and_then(|bytes| bytes.ok_or_else(|| "file not found".to_owned()));
        bytes.map_err(|why| format!("cannot read `{file}`: {why}"))
    };
    Tls::new(ca.map(read).transpose()?.as_deref())
}
