//! A dependency that answers HTTP/1.1, one request a connection, well or in one of the ways in which dependencies fail.

use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::sync::watch;
use tokio::time::sleep;

use super::{Directive, FaultMode, Hit, UpstreamState};

/// The largest head of a request, in bytes.
const LARGEST: usize = 64 << 10;
/// Headers that name what a request belongs to.
const CORRELATION: &[&str] = &["x-request-id", "x-correlation-id", "traceparent"];
/// How many blanks drip behind the body, so that it lasts longer than any deadline.
const DRIPS: usize = 100;
/// How often a connection that is not read is looked at.
const POLL_INTERVAL: Duration = Duration::from_millis(10);

/// Answers one request.
pub async fn serve(
    mut tcp: TcpStream,
    number: u64,
    body: &str,
    shared: &Arc<UpstreamState>,
    mut told: watch::Receiver<Directive>,
) {
    let work = answer(&mut tcp, number, body, shared);
    tokio::select! {
        ends = work => if ends.is_none() { reset(tcp) },
        () = is_cut(number, &mut told) => reset(tcp),
    }
}

/// Waits until a connection is to be reset.
pub async fn is_cut(number: u64, told: &mut watch::Receiver<Directive>) {
    let _ =
        told.wait_for(|told| told.cut >= number || matches!(told.mode, FaultMode::Refuse | FaultMode::SynDrop)).await;
}

/// Ends a connection with a reset.
pub fn reset(tcp: TcpStream) {
    let _ = tcp.set_zero_linger();
    drop(tcp);
}

/// Answers, or does not; nothing where the connection is to be reset.
async fn answer(tcp: &mut TcpStream, number: u64, body: &str, shared: &Arc<UpstreamState>) -> Option<()> {
    if shared.told().mode == FaultMode::HangAccept {
        // Somebody who does not read does not know who calls; that somebody does is seen without reading.
        tcp.peek(&mut [0; 1]).await.ok().filter(|seen| *seen > 0)?;
        let hit = Hit {
            at: Instant::now(),
            connection: number,
            method: String::new(),
            path: String::new(),
            correlation: None,
            gone: None,
        };
        let (_, place) = shared.hit(hit);
        while is_there(tcp) {
            sleep(POLL_INTERVAL).await;
        }
        shared.gone(place);
        return None;
    }
    let hit = request(tcp, number).await?;
    let (since, place) = shared.hit(hit);
    let mut told = shared.told.clone();
    let _ = told.wait_for(|told| told.mode != FaultMode::Hold).await;
    let mode = told.borrow().mode;
    let fails = match mode {
        FaultMode::FailFirst(times) => since as u64 <= times,
        FaultMode::RetryAfter(_) => since == 1,
        FaultMode::Status(_) => true,
        _ => false,
    };
    let work = async {
        match mode {
            FaultMode::Status(status) if fails => say(tcp, &whole(status, "", "no\n")).await,
            FaultMode::FailFirst(_) if fails => say(tcp, &whole(503, "", "no\n")).await,
            FaultMode::RetryAfter(seconds) if fails => {
                say(tcp, &whole(503, &format!("retry-after: {seconds}\r\n"), "no\n")).await
            }
            FaultMode::Slow(time) => {
                stay(tcp, time).await?;
                say(tcp, &whole(200, "", body)).await
            }
            FaultMode::HangHeaders => stay(tcp, Duration::MAX).await,
            FaultMode::HangBody => {
                say_open(tcp, &head(200, "", body.len() + 100)).await?;
                stay(tcp, Duration::MAX).await
            }
            FaultMode::Drip(wait) => {
                // The head comes at once: a deadline for it alone must not look like one for all of the answer.
                say_open(tcp, &head(200, "", body.len() + DRIPS)).await?;
                for byte in body.bytes().chain(std::iter::repeat_n(b' ', DRIPS)) {
                    tcp.write_all(&[byte]).await.ok()?;
                    stay(tcp, wait).await?;
                }
                Some(())
            }
            FaultMode::Truncate => say(tcp, &(head(200, "", body.len() + 100) + body)).await,
            FaultMode::Garbage => say(tcp, "\u{1}\u{2}garbage\u{3}\r\n\r\nno protocol at all\r\n").await,
            FaultMode::HalfClose => {
                tcp.shutdown().await.ok()?;
                stay(tcp, Duration::MAX).await
            }
            FaultMode::Reset => None,
            _ => say(tcp, &whole(200, "", body)).await,
        }
    };
    let ended = work.await;
    if matches!(
        mode,
        FaultMode::HangHeaders | FaultMode::HangBody | FaultMode::Drip(_) | FaultMode::Slow(_) | FaultMode::HalfClose
    ) && ended.is_none()
    {
        shared.gone(place);
    }
    ended
}

