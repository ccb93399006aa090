//! Check `ws.handshake`: the server completes the handshake of RFC 6455, section 4.

use super::dial::Dialed;
use super::{WsTarget, unreachable};
use crate::doctor::Check;
use crate::doctor::check_result::{CheckFuture, CheckResult, CheckVerdict, boxed};
use crate::doctor::log::fine_millis;

pub const CHECK: Check = Check {
    id: "ws.handshake",
    claim: "the server completes the WebSocket handshake of RFC 6455",
    method: "Opens one connection and sends an upgrade request. Passes if the server answers 101 with the correct \
             `Sec-WebSocket-Accept` and the requested subprotocol; fails on any other answer. Inconclusive if no TCP \
             connection can be made.",
    side_effects: "one connection",
    risk: "",
    deadline_ms: 10_000,
};

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
            let message = match refused.class.as_str() {
                "silent" => format!("no response within {} ms", target.ws.handshake_timeout_ms),
                "bad-accept" => "the server answered 101 with a wrong `Sec-WebSocket-Accept`".to_owned(),
                "not-http" => format!("the response is not HTTP{reason}"),
                class => format!("the upgrade failed: {class}{reason}"),
            };
            let help = match refused.class.as_str() {
                "http-401" | "http-403" => "set the credentials in `headers` of this target",
                "tls" => "set `ca` to the certificate that signed the certificate of the server",
                _ => "verify `url` and any proxy in front of the server",
            };
            Ok(CheckResult::fail(1, message).observed("class", refused.class).expected("class", "101").help(help, &[]))
        }
        Dialed::Open(opened) => {
            let [tcp, tls, upgrade] = opened.phases.map(fine_millis);
            let with_times = |result: CheckResult| {
                result
                    .observed("connect_ms", tcp)
                    .observed("tls_ms", tls)
                    .observed("upgrade_ms", upgrade)
                    .observed("status", 101)
            };
            let chosen = opened.subprotocol.as_deref();
            if chosen == target.ws.subprotocol.as_deref() {
                return Ok(with_times(CheckResult::pass(1)));
            }
            let name = |protocol: Option<&str>| protocol.unwrap_or("none").to_owned();
            let why =
                format!("expected subprotocol `{}`, found `{}`", name(target.ws.subprotocol.as_deref()), name(chosen));
            Ok(with_times(CheckResult::fail(1, why)).observed("subprotocol", name(chosen)))
        }
    }
}
