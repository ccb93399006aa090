//! TCP proxy in front of a real server. It forwards, holds, delays, truncates or replaces bytes without parsing them.

use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::sync::watch;
use tokio::time::{sleep, timeout};

use super::stub::{is_cut, reset};
use super::{Backend, Directive, FaultMode, Hit, UpstreamState};

/// Size of the read buffer, in bytes.
const BLOCK: usize = 16 << 10;
/// Time without data after which the client is assumed to wait for the server to send first.
const CLIENT_SILENCE: Duration = Duration::from_millis(200);
/// Number of recorded first bytes per connection.
const MAX_GREETING: usize = 4 << 10;

/// Read half and write half of a connection to the server.
type Direction = (Box<dyn AsyncRead + Send + Unpin>, Box<dyn AsyncWrite + Send + Unpin>);

/// End of a proxied connection.
enum ProxyEnd {
    /// One side closed the connection.
    Closed,
    /// The proxy resets the connection.
    Reset,
}

/// Serves one client connection.
pub(super) async fn serve(
    mut tcp: TcpStream,
    number: u64,
    shared: &Arc<UpstreamState>,
    mut directive: watch::Receiver<Directive>,
) {
    let work = exchange(&mut tcp, number, shared);
    let end = tokio::select! {
        end = work => end,
        () = is_cut(number, &mut directive) => ProxyEnd::Reset,
    };
    match end {
        ProxyEnd::Reset => reset(tcp),
        ProxyEnd::Closed => drop(tcp.shutdown().await),
    }
}

async fn exchange(tcp: &mut TcpStream, number: u64, shared: &Arc<UpstreamState>) -> ProxyEnd {
    let (mut from_client, mut to_client) = tcp.split();
    // The first chunk is read before the server is contacted, so that `Hold` can hold it and a hanging mode can discard
    // it.
    let mut first = Vec::with_capacity(BLOCK);
    let is_talker = matches!(shared.backend, Backend::Talker(_));
    if !is_talker {
        // A silent client waits for the server, since in some protocols the server sends first.
        match timeout(CLIENT_SILENCE, from_client.read_buf(&mut first)).await {
            Ok(Ok(1..)) | Err(_) => {}
            Ok(_) => return ProxyEnd::Closed,
        }
    }
    let counted = (is_talker || !first.is_empty()).then(|| record(shared, number));
    let mut directive = shared.told.clone();
    let index = counted.map_or(0, |(_, index)| index);
    if directive.wait_for(|directive| !directive.mode.holds(index, true)).await.is_err() {
        return ProxyEnd::Reset;
    }
    let mode = shared.told().mode;
    if counted.is_some_and(|(since, _)| fails(mode, since)) {
        return ProxyEnd::Reset;
    }
    if is_mute(mode) {
        return discard(&mut from_client).await;
    }
    let Some((mut from_server, mut to_server)) = connect(&shared.backend).await else { return ProxyEnd::Reset };
    if to_server.write_all(&first).await.is_err() {
        return ProxyEnd::Reset;
    }
    let up = async {
        let mut block = vec![0; BLOCK];
        loop {
            let Ok(read @ 1..) = from_client.read(&mut block).await else { return ProxyEnd::Closed };
            let (since, index) = record(shared, number);
            // If the handle was dropped, a held chunk is lost.
            if directive.wait_for(|directive| !directive.mode.holds(index, false)).await.is_err() {
                return ProxyEnd::Reset;
            }
            let directive = shared.told();
            if fails(directive.mode, since) {
                return ProxyEnd::Reset;
            }
            // A silenced server must not receive the chunk, since a late response would follow.
            if directive.mute_up_to >= number || is_mute(directive.mode) {
                return discard(&mut from_client).await;
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
            record_greeting(shared, number, &block[..read]);
            let directive = shared.told();
            if directive.mute_up_to >= number || is_mute(directive.mode) {
                std::future::pending::<()>().await;
            }
            if let Some(end) = forward(&mut to_client, &block[..read], directive.mode).await {
                return end;
            }
        }
    };
    tokio::select! { end = up => end, end = down => end }
}

/// Sends a chunk from the server to the client as the mode requires. Returns the end of the connection, if it ends.
async fn forward(to_client: &mut (impl AsyncWrite + Unpin), bytes: &[u8], mode: FaultMode) -> Option<ProxyEnd> {
    let mut garbage = Vec::new();
    let bytes = match mode {
        FaultMode::Truncate => &bytes[..bytes.len() / 2],
        FaultMode::Garbage => {
            garbage.extend(bytes.iter().map(|byte| !byte));
            &garbage
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

/// Records a chunk. Returns the number of chunks since the mode was set, and its index among all chunks.
fn record(shared: &UpstreamState, number: u64) -> (usize, usize) {
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

/// Reads and discards until the other side closes.
async fn discard(from: &mut (impl AsyncRead + Unpin)) -> ProxyEnd {
    let mut block = vec![0; BLOCK];
    while let Ok(1..) = from.read(&mut block).await {}
    ProxyEnd::Closed
}

fn record_greeting(shared: &UpstreamState, number: u64, bytes: &[u8]) {
    let mut seen = shared.seen();
    let greeting = seen.greetings.entry(number).or_default();
    let room = MAX_GREETING.saturating_sub(greeting.len());
    greeting.extend_from_slice(&bytes[..bytes.len().min(room)]);
}

async fn connect(backend: &Backend) -> Option<Direction> {
    match backend {
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
