//! Stub that responds to HTTP/1.1, one request per connection, normally or with a fault.

use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::sync::watch;
use tokio::time::sleep;

use super::{Directive, FaultMode, Hit, UpstreamState};

/// Size limit of the head of a request, in bytes.
const MAX_HEAD: usize = 64 << 10;
/// Headers that contain a correlation ID.
const CORRELATION: &[&str] = &["x-request-id", "x-correlation-id", "traceparent"];
/// Number of blanks after the body in `Drip`, so that the response lasts longer than any timeout.
const DRIP_PADDING: usize = 100;
/// Interval at which a connection that is not read is inspected.
const POLL_INTERVAL: Duration = Duration::from_millis(10);

/// Responds to one request, or resets the connection.
pub(super) async fn serve(
    mut tcp: TcpStream,
    number: u64,
    body: &str,
    shared: &Arc<UpstreamState>,
    mut directive: watch::Receiver<Directive>,
) {
    let work = respond(&mut tcp, number, body, shared);
    tokio::select! {
        ends = work => if ends.is_none() { reset(tcp) },
        () = is_cut(number, &mut directive) => reset(tcp),
    }
}

/// Waits until a connection must be reset.
pub(super) async fn is_cut(number: u64, directive: &mut watch::Receiver<Directive>) {
    let _ = directive
        .wait_for(|directive| {
            directive.reset_up_to >= number || matches!(directive.mode, FaultMode::Refuse | FaultMode::SynDrop)
        })
        .await;
}

/// Closes a connection with RST.
pub(super) fn reset(tcp: TcpStream) {
    let _ = tcp.set_zero_linger();
    drop(tcp);
}

/// Responds as the mode requires. Returns `None` if the connection must be reset.
async fn respond(tcp: &mut TcpStream, number: u64, body: &str, shared: &Arc<UpstreamState>) -> Option<()> {
    if shared.told().mode == FaultMode::HangAccept {
        // The request is not read, so only the fact of the call is recorded; `peek` waits for it without reading.
        tcp.peek(&mut [0; 1]).await.ok().filter(|seen| *seen > 0)?;
        let hit = Hit {
            at: Instant::now(),
            connection: number,
            method: String::new(),
            path: String::new(),
            correlation: None,
            gone: None,
        };
        let (_, index) = shared.hit(hit);
        while is_connected(tcp) {
            sleep(POLL_INTERVAL).await;
        }
        shared.gone(index);
        return None;
    }
    let hit = read_request(tcp, number).await?;
    let (since, index) = shared.hit(hit);
    let mut directive = shared.told.clone();
    let _ = directive.wait_for(|directive| directive.mode != FaultMode::Hold).await;
    let mode = directive.borrow().mode;
    let fails = match mode {
        FaultMode::FailFirst(times) => since as u64 <= times,
        FaultMode::RetryAfter(_) => since == 1,
        FaultMode::Status(_) => true,
        _ => false,
    };
    let work = async {
        match mode {
            FaultMode::Status(status) if fails => send_and_close(tcp, &response(status, "", "no\n")).await,
            FaultMode::FailFirst(_) if fails => send_and_close(tcp, &response(503, "", "no\n")).await,
            FaultMode::RetryAfter(seconds) if fails => {
                send_and_close(tcp, &response(503, &format!("retry-after: {seconds}\r\n"), "no\n")).await
            }
            FaultMode::Slow(time) => {
                wait_connected(tcp, time).await?;
                send_and_close(tcp, &response(200, "", body)).await
            }
            FaultMode::HangHeaders => wait_connected(tcp, Duration::MAX).await,
            FaultMode::HangBody => {
                send(tcp, &head(200, "", body.len() + 100)).await?;
                wait_connected(tcp, Duration::MAX).await
            }
            FaultMode::Drip(wait) => {
                // The head is sent at once, so that a timeout for the head is distinguished from one for the whole
                // response.
                send(tcp, &head(200, "", body.len() + DRIP_PADDING)).await?;
                for byte in body.bytes().chain(std::iter::repeat_n(b' ', DRIP_PADDING)) {
                    tcp.write_all(&[byte]).await.ok()?;
                    wait_connected(tcp, wait).await?;
                }
                Some(())
            }
            FaultMode::Truncate => send_and_close(tcp, &(head(200, "", body.len() + 100) + body)).await,
            FaultMode::Garbage => send_and_close(tcp, "\u{1}\u{2}garbage\u{3}\r\n\r\nnot HTTP\r\n").await,
            FaultMode::HalfClose => {
                tcp.shutdown().await.ok()?;
                wait_connected(tcp, Duration::MAX).await
            }
            FaultMode::Reset => None,
            _ => send_and_close(tcp, &response(200, "", body)).await,
        }
    };
    let ended = work.await;
    if matches!(
        mode,
        FaultMode::HangHeaders | FaultMode::HangBody | FaultMode::Drip(_) | FaultMode::Slow(_) | FaultMode::HalfClose
    ) && ended.is_none()
    {
        shared.gone(index);
    }
    ended
}

