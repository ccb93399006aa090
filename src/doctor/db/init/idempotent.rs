//! Check: a second run of `init` changes nothing.

use super::super::dump::named;
use super::super::{DbTarget, HARM, OPENS};
use crate::doctor::Check;
use crate::doctor::check_result::{CheckFuture, CheckResult, CheckVerdict, boxed};
use crate::doctor::record::Outcome;

pub const CHECK: Check = Check {
    id: "db.init.idempotent",
    claim: "a second run of `init` on the same database succeeds and changes nothing",
    method: "Runs `init` twice on one scratch database, and compares the schema line by line, the row count of each table, and (PostgreSQL) whether tables were recreated or truncated. Fails if the second run fails or anything differs.",
    side_effects: OPENS,
    risk: HARM,
    deadline_ms: 60_000,
};

pub fn run(target: DbTarget) -> CheckFuture {
    boxed(async move { check(target).await })
}

async fn check(target: DbTarget) -> CheckVerdict {
    target.init()?;
    let engine = target.engine().await?;
    target.reference(&engine).await?;
    let (base, reference) = target.prepared(&engine).await?;
    let before = base.identities().await?;
    let mut wrong = target.run_single_worker(&base).await?;
    wrong.extend(reference.dump.differences(&base.dump().await?));
    let after = base.identities().await?;
    let recreated = before.iter().filter(|table| !after.contains(table));
    wrong.extend(
        recreated.map(|table| format!("`{}` was recreated or truncated", table.split(' ').next().unwrap_or_default())),
    );
    let found = if wrong.is_empty() {
        CheckResult::pass(2)
    } else {
        CheckResult::fail(2, format!("after the second run: {}", named(&wrong)))
            .help("record which steps are done, and run each step only once", &[])
    };
    Ok(found.control("the first run succeeds", Outcome::Pass).observed("differences", wrong.len() as u64))
}
