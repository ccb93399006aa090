//! Check `ws.limit.scope`: the limit applies to the server, to each address or to each worker, as configured.

use std::net::{IpAddr, Ipv4Addr};

use super::WsTarget;
use crate::config::doctor::LimitScope;
use crate::doctor::Check;
use crate::doctor::check_result::{CheckFuture, CheckResult, CheckVerdict, boxed};
use crate::doctor::record::Outcome;
use crate::doctor::ws::connection_set::{ConnectionSet, GRACE};

/// Number of consecutive refusals after which an address is considered full.
const MAX_REFUSALS: usize = 2;

pub const CHECK: Check = Check {
    id: "ws.limit.scope",
    claim: "the limit has the configured scope (`limit_scope`)",
    method: "Opens connections from three addresses (127.0.0.1 to 127.0.0.3, or `source_addrs`), one address after \
             another. If the total number served is `limit`, the scope is `global`; if each address is served up to \
             `limit`, it is `ip`; if the total is another multiple of `limit`, it is `worker`. Fails if this is not \
             `limit_scope`. Inconclusive if the numbers match no scope. Skipped if no source addresses are available.",
    side_effects: "up to 2 * limit + overshoot connections from each of three addresses",
    risk: "",
    deadline_ms: 60_000,
};

pub fn run(target: WsTarget) -> CheckFuture {
    boxed(check(target))
}

async fn check(target: WsTarget) -> CheckVerdict {
    let (limit, over) = target.limit()?;
    let mut route = target.prepare(3 * (limit + over) as u64).await?;
    let sources = sources(&target, &route.addresses)?;
    let mut all = ConnectionSet::default();
    let mut per_source = Vec::new();
    for source in &sources {
        route.source = Some(*source);
        let before = all.open.len();
        let mut refused = 0;
        while refused < MAX_REFUSALS && all.open.len() - before < 2 * limit + over {
            let (held, refusals) = (all.open.len(), all.refused.len());
            let wanted = before + 2 * limit + over;
            target.fill_to_limit(&route, &mut all, wanted).await?;
            refused = if all.open.len() > held { 0 } else { refused } + all.refused.len() - refusals;
        }
        per_source.push(all.open.len() - before);
        target.log.record("source", format!("{source}: {} upgraded", all.open.len() - before));
    }
    let settled = all.settle(GRACE).await;
    all.close().await;
    let served = settled.served;
    let first = per_source.first().copied().unwrap_or_default().min(served);
    let seen = if served == limit {
        Some(LimitScope::Global)
    } else if first == limit && served == limit * sources.len() {
        Some(LimitScope::Ip)
    } else if served > limit && served.is_multiple_of(limit) && !settled.refused.is_empty() {
        Some(LimitScope::Worker)
    } else {
        None
    };
    let result = match seen {
        Some(scope) if scope == target.ws.limit_scope => CheckResult::pass(served as u64),
        Some(scope) => {
            let why =
                format!("expected a limit {}, found a limit {}", describe(target.ws.limit_scope), describe(scope));
            CheckResult::fail(served as u64, why)
                .help("count the connections in one place, or correct `limit_scope`", &[])
        }
        None => {
            let why = format!(
                "inconclusive: {served} connections from {} addresses match no scope of a limit of {limit}",
                sources.len()
            );
            CheckResult::error(why)
                .help("run ws.limit.exact to find the enforced limit", &["phx doctor ws.limit.exact"])
        }
    };
    let addresses: Vec<String> = sources.iter().map(ToString::to_string).collect();
    Ok(result
        .observed("served", served)
        .observed("served_per_source", per_source)
        .observed("sources", addresses)
        .observed("scope", seen.map_or("unknown", key))
        .expected("scope", key(target.ws.limit_scope))
        .control("first connection", Outcome::Pass))
}

fn sources(target: &WsTarget, addresses: &[std::net::SocketAddr]) -> Result<Vec<IpAddr>, Box<CheckResult>> {
    if !target.ws.source_addrs.is_empty() {
        let read = |text: &String| {
            text.parse::<IpAddr>().map_err(|_| {
                Box::new(CheckResult::error(format!("`{text}` in `source_addrs` is not a valid IP address")))
            })
        };
        return target.ws.source_addrs.iter().map(read).collect();
    }
    let is_loopback = addresses.iter().all(|address| address.ip().is_loopback() && address.is_ipv4());
    if !is_loopback || !cfg!(target_os = "linux") {
        return CheckResult::skip("no source addresses are available; set them in `source_addrs`").stop();
    }
    Ok((1..=3).map(|last| IpAddr::V4(Ipv4Addr::new(127, 0, 0, last))).collect())
}

fn key(scope: LimitScope) -> &'static str {
    match scope {
        LimitScope::Global => "global",
        LimitScope::Ip => "ip",
        LimitScope::Worker => "worker",
    }
}

fn describe(scope: LimitScope) -> &'static str {
    match scope {
        LimitScope::Global => "for the whole server",
        LimitScope::Ip => "for each address",
        LimitScope::Worker => "for each worker",
    }
}
