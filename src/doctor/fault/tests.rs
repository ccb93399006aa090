//! Tests of each fault mode from the view of a client.
#![cfg(test)]

use std::time::{Duration, Instant};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::time::timeout;

use super::{Backend, FaultMode, Upstream};

/// Result of a connection as the client observes it.
#[derive(Debug, PartialEq)]
enum Observed {
    Refused,
    /// Connecting does not complete.
    NoConnection,
    Reset,
    /// This text, then a close.
    Ended(String),
    /// This text, then nothing.
    Silent(String),
}

const READ_TIMEOUT: Duration = Duration::from_millis(300);

fn block_on<T>(work: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(work)
}

async fn exchange(upstream: &Upstream, request: &str) -> Observed {
    let mut tcp = match timeout(READ_TIMEOUT, TcpStream::connect(upstream.address)).await {
        Err(_) => return Observed::NoConnection,
        Ok(Err(_)) => return Observed::Refused,
        Ok(Ok(tcp)) => tcp,
    };
    tcp.write_all(request.as_bytes()).await.unwrap();
    read_all(&mut tcp).await
}

async fn read_all(tcp: &mut TcpStream) -> Observed {
    let mut bytes = Vec::new();
    loop {
        match timeout(READ_TIMEOUT, tcp.read_buf(&mut bytes)).await {
            Err(_) => return Observed::Silent(String::from_utf8_lossy(&bytes).into_owned()),
            Ok(Err(_)) => return Observed::Reset,
            Ok(Ok(0)) => return Observed::Ended(String::from_utf8_lossy(&bytes).into_owned()),
            Ok(Ok(_)) => {}
        }
    }
}

const REQUEST: &str = "GET /pay HTTP/1.1\r\nhost: a\r\nX-Request-Id: 7\r\n\r\n";

fn stub() -> Upstream {
    Upstream::local(Backend::Stub("body".to_owned())).unwrap()
}

fn status(seen: &Observed) -> &str {
    let Observed::Ended(text) = seen else { panic!("{seen:?}") };
    &text[9..12]
}

#[test]
fn stub_responds_and_records_requests() {
    block_on(async {
        let stub = stub();
        let Observed::Ended(text) = exchange(&stub, REQUEST).await else { panic!() };
        assert!(text.starts_with("HTTP/1.1 200 OK\r\n") && text.ends_with("\r\n\r\nbody"), "{text}");
        let hits = stub.hits();
        assert_eq!((hits.len(), hits[0].method.as_str(), hits[0].path.as_str()), (1, "GET", "/pay"));
        assert_eq!((hits[0].correlation.as_deref(), hits[0].gone), (Some("7"), None));
        let posted = "POST /pay HTTP/1.1\r\nhost: a\r\ncontent-length: 3\r\n\r\nabc";
        assert_eq!(status(&exchange(&stub, posted).await), "200");
        assert_eq!(exchange(&stub, "not HTTP\r\n\r\n").await, Observed::Reset);
        assert_eq!(stub.count(), 2);
    });
}

#[test]
fn stub_fails_always_or_a_number_of_times() {
    block_on(async {
        let stub = stub();
        stub.set(FaultMode::Status(404)).await;
        assert_eq!(status(&exchange(&stub, REQUEST).await), "404");
        stub.set(FaultMode::FailFirst(2)).await;
        for expected in ["503", "503", "200"] {
            assert_eq!(status(&exchange(&stub, REQUEST).await), expected);
        }
        stub.set(FaultMode::RetryAfter(2)).await;
        let Observed::Ended(text) = exchange(&stub, REQUEST).await else { panic!() };
        assert!(text.contains("\r\nretry-after: 2\r\n"), "{text}");
        assert_eq!(status(&exchange(&stub, REQUEST).await), "200");
    });
}

#[test]
fn stub_hangs_truncates_and_sends_garbage() {
    block_on(async {
        let stub = stub();
        let mut seen = Vec::new();
        for mode in [
            FaultMode::HangAccept,
            FaultMode::HangHeaders,
            FaultMode::HangBody,
            FaultMode::Drip(Duration::from_secs(1)),
            FaultMode::Truncate,
            FaultMode::Reset,
            FaultMode::HalfClose,
        ] {
            stub.set(mode).await;
            seen.push(exchange(&stub, REQUEST).await);
        }
        let silent = |text: &str| Observed::Silent(text.to_owned());
        assert_eq!(seen[..2], [silent(""), silent("")]);
        assert!(
            matches!(&seen[2], Observed::Silent(text) if text.contains("content-length: 104\r\n")),
            "{:?}",
            seen[2]
        );
        // The head is sent at once, and the body byte by byte.
        let dripped = |text: &str| text.contains("content-length: 104\r\n") && text.ends_with("\r\n\r\nb");
        assert!(matches!(&seen[3], Observed::Silent(text) if dripped(text)), "{:?}", seen[3]);
        assert!(
            matches!(&seen[4], Observed::Ended(text) if text.contains("length: 104") && text.ends_with("body")),
            "{:?}",
            seen[4]
        );
        assert_eq!(seen[5..], [Observed::Reset, Observed::Ended(String::new())]);
        stub.set(FaultMode::Garbage).await;
        assert!(matches!(exchange(&stub, REQUEST).await, Observed::Ended(text) if !text.starts_with("HTTP")));
        assert_eq!(stub.count(), 8);
    });
}

