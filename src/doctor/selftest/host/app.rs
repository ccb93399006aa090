//! A service that lives on a database of PostgreSQL and does as it is told: `phx __host app PORT DSN [WORD…]`, for phx alone. Without words
//! it does it well: three connections, each looked at before it is used, a bound on all that it waits for, and the truth.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use tokio::time::{sleep, timeout};
use tokio_postgres::Client;

use super::migrate::connect;

/// How long the database may take.
const CONNECT_TIMEOUT: Duration = Duration::from_millis(300);
/// How many connections there are at most.
const MOST: usize = 3;
/// What the service is there for.
const WORK: &str = "SELECT count(*) FROM harbour";

struct App {
    dsn: String,
    words: Vec<String>,
    slots: Semaphore,
    idle: Mutex<Vec<Client>>,
    kept: Mutex<Vec<Client>>,
    only: tokio::sync::Mutex<Option<Client>>,
    state: Mutex<&'static str>,
    /// How many connections were found broken.
    broken: AtomicUsize,
}

/// Serves until it is ended.
pub async fn run(words: &[String]) -> i32 {
    let [port, dsn, words @ ..] = words else { return 2 };
    let Ok(port) = port.parse::<u16>() else { return 2 };
    let Ok(listener) = TcpListener::bind(("127.0.0.1", port)).await else { return 4 };
    let app = Arc::new(App {
        dsn: dsn.clone(),
        words: words.to_vec(),
        slots: Semaphore::new(MOST),
        idle: Mutex::default(),
        kept: Mutex::default(),
        only: tokio::sync::Mutex::default(),
        broken: AtomicUsize::new(0),
        state: Mutex::new(if words.iter().any(|word| word == "hasty") { "ready" } else { "starting" }),
    });
    let starting = Arc::clone(&app);
    tokio::spawn(async move {
        while starting.work().await.is_none() {
            if starting.has("gives-up") {
                crate::system::disk::write_stderr("there is no database");
                std::process::exit(1);
            }
            sleep(Duration::from_millis(50)).await;
        }
        *starting.state.lock().unwrap_or_else(PoisonError::into_inner) = "ready";
    });
    while let Ok((tcp, _)) = listener.accept().await {
        let app = Arc::clone(&app);
        tokio::spawn(async move { app.answer(tcp).await });
    }
    0
}

impl App {
    fn has(&self, word: &str) -> bool {
        self.words.iter().any(|known| known == word)
    }

    async fn answer(&self, mut tcp: TcpStream) -> Option<()> {
        let mut bytes = Vec::new();
        while !bytes.ends_with(b"\r\n\r\n") {
            if tcp.read_buf(&mut bytes).await.ok()? == 0 {
                return None;
            }
        }
        let text = String::from_utf8_lossy(&bytes).into_owned();
        let (is_well, body) = match text.split(' ').nth(1)? {
            "/state" => {
                (true, format!("{{\"state\":\"{}\"}}", *self.state.lock().unwrap_or_else(PoisonError::into_inner)))
            }
            "/health" => (self.has("lies") || self.health().await.is_some(), "health".to_owned()),
            _ => (self.work().await.is_some(), "items".to_owned()),
        };
        let status = if is_well { "200 OK" } else { "503 Service Unavailable" };
        let length = body.len();
        let said = format!("HTTP/1.1 {status}\r\ncontent-length: {length}\r\nconnection: close\r\n\r\n{body}");
        tcp.write_all(said.as_bytes()).await.ok()?;
        tcp.shutdown().await.ok()
    }

    async fn health(&self) -> Option<()> {
        if self.has("new-each") {
            let client = connect(&self.dsn).await.ok()?;
            self.kept.lock().unwrap_or_else(PoisonError::into_inner).push(client);
        }
        self.work().await
    }

    /// Does what the service is there for.
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

    /// On the connection that was made first, and never made again.
    async fn work_on_one(&self) -> Option<()> {
        let mut only = self.only.lock().await;
        if only.is_none() {
            *only = connect(&self.dsn).await.ok();
        }
        timeout(CONNECT_TIMEOUT, only.as_ref()?.batch_execute(WORK)).await.ok()?.ok()
    }

    async fn work_on_any(&self) -> Option<()> {
        let client = self.fresh().await?;
        client.batch_execute(WORK).await.ok()?;
        self.idle.lock().unwrap_or_else(PoisonError::into_inner).push(client);
        Some(())
    }

    /// A connection that answers.
    async fn fresh(&self) -> Option<Client> {
        loop {
            let idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner).pop();
            let Some(client) = idle else {
                let client = connect(&self.dsn).await.ok()?;
                for _ in 0..if self.has("leaks") { self.broken.load(Ordering::Relaxed) } else { 0 } {
                    let more = connect(&self.dsn).await.ok()?;
                    self.kept.lock().unwrap_or_else(PoisonError::into_inner).push(more);
                }
                return Some(client);
            };
            let asked = client.simple_query("");
            let answers = if self.has("waits") {
                asked.await.is_ok()
            } else {
                timeout(CONNECT_TIMEOUT / 3, asked).await.is_ok_and(|answer| answer.is_ok())
            };
            if answers {
                return Some(client);
            }
            self.broken.fetch_add(1, Ordering::Relaxed);
        }
    }
}
