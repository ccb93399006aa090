//! No lock is left.

use super::super::crew::Crew;
use super::super::engine::Base;
use super::super::race::left;
use super::super::{HARM, OPENS, Site};
use crate::doctor::Check;
use crate::doctor::found::{Found, Looking, Verdict, looking};
use crate::doctor::record::Outcome;

/// The check.
pub const CHECK: Check = Check {
    id: "db.lock.released",
    claim: "when all workers have ended, no lock of theirs is left",
    method: "Starts `workers` times `init` together, waits for all, and looks for locks and open connections of theirs for up to two seconds. Fails where there are some. With SQLite, the file must be free for a writer.",
    opens: OPENS,
    harm: HARM,
    deadline_ms: 120_000,
};

/// Looks.
pub fn look(site: Site) -> Looking {
    looking(async move { run(site).await })
}

async fn run(site: Site) -> Verdict {
    let init = site.init()?;
    let engine = site.engine().await?;
    site.reference(&engine).await?;
    let base = engine.scratch().await?;
    let crew = Crew::start(&site, &site.same(&base.places(None)))?;
    crew.finish(std::time::Duration::from_millis(init.within_ms)).await;
    let mut left = left(&base).await?;
    if let Base::Sqlite(file) = &base
        && let Err(why) = file.hold(true)
    {
        left.push(format!("the file is not free: {why}"));
    }
    let found = if left.is_empty() {
        Found::pass(1)
    } else {
        Found::fail(1, super::super::dump::named(&left))
            .remedy("give locks back where you took them, on the same connection", &[])
    };
    Ok(found.control("the workers have ended", Outcome::Pass).observed("left", left.len() as u64))
}
