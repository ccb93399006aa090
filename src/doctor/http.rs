//! Asking a page: one request on one connection, and how it failed where it did.

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
use crate::config::doctor::Endpoint;
use crate::system::disk;

/// The largest page, in bytes.
const LARGEST: usize = 16 << 20;

/// Where a page is.
#[derive(Clone, Debug)]
pub struct Page {
    endpoint: Endpoint,
    addresses: Vec<SocketAddr>,
    tls: Option<Tls>,
}

/// What is asked.
#[derive(Clone, Debug)]
pub struct Request {
    /// The method.
    pub method: String,
    /// Headers beside `Host`.
    pub headers: Vec<(String, String)>,
    /// What is sent.
    pub body: String,
}

/// An answer.
#[derive(Clone, Debug)]
pub struct HttpAnswer {
    /// The status.
    pub status: u16,
    /// What it says.
    pub body: String,
    /// How long it took.
    pub time: Duration,
}

/// Why there is no answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum HttpError {
    /// Nothing could be connected to.
    Connect(String),
    /// The connection ended before the answer did.
    Broken(String),
    /// It took too long.
    Late(Duration),
}

impl fmt::Display for HttpError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Connect(why) => write!(formatter, "nothing could be connected to: {why}"),
            Self::Broken(why) => write!(formatter, "there was no whole answer: {why}"),
            Self::Late(within) => write!(formatter, "no answer within {} ms", within.as_millis()),
        }
    }
}

impl Page {
    /// Finds out where a page is.
    ///
    /// # Errors
    /// Why it may not, or cannot, be asked.
    pub async fn find(url: &str, allow: &Allow, ca: Option<&str>) -> Result<Self, String> {
        let endpoint = Endpoint::parse(url, ["http", "https"]).map_err(|why| format!("`{url}` is no URL: {why}"))?;
        let addresses = allow.addresses(&endpoint.host, endpoint.port).await?;
        let tls = if endpoint.tls { Some(tls(ca)?) } else { None };
        Ok(Self { endpoint, addresses, tls })
    }

    /// Asks it with GET.
    ///
    /// # Errors
    /// Why there is no answer.
    pub async fn get(&self, within: Duration) -> Result<HttpAnswer, HttpError> {
        self.ask(&Request { method: "GET".to_owned(), headers: Vec::new(), body: String::new() }, within).await
    }

    /// Asks it.
    ///
    /// # Errors
    /// Why there is no answer.
    pub async fn ask(&self, request: &Request, within: Duration) -> Result<HttpAnswer, HttpError> {
        let start = Instant::now();
        let asked = timeout(within, self.exchange(request)).await.unwrap_or(Err(HttpError::Late(within)));
        asked.map(|(status, body)| HttpAnswer { status, body, time: start.elapsed() })
    }

    async fn exchange(&self, request: &Request) -> Result<(u16, String), HttpError> {
        let Self { endpoint, addresses, tls } = self;
        let tcp = TcpStream::connect(&addresses[..]).await.map_err(|error| HttpError::Connect(error.to_string()))?;
        let _ = tcp.set_nodelay(true);
        let stream = match tls {
            Some(tls) => tls.connect(&endpoint.host, tcp).await.map_err(HttpError::Connect)?,
            None => Stream::Plain(tcp),
        };
        let broken = |error: &dyn std::error::Error| HttpError::Broken(whole(error));
        let (mut sender, connection) =
            hyper::client::conn::http1::handshake(TokioIo::new(stream)).await.map_err(|error| broken(&error))?;
        // A task that outlived its request would keep the connection: the other side must see when nobody waits any more.
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
        let body = Limited::new(answer.into_body(), LARGEST).collect().await;
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

/// An error with its causes.
pub fn whole(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        let said = error.to_string();
        if !text.contains(&said) {
            text = format!("{text}: {said}");
        }
        cause = error.source();
    }
    text
}

/// TLS with the certificates of the system, and those of a file.
///
/// # Errors
/// Why the file is of no use.
pub fn tls(ca: Option<&str>) -> Result<Tls, String> {
    let read = |file: &str| {
        let bytes = disk::read_optional(Path::new(file)).map_err(|error| disk::explain(&error));
        let bytes = bytes.and_then(|bytes| bytes.ok_or_else(|| "there is no such file".to_owned()));
        bytes.map_err(|why| format!("`{file}`: {why}"))
    };
    Tls::new(ca.map(read).transpose()?.as_deref())
}
