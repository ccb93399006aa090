//! The database can be reached, by whom and how the configuration says.

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

/// Why there is no connection, or no answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConnectRefusal {
    /// The kind: `refused`, `auth`, `starting`, `too-many`, `no-database`, `tls`, `timeout` or `other`.
    pub class: &'static str,
    /// What the server, or the system, says.
    pub why: String,
    /// The SQLSTATE, where the server gives one.
    pub state: Option<String>,
}

impl ConnectRefusal {
    /// That there is no answer.
    pub fn late(within: Duration) -> Self {
        Self { class: "timeout", why: format!("no answer within {} s", within.as_secs()), state: None }
    }
}

/// How many statements are measured.
const STATEMENTS: u64 = 10;

/// The check.
pub const CHECK: Check = Check {
    id: "db.reach",
    claim: "the database lets the one in that the configuration names",
    method: "Connects to `admin` (opens a scratch file with SQLite) and measures ten statements. Fails where that does not work, and tells a server that is not there from a wrong password, one that is starting (57P03) and one that is full (53300).",
    opens: "a connection to `admin`, or a temporary file",
    harm: "",
    deadline_ms: 15_000,
};

/// Looks.
pub fn run(target: DbTarget) -> CheckFuture {
    boxed(async move { check(target).await })
}

async fn check(target: DbTarget) -> CheckVerdict {
    match target.engine().await? {
        DatabaseEngine::Postgres(server) => match server.connect(None).await {
            Err(refusal) => Ok(refused(&refusal)),
            Ok(reached) => {
                let mut times = Times::default();
                for _ in 0..STATEMENTS {
                    let start = Instant::now();
                    let asked = within(reached.client.simple_query("SELECT 1")).await;
                    if let Err(refusal) = asked {
                        return Ok(refused(&refusal));
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
                Err(refusal) => Ok(refused(&refusal)),
                Ok((time, version, times)) => {
                    let connect = crate::doctor::log::fine_millis(time);
                    let found =
                        CheckResult::pass(STATEMENTS).observed("version", version).observed("connect_ms", connect);
                    Ok(measured(found, &times))
                }
            }
        }
        DatabaseEngine::Sqlite => {
            let help = "make room in the folder for temporary files, or name another one by TMPDIR";
            let broken = |why: String| {
                Box::new(CheckResult::fail(1, format!("no file can be used as a database: {why}")).help(help, &[]))
            };
            let file = sqlite::File::new().map_err(broken)?;
            let connection = file.open().map_err(broken)?;
            let check = |sql: &str| connection.execute_batch(sql).map_err(|error| broken(error.to_string()));
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

fn refused(refusal: &ConnectRefusal) -> CheckResult {
    let ConnectRefusal { class, why, state } = refusal;
    let (said, help) = match *class {
        "refused" => ("nothing listens there", "start the server, or correct the host and the port in `admin`"),
        "auth" => ("the server does not let this one in", "correct user and password in `admin`, or `pg_hba.conf`"),
        "starting" => {
            ("the server is there, and not ready: it starts, stops or recovers", "wait for it, then run it again")
        }
        "too-many" => {
            ("the server has no connection left", "raise `max_connections`, or end connections that nobody uses")
        }
        "no-database" => ("the server has no such database", "correct the name of the database in `admin`"),
        "tls" => {
            ("the server and phx do not agree on TLS", "name its certificate by `ca`, or say `sslmode` in `admin`")
        }
        "timeout" => ("the server does not answer", "see whether it hangs"),
        _ => ("the server refuses", "see what it says"),
    };
    let found = CheckResult::fail(1, format!("{said} ({class}): {why}")).observed("class", *class).help(help, &[]);
    let found = found.observed("error_rate_percent", 100);
    match state {
        Some(state) => found.observed("sqlstate", state.as_str()),
        None => found,
    }
}