#[test]
fn stub_records_disconnects() {
    block_on(async {
        let stub = stub();
        for mode in [FaultMode::HangHeaders, FaultMode::HangAccept, FaultMode::Slow(Duration::from_secs(60))] {
            stub.set(mode).await;
            exchange(&stub, REQUEST).await;
            let last = || stub.hits().last().unwrap().gone;
            let end = Instant::now() + Duration::from_secs(5);
            while last().is_none() && Instant::now() < end {
                tokio::task::yield_now().await;
            }
            // A FIN after unread bytes is visible only on Linux.
            assert!(last().is_some() || (mode == FaultMode::HangAccept && !cfg!(target_os = "linux")), "{mode:?}");
        }
    });
}

#[test]
fn port_closes_fills_and_reopens() {
    block_on(async {
        let stub = stub();
        stub.set(FaultMode::Refuse).await;
        assert_eq!(exchange(&stub, REQUEST).await, Observed::Refused);
        stub.set(FaultMode::Ok).await;
        assert_eq!(status(&exchange(&stub, REQUEST).await), "200");
        stub.set(FaultMode::SynDrop).await;
        if stub.mode_error().is_none() {
            assert_eq!(exchange(&stub, REQUEST).await, Observed::NoConnection);
        }
        stub.set(FaultMode::Ok).await;
        assert_eq!(status(&exchange(&stub, REQUEST).await), "200");
    });
}

/// Starts a server that echoes.
async fn echo() -> Backend {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        while let Ok((mut tcp, _)) = listener.accept().await {
            tokio::spawn(async move {
                let (mut from, mut to) = tcp.split();
                let _ = tokio::io::copy(&mut from, &mut to).await;
            });
        }
    });
    Backend::Tcp(address)
}

#[test]
fn proxy_forwards_resets_and_truncates() {
    block_on(async {
        let proxy = Upstream::local(echo().await).unwrap();
        let mut tcp = TcpStream::connect(proxy.address).await.unwrap();
        tcp.write_all(b"hello").await.unwrap();
        assert_eq!(read_all(&mut tcp).await, Observed::Silent("hello".to_owned()));
        assert_eq!(proxy.greetings(), [b"hello"]);
        // `cut` resets existing connections, not later ones.
        proxy.cut();
        assert_eq!(read_all(&mut tcp).await, Observed::Reset);
        assert_eq!(exchange(&proxy, "again").await, Observed::Silent("again".to_owned()));
        proxy.set(FaultMode::Garbage).await;
        assert!(!matches!(exchange(&proxy, "hello").await, Observed::Silent(text) if text == "hello"));
        proxy.set(FaultMode::Truncate).await;
        assert_eq!(exchange(&proxy, "hell").await, Observed::Ended("he".to_owned()));
        proxy.set(FaultMode::Reset).await;
        assert_eq!(exchange(&proxy, "hello").await, Observed::Reset);
        proxy.set(FaultMode::Refuse).await;
        assert_eq!(exchange(&proxy, "hello").await, Observed::Refused);
        proxy.set(FaultMode::HangBody).await;
        assert_eq!(exchange(&proxy, "hello").await, Observed::Silent(String::new()));
    });
}

#[test]
fn silence_stops_existing_connections_only() {
    block_on(async {
        let proxy = Upstream::local(echo().await).unwrap();
        let mut old = TcpStream::connect(proxy.address).await.unwrap();
        old.write_all(b"one").await.unwrap();
        assert_eq!(read_all(&mut old).await, Observed::Silent("one".to_owned()));
        proxy.mute_all();
        old.write_all(b"two").await.unwrap();
        assert_eq!(read_all(&mut old).await, Observed::Silent(String::new()));
        assert_eq!(exchange(&proxy, "new").await, Observed::Silent("new".to_owned()));
    });
}

#[test]
fn hold_delays_all_connections_until_the_mode_changes() {
    block_on(async {
        let proxy = Upstream::local(echo().await).unwrap();
        proxy.set(FaultMode::Hold).await;
        let mut connections = Vec::new();
        for _ in 0..3 {
            let mut tcp = TcpStream::connect(proxy.address).await.unwrap();
            tcp.write_all(b"first").await.unwrap();
            assert_eq!(read_all(&mut tcp).await, Observed::Silent(String::new()));
            connections.push(tcp);
        }
        assert_eq!((proxy.count(), proxy.open()), (3, 3));
        proxy.set(FaultMode::Ok).await;
        for tcp in &mut connections {
            assert_eq!(read_all(tcp).await, Observed::Silent("first".to_owned()));
        }
    });
}

#[test]
fn proxy_forwards_from_a_server_that_sends_first() {
    block_on(async {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        tokio::spawn(async move {
            let mut open = Vec::new();
            while let Ok((mut tcp, _)) = listener.accept().await {
                tcp.write_all(b"welcome").await.unwrap();
                open.push(tcp);
            }
        });
        for (backend, hits) in [(Backend::Talker(address), 1), (Backend::Tcp(address), 0)] {
            let proxy = Upstream::local(backend).unwrap();
            let mut tcp = TcpStream::connect(proxy.address).await.unwrap();
            let mut bytes = [0; 7];
            tcp.read_exact(&mut bytes).await.unwrap();
            assert_eq!((&bytes, proxy.count()), (b"welcome", hits));
        }
    });
}
