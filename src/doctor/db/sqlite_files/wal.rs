//! Workers switch to a write-ahead log at the same time.

use super::super::engine::{Base, Engine};
use super::super::{HARM, OPENS, Site};
use crate::doctor::Check;
use crate::doctor::found::{Found, Looking, Verdict, looking};

/// The check.
pub const CHECK: Check = Check {
    id: "db.sqlite.wal",
    claim: "workers that switch a file to a write-ahead log at the same time all succeed",
    method: "Holds a lock as a writer does (`BEGIN IMMEDIATE`) on an empty file until all workers have it open and 300 ms longer: `PRAGMA journal_mode = WAL` is then refused at once, whatever the busy timeout, as it is beside any other worker that switches. Fails as `db.sqlite.busy` does. Skipped where the reference has no write-ahead log.",
    opens: OPENS,
    harm: HARM,
    deadline_ms: 60_000,
};

/// Looks.
pub fn look(site: Site) -> Looking {
    looking(async move { run(site).await })
}

async fn run(site: Site) -> Verdict {
    let base = super::file(&site).await?;
    site.reference(&Engine::Sqlite).await?;
    let (prepared, _) = site.prepared(&Engine::Sqlite).await?;
    if let Base::Sqlite(file) = &prepared {
        let journal = file.journal().map_err(|why| Box::new(Found::error(why)))?;
        if !journal.eq_ignore_ascii_case("wal") {
            return Found::skip(format!("the journal is `{journal}`: nobody switches to a write-ahead log")).early();
        }
    }
    super::run_into(&site, &base, false, "switch again where `PRAGMA journal_mode = WAL` is refused: it does not wait")
        .await
}
