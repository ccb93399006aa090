//! Whether a session can reach this machine over the network.

use std::time::Duration;

use tokio::net::{TcpListener, UdpSocket};
use tokio::time::timeout;

use super::super::PtyTarget;
use super::{AttemptResult, each};
use crate::doctor::Check;
use crate::doctor::check_result::{CheckFuture, CheckResult, CheckVerdict};

/// How long what was sent may take to come.
const CAME: Duration = Duration::from_millis(200);

/// The check.
pub const CHECK: Check = Check {
    id: "pty.sandbox.net",
    claim: "a session cannot reach the network of this machine",
    method: "A listener of phx on 127.0.0.1 is connected to, a datagram is sent to one, and on Linux an abstract Unix socket is connected to. Passes where that works outside and has no effect inside; an error where it does not work outside; skipped where `sandbox.deny` does not name `net`.",
    opens: "two sessions for each, listeners on 127.0.0.1 and an abstract Unix socket",
    harm: "",
    deadline_ms: 40_000,
};

/// Looks.
pub fn run(target: PtyTarget) -> CheckFuture {
    each(target, "net", async |target, declared| {
        if !declared.is_empty() && declared != "loopback" {
            return target.both("net", &declared, &declared, async |_: &AttemptResult| None).await;
        }
        let mut found = tcp(target).await?;
        for other in [udp(target).await?, abstract_socket(target).await?].into_iter().flatten() {
            if other.outcome > found.outcome {
                found = other;
            }
        }
        Ok(found)
    })
}

fn unheard(error: impl std::fmt::Display) -> Box<CheckResult> {
    Box::new(CheckResult::error(format!("nothing listens: {error}")))
}

async fn tcp(target: &PtyTarget) -> CheckVerdict {
    let listener = TcpListener::bind("127.0.0.1:0").await.map_err(unheard)?;
    let address = listener.local_addr().map_err(unheard)?.to_string();
    let effect = async |_: &AttemptResult| Some(timeout(CAME, listener.accept()).await.is_ok());
    target.both("net", &address, &address, effect).await
}

/// What denies connections may still let datagrams out.
async fn udp(target: &PtyTarget) -> Result<Option<CheckResult>, Box<CheckResult>> {
    let socket = UdpSocket::bind("127.0.0.1:0").await.map_err(unheard)?;
    let address = format!("udp:{}", socket.local_addr().map_err(unheard)?);
    let effect = async |_: &AttemptResult| Some(timeout(CAME, socket.recv_from(&mut [0; 16])).await.is_ok());
    target.both("net", &address, &address, effect).await.map(Some)
}

/// Abstract Unix sockets belong to the network namespace, and no file stands for them.
#[cfg(target_os = "linux")]
async fn abstract_socket(target: &PtyTarget) -> Result<Option<CheckResult>, Box<CheckResult>> {
    use std::os::linux::net::SocketAddrExt;
    let name = format!("phx-doctor-{}", uuid::Uuid::now_v7().simple());
    let address = std::os::unix::net::SocketAddr::from_abstract_name(&name).map_err(unheard)?;
    let listener = std::os::unix::net::UnixListener::bind_addr(&address).map_err(unheard)?;
    listener.set_nonblocking(true).map_err(unheard)?;
    let listener = tokio::net::UnixListener::from_std(listener).map_err(unheard)?;
    let address = format!("unix:{name}");
    let effect = async |_: &AttemptResult| Some(timeout(CAME, listener.accept()).await.is_ok());
    target.both("net", &address, &address, effect).await.map(Some)
}

/// They are there on Linux alone.
#[cfg(not(target_os = "linux"))]
async fn abstract_socket(_: &PtyTarget) -> Result<Option<CheckResult>, Box<CheckResult>> {
    Ok(None)
}
