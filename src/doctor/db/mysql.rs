//! MySQL and MariaDB: connecting, classifying errors, and scratch databases. TLS is not supported.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::time::{Duration, Instant};

use mysql_async::prelude::Queryable;
use mysql_async::{Conn, Error, Opts, OptsBuilder};
use tokio::time::timeout;

use super::dump::Dump;
use super::reach::ConnectRefusal;
use super::{drop_in_background, scratch_name};
use crate::doctor::allow::Allow;
use crate::doctor::fault::Backend;
use crate::doctor::program::Placeholders;

/// Timeout for connecting and for each statement of doctor itself.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);

/// Connection settings of a server.
#[derive(Clone, Debug)]
pub struct MysqlServer {
    opts: Opts,
    address: SocketAddr,
}

/// Established connection.
#[derive(Debug)]
pub struct MysqlConnection {
    /// Duration of connecting.
    pub time: Duration,
    pub version: String,
    pub client: Conn,
}

fn refusal(error: &Error) -> ConnectRefusal {
    let why = crate::doctor::http::error_chain(error);
    match error {
        Error::Server(server) => {
            // Error numbers of the MySQL error message reference.
            let class = match server.code {
                1045 | 1044 | 1698 => "auth",
                1040 | 1203 => "too-many",
                1049 => "no-database",
                1053 => "starting",
                _ => "other",
            };
            ConnectRefusal { class, why, state: Some(server.state.clone()) }
        }
        _ if why.contains("refused") => ConnectRefusal { class: "refused", why, state: None },
        _ => ConnectRefusal { class: "other", why, state: None },
    }
}

/// Runs a statement of doctor itself with a timeout.
pub async fn within<T>(work: impl Future<Output = Result<T, Error>>) -> Result<T, ConnectRefusal> {
    match timeout(CONNECT_TIMEOUT, work).await {
        Ok(done) => done.map_err(|error| refusal(&error)),
        Err(_) => Err(ConnectRefusal::late(CONNECT_TIMEOUT)),
    }
}

impl MysqlServer {
    /// Parses `admin` and resolves its host.
    ///
    /// # Errors
    /// Returns an error if `admin` is not valid, names a socket, or the host is not allowed.
    pub async fn new(dsn: &str, allow: &Allow) -> Result<Self, String> {
        let opts = Opts::from_url(dsn).map_err(|error| format!("`admin` is not a valid MySQL URL: {error}"))?;
        if opts.socket().is_some() {
            return Err("`admin` names a socket; use `mysql://USER@HOST:PORT/`".to_owned());
        }
        let addresses = allow.addresses(opts.ip_or_hostname(), opts.tcp_port()).await?;
        let opts = OptsBuilder::from_opts(opts).ip_or_hostname(addresses[0].ip().to_string()).prefer_socket(false);
        Ok(Self { opts: opts.into(), address: addresses[0] })
    }

    /// Connects to `database`, or else without selecting a database.
    pub async fn connect(&self, database: Option<&str>) -> Result<MysqlConnection, ConnectRefusal> {
        let opts = OptsBuilder::from_opts(self.opts.clone()).db_name(database);
        let start = Instant::now();
        let mut client = within(Conn::new(opts)).await?;
        let time = start.elapsed();
        let version = within(client.query_first::<String, _>("SELECT VERSION()")).await?.unwrap_or_default();
        Ok(MysqlConnection { time, version, client })
    }

    /// Creates an empty scratch database.
    pub async fn scratch(&self) -> Result<MysqlScratch, String> {
        let name = scratch_name();
        let mut client = self.connect(None).await.map_err(|refusal| refusal.why)?.client;
        // The guard is created first, so that an interruption does not leave the database behind.
        let mut scratch = MysqlScratch { server: self.clone(), name };
        match within(client.query_drop(format!("CREATE DATABASE `{}`", scratch.name))).await {
            Ok(()) => Ok(scratch),
            Err(refusal) => {
                // A database that the server refused to create need not be dropped.
                if refusal.state.is_some() {
                    scratch.name.clear();
                }
                Err(refusal.why)
            }
        }
    }

    /// Returns the address to which a proxy forwards.
    pub fn behind(&self) -> Backend {
        Backend::Talker(self.address)
    }

    /// Returns the placeholder values with which a program connects: directly, or through the proxy at `via`.
    pub fn places(&self, database: &str, via: Option<SocketAddr>) -> Placeholders {
        let address = via.unwrap_or(self.address);
        let (user, password) = (self.opts.user().unwrap_or_default(), self.opts.pass().unwrap_or_default());
        let encode =
            |text: &str| percent_encoding::utf8_percent_encode(text, percent_encoding::NON_ALPHANUMERIC).to_string();
        let login = if password.is_empty() { encode(user) } else { format!("{}:{}", encode(user), encode(password)) };
        Placeholders::default()
            .with("dsn", format!("mysql://{login}@{address}/{database}"))
            .with("host", address.ip().to_string())
            .with("port", address.port().to_string())
            .with("user", user)
            .with("password", password)
            .with("database", database)
    }
}

/// Database that is dropped with its handle.
#[derive(Debug)]
pub struct MysqlScratch {
    pub server: MysqlServer,
    /// Empty if the database was not created.
    pub name: String,
}

impl Drop for MysqlScratch {
    fn drop(&mut self) {
        let server = self.server.clone();
        drop_in_background(self.name.clone(), move |name| drop_database(&server, name));
    }
}