/// Waits for this time; nothing where the caller goes away meanwhile.
async fn stay(tcp: &mut TcpStream, time: Duration) -> Option<()> {
    let mut rest = [0; 1024];
    let gone = async { while let Ok(1..) = tcp.read(&mut rest).await {} };
    tokio::select! {
        () = gone => None,
        () = sleep(time) => Some(()),
    }
}

fn is_there(tcp: &TcpStream) -> bool {
    // What stays unread hides an end, but not a reset; where nothing is unread, a read of none means an end.
    let mut probe = [0; 1];
    let mut buffer = tokio::io::ReadBuf::new(&mut probe);
    let mut context = std::task::Context::from_waker(std::task::Waker::noop());
    match tcp.poll_peek(&mut context, &mut buffer) {
        std::task::Poll::Ready(Ok(0) | Err(_)) => false,
        _ => tcp.take_error().is_ok_and(|error| error.is_none()) && !has_ended(tcp),
    }
}

/// Whether the caller has ended its side behind bytes that are not read.
#[cfg(target_os = "linux")]
fn has_ended(tcp: &TcpStream) -> bool {
    use rustix::event::{PollFd, PollFlags, poll};
    let mut asked = [PollFd::new(tcp, PollFlags::RDHUP)];
    let none = rustix::event::Timespec { tv_sec: 0, tv_nsec: 0 };
    poll(&mut asked, Some(&none)).is_ok_and(|ready| ready > 0)
}

/// Whether the caller has ended its side behind bytes that are not read: nobody can say.
#[cfg(not(target_os = "linux"))]
fn has_ended(_: &TcpStream) -> bool {
    false
}

/// Says all, and ends.
async fn say(tcp: &mut TcpStream, text: &str) -> Option<()> {
    say_open(tcp, text).await?;
    tcp.shutdown().await.ok()
}

async fn say_open(tcp: &mut TcpStream, text: &str) -> Option<()> {
    tcp.write_all(text.as_bytes()).await.ok()?;
    tcp.flush().await.ok()
}

fn whole(status: u16, headers: &str, body: &str) -> String {
    head(status, headers, body.len()) + body
}

fn head(status: u16, headers: &str, length: usize) -> String {
    let words =
        hyper::StatusCode::from_u16(status).ok().and_then(|status| status.canonical_reason()).unwrap_or("Status");
    format!(
        "HTTP/1.1 {status} {words}\r\ncontent-type: application/json\r\ncontent-length: {length}\r\nconnection: close\r\n{headers}\r\n"
    )
}

/// Reads a request whole; nothing where it is none.
async fn request(tcp: &mut TcpStream, number: u64) -> Option<Hit> {
    let mut bytes = Vec::new();
    loop {
        if tcp.read_buf(&mut bytes).await.ok()? == 0 || bytes.len() > LARGEST {
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
        let waits = header("expect").is_some_and(|expected| expected.eq_ignore_ascii_case("100-continue"));
        if waits {
            say_open(tcp, "HTTP/1.1 100 Continue\r\n\r\n").await?;
        }
        while bytes.len() < body + length || (is_chunked && !bytes[body..].ends_with(b"0\r\n\r\n")) {
            if tcp.read_buf(&mut bytes).await.ok()? == 0 || bytes.len() > (16 << 20) {
                return None;
            }
        }
        return Some(hit);
    }
}
