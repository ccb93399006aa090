//! A second run changes nothing.

use super::super::dump::named;
use super::super::{DbTarget, HARM, OPENS};
use crate::doctor::Check;
use crate::doctor::check_result::{CheckFuture, CheckResult, CheckVerdict, boxed};
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
    let anew = before.iter().filter(|table| !after.contains(table));
    wrong
        .extend(anew.map(|table| format!("{} was made anew, or emptied", table.split(' ').next().unwrap_or_default())));
    let found = if wrong.is_empty() {
        CheckResult::pass(2)
    } else {
        CheckResult::fail(2, format!("the second run: {}", named(&wrong)))
            .help("record what has been done, and do it only once", &[])
    };
    Ok(found.control("the first run ends well", Outcome::Pass).observed("differences", wrong.len() as u64))
}
