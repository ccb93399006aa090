//! Service that uses a PostgreSQL database: `phx __host app PORT DSN [FAULT…]` (internal). Without faults it has a pool
//! of three connections that are validated before use, timeouts on all waits, and a truthful health endpoint.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use tokio::time::{sleep, timeout};
use tokio_postgres::Client;

use super::migrate::connect;

/// Timeout of a database operation.
const CONNECT_TIMEOUT: Duration = Duration::from_millis(300);
/// Size of the pool.
const POOL_SIZE: usize = 3;
/// Query of a normal request.
const QUERY: &str = "SELECT count(*) FROM harbour";

struct App {
    dsn: String,
    words: Vec<String>,
    slots: Semaphore,
    idle: Mutex<Vec<Client>>,
    leaked: Mutex<Vec<Client>>,
    only: tokio::sync::Mutex<Option<Client>>,
    state: Mutex<&'static str>,
    /// Number of broken connections found.
    broken: AtomicUsize,
}

/// Serves until the process is killed.
pub(super) async fn run(words: &[String]) -> i32 {
    let [port, dsn, words @ ..] = words else { return 2 };
    let Ok(port) = port.parse::<u16>() else { return 2 };
    let Ok(listener) = TcpListener::bind(("127.0.0.1", port)).await else { return 4 };
    let app = Arc::new(App {
        dsn: dsn.clone(),
        words: words.to_vec(),
        slots: Semaphore::new(POOL_SIZE),
        idle: Mutex::default(),
        leaked: Mutex::default(),
        only: tokio::sync::Mutex::default(),
        broken: AtomicUsize::new(0),
        state: Mutex::new(if words.iter().any(|word| word == "hasty") { "ready" } else { "starting" }),
    });
    let starting = Arc::clone(&app);
    tokio::spawn(async move {
        while starting.work().await.is_none() {
            if starting.has("gives-up") {
                crate::system::disk::write_stderr("cannot connect to the database");
                std::process::exit(1);
            }
            sleep(Duration::from_millis(50)).await;
        }
        *starting.state.lock().unwrap_or_else(PoisonError::into_inner) = "ready";
    });
    while let Ok((tcp, _)) = listener.accept().await {
        let app = Arc::clone(&app);
        tokio::spawn(async move { app.respond(tcp).await });
    }
    0
}

impl App {
    fn has(&self, word: &str) -> bool {
        self.words.iter().any(|known| known == word)
    }

    async fn respond(&self, mut tcp: TcpStream) -> Option<()> {
        let mut bytes = Vec::new();
        while !bytes.ends_with(b"\r\n\r\n") {
            if tcp.read_buf(&mut bytes).await.ok()? == 0 {
                return None;
            }
        }
        let text = String::from_utf8_lossy(&bytes).into_owned();
        let (is_ok, body) = match text.split(' ').nth(1)? {
            "/state" => {
                (true, format!("{{\"state\":\"{}\"}}", *self.state.lock().unwrap_or_else(PoisonError::into_inner)))
            }
            "/health" => (self.has("lies") || self.health().await.is_some(), "health".to_owned()),
            _ => (self.work().await.is_some(), "items".to_owned()),
        };
        let status = if is_ok { "200 OK" } else { "503 Service Unavailable" };
        let length = body.len();
        let response = format!("HTTP/1.1 {status}\r\ncontent-length: {length}\r\nconnection: close\r\n\r\n{body}");
        tcp.write_all(response.as_bytes()).await.ok()?;
        tcp.shutdown().await.ok()
    }

    async fn health(&self) -> Option<()> {
        if self.has("new-each") {
            let client = connect(&self.dsn).await.ok()?;
            self.leaked.lock().unwrap_or_else(PoisonError::into_inner).push(client);
        }
        self.work().await
    }

    /// Runs the query of a normal request.
    async fn work(&self) -> Option<()> {
        if self.has("single") {
            return self.work_on_one().await;
        }
        if self.has("waits") {
            let _slot = self.slots.acquire().await.ok()?;
            return self.work_on_any().await;
        }
        let work = async {
            let _slot = self.slots.acquire().await.ok()?;
            self.work_on_any().await
        };
        timeout(CONNECT_TIMEOUT, work).await.ok()?
    }

    /// Runs the query on the first connection, which is never replaced.
    async fn work_on_one(&self) -> Option<()> {
        let mut only = self.only.lock().await;
        if only.is_none() {
            *only = connect(&self.dsn).await.ok();
        }
        timeout(CONNECT_TIMEOUT, only.as_ref()?.batch_execute(QUERY)).await.ok()?.ok()
    }

    async fn work_on_any(&self) -> Option<()> {
        let client = self.fresh().await?;
        client.batch_execute(QUERY).await.ok()?;
        self.idle.lock().unwrap_or_else(PoisonError::into_inner).push(client);
        Some(())
    }

    /// Returns a connection that responds.
    async fn fresh(&self) -> Option<Client> {
        loop {
            let idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner).pop();
            let Some(client) = idle else {
                let client = connect(&self.dsn).await.ok()?;
                for _ in 0..if self.has("leaks") { self.broken.load(Ordering::Relaxed) } else { 0 } {
                    let more = connect(&self.dsn).await.ok()?;
                    self.leaked.lock().unwrap_or_else(PoisonError::into_inner).push(more);
                }
                return Some(client);
            };
            let ping = client.simple_query("");
            let answers = if self.has("waits") {
                ping.await.is_ok()
            } else {
                timeout(CONNECT_TIMEOUT / 3, ping).await.is_ok_and(|response| response.is_ok())
            };
            if answers {
                return Some(client);
            }
            self.broken.fetch_add(1, Ordering::Relaxed);
        }
    }
}
