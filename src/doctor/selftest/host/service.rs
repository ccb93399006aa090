//! Service that calls an upstream: `phx __host service PORT UPSTREAM OTHER [WORD…]` (internal). Words enable a circuit
//! breaker, a timeout and retries; other words add a fault to one of them.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use tokio::time::{sleep, timeout};

/// Number of consecutive failures that open a breaker.
const TRIP: u32 = 5;
/// Time for which a breaker stays open.
const OPEN_FOR: Duration = Duration::from_millis(400);
/// First wait before a retry.
const BASE: Duration = Duration::from_millis(40);
/// Timeout if none is configured.
const FOREVER: Duration = Duration::from_secs(3_600);

#[derive(Clone, Copy, Debug, PartialEq)]
enum ServiceState {
    Closed(u32),
    Open(Instant),
    HalfOpen,
}

/// Failed call of the upstream.
#[derive(Debug)]
struct CallError {
    cause: String,
    /// Whether a retry may succeed.
    again: bool,
    /// Value of `Retry-After`.
    after: Option<Duration>,
}

struct Service {
    upstreams: [String; 2],
    words: Vec<String>,
    breakers: [Mutex<ServiceState>; 2],
    failures: Mutex<u32>,
    /// Pool slots for `pooled`, which waits for them without a timeout.
    pool: Semaphore,
}

/// Serves until the process is killed.
pub(super) async fn run(words: &[String]) -> i32 {
    let [port, upstream, other, words @ ..] = words else { return 2 };
    let Ok(port) = port.parse::<u16>() else { return 2 };
    let Ok(listener) = TcpListener::bind(("127.0.0.1", port)).await else { return 4 };
    let service = Arc::new(Service {
        upstreams: [upstream.clone(), other.clone()],
        words: words.to_vec(),
        breakers: [Mutex::new(ServiceState::Closed(0)), Mutex::new(ServiceState::Closed(0))],
        failures: Mutex::new(0),
        pool: Semaphore::new(2),
    });
    while let Ok((tcp, _)) = listener.accept().await {
        let service = Arc::clone(&service);
        tokio::spawn(async move { service.respond(tcp).await });
    }
    0
}

impl Service {
    fn has(&self, word: &str) -> bool {
        self.words.iter().any(|known| known == word)
    }

    fn number(&self, name: &str) -> Option<u64> {
        self.words.iter().find_map(|word| word.strip_prefix(name)?.strip_prefix('=')?.parse().ok())
    }

    async fn respond(&self, mut tcp: TcpStream) -> Option<()> {
        let request = read_head(&mut tcp).await?;
        let path = request.split(' ').nth(1).unwrap_or_default().to_owned();
        let (status, text) = match path.as_str() {
            "/ready" => (200, "ready".to_owned()),
            _ if self.has("unwired") => (200, "ok".to_owned()),
            path => match self.call_with_breaker(usize::from(path == "/other")).await {
                Ok(()) => (200, "ok".to_owned()),
                Err(_) if self.has("trusting") => (200, "ok".to_owned()),
                Err(cause) => (502, self.error_text(&cause, &request)),
            },
        };
        let length = text.len();
        let response =
            format!("HTTP/1.1 {status} Status\r\ncontent-length: {length}\r\nconnection: close\r\n\r\n{text}");
        tcp.write_all(response.as_bytes()).await.ok()?;
        tcp.shutdown().await.ok()
    }

    fn error_text(&self, cause: &str, request: &str) -> String {
        match () {
            () if self.has("silent") => String::new(),
            () if self.has("vague") => "billing: something went wrong".to_owned(),
            () if self.has("trace") => format!("billing: {cause}\nTraceback (most recent call last):"),
            () if self.has("leaky") => format!("billing: {cause} ({request})"),
            () => format!("billing: {cause}"),
        }
    }

    /// Calls the upstream through the breaker.
    async fn call_with_breaker(&self, which: usize) -> Result<(), String> {
        let breaker = &self.breakers[if self.has("shared") { 0 } else { which }];
        if self.has("breaker") && !self.admits(breaker) {
            if self.has("slow-open") {
                sleep(Duration::from_millis(200)).await;
            }
            return Err("the breaker is open".to_owned());
        }
        let tired = *self.failures.lock().unwrap_or_else(PoisonError::into_inner);
        if self.has("tired") && tired > 0 {
            sleep(Duration::from_millis(30)).await;
        }
        let _connection = if self.has("pooled") { self.pool.acquire().await.ok() } else { None };
        let deadline = self.number("timeout").map_or(FOREVER, Duration::from_millis);
        let called = if self.has("careless") {
            // The call continues after the timeout.
            let upstream = self.upstreams[which].clone();
            let work = tokio::spawn(async move { call_once(&upstream, FOREVER).await.map_err(|failed| failed.cause) });
            timeout(deadline, work)
                .await
                .map_or(Err("timeout".to_owned()), |done| done.unwrap_or(Err("the call was lost".to_owned())))
        } else {
            timeout(deadline, self.attempts(which)).await.unwrap_or_else(|_| Err("timeout".to_owned()))
        };
        if called.is_err() {
            *self.failures.lock().unwrap_or_else(PoisonError::into_inner) += 1;
        }
        self.note(breaker, called.is_ok());
        called
    }

