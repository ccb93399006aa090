//! One worker alone prepares an empty database.

use super::super::{HARM, OPENS, Site};
use crate::doctor::Check;
use crate::doctor::found::{Found, Looking, Verdict, looking};

/// The check.
pub const CHECK: Check = Check {
    id: "db.init.reference",
    claim: "one worker alone prepares an empty database",
    method: "Runs `init` once on an empty scratch database. Fails where it ends with another code than `expect_exit` names, does not end within `within`, or leaves no table. What it leaves is the reference for the other checks.",
    opens: OPENS,
    harm: HARM,
    deadline_ms: 60_000,
};

/// Looks.
pub fn look(site: Site) -> Looking {
    looking(async move { run(site).await })
}

async fn run(site: Site) -> Verdict {
    site.init()?;
    let engine = site.engine().await?;
    let (_base, reference) = site.prepared(&engine).await?;
    let rows: i64 = reference.dump.counts.values().sum();
    Ok(Found::pass(1)
        .observed("schema", reference.dump.hash())
        .observed("tables", reference.dump.counts.len() as u64)
        .observed("rows", rows)
        .observed("took_ms", reference.took_ms))
}