/// Waits for this time. Returns `None` if the caller disconnects first.
async fn wait_connected(tcp: &mut TcpStream, time: Duration) -> Option<()> {
    let mut rest = [0; 1024];
    let gone = async { while let Ok(1..) = tcp.read(&mut rest).await {} };
    tokio::select! {
        () = gone => None,
        () = sleep(time) => Some(()),
    }
}

fn is_connected(tcp: &TcpStream) -> bool {
    // Unread bytes hide a FIN, but not a reset; without unread bytes, a read of zero bytes means FIN.
    let mut probe = [0; 1];
    let mut buffer = tokio::io::ReadBuf::new(&mut probe);
    let mut context = std::task::Context::from_waker(std::task::Waker::noop());
    match tcp.poll_peek(&mut context, &mut buffer) {
        std::task::Poll::Ready(Ok(0) | Err(_)) => false,
        _ => tcp.take_error().is_ok_and(|error| error.is_none()) && !has_half_closed(tcp),
    }
}

/// Returns whether the caller has sent FIN after bytes that are not read yet.
#[cfg(target_os = "linux")]
fn has_half_closed(tcp: &TcpStream) -> bool {
    use rustix::event::{PollFd, PollFlags, poll};
    let mut descriptors = [PollFd::new(tcp, PollFlags::RDHUP)];
    let none = rustix::event::Timespec { tv_sec: 0, tv_nsec: 0 };
    poll(&mut descriptors, Some(&none)).is_ok_and(|ready| ready > 0)
}

/// Returns false: a FIN after unread bytes is visible only on Linux.
#[cfg(not(target_os = "linux"))]
fn has_half_closed(_: &TcpStream) -> bool {
    false
}

/// Sends a text and closes the sending side.
async fn send_and_close(tcp: &mut TcpStream, text: &str) -> Option<()> {
    send(tcp, text).await?;
    tcp.shutdown().await.ok()
}

async fn send(tcp: &mut TcpStream, text: &str) -> Option<()> {
    tcp.write_all(text.as_bytes()).await.ok()?;
    tcp.flush().await.ok()
}

fn response(status: u16, headers: &str, body: &str) -> String {
    head(status, headers, body.len()) + body
}

fn head(status: u16, headers: &str, length: usize) -> String {
    let reason =
        hyper::StatusCode::from_u16(status).ok().and_then(|status| status.canonical_reason()).unwrap_or("Status");
    format!(
        "HTTP/1.1 {status} {reason}\r\ncontent-type: application/json\r\ncontent-length: {length}\r\nconnection: close\r\n{headers}\r\n"
    )
}

/// Reads a complete request with its body. Returns `None` if it is not valid or too large.
async fn read_request(tcp: &mut TcpStream, number: u64) -> Option<Hit> {
    let mut bytes = Vec::new();
    loop {
        if tcp.read_buf(&mut bytes).await.ok()? == 0 || bytes.len() > MAX_HEAD {
            return None;
        }
        let mut headers = [httparse::EMPTY_HEADER; 100];
        let mut request = httparse::Request::new(&mut headers);
        let httparse::Status::Complete(body) = request.parse(&bytes).ok()? else { continue };
        let header = |name: &str| {
            let found = request.headers.iter().find(|header| header.name.eq_ignore_ascii_case(name))?;
            Some(String::from_utf8_lossy(found.value).trim().to_owned())
        };
        let length: usize = header("content-length").and_then(|length| length.parse().ok()).unwrap_or(0);
        let is_chunked = header("transfer-encoding").is_some_and(|coding| coding.ends_with("chunked"));
        let hit = Hit {
            at: Instant::now(),
            connection: number,
            method: request.method.unwrap_or_default().to_owned(),
            path: request.path.unwrap_or_default().to_owned(),
            correlation: CORRELATION.iter().find_map(|name| header(name)),
            gone: None,
        };
        let expects_continue = header("expect").is_some_and(|expected| expected.eq_ignore_ascii_case("100-continue"));
        if expects_continue {
            send(tcp, "HTTP/1.1 100 Continue\r\n\r\n").await?;
        }
        while bytes.len() < body + length || (is_chunked && !bytes[body..].ends_with(b"0\r\n\r\n")) {
            if tcp.read_buf(&mut bytes).await.ok()? == 0 || bytes.len() > (16 << 20) {
                return None;
            }
        }
        return Some(hit);
    }
}
