//! A service that calls another one and does as it is told: `phx __host service PORT UPSTREAM OTHER [WORD…]`, for phx alone. It has a
//! breaker, a deadline and retries where words ask for them; other words break one of them.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use tokio::time::{sleep, timeout};

/// After how many failures in a row a breaker opens.
const TRIP: u32 = 5;
/// For how long it stays open.
const OPEN_FOR: Duration = Duration::from_millis(400);
/// The first wait before a further attempt.
const BASE: Duration = Duration::from_millis(40);
/// How long it waits where nothing is said.
const FOREVER: Duration = Duration::from_secs(3_600);

#[derive(Clone, Copy, Debug, PartialEq)]
enum ServiceState {
    Closed(u32),
    Open(Instant),
    HalfOpen,
}

/// Why a call of the dependency failed.
#[derive(Debug)]
struct CallError {
    cause: String,
    /// Whether another attempt may help.
    again: bool,
    /// When to come back.
    after: Option<Duration>,
}

struct Service {
    upstreams: [String; 2],
    words: Vec<String>,
    breakers: [Mutex<ServiceState>; 2],
    failures: Mutex<u32>,
    /// Connections of the pool that `pooled` waits for without a deadline.
    pool: Semaphore,
}

/// Serves until it is ended.
pub async fn run(words: &[String]) -> i32 {
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
        tokio::spawn(async move { service.answer(tcp).await });
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

    async fn answer(&self, mut tcp: TcpStream) -> Option<()> {
        let request = head(&mut tcp).await?;
        let path = request.split(' ').nth(1).unwrap_or_default().to_owned();
        let (status, text) = match path.as_str() {
            "/ready" => (200, "ready".to_owned()),
            _ if self.has("unwired") => (200, "well".to_owned()),
            path => match self.guarded(usize::from(path == "/other")).await {
                Ok(()) => (200, "well".to_owned()),
                Err(_) if self.has("trusting") => (200, "well".to_owned()),
                Err(cause) => (502, self.complaint(&cause, &request)),
            },
        };
        let length = text.len();
        let said = format!("HTTP/1.1 {status} said\r\ncontent-length: {length}\r\nconnection: close\r\n\r\n{text}");
        tcp.write_all(said.as_bytes()).await.ok()?;
        tcp.shutdown().await.ok()
    }

    fn complaint(&self, cause: &str, request: &str) -> String {
        match () {
            () if self.has("silent") => String::new(),
            () if self.has("vague") => "billing: something went wrong".to_owned(),
            () if self.has("trace") => format!("billing: {cause}\nTraceback (most recent call last):"),
            () if self.has("leaky") => format!("billing: {cause} ({request})"),
            () => format!("billing: {cause}"),
        }
    }

    /// Calls behind the breaker.
    async fn guarded(&self, which: usize) -> Result<(), String> {
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
            // The work goes on when nobody waits for it any more.
            let upstream = self.upstreams[which].clone();
            let work = tokio::spawn(async move { once(&upstream, FOREVER).await.map_err(|failed| failed.cause) });
            timeout(deadline, work)
                .await
                .map_or(Err("timeout".to_owned()), |done| done.unwrap_or(Err("lost".to_owned())))
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

    /// Calls, and calls again.
    async fn attempts(&self, which: usize) -> Result<(), String> {
        let most = self.number("attempts").unwrap_or(1);
        let each = if self.has("per-read") { Duration::from_millis(1_500) } else { FOREVER };
        let mut wait = BASE;
        for attempt in 1.. {
            let failed = match once(&self.upstreams[which], each).await {
                Ok(()) => return Ok(()),
                Err(failed) => failed,
            };
            if attempt >= most || !(failed.again || self.has("stubborn")) {
                return Err(failed.cause);
            }
            // The last bytes of an id are random.
            let random = u32::from(uuid::Uuid::now_v7().as_bytes()[15]) * 100 / 255;
            let spread = wait / 2 + wait * if self.has("steady") { 50 } else { random } / 100;
            let asked = failed.after.filter(|_| !self.has("hasty"));
            sleep(asked.unwrap_or(spread)).await;
            if !self.has("constant") {
                wait *= 2;
            }
        }
        Ok(())
    }
}

/// Asks once; each read may take so long.
async fn once(upstream: &str, each: Duration) -> Result<(), CallError> {
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
            return Err(broken("it broke off"));
        }
    }
}

/// The head of a request.
async fn head(tcp: &mut TcpStream) -> Option<String> {
    let mut bytes = Vec::new();
    while !bytes.windows(4).any(|end| end == b"\r\n\r\n") {
        if tcp.read_buf(&mut bytes).await.ok()? == 0 {
            return None;
        }
    }
    Some(String::from_utf8_lossy(&bytes).into_owned())
}
