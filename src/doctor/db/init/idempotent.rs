//! A second run changes nothing.

use super::super::dump::named;
use super::super::{HARM, OPENS, Site};
use crate::doctor::Check;
use crate::doctor::found::{Found, Looking, Verdict, looking};
use crate::doctor::record::Outcome;

/// The check.
pub const CHECK: Check = Check {
    id: "db.init.idempotent",
    claim: "a second run on the same database ends well and changes nothing",
    method: "Runs `init` twice on one scratch database, and compares what is in it: the schema line by line, the rows of each table, and (PostgreSQL) whether it is still the same one. Fails where there is a difference.",
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
    site.reference(&engine).await?;
    let (base, reference) = site.prepared(&engine).await?;
    let before = base.identities().await?;
    let mut wrong = site.alone(&base).await?;
    wrong.extend(reference.dump.differences(&base.dump().await?));
    let after = base.identities().await?;
    let anew = before.iter().filter(|table| !after.contains(table));
    wrong
        .extend(anew.map(|table| format!("{} was made anew, or emptied", table.split(' ').next().unwrap_or_default())));
    let found = if wrong.is_empty() {
        Found::pass(2)
    } else {
        Found::fail(2, format!("the second run: {}", named(&wrong)))
            .remedy("record what has been done, and do it only once", &[])
    };
    Ok(found.control("the first run ends well", Outcome::Pass).observed("differences", wrong.len() as u64))
}
