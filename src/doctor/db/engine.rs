//! Common interface of the database engines: creating, inspecting and disturbing scratch databases.

use std::net::SocketAddr;
use std::time::Duration;

use super::dump::Dump;
#[cfg(feature = "mysql")]
use super::mysql;
use super::{DbTarget, postgres, sqlite};
use crate::config::doctor::EngineKind as Kind;
use crate::doctor::check_result::CheckResult;
use crate::doctor::fault::Backend;
use crate::doctor::program::Placeholders;

/// Server or file system that holds scratch databases.
#[derive(Clone, Debug)]
pub enum DatabaseEngine {
    Postgres(Box<postgres::PostgresServer>),
    /// MySQL or MariaDB.
    #[cfg(feature = "mysql")]
    Mysql(Box<mysql::MysqlServer>),
    /// Directory for temporary files.
    Sqlite,
}

/// Temporary database; it is dropped with its handle.
#[derive(Debug)]
pub enum ScratchDatabase {
    Postgres(Box<postgres::PostgresScratch>),
    /// MySQL or MariaDB.
    #[cfg(feature = "mysql")]
    Mysql(Box<mysql::MysqlScratch>),
    Sqlite(sqlite::File),
}

impl DbTarget {
    /// Reads the connection settings of the configured engine.
    ///
    /// # Errors
    /// Returns an error if `admin` cannot be used, and a skip if phx was built without the engine.
    pub async fn engine(&self) -> Result<DatabaseEngine, Box<CheckResult>> {
        match self.db.engine {
            Kind::Sqlite => Ok(DatabaseEngine::Sqlite),
            Kind::Postgres => {
                let admin = self.db.admin.as_deref().unwrap_or_default();
                let server = postgres::PostgresServer::new(admin, self.db.ca.as_deref(), &self.allow).await;
                server.map(|server| DatabaseEngine::Postgres(Box::new(server))).map_err(unusable)
            }
            #[cfg(feature = "mysql")]
            Kind::Mysql => {
                let server = mysql::MysqlServer::new(self.db.admin.as_deref().unwrap_or_default(), &self.allow).await;
                server.map(|server| DatabaseEngine::Mysql(Box::new(server))).map_err(unusable)
            }
            #[cfg(not(feature = "mysql"))]
            Kind::Mysql => CheckResult::skip("this phx was built without MySQL").stop(),
        }
    }
}

fn unusable(why: String) -> Box<CheckResult> {
    let help = "correct `admin`; add the host to `[doctor] allow_hosts` if it is not this machine";
    Box::new(CheckResult::error(why).help(help, &[]))
}

impl DatabaseEngine {
    /// Creates an empty scratch database.
    pub async fn scratch(&self) -> Result<ScratchDatabase, Box<CheckResult>> {
        self.copy_of(None).await
    }

    /// Drops scratch databases that a killed run left behind (PostgreSQL only).
    pub async fn sweep(&self) {
        if let Self::Postgres(server) = self {
            server.sweep().await;
        }
    }

    /// Creates a scratch database, with the contents of `template` if one is given (PostgreSQL only).
    pub async fn copy_of(&self, template: Option<&str>) -> Result<ScratchDatabase, Box<CheckResult>> {
        let made = match self {
            Self::Postgres(server) => {
                server.scratch(template).await.map(|scratch| ScratchDatabase::Postgres(Box::new(scratch)))
            }
            #[cfg(feature = "mysql")]
            Self::Mysql(server) => server.scratch().await.map(|scratch| ScratchDatabase::Mysql(Box::new(scratch))),
            Self::Sqlite => sqlite::File::new().map(ScratchDatabase::Sqlite),
        };
        made.map_err(|why| {
            let help = match self {
                Self::Sqlite => "free space in the directory for temporary files, or set TMPDIR to another one",
                _ => "run `phx doctor db.reach`, and allow the user in `admin` to create databases",
            };
            Box::new(CheckResult::error(format!("cannot create a scratch database: {why}")).help(help, &[]))
        })
    }
}

impl ScratchDatabase {
    /// Returns the placeholder values with which a program connects: directly, or through the proxy at `via`.
    pub fn places(&self, via: Option<SocketAddr>) -> Placeholders {
        match self {
            Self::Postgres(scratch) => scratch.server.places(&scratch.name, via),
            #[cfg(feature = "mysql")]
            Self::Mysql(scratch) => scratch.server.places(&scratch.name, via),
            Self::Sqlite(file) => file.places(),
        }
    }

    /// Reads the schema and the row counts.
    pub async fn dump(&self) -> Result<Dump, Box<CheckResult>> {
        let dump = match self {
            Self::Postgres(scratch) => scratch.dump().await,
            #[cfg(feature = "mysql")]
            Self::Mysql(scratch) => scratch.dump().await,
            Self::Sqlite(file) => file.dump(),
        };
        dump.map_err(|why| Box::new(CheckResult::error(format!("cannot read the database: {why}"))))
    }

