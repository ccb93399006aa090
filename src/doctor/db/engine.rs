//! The three kinds of database, as far as they are alike: a server or a file system, and a scratch database in it.

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

/// Where scratch databases are made.
#[derive(Clone, Debug)]
pub enum DatabaseEngine {
    /// A server of PostgreSQL.
    Postgres(Box<postgres::PostgresServer>),
    /// A server of MySQL or MariaDB.
    #[cfg(feature = "mysql")]
    Mysql(Box<mysql::MysqlServer>),
    /// The folder for temporary files.
    Sqlite,
}

/// A scratch database.
#[derive(Debug)]
pub enum ScratchDatabase {
    /// One of PostgreSQL.
    Postgres(Box<postgres::PostgresScratch>),
    /// One of MySQL or MariaDB.
    #[cfg(feature = "mysql")]
    Mysql(Box<mysql::MysqlScratch>),
    /// A file.
    Sqlite(sqlite::File),
}

impl DbTarget {
    /// Where scratch databases are made.
    ///
    /// # Errors
    /// Why there can be none.
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
    let help = "correct `admin`; what is not on this machine must stand in `[doctor] allow_hosts`";
    Box::new(CheckResult::error(why).help(help, &[]))
}

impl DatabaseEngine {
    /// An empty database.
    ///
    /// # Errors
    /// Why there is none, as the result of the check.
    pub async fn scratch(&self) -> Result<ScratchDatabase, Box<CheckResult>> {
        self.copy_of(None).await
    }

    /// Takes away what a run that was killed has left behind.
    pub async fn sweep(&self) {
        if let Self::Postgres(server) = self {
            server.sweep().await;
        }
    }

    /// A database that begins as another one.
    ///
    /// # Errors
    /// Why there is none, as the result of the check.
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
                Self::Sqlite => "make room in the folder for temporary files, or name another one by TMPDIR",
                _ => "see what `phx doctor db.reach` says; `admin` must be allowed to create databases",
            };
            Box::new(CheckResult::error(format!("no scratch database could be made: {why}")).help(help, &[]))
        })
    }
}

impl ScratchDatabase {
    /// How a program finds it: straight, or through a proxy.
    pub fn places(&self, via: Option<SocketAddr>) -> Placeholders {
        match self {
            Self::Postgres(scratch) => scratch.server.places(&scratch.name, via),
            #[cfg(feature = "mysql")]
            Self::Mysql(scratch) => scratch.server.places(&scratch.name, via),
            Self::Sqlite(file) => file.places(),
        }
    }

    /// What is in it.
    ///
    /// # Errors
    /// Why that cannot be told.
    pub async fn dump(&self) -> Result<Dump, Box<CheckResult>> {
        let dump = match self {
            Self::Postgres(scratch) => scratch.dump().await,
            #[cfg(feature = "mysql")]
            Self::Mysql(scratch) => scratch.dump().await,
            Self::Sqlite(file) => file.dump(),
        };
        dump.map_err(|why| Box::new(CheckResult::error(format!("the database cannot be read: {why}"))))
    }

    /// What a proxy is to stand before; nothing before a file.
    pub fn behind(&self) -> Option<Backend> {
        match self {
            Self::Postgres(scratch) => Some(scratch.server.behind()),
            #[cfg(feature = "mysql")]
            Self::Mysql(scratch) => Some(scratch.server.behind()),
            Self::Sqlite(_) => None,
        }
    }

    /// What programs that have ended still hold, a sentence each.
    ///
    /// # Errors
    /// Why that cannot be told.
    pub async fn left(&self) -> Result<Vec<String>, Box<CheckResult>> {
        let broken = |why: String| Box::new(CheckResult::error(format!("locks cannot be read: {why}")));
        match self {
            Self::Postgres(scratch) => {
                let client = scratch.connect().await.map_err(broken)?;
                let locks = postgres::locks(&client).await.map_err(broken)?;
                let said = |lock: &postgres::HeldLock| {
                    let verb = if lock.granted { "holds" } else { "waits for" };
                    format!("backend {} {verb} {} ({})", lock.pid, lock.what, lock.mode)
                };
                Ok(locks.iter().map(said).collect())
            }
            #[cfg(feature = "mysql")]
            Self::Mysql(scratch) => {
                let open = scratch.backends().await.map_err(broken)?;
                Ok(open.iter().map(|id| format!("connection {id} is still open")).collect())
            }
            Self::Sqlite(file) => {
                let open = file.opened_by().unwrap_or_default();
                let others = open.iter().filter(|group| **group != own_group());
                Ok(others.map(|group| format!("a process of group {group} has the file open")).collect())
            }
        }
    }

    /// The connections of others to it, as the server numbers them.
    ///
    /// # Errors
    /// Where that cannot be told.
    pub async fn backends(&self) -> Result<Vec<i64>, Box<CheckResult>> {
        let broken = |why: String| Box::new(CheckResult::error(format!("connections cannot be counted: {why}")));
        match self {
            Self::Postgres(scratch) => {
                let client = scratch.connect().await.map_err(broken)?;
                let pids = postgres::backends(&client).await.map_err(broken)?;
                Ok(pids.into_iter().map(i64::from).collect())
            }
            #[cfg(feature = "mysql")]
            Self::Mysql(scratch) => scratch.backends().await.map_err(broken),
            Self::Sqlite(_) => Ok(Vec::new()),
        }
    }

    /// Whether no statement of others runs in it, and they have no transaction open.
    ///
    /// # Errors
    /// If the server does not tell.
    pub async fn is_at_rest(&self) -> Result<bool, Box<CheckResult>> {
        let broken = |why: String| Box::new(CheckResult::error(format!("transactions cannot be counted: {why}")));
        match self {
            Self::Postgres(scratch) => {
                let client = scratch.connect().await.map_err(broken)?;
                postgres::is_at_rest(&client).await.map_err(broken)
            }
            #[cfg(feature = "mysql")]
            Self::Mysql(scratch) => scratch.is_at_rest().await.map_err(broken),
            Self::Sqlite(file) => Ok(file.writer().is_none()),
        }
    }

    /// Ends all connections of others to it.
    ///
    /// # Errors
    /// Where that fails.
    pub async fn terminate(&self) -> Result<(), Box<CheckResult>> {
        let broken = |why: String| Box::new(CheckResult::error(format!("connections cannot be ended: {why}")));
        match self {
            Self::Postgres(scratch) => scratch.terminate().await.map_err(broken),
            #[cfg(feature = "mysql")]
            Self::Mysql(scratch) => scratch.terminate().await.map_err(broken),
            Self::Sqlite(_) => Ok(()),
        }
    }

    /// Whether somebody can connect at an address, look at what was prepared, and write.
    pub async fn is_usable(&self, via: SocketAddr, within: Duration) -> bool {
        match self {
            Self::Postgres(scratch) => scratch.is_usable(via, within).await,
            #[cfg(feature = "mysql")]
            Self::Mysql(scratch) => scratch.is_usable(via, within).await,
            Self::Sqlite(_) => true,
        }
    }

    /// Its tables, each with what changes when it is made anew or emptied; nothing where nobody can say.
    ///
    /// # Errors
    /// Where that cannot be told.
    pub async fn identities(&self) -> Result<Vec<String>, Box<CheckResult>> {
        let Self::Postgres(scratch) = self else { return Ok(Vec::new()) };
        let broken = |why: String| Box::new(CheckResult::error(format!("the database cannot be read: {why}")));
        let client = scratch.connect().await.map_err(broken)?;
        postgres::identities(&client).await.map_err(broken)
    }

    /// How often there was a deadlock in it.
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