    fn admits(&self, breaker: &Mutex<ServiceState>) -> bool {
        let mut state = breaker.lock().unwrap_or_else(PoisonError::into_inner);
        let open_for = if self.has("impatient") { OPEN_FOR / 4 } else { OPEN_FOR };
        match *state {
            ServiceState::Closed(_) => true,
            ServiceState::Open(since) if since.elapsed() >= open_for => {
                *state = ServiceState::HalfOpen;
                true
            }
            ServiceState::Open(_) => false,
            ServiceState::HalfOpen => self.has("herd") || self.has("stays-half-open"),
        }
    }

    fn note(&self, breaker: &Mutex<ServiceState>, is_ok: bool) {
        let mut state = breaker.lock().unwrap_or_else(PoisonError::into_inner);
        *state = match *state {
            ServiceState::HalfOpen if is_ok && self.has("never-closes") => ServiceState::Open(Instant::now()),
            ServiceState::HalfOpen if !is_ok && self.has("stays-half-open") => ServiceState::HalfOpen,
            _ if is_ok => ServiceState::Closed(0),
            ServiceState::Closed(failures) if failures + 1 < TRIP || self.has("never-opens") => {
                ServiceState::Closed(failures + 1)
            }
            _ => ServiceState::Open(Instant::now()),
        };
    }

    /// Calls the upstream with retries.
    async fn attempts(&self, which: usize) -> Result<(), String> {
        let max_attempts = self.number("attempts").unwrap_or(1);
        let each = if self.has("per-read") { Duration::from_millis(1_500) } else { FOREVER };
        let mut wait = BASE;
        for attempt in 1.. {
            let failed = match call_once(&self.upstreams[which], each).await {
                Ok(()) => return Ok(()),
                Err(failed) => failed,
            };
            if attempt >= max_attempts || !(failed.again || self.has("stubborn")) {
                return Err(failed.cause);
            }
            // The last bytes of a UUID v7 are random.
            let random = u32::from(uuid::Uuid::now_v7().as_bytes()[15]) * 100 / 255;
            let spread = wait / 2 + wait * if self.has("steady") { 50 } else { random } / 100;
            let retry_after = failed.after.filter(|_| !self.has("hasty"));
            sleep(retry_after.unwrap_or(spread)).await;
            if !self.has("constant") {
                wait *= 2;
            }
        }
        Ok(())
    }
}

/// Calls the upstream once; `each` is the timeout of each read.
async fn call_once(upstream: &str, each: Duration) -> Result<(), CallError> {
    let broken = |cause: &str| CallError { cause: cause.to_owned(), again: true, after: None };
    let mut tcp = TcpStream::connect(upstream).await.map_err(|error| broken(&format!("refused ({error})")))?;
    let request = format!("GET /pay HTTP/1.1\r\nhost: {upstream}\r\nconnection: close\r\n\r\n");
    tcp.write_all(request.as_bytes()).await.map_err(|_| broken("reset"))?;
    let mut bytes = Vec::new();
    loop {
        let read = timeout(each, tcp.read_buf(&mut bytes)).await.map_err(|_| broken("timeout"))?;
        let ended = read.map_err(|_| broken("reset"))? == 0;
        let mut headers = [httparse::EMPTY_HEADER; 32];
        let mut response = httparse::Response::new(&mut headers);
        let parsed = response.parse(&bytes).map_err(|_| broken("garbage"))?;
        if let httparse::Status::Complete(body) = parsed {
            let header = |name: &str| -> Option<u64> {
                let found = response.headers.iter().find(|header| header.name.eq_ignore_ascii_case(name))?;
                String::from_utf8_lossy(found.value).parse().ok()
            };
            let length = header("content-length").and_then(|length| usize::try_from(length).ok()).unwrap_or(0);
            if bytes.len() >= body + length {
                let status = response.code.unwrap_or(0);
                let after = header("retry-after").map(Duration::from_secs);
                let failed = CallError { cause: format!("status {status}"), again: status >= 500, after };
                return if status < 400 { Ok(()) } else { Err(failed) };
            }
        }
        if ended {
            return Err(broken("the response was truncated"));
        }
    }
}

/// Reads the head of a request.
async fn read_head(tcp: &mut TcpStream) -> Option<String> {
    let mut bytes = Vec::new();
    while !bytes.windows(4).any(|end| end == b"\r\n\r\n") {
        if tcp.read_buf(&mut bytes).await.ok()? == 0 {
            return None;
        }
    }
    Some(String::from_utf8_lossy(&bytes).into_owned())
}