/// Drops a database even if clients are connected to it.
fn drop_database(server: &MysqlServer, name: &str) -> Result<(), String> {
    let runtime =
        tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(|error| error.to_string())?;
    runtime.block_on(async {
        let mut client = server.connect(None).await.map_err(|refusal| refusal.why)?.client;
        terminate_all(&mut client, name).await.map_err(|refusal| refusal.why)?;
        within(client.query_drop(format!("DROP DATABASE IF EXISTS `{name}`"))).await.map_err(|refusal| refusal.why)
    })
}

/// Terminates all connections to a database.
async fn terminate_all(client: &mut Conn, name: &str) -> Result<(), ConnectRefusal> {
    for id in connection_ids(client, name).await? {
        // A connection that has closed by now need not be terminated.
        let _ = within(client.query_drop(format!("KILL {id}"))).await;
    }
    Ok(())
}

async fn connection_ids(client: &mut Conn, name: &str) -> Result<Vec<i64>, ConnectRefusal> {
    let sql = format!(
        "SELECT CAST(id AS SIGNED) FROM information_schema.processlist WHERE db = '{name}' AND id <> CONNECTION_ID() ORDER BY 1"
    );
    within(client.query(sql)).await
}

impl MysqlScratch {
    /// Returns the ids of the connections of other clients.
    pub async fn backends(&self) -> Result<Vec<i64>, String> {
        let mut client = self.server.connect(None).await.map_err(|refusal| refusal.why)?.client;
        connection_ids(&mut client, &self.name).await.map_err(|refusal| refusal.why)
    }

    /// Returns whether other clients run no statement and have no open transaction.
    pub async fn is_at_rest(&self) -> Result<bool, String> {
        let mut client = self.server.connect(None).await.map_err(|refusal| refusal.why)?.client;
        let sql = format!(
            "SELECT COUNT(*) FROM information_schema.processlist p LEFT JOIN information_schema.innodb_trx t ON t.trx_mysql_thread_id = p.id \
             WHERE p.db = '{}' AND p.id <> CONNECTION_ID() AND (p.command <> 'Sleep' OR t.trx_id IS NOT NULL)",
            self.name
        );
        let busy = within(client.query_first::<i64, _>(sql)).await.map_err(|refusal| refusal.why)?;
        Ok(busy == Some(0))
    }

    /// Terminates all connections of other clients.
    pub async fn terminate(&self) -> Result<(), String> {
        let mut client = self.server.connect(None).await.map_err(|refusal| refusal.why)?.client;
        terminate_all(&mut client, &self.name).await.map_err(|refusal| refusal.why)
    }

    /// Returns whether a client can connect through `via`, finds tables, and may write.
    pub async fn is_usable(&self, via: SocketAddr, within: Duration) -> bool {
        let work = async {
            let opts = Opts::from_url(&self.server.places(&self.name, Some(via)).fill("{dsn}")).ok()?;
            let mut client = Conn::new(OptsBuilder::from_opts(opts).prefer_socket(false)).await.ok()?;
            let sql = "SELECT COUNT(*) > 0 AND @@read_only = 0 FROM information_schema.tables WHERE table_schema = DATABASE()";
            client.query_first::<bool, _>(sql).await.ok()?
        };
        timeout(within, work).await.ok().flatten().unwrap_or(false)
    }

    /// Reads the schema and the row counts.
    pub async fn dump(&self) -> Result<Dump, String> {
        self.read().await.map_err(|refusal| refusal.why)
    }

    async fn read(&self) -> Result<Dump, ConnectRefusal> {
        let mut client = self.server.connect(Some(&self.name)).await?.client;
        let mut schema: Vec<String> = Vec::new();
        for sql in SCHEMA {
            schema.extend(within(client.query::<String, _>(*sql)).await?);
        }
        schema.sort();
        let tables: Vec<String> = within(client.query(TABLES)).await?;
        let mut counts = BTreeMap::new();
        for table in tables {
            let sql = format!("SELECT COUNT(*) FROM `{}`", table.replace('`', "``"));
            counts.insert(table, within(client.query_first(sql)).await?.unwrap_or(0));
        }
        Ok(Dump { schema, counts })
    }
}

/// Queries that return one line per schema object.
const SCHEMA: &[&str] = &[
    "SELECT CONCAT('column ', table_name, '.', column_name, ' ', column_type, ' ', is_nullable, ' ', COALESCE(column_default, ''), ' ', extra) \
     FROM information_schema.columns WHERE table_schema = DATABASE()",
    "SELECT CONCAT('index ', table_name, '.', index_name, ' ', seq_in_index, ' ', column_name, ' ', non_unique) \
     FROM information_schema.statistics WHERE table_schema = DATABASE()",
    "SELECT CONCAT('constraint ', table_name, '.', constraint_name, ' ', constraint_type) \
     FROM information_schema.table_constraints WHERE table_schema = DATABASE()",
    "SELECT CONCAT('view ', table_name, ' ', MD5(view_definition)) FROM information_schema.views WHERE table_schema = DATABASE()",
    "SELECT CONCAT('routine ', routine_name, ' ', MD5(COALESCE(routine_definition, ''))) \
     FROM information_schema.routines WHERE routine_schema = DATABASE()",
    "SELECT CONCAT('trigger ', trigger_name, ' ', MD5(action_statement)) FROM information_schema.triggers WHERE trigger_schema = DATABASE()",
];

const TABLES: &str = "SELECT table_name FROM information_schema.tables WHERE table_schema = DATABASE() AND table_type = 'BASE TABLE' ORDER BY 1";
