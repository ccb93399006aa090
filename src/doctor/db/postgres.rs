//! PostgreSQL: connecting, and classifying connection errors.

mod scratch;

pub use scratch::{HeldLock, PostgresScratch, backend_of, backends, deadlocks, identities, is_at_rest, locks};

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use tokio::time::timeout;
use tokio_postgres::config::{Host, SslMode};
use tokio_postgres::error::SqlState;
use tokio_postgres::{Client, Config, NoTls};
use tokio_postgres_rustls::MakeRustlsConnect;

use super::reach::ConnectRefusal;
use super::{PREFIX, scratch_name};
use crate::doctor::allow::Allow;
use crate::doctor::fault::Backend;
use crate::doctor::http;
use crate::doctor::program::Placeholders;

/// `application_name` of doctor's own connections.
const OWN: &str = "phx doctor";
/// Timeout for connecting and for each statement of doctor itself.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);

impl ConnectRefusal {
    fn of(error: &tokio_postgres::Error) -> Self {
        let state = error.code();
        let class = match state {
            Some(state) if *state == SqlState::INVALID_PASSWORD => "auth",
            Some(state) if *state == SqlState::INVALID_AUTHORIZATION_SPECIFICATION => "auth",
            Some(state) if *state == SqlState::CANNOT_CONNECT_NOW => "starting",
            Some(state) if *state == SqlState::TOO_MANY_CONNECTIONS => "too-many",
            Some(state) if *state == SqlState::INVALID_CATALOG_NAME => "no-database",
            Some(_) => "other",
            None => {
                let text = http::error_chain(error);
                match () {
                    () if text.contains("TLS") || text.contains("certificate") => "tls",
                    () if text.contains("password") => "auth",
                    () if text.contains("refused") || text.contains("No such file") => "refused",
                    () => "other",
                }
            }
        };
        Self { class, why: http::error_chain(error), state: state.map(|state| state.code().to_owned()) }
    }
}

/// Connection settings of a server.
#[derive(Clone)]
pub struct PostgresServer {
    config: Config,
    tls: Option<MakeRustlsConnect>,
    is_preferred: bool,
}

impl std::fmt::Debug for PostgresServer {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("Server")
    }
}

/// Established connection.
#[derive(Debug)]
pub struct PostgresConnection {
    /// Duration of connecting.
    pub time: Duration,
    pub version: String,
    pub tls: bool,
    pub client: Client,
}

impl PostgresServer {
    /// Parses `admin` and resolves its host.
    ///
    /// # Errors
    /// Returns an error if `admin` is not valid, does not name exactly one host, or the host is not allowed.
    pub async fn new(dsn: &str, ca: Option<&str>, allow: &Allow) -> Result<Self, String> {
        let given: Config = dsn.parse().map_err(|error: tokio_postgres::Error| {
            format!("`admin` is not a valid PostgreSQL connection string: {}", http::error_chain(&error))
        })?;
        let ports = given.get_ports();
        let mut config = Config::new();
        config.user(given.get_user().unwrap_or("postgres")).dbname(given.get_dbname().unwrap_or("postgres"));
        config.application_name(OWN).connect_timeout(CONNECT_TIMEOUT).ssl_mode(given.get_ssl_mode());
        if let Some(password) = given.get_password() {
            config.password(password);
        }
        if let Some(options) = given.get_options() {
            config.options(options);
        }
        for (at, host) in given.get_hosts().iter().enumerate() {
            let port = ports.get(at).or(ports.first()).copied().unwrap_or(5432);
            match host {
                Host::Tcp(name) => {
                    let addresses = allow.addresses(name, port).await?;
                    config.host(name).hostaddr(addresses[0].ip());
                }
                #[cfg(unix)]
                Host::Unix(path) => {
                    config.host_path(path);
                }
            }
            config.port(port);
        }
        if given.get_hosts().len() > 1 || !given.get_hostaddrs().is_empty() {
            return Err("`admin` has several hosts or a `hostaddr`; use one `host`".to_owned());
        }
        if given.get_hosts().is_empty() {
            return Err(
                "`admin` has no host; write `postgresql://USER@HOST/`, or `?host=/DIRECTORY` for a socket".to_owned()
            );
        }
        let wanted = given.get_ssl_mode();
        let tls = (wanted != SslMode::Disable).then(|| http::tls(ca)).transpose()?;
        let tls = tls.map(|tls| MakeRustlsConnect::new(tls.config()));
        Ok(Self { config, tls, is_preferred: wanted == SslMode::Prefer })
    }

    /// Sets another application name: a pooler reuses its connections for other clients, and doctor ignores connections
    /// with its own name.
    #[must_use]
    pub fn through_pooler(mut self) -> Self {
        self.config.application_name("phx doctor, behind a pooler");
        self
    }

    /// Connects to `database`, or else to the database in `admin`.
    pub async fn connect(&self, database: Option<&str>) -> Result<PostgresConnection, ConnectRefusal> {
        let mut config = self.config.clone();
        if let Some(database) = database {
            config.dbname(database);
        }
        let start = Instant::now();
        let connected = match &self.tls {
            Some(tls) => match with(&config, tls.clone()).await {
                // Like libpq with `sslmode=prefer`: connects without TLS if the TLS handshake fails.
                Err(refusal) if refusal.class == "tls" && self.is_preferred => {
                    with(config.ssl_mode(SslMode::Disable), NoTls).await
                }
                other => other,
            },
            None => with(&config, NoTls).await,
        };
        let client = connected?;
        let time = start.elapsed();
        let sql = "SELECT current_setting('server_version'), coalesce((SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()), false)";
        let row = within(client.query_one(sql, &[])).await?;
        Ok(PostgresConnection { time, version: row.get(0), tls: row.get(1), client })
    }

