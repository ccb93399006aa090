//! One worker alone prepares an empty database.

use super::super::{DbTarget, HARM, OPENS};
use crate::doctor::Check;
use crate::doctor::check_result::{CheckFuture, CheckResult, CheckVerdict, boxed};

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
pub fn run(target: DbTarget) -> CheckFuture {
    boxed(async move { check(target).await })
}

async fn check(target: DbTarget) -> CheckVerdict {
    target.init()?;
    let engine = target.engine().await?;
    let (_base, reference) = target.prepared(&engine).await?;
    let rows: i64 = reference.dump.counts.values().sum();
    Ok(CheckResult::pass(1)
        .observed("schema", reference.dump.hash())
        .observed("tables", reference.dump.counts.len() as u64)
        .observed("rows", rows)
        .observed("took_ms", reference.took_ms))
}
