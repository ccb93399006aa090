//! Check: the configured user can connect to the database.

use std::time::{Duration, Instant};

#[cfg(feature = "mysql")]
use mysql_async::prelude::Queryable;

use super::DbTarget;
use super::engine::DatabaseEngine;
use super::postgres::within;
use super::sqlite;
use crate::doctor::Check;
use crate::doctor::check_result::{CheckFuture, CheckResult, CheckVerdict, boxed};
use crate::doctor::times::Times;

/// Error of a connection attempt or a statement.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConnectRefusal {
    /// One of `refused`, `auth`, `starting`, `too-many`, `no-database`, `tls`, `timeout` and `other`.
    pub class: &'static str,
    /// Message of the server or the system.
    pub why: String,
    /// SQLSTATE, if the server sent one.
    pub state: Option<String>,
}

impl ConnectRefusal {
    /// Returns the error for a timeout.
    pub fn late(within: Duration) -> Self {
        Self { class: "timeout", why: format!("no answer within {} s", within.as_secs()), state: None }
    }
}

/// Number of measured statements.
const STATEMENTS: u64 = 10;

pub const CHECK: Check = Check {
    id: "db.reach",
    claim: "the configured user can connect",
    method: "Connects to `admin` (with SQLite: opens a scratch file) and measures ten statements. Fails if that is not possible, and distinguishes a server that is not running, a wrong password, a server that is starting (57P03) and a server without free connections (53300).",
    side_effects: "a connection to `admin`, or a temporary file",
    risk: "",
    deadline_ms: 15_000,
};

pub fn run(target: DbTarget) -> CheckFuture {
    boxed(async move { check(target).await })
}

async fn check(target: DbTarget) -> CheckVerdict {
    match target.engine().await? {
        DatabaseEngine::Postgres(server) => match server.connect(None).await {
            Err(refusal) => Ok(failure(&refusal)),
            Ok(reached) => {
                let mut times = Times::default();
                for _ in 0..STATEMENTS {
                    let start = Instant::now();
                    let answer = within(reached.client.simple_query("SELECT 1")).await;
                    if let Err(refusal) = answer {
                        return Ok(failure(&refusal));
                    }
                    times.add(start.elapsed());
                }
                let connect = crate::doctor::log::fine_millis(reached.time);
                let found = CheckResult::pass(STATEMENTS)
                    .observed("version", reached.version)
                    .observed("tls", reached.tls)
                    .observed("connect_ms", connect);
                Ok(measured(found, &times))
            }
        },
        #[cfg(feature = "mysql")]
        DatabaseEngine::Mysql(server) => {
            let measured_by = async {
                let mut reached = server.connect(None).await?;
                let mut times = Times::default();
                for _ in 0..STATEMENTS {
                    let start = Instant::now();
                    super::mysql::within(reached.client.query_drop("SELECT 1")).await?;
                    times.add(start.elapsed());
                }
                Ok((reached.time, reached.version, times))
            };
            match measured_by.await {
                Err(refusal) => Ok(failure(&refusal)),
                Ok((time, version, times)) => {
                    let connect = crate::doctor::log::fine_millis(time);
                    let found =
                        CheckResult::pass(STATEMENTS).observed("version", version).observed("connect_ms", connect);
                    Ok(measured(found, &times))
                }
            }
        }
        DatabaseEngine::Sqlite => {
            let help = "free space in the directory for temporary files, or set TMPDIR to another one";
            let to_failure = |why: String| {
                Box::new(
                    CheckResult::fail(1, format!("cannot use a temporary file as a database: {why}")).help(help, &[]),
                )
            };
            let file = sqlite::File::new().map_err(to_failure)?;
            let connection = file.open().map_err(to_failure)?;
            let check = |sql: &str| connection.execute_batch(sql).map_err(|error| to_failure(error.to_string()));
            check("CREATE TABLE phx (at INTEGER)")?;
            let mut times = Times::default();
            for _ in 0..STATEMENTS {
                let start = Instant::now();
                check("INSERT INTO phx VALUES (1)")?;
                times.add(start.elapsed());
            }
            let found = CheckResult::pass(STATEMENTS).observed("version", rusqlite::version());
            Ok(measured(found, &times))
        }
    }
}

fn measured(found: CheckResult, times: &Times) -> CheckResult {
    let latency = times.latency();
    found.observed("latency_ms", latency.p50_ms).observed("error_rate_percent", 0).latency(latency)
}

fn failure(refusal: &ConnectRefusal) -> CheckResult {
    let ConnectRefusal { class, why, state } = refusal;
    let (problem, help) = match *class {
        "refused" => ("nothing listens at the address", "start the server, or correct the host and port in `admin`"),
        "auth" => ("the server rejected the login", "correct the user and password in `admin`, or edit `pg_hba.conf`"),
        "starting" => (
            "the server is running but not ready: it is starting, stopping or recovering",
            "wait until the server is ready, then run the check again",
        ),
        "too-many" => ("the server has no free connection", "raise `max_connections`, or close unused connections"),
        "no-database" => ("the server has no such database", "correct the database name in `admin`"),
        "tls" => {
            ("the TLS handshake failed", "set `ca` to the CA certificate of the server, or set `sslmode` in `admin`")
        }
        "timeout" => ("the server does not answer", "find out whether the server hangs"),
        _ => ("the server returned an error", "fix the reported error"),
    };
    let found = CheckResult::fail(1, format!("{problem} ({class}): {why}")).observed("class", *class).help(help, &[]);
    let found = found.observed("error_rate_percent", 100);
    match state {
        Some(state) => found.observed("sqlstate", state.as_str()),
        None => found,
    }
}
