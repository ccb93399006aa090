//! Port of a simulated upstream: open, closed, or with a full backlog, so that connecting does not complete.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio::time::{sleep, timeout};

use super::{Backend, FaultMode, UpstreamState, proxy, stub};

/// Number of attempts to reopen a port.
const REOPEN_ATTEMPTS: usize = 50;
/// Timeout of a connection; longer means that the backlog is full.
const CONNECT_TIMEOUT: Duration = Duration::from_millis(100);
/// Maximum number of connections opened to fill an empty backlog.
const MAX_FILLERS: usize = 64;
/// Backlog of an open port.
const BACKLOG: u32 = 1_024;

/// Opens a port with the default backlog.
pub(super) fn open(address: SocketAddr) -> std::io::Result<TcpListener> {
    listen_with_backlog(address, BACKLOG)
}

fn listen_with_backlog(address: SocketAddr, backlog: u32) -> std::io::Result<TcpListener> {
    let socket = if address.is_ipv4() { TcpSocket::new_v4()? } else { TcpSocket::new_v6()? };
    // On Windows this option would let other processes listen on the same port.
    #[cfg(unix)]
    socket.set_reuseaddr(true)?;
    socket.bind(address)?;
    socket.listen(backlog)
}

/// Accepts connections and applies mode changes until the handle is dropped.
pub(super) async fn serve(listener: TcpListener, address: SocketAddr, shared: Arc<UpstreamState>) {
    let mut listener = Some(listener);
    let mut directives = shared.told.clone();
    loop {
        let mode = directives.borrow_and_update().mode;
        match mode {
            FaultMode::Refuse => {
                drop(listener.take());
                shared.done.send_replace(Some(mode));
                if directives.changed().await.is_err() {
                    return;
                }
            }
            FaultMode::SynDrop => {
                drop(listener.take());
                let full = fill_backlog(address).await;
                if let Err(why) = &full {
                    shared.seen().broken = Some(format!("cannot fill a backlog on this system: {why}"));
                }
                shared.done.send_replace(Some(mode));
                if directives.changed().await.is_err() {
                    return;
                }
            }
            _ => {
                let Some(open) = reopen(&mut listener, address).await else {
                    shared.seen().broken = Some(format!("cannot reopen port {}", address.port()));
                    return;
                };
                shared.done.send_replace(Some(mode));
                tokio::select! {
                    accepted = open.accept() => if let Ok((tcp, _)) = accepted { accept(tcp, &shared) },
                    changed = directives.changed() => if changed.is_err() { return },
                }
            }
        }
    }
}

async fn reopen(listener: &mut Option<TcpListener>, address: SocketAddr) -> Option<&TcpListener> {
    for _ in 0..REOPEN_ATTEMPTS {
        if listener.is_some() {
            break;
        }
        *listener = open(address).ok();
        if listener.is_none() {
            sleep(Duration::from_millis(20)).await;
        }
    }
    listener.as_ref()
}

fn accept(tcp: TcpStream, shared: &Arc<UpstreamState>) {
    let _ = tcp.set_nodelay(true);
    let number = {
        let mut seen = shared.seen();
        seen.connections += 1;
        seen.open += 1;
        seen.connections
    };
    let shared = Arc::clone(shared);
    tokio::spawn(async move {
        let directives = shared.told.clone();
        match &shared.backend {
            Backend::Stub(body) => stub::serve(tcp, number, body, &shared, directives).await,
            _ => proxy::serve(tcp, number, &shared, directives).await,
        }
        shared.seen().open -= 1;
    });
}

/// Opens a port without a backlog and fills it. Returns the listener and the connections, which keep it full.
async fn fill_backlog(address: SocketAddr) -> Result<(TcpListener, Vec<TcpStream>), String> {
    let mut listener = None;
    for _ in 0..REOPEN_ATTEMPTS {
        listener = listen_with_backlog(address, 0).ok();
        if listener.is_some() {
            break;
        }
        sleep(Duration::from_millis(20)).await;
    }
    let listener = listener.ok_or_else(|| format!("cannot reopen port {}", address.port()))?;
    let mut fillers = Vec::new();
    while fillers.len() < MAX_FILLERS {
        match timeout(CONNECT_TIMEOUT, TcpStream::connect(address)).await {
            Ok(Ok(filler)) => fillers.push(filler),
            Ok(Err(error)) => return Err(error.to_string()),
            Err(_) => return Ok((listener, fillers)),
        }
    }
    Err("the backlog accepts any number of connections".to_owned())
}
