//! Whether the limit holds when all come at once.

use super::Site;
use crate::doctor::Check;
use crate::doctor::found::{Found, Looking, Verdict, looking};
use crate::doctor::record::Outcome;
use crate::doctor::ws::crowd::{GRACE, classes};

/// The check.
pub const CHECK: Check = Check {
    id: "ws.limit.burst",
    claim: "the limit holds when all connections come at once",
    method: "`limit + overshoot` connections at once, three times: all but the last byte of each upgrade is sent, then the last bytes together. Half a second later those are counted that give a sign of life. \
             Fails where there are more than `limit`; warns where there are fewer.",
    opens: "limit + overshoot connections at once, three times",
    harm: "",
    deadline_ms: 60_000,
};

/// Looks.
pub fn look(site: Site) -> Looking {
    looking(check(site))
}

async fn check(site: Site) -> Verdict {
    let (limit, over) = site.limit_in_all()?;
    let route = site.ready((limit + over) as u64).await?;
    let (mut served, mut refused) = (Vec::new(), Vec::new());
    for _ in 0..site.trials() {
        let mut crowd = site.burst(&route, limit + over).await?;
        let settled = crowd.settle(GRACE).await;
        site.log.note("trial", format!("{} served, refused: {}", settled.served, settled.classes()));
        served.push(settled.served);
        refused.extend(settled.refused);
        crowd.close().await;
    }
    let (least, most) =
        (served.iter().min().copied().unwrap_or_default(), served.iter().max().copied().unwrap_or_default());
    let seen = (served.len() * (limit + over)) as u64;
    let found = if most > limit {
        Found::fail(seen, format!("{most} are served at once, and {limit} are claimed")).remedy(
            if least == most {
                "correct `limit` in phx.toml, or the limit of the server"
            } else {
                "count a connection before it is accepted, in one step with the comparison"
            },
            &[],
        )
    } else if least < limit && !(site.is_uneven() && least >= site.limit()?.0) {
        let which = if least == most { format!("{most}") } else { format!("{least} to {most}") };
        Found::warn(seen, format!("only {which} of {limit} are served when all come at once"))
    } else {
        Found::pass(seen)
    };
    let restored = site.until_served(&route, site.release_deadline()).await?.is_some();
    let found = if found.outcome == Outcome::Pass && !restored {
        Found::fail(seen, "after the burst none is served again")
    } else {
        found
    };
    Ok(found
        .observed("served", most)
        .observed("served_least", least)
        .observed("refused", classes(&refused))
        .expected("served", limit)
        .attempts(served.len() as u64)
        .control("a first connection", Outcome::Pass))
}