    /// Creates a scratch database, with the contents of `template` if one is given.
    pub async fn scratch(&self, template: Option<&str>) -> Result<PostgresScratch, String> {
        let name = scratch_name();
        let client = self.connect(None).await.map_err(|refusal| refusal.why)?.client;
        // The guard is created first, so that an interruption does not leave the database behind.
        let mut scratch = PostgresScratch { server: self.clone(), name };
        let template = template.map_or_else(String::new, |template| format!(" TEMPLATE \"{template}\""));
        let sql = format!("CREATE DATABASE \"{}\"{template}", scratch.name);
        match within(client.batch_execute(&sql)).await {
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

    /// Drops scratch databases of killed runs: more than an hour old and without connections.
    pub async fn sweep(&self) {
        let Ok(PostgresConnection { client, .. }) = self.connect(None).await else { return };
        let sql = "SELECT datname FROM pg_database d WHERE datname LIKE 'phx\\_doctor\\_%' AND NOT EXISTS (SELECT 1 FROM pg_stat_activity a WHERE a.datname = d.datname)";
        for row in within(client.query(sql, &[])).await.unwrap_or_default() {
            let name: String = row.get(0);
            let id = name.strip_prefix(PREFIX).and_then(|id| uuid::Uuid::parse_str(id).ok());
            let made = id.and_then(|id| id.get_timestamp()).map(|time| time.to_unix().0);
            if made.is_some_and(|made| made + 3_600 < uuid::Timestamp::now(uuid::NoContext).to_unix().0) {
                let _ = within(client.batch_execute(&format!("DROP DATABASE IF EXISTS \"{name}\""))).await;
            }
        }
    }

    /// Returns the address of the first host, to which a proxy forwards.
    pub fn behind(&self) -> Backend {
        let port = self.config.get_ports().first().copied().unwrap_or(5432);
        match self.config.get_hosts().first() {
            #[cfg(unix)]
            Some(Host::Unix(path)) => Backend::Unix(path.join(format!(".s.PGSQL.{port}"))),
            _ => {
                let address = self.config.get_hostaddrs().first().copied();
                Backend::Tcp(SocketAddr::new(address.unwrap_or([127, 0, 0, 1].into()), port))
            }
        }
    }

    /// Returns the placeholder values with which a program connects: directly, or through the proxy at `via`.
    pub fn places(&self, database: &str, via: Option<SocketAddr>) -> Placeholders {
        let config = &self.config;
        let port = via.map_or(config.get_ports().first().copied().unwrap_or(5432), |via| via.port());
        let host = match (via, config.get_hosts().first()) {
            (Some(via), _) => via.ip().to_string(),
            #[cfg(unix)]
            (None, Some(Host::Unix(path))) => path.display().to_string(),
            (None, Some(Host::Tcp(name))) => name.clone(),
            _ => "127.0.0.1".to_owned(),
        };
        let user = config.get_user().unwrap_or_default();
        let password =
            config.get_password().map(|bytes| String::from_utf8_lossy(bytes).into_owned()).unwrap_or_default();
        let encode =
            |text: &str| percent_encoding::utf8_percent_encode(text, percent_encoding::NON_ALPHANUMERIC).to_string();
        let login = match password.as_str() {
            "" => encode(user),
            password => format!("{}:{}", encode(user), encode(password)),
        };
        let mode = if config.get_ssl_mode() == SslMode::Require { "sslmode=require" } else { "" };
        let dsn = if host.starts_with('/') {
            let mode = if mode.is_empty() { String::new() } else { format!("&{mode}") };
            // Some libraries also require a host before the path; all of them give the directory precedence.
            format!("postgresql://{login}@localhost:{port}/{database}?host={}{mode}", encode(&host))
        } else {
            let mode = if mode.is_empty() { String::new() } else { format!("?{mode}") };
            let host = if host.contains(':') { format!("[{host}]") } else { host.clone() };
            format!("postgresql://{login}@{host}:{port}/{database}{mode}")
        };
        Placeholders::default()
            .with("dsn", dsn)
            .with("host", host)
            .with("port", port.to_string())
            .with("user", user)
            .with("password", password)
            .with("database", database)
    }
}

async fn with<T>(config: &Config, tls: T) -> Result<Client, ConnectRefusal>
where
    T: tokio_postgres::tls::MakeTlsConnect<tokio_postgres::Socket>,
    T::Stream: Send + 'static,
{
    let (client, connection) = within(config.connect(tls)).await?;
    tokio::spawn(async move {
        let _ = connection.await;
    });
    Ok(client)
}

/// Runs a statement of doctor itself with a timeout.
pub async fn within<T>(work: impl Future<Output = Result<T, tokio_postgres::Error>>) -> Result<T, ConnectRefusal> {
    match timeout(CONNECT_TIMEOUT, work).await {
        Ok(done) => done.map_err(|error| ConnectRefusal::of(&error)),
        Err(_) => Err(ConnectRefusal::late(CONNECT_TIMEOUT)),
    }
}