    /// Returns the address to which a proxy forwards; `None` for a file.
    pub fn behind(&self) -> Option<Backend> {
        match self {
            Self::Postgres(scratch) => Some(scratch.server.behind()),
            #[cfg(feature = "mysql")]
            Self::Mysql(scratch) => Some(scratch.server.behind()),
            Self::Sqlite(_) => None,
        }
    }

    /// Returns the locks and connections that ended workers left behind, one description each.
    pub async fn left(&self) -> Result<Vec<String>, Box<CheckResult>> {
        let to_error = |why: String| Box::new(CheckResult::error(format!("cannot read locks: {why}")));
        match self {
            Self::Postgres(scratch) => {
                let client = scratch.connect().await.map_err(to_error)?;
                let locks = postgres::locks(&client).await.map_err(to_error)?;
                let describe = |lock: &postgres::HeldLock| {
                    let verb = if lock.granted { "holds" } else { "waits for" };
                    format!("backend {} {verb} {} ({})", lock.pid, lock.what, lock.mode)
                };
                Ok(locks.iter().map(describe).collect())
            }
            #[cfg(feature = "mysql")]
            Self::Mysql(scratch) => {
                let open = scratch.backends().await.map_err(to_error)?;
                Ok(open.iter().map(|id| format!("connection {id} is still open")).collect())
            }
            Self::Sqlite(file) => {
                let open = file.opened_by().unwrap_or_default();
                let others = open.iter().filter(|group| **group != own_group());
                Ok(others.map(|group| format!("process group {group} has the file open")).collect())
            }
        }
    }

    /// Returns the server-side ids of the connections of other clients.
    pub async fn backends(&self) -> Result<Vec<i64>, Box<CheckResult>> {
        let to_error = |why: String| Box::new(CheckResult::error(format!("cannot list connections: {why}")));
        match self {
            Self::Postgres(scratch) => {
                let client = scratch.connect().await.map_err(to_error)?;
                let pids = postgres::backends(&client).await.map_err(to_error)?;
                Ok(pids.into_iter().map(i64::from).collect())
            }
            #[cfg(feature = "mysql")]
            Self::Mysql(scratch) => scratch.backends().await.map_err(to_error),
            Self::Sqlite(_) => Ok(Vec::new()),
        }
    }

    /// Returns whether other clients run no statement and have no open transaction.
    pub async fn is_at_rest(&self) -> Result<bool, Box<CheckResult>> {
        let to_error = |why: String| Box::new(CheckResult::error(format!("cannot count transactions: {why}")));
        match self {
            Self::Postgres(scratch) => {
                let client = scratch.connect().await.map_err(to_error)?;
                postgres::is_at_rest(&client).await.map_err(to_error)
            }
            #[cfg(feature = "mysql")]
            Self::Mysql(scratch) => scratch.is_at_rest().await.map_err(to_error),
            Self::Sqlite(file) => Ok(file.writer().is_none()),
        }
    }

    /// Terminates all connections of other clients.
    pub async fn terminate(&self) -> Result<(), Box<CheckResult>> {
        let to_error = |why: String| Box::new(CheckResult::error(format!("cannot terminate connections: {why}")));
        match self {
            Self::Postgres(scratch) => scratch.terminate().await.map_err(to_error),
            #[cfg(feature = "mysql")]
            Self::Mysql(scratch) => scratch.terminate().await.map_err(to_error),
            Self::Sqlite(_) => Ok(()),
        }
    }

    /// Returns whether a client can connect through `via`, find tables, and write.
    pub async fn is_usable(&self, via: SocketAddr, within: Duration) -> bool {
        match self {
            Self::Postgres(scratch) => scratch.is_usable(via, within).await,
            #[cfg(feature = "mysql")]
            Self::Mysql(scratch) => scratch.is_usable(via, within).await,
            Self::Sqlite(_) => true,
        }
    }

    /// Returns each table with an identifier that changes if the table is recreated or truncated. Empty unless the
    /// engine is PostgreSQL.
    pub async fn identities(&self) -> Result<Vec<String>, Box<CheckResult>> {
        let Self::Postgres(scratch) = self else { return Ok(Vec::new()) };
        let to_error = |why: String| Box::new(CheckResult::error(format!("cannot read the database: {why}")));
        let client = scratch.connect().await.map_err(to_error)?;
        postgres::identities(&client).await.map_err(to_error)
    }

    /// Returns the number of deadlocks that the server counted; 0 if it is unknown.
    pub async fn deadlocks(&self) -> i64 {
        match self {
            Self::Postgres(scratch) => match scratch.connect().await {
                Ok(client) => postgres::deadlocks(&client).await.unwrap_or(0),
                Err(_) => 0,
            },
            #[cfg(feature = "mysql")]
            Self::Mysql(_) => 0,
            Self::Sqlite(_) => 0,
        }
    }
}

#[cfg(unix)]
fn own_group() -> u32 {
    u32::try_from(rustix::process::getpgrp().as_raw_nonzero().get()).unwrap_or(0)
}

#[cfg(not(unix))]
fn own_group() -> u32 {
    0
}
