//! Whether a real WebSocket server answers (RFC 6455, section 4).

use super::dial::Dialed;
use super::{WsTarget, unreachable};
use crate::doctor::Check;
use crate::doctor::check_result::{CheckFuture, CheckResult, CheckVerdict, boxed};
use crate::doctor::log::fine_millis;

/// The check.
pub const CHECK: Check = Check {
    id: "ws.handshake",
    claim: "a WebSocket server answers the upgrade as RFC 6455 asks",
    method: "One connection with an upgrade of its own. Passes on status 101 with the right digest and the subprotocol that was \
             asked for; fails on any other answer; an error where nobody listens.",
    opens: "one connection",
    harm: "",
    deadline_ms: 10_000,
};

/// Looks.
pub fn run(target: WsTarget) -> CheckFuture {
    boxed(check(target))
}

async fn check(target: WsTarget) -> CheckVerdict {
    let route = target.route().await?;
    match route.dial().await {
        Dialed::Broken(why) => CheckResult::error(why).stop(),
        Dialed::Refused(refused) if refused.class.starts_with("tcp-") => unreachable(&refused, &route).stop(),
        Dialed::Refused(refused) => {
            let reason = if refused.reason.is_empty() { String::new() } else { format!(" ({})", refused.reason) };
            let said = match refused.class.as_str() {
                "silent" => format!("nothing came within {} ms", target.ws.handshake_timeout_ms),
                "bad-accept" => "it answers 101 with a wrong `Sec-WebSocket-Accept`".to_owned(),
                "not-http" => format!("what answers speaks no HTTP{reason}"),
                class => format!("the upgrade was answered with {class}{reason}"),
            };
            let help = match refused.class.as_str() {
                "http-401" | "http-403" => "look at `headers` of this subject: the server wants to know who asks",
                "tls" => "name the certificate that signed the server's in `ca`",
                _ => "look at `url`, and at what stands before the server",
            };
            Ok(CheckResult::fail(1, said).observed("class", refused.class).expected("class", "101").help(help, &[]))
        }
        Dialed::Open(opened) => {
            let [tcp, tls, upgrade] = opened.phases.map(fine_millis);
            let found = |found: CheckResult| {
                found
                    .observed("connect_ms", tcp)
                    .observed("tls_ms", tls)
                    .observed("upgrade_ms", upgrade)
                    .observed("status", 101)
            };
            let chosen = opened.subprotocol.as_deref();
            if chosen == target.ws.subprotocol.as_deref() {
                return Ok(found(CheckResult::pass(1)));
            }
            let said = |protocol: Option<&str>| protocol.unwrap_or("none").to_owned();
            let why = format!(
                "it chose the subprotocol `{}`, and `{}` was asked for",
                said(chosen),
                said(target.ws.subprotocol.as_deref())
            );
            Ok(found(CheckResult::fail(1, why)).observed("subprotocol", said(chosen)))
        }
    }
}
