//! The port of a dependency: open, closed, or open and full so that connecting does not end.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio::time::{sleep, timeout};

use super::{Backend, FaultMode, UpstreamState, proxy, stub};

/// How often a port is asked for again.
const TRIES: usize = 50;
/// How long connecting takes at most where a backlog has room.
const ROOM: Duration = Duration::from_millis(100);
/// The most connections that fill a backlog of none.
const MOST: usize = 64;
/// How many connections may wait to be taken.
const BACKLOG: u32 = 1_024;

/// Listens.
pub fn open(address: SocketAddr) -> std::io::Result<TcpListener> {
    listening(address, BACKLOG)
}

fn listening(address: SocketAddr, backlog: u32) -> std::io::Result<TcpListener> {
    let socket = if address.is_ipv4() { TcpSocket::new_v4()? } else { TcpSocket::new_v6()? };
    // On Windows this would let others listen on the same port.
    #[cfg(unix)]
    socket.set_reuseaddr(true)?;
    socket.bind(address)?;
    socket.listen(backlog)
}

/// Takes connections as long as there is somebody who tells how.
pub async fn serve(listener: TcpListener, address: SocketAddr, shared: Arc<UpstreamState>) {
    let mut listener = Some(listener);
    let mut told = shared.told.clone();
    loop {
        let mode = told.borrow_and_update().mode;
        match mode {
            FaultMode::Refuse => {
                drop(listener.take());
                shared.done.send_replace(Some(mode));
                if told.changed().await.is_err() {
                    return;
                }
            }
            FaultMode::SynDrop => {
                drop(listener.take());
                let full = full(address).await;
                if let Err(why) = &full {
                    shared.seen().broken = Some(format!("no backlog can be filled here: {why}"));
                }
                shared.done.send_replace(Some(mode));
                if told.changed().await.is_err() {
                    return;
                }
            }
            _ => {
                let Some(open) = reopened(&mut listener, address).await else {
                    shared.seen().broken = Some(format!("port {} cannot be opened again", address.port()));
                    return;
                };
                shared.done.send_replace(Some(mode));
                tokio::select! {
                    taken = open.accept() => if let Ok((tcp, _)) = taken { taken_in(tcp, &shared) },
                    changed = told.changed() => if changed.is_err() { return },
                }
            }
        }
    }
}

async fn reopened(listener: &mut Option<TcpListener>, address: SocketAddr) -> Option<&TcpListener> {
    for _ in 0..TRIES {
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

fn taken_in(tcp: TcpStream, shared: &Arc<UpstreamState>) {
    let _ = tcp.set_nodelay(true);
    let number = {
        let mut seen = shared.seen();
        seen.connections += 1;
        seen.open += 1;
        seen.connections
    };
    let shared = Arc::clone(shared);
    tokio::spawn(async move {
        let told = shared.told.clone();
        match &shared.behind {
            Backend::Stub(body) => stub::serve(tcp, number, body, &shared, told).await,
            _ => proxy::serve(tcp, number, &shared, told).await,
        }
        shared.seen().open -= 1;
    });
}

/// A listener whose backlog is full, and the connections that fill it.
async fn full(address: SocketAddr) -> Result<(TcpListener, Vec<TcpStream>), String> {
    let mut listener = None;
    for _ in 0..TRIES {
        listener = listening(address, 0).ok();
        if listener.is_some() {
            break;
        }
        sleep(Duration::from_millis(20)).await;
    }
    let listener = listener.ok_or_else(|| format!("port {} cannot be opened again", address.port()))?;
    let mut fillers = Vec::new();
    while fillers.len() < MOST {
        match timeout(ROOM, TcpStream::connect(address)).await {
            Ok(Ok(filler)) => fillers.push(filler),
            Ok(Err(error)) => return Err(error.to_string()),
            Err(_) => return Ok((listener, fillers)),
        }
    }
    Err("it has room for any number of connections".to_owned())
}
