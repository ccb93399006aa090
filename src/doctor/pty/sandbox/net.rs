//! Check `pty.sandbox.net`: a session cannot reach the network of this machine.

use std::time::Duration;

use tokio::net::{TcpListener, UdpSocket};
use tokio::time::timeout;

use super::super::PtyTarget;
use super::{AttemptResult, each};
use crate::doctor::Check;
use crate::doctor::check_result::{CheckFuture, CheckResult, CheckVerdict};

/// Time in which a connection or datagram must arrive.
const ARRIVAL_TIMEOUT: Duration = Duration::from_millis(200);

pub const CHECK: Check = Check {
    id: "pty.sandbox.net",
    claim: "a session cannot reach the network of this machine",
    method: "Connects to a listener of phx on 127.0.0.1, sends a datagram to another one, and on Linux connects to an \
             abstract Unix socket. If an address is configured, connects to it instead. Passes if this works outside \
             the sandbox (the control) and has no effect inside. Inconclusive if it does not work outside. Skipped if \
             `sandbox.deny` does not list `net`.",
    side_effects: "two sessions for each attempt, listeners on 127.0.0.1 and an abstract Unix socket",
    risk: "",
    deadline_ms: 40_000,
};

pub fn run(target: PtyTarget) -> CheckFuture {
    each(target, "net", async |target, declared| {
        if !declared.is_empty() && declared != "loopback" {
            return target.both("net", &declared, &declared, async |_: &AttemptResult| None).await;
        }
        let mut result = tcp(target).await?;
        for other in [udp(target).await?, abstract_socket(target).await?].into_iter().flatten() {
            if other.outcome > result.outcome {
                result = other;
            }
        }
        Ok(result)
    })
}

fn listen_error(error: impl std::fmt::Display) -> Box<CheckResult> {
    Box::new(CheckResult::error(format!("cannot listen: {error}")))
}

async fn tcp(target: &PtyTarget) -> CheckVerdict {
    let listener = TcpListener::bind("127.0.0.1:0").await.map_err(listen_error)?;
    let address = listener.local_addr().map_err(listen_error)?.to_string();
    let effect = async |_: &AttemptResult| Some(timeout(ARRIVAL_TIMEOUT, listener.accept()).await.is_ok());
    target.both("net", &address, &address, effect).await
}

/// Tests datagrams separately: a sandbox that denies connections may still let them out.
async fn udp(target: &PtyTarget) -> Result<Option<CheckResult>, Box<CheckResult>> {
    let socket = UdpSocket::bind("127.0.0.1:0").await.map_err(listen_error)?;
    let address = format!("udp:{}", socket.local_addr().map_err(listen_error)?);
    let effect = async |_: &AttemptResult| Some(timeout(ARRIVAL_TIMEOUT, socket.recv_from(&mut [0; 16])).await.is_ok());
    target.both("net", &address, &address, effect).await.map(Some)
}

/// Tests abstract Unix sockets, which belong to the network namespace and not to the file system.
#[cfg(target_os = "linux")]
async fn abstract_socket(target: &PtyTarget) -> Result<Option<CheckResult>, Box<CheckResult>> {
    use std::os::linux::net::SocketAddrExt;
    let name = format!("phx-doctor-{}", uuid::Uuid::now_v7().simple());
    let address = std::os::unix::net::SocketAddr::from_abstract_name(&name).map_err(listen_error)?;
    let listener = std::os::unix::net::UnixListener::bind_addr(&address).map_err(listen_error)?;
    listener.set_nonblocking(true).map_err(listen_error)?;
    let listener = tokio::net::UnixListener::from_std(listener).map_err(listen_error)?;
    let address = format!("unix:{name}");
    let effect = async |_: &AttemptResult| Some(timeout(ARRIVAL_TIMEOUT, listener.accept()).await.is_ok());
    target.both("net", &address, &address, effect).await.map(Some)
}

/// Does nothing: abstract Unix sockets exist only on Linux.
#[cfg(not(target_os = "linux"))]
async fn abstract_socket(_: &PtyTarget) -> Result<Option<CheckResult>, Box<CheckResult>> {
    Ok(None)
}
