//! A proxy before a real server: bytes are handed on, held back, held up, cut or replaced, whatever they mean.

use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::sync::watch;
use tokio::time::{sleep, timeout};

use super::stub::{is_cut, reset};
use super::{Backend, Directive, FaultMode, Hit, UpstreamState};

/// How much is read at once, in bytes.
const BLOCK: usize = 16 << 10;
/// How long a client may be silent until it is taken to wait for the server.
const MANNERS: Duration = Duration::from_millis(200);
/// How much of what a server says first is kept, in bytes.
const GREETING: usize = 4 << 10;

/// Both ways to a server.
type Direction = (Box<dyn AsyncRead + Send + Unpin>, Box<dyn AsyncWrite + Send + Unpin>);

/// How one direction of a connection ends.
enum ProxyEnd {
    /// One side has ended.
    Closed,
    /// It is to be reset.
    Reset,
}

/// Hands on what comes on a connection.
pub async fn serve(mut tcp: TcpStream, number: u64, shared: &Arc<UpstreamState>, mut told: watch::Receiver<Directive>) {
    let work = exchange(&mut tcp, number, shared);
    let end = tokio::select! {
        end = work => end,
        () = is_cut(number, &mut told) => ProxyEnd::Reset,
    };
    match end {
        ProxyEnd::Reset => reset(tcp),
        ProxyEnd::Closed => drop(tcp.shutdown().await),
    }
}

async fn exchange(tcp: &mut TcpStream, number: u64, shared: &Arc<UpstreamState>) -> ProxyEnd {
    let (mut from_client, mut to_client) = tcp.split();
    // What a client says first is seen before the server is asked: a barrier holds it, a server that hangs never hears it.
    let mut first = Vec::with_capacity(BLOCK);
    let is_talker = matches!(shared.behind, Backend::Talker(_));
    if !is_talker {
        // Who says nothing for a while waits for the server to speak first, as some protocols have it.
        match timeout(MANNERS, from_client.read_buf(&mut first)).await {
            Ok(Ok(1..)) | Err(_) => {}
            Ok(_) => return ProxyEnd::Closed,
        }
    }
    let counted = (is_talker || !first.is_empty()).then(|| hit(shared, number));
    let mut told = shared.told.clone();
    let place = counted.map_or(0, |(_, place)| place);
    if told.wait_for(|told| !told.mode.holds(place, true)).await.is_err() {
        return ProxyEnd::Reset;
    }
    let mode = shared.told().mode;
    if counted.is_some_and(|(since, _)| fails(mode, since)) {
        return ProxyEnd::Reset;
    }
    if is_mute(mode) {
        return swallow(&mut from_client).await;
    }
    let Some((mut from_server, mut to_server)) = connect(&shared.behind).await else { return ProxyEnd::Reset };
    if to_server.write_all(&first).await.is_err() {
        return ProxyEnd::Reset;
    }
    let up = async {
        let mut block = vec![0; BLOCK];
        loop {
            let Ok(read @ 1..) = from_client.read(&mut block).await else { return ProxyEnd::Closed };
            let (since, place) = hit(shared, number);
            // Without somebody who tells, what is held is lost.
            if told.wait_for(|told| !told.mode.holds(place, false)).await.is_err() {
                return ProxyEnd::Reset;
            }
            let told = shared.told();
            if fails(told.mode, since) {
                return ProxyEnd::Reset;
            }
            // What a server that is silent would have to answer it never gets: an answer that is late would be worse.
            if told.silent >= number || is_mute(told.mode) {
                return swallow(&mut from_client).await;
            }
            if to_server.write_all(&block[..read]).await.is_err() {
                return ProxyEnd::Closed;
            }
        }
    };
    let down = async {
        let mut block = vec![0; BLOCK];
        loop {
            let Ok(read @ 1..) = from_server.read(&mut block).await else { return ProxyEnd::Closed };
            greet(shared, number, &block[..read]);
            let told = shared.told();
            if told.silent >= number || is_mute(told.mode) {
                std::future::pending::<()>().await;
            }
            if let Some(end) = said(&mut to_client, &block[..read], told.mode).await {
                return end;
            }
        }
    };
    tokio::select! { end = up => end, end = down => end }
}

/// Hands on what a server said, as the mode has it; how the connection ends, where it does.
async fn said(to_client: &mut (impl AsyncWrite + Unpin), bytes: &[u8], mode: FaultMode) -> Option<ProxyEnd> {
    let mut wrong = Vec::new();
    let bytes = match mode {
        FaultMode::Truncate => &bytes[..bytes.len() / 2],
        FaultMode::Garbage => {
            wrong.extend(bytes.iter().map(|byte| !byte));
            &wrong
        }
        _ => bytes,
    };
    if mode == FaultMode::HalfClose {
        let _ = to_client.shutdown().await;
        std::future::pending::<()>().await;
    }
    if let FaultMode::Slow(time) = mode {
        sleep(time).await;
    }
    if let FaultMode::Drip(wait) = mode {
        for byte in bytes {
            to_client.write_all(&[*byte]).await.ok()?;
            sleep(wait).await;
        }
        return None;
    }
    if to_client.write_all(bytes).await.is_err() || matches!(mode, FaultMode::Truncate | FaultMode::Garbage) {
        return Some(ProxyEnd::Closed);
    }
    None
}

/// Counts a piece: how many came since the mode was set, and its place among all of them.
fn hit(shared: &UpstreamState, number: u64) -> (usize, usize) {
    let (method, path) = (String::new(), String::new());
    shared.hit(Hit { at: Instant::now(), connection: number, method, path, correlation: None, gone: None })
}

fn fails(mode: FaultMode, since: usize) -> bool {
    match mode {
        FaultMode::Reset | FaultMode::Status(_) => true,
        FaultMode::FailFirst(times) => since as u64 <= times,
        FaultMode::RetryAfter(_) => since <= 1,
        _ => false,
    }
}

fn is_mute(mode: FaultMode) -> bool {
    matches!(mode, FaultMode::HangAccept | FaultMode::HangHeaders | FaultMode::HangBody)
}

/// Reads and forgets until the other side ends.
async fn swallow(from: &mut (impl AsyncRead + Unpin)) -> ProxyEnd {
    let mut block = vec![0; BLOCK];
    while let Ok(1..) = from.read(&mut block).await {}
    ProxyEnd::Closed
}

fn greet(shared: &UpstreamState, number: u64, bytes: &[u8]) {
    let mut seen = shared.seen();
    let greeting = seen.greetings.entry(number).or_default();
    let room = GREETING.saturating_sub(greeting.len());
    greeting.extend_from_slice(&bytes[..bytes.len().min(room)]);
}

async fn connect(behind: &Backend) -> Option<Direction> {
    match behind {
        Backend::Stub(_) => None,
        Backend::Tcp(address) | Backend::Talker(address) => {
            let tcp = TcpStream::connect(address).await.ok()?;
            let _ = tcp.set_nodelay(true);
            let (from, to) = tcp.into_split();
            Some((Box::new(from), Box::new(to)))
        }
        #[cfg(unix)]
        Backend::Unix(path) => {
            let (from, to) = tokio::net::UnixStream::connect(path).await.ok()?.into_split();
            Some((Box::new(from), Box::new(to)))
        }
        #[cfg(not(unix))]
        Backend::Unix(_) => None,
    }
}
