//! Check: a single worker initializes an empty database.

use super::super::{DbTarget, HARM, OPENS};
use crate::doctor::Check;
use crate::doctor::check_result::{CheckFuture, CheckResult, CheckVerdict, boxed};

pub const CHECK: Check = Check {
    id: "db.init.reference",
    claim: "a single worker initializes an empty database",
    method: "Runs `init` once on an empty scratch database. Fails if its exit code is not in `expect_exit`, if it does not end within `within`, or if the database is still empty. The result is the reference for the other checks.",
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
    let (_base, reference) = target.prepared(&engine).await?;
    let rows: i64 = reference.dump.counts.values().sum();
    Ok(CheckResult::pass(1)
        .observed("schema", reference.dump.hash())
        .observed("tables", reference.dump.counts.len() as u64)
        .observed("rows", rows)
        .observed("took_ms", reference.took_ms))
}
