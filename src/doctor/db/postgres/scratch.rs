//! A scratch database of PostgreSQL: what is in it, who is connected, who waits for what; and its end.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::time::Duration;

use tokio::time::timeout;
use tokio_postgres::{Client, Config, NoTls};

use super::{OWN, PostgresServer, with, within};
use crate::doctor::db::drop_in_background;
use crate::doctor::db::dump::Dump;
use crate::doctor::db::reach::ConnectRefusal;

/// A database that goes with its handle.
#[derive(Debug)]
pub struct PostgresScratch {
    /// The server that it is in.
    pub server: PostgresServer,
    /// Its name.
    pub name: String,
}

impl Drop for PostgresScratch {
    fn drop(&mut self) {
        let server = self.server.clone();
        drop_in_background(self.name.clone(), move |name| dropped(&server, name));
    }
}

/// Drops a database, whoever is connected to it.
fn dropped(server: &PostgresServer, name: &str) -> Result<(), String> {
    let runtime =
        tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(|error| error.to_string())?;
    runtime.block_on(async {
        let client = server.connect(None).await.map_err(|refusal| refusal.why)?.client;
        // Those that are connected to it, and the statement that makes it, where nobody has waited for its end.
        let ended = format!(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid <> pg_backend_pid() \
             AND (datname = '{name}' OR (state = 'active' AND query LIKE 'CREATE DATABASE \"{name}\"%'))"
        );
        for _ in 0..100 {
            let left = within(client.query(&ended, &[])).await.map_err(|refusal| refusal.why)?;
            let dropped = within(client.batch_execute(&format!("DROP DATABASE IF EXISTS \"{name}\""))).await;
            match dropped {
                Ok(()) if left.is_empty() => return Ok(()),
                Ok(()) => {}
                // Somebody is still connected to it.
                Err(refusal) if refusal.state.as_deref() == Some("55006") => {}
                Err(refusal) => return Err(refusal.why),
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        Err("somebody keeps connecting to it".to_owned())
    })
}

/// A lock of a worker, or one that it waits for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HeldLock {
    /// The backend.
    pub pid: i32,
    /// What is locked, as `advisory` or `relation pg_class`.
    pub what: String,
    /// How.
    pub mode: String,
    /// Whether it has it.
    pub granted: bool,
}

impl PostgresScratch {
    /// Connects to it.
    ///
    /// # Errors
    /// Why that fails.
    pub async fn connect(&self) -> Result<Client, String> {
        self.server.connect(Some(&self.name)).await.map(|reached| reached.client).map_err(|refusal| refusal.why)
    }

    /// Ends all connections of others to it.
    ///
    /// # Errors
    /// Why that fails.
    pub async fn terminate(&self) -> Result<(), String> {
        let client = self.server.connect(None).await.map_err(|refusal| refusal.why)?.client;
        let sql =
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = $1 AND application_name <> $2";
        within(client.query(sql, &[&self.name, &OWN])).await.map(drop).map_err(|refusal| refusal.why)
    }

    /// Whether somebody can connect at an address, finds tables, and may write.
    pub async fn is_usable(&self, via: SocketAddr, within: Duration) -> bool {
        let work = async {
            let dsn = self.server.places(&self.name, Some(via)).fill("{dsn}");
            let config: Config = dsn.parse().ok()?;
            let client = with(&config, NoTls).await.ok()?;
            let sql = format!("SELECT current_setting('transaction_read_only') = 'off' AND EXISTS ({TABLES})");
            client.query_one(&sql, &[]).await.ok()?.try_get::<_, bool>(0).ok()
        };
        timeout(within, work).await.ok().flatten().unwrap_or(false)
    }

    /// What is in it.
    ///
    /// # Errors
    /// Why that cannot be told.
    pub async fn dump(&self) -> Result<Dump, String> {
        let client = self.connect().await?;
        let said = |refusal: ConnectRefusal| refusal.why;
        let rows = within(client.query(SCHEMA, &[])).await.map_err(said)?;
        let schema = rows.iter().map(|row| row.get::<_, String>(0)).collect();
        let tables = within(client.query(TABLES, &[])).await.map_err(said)?;
        let mut counts = BTreeMap::new();
        for row in tables {
            let table: String = row.get(0);
            let row = within(client.query_one(&format!("SELECT count(*) FROM {table}"), &[])).await.map_err(said)?;
            counts.insert(table, row.get(0));
        }
        Ok(Dump { schema, counts })
    }
}

/// Locks of others in the database of a connection: those that are waited for, and all that outlive statements.
///
/// # Errors
/// Why that cannot be told.
pub async fn locks(client: &Client) -> Result<Vec<HeldLock>, String> {
    let rows = within(client.query(LOCKS, &[&OWN])).await.map_err(|refusal| refusal.why)?;
    let lock = |row: &tokio_postgres::Row| HeldLock {
        pid: row.get(0),
        what: row.get(1),
        mode: row.get(2),
        granted: row.get(3),
    };
    Ok(rows.iter().map(lock).collect())
}

/// The backends of others in the database of a connection.
///
/// # Errors
/// Why that cannot be told.
pub async fn backends(client: &Client) -> Result<Vec<i32>, String> {
    let rows = within(client.query(BACKENDS, &[&OWN])).await.map_err(|refusal| refusal.why)?;
    Ok(rows.iter().map(|row| row.get(0)).collect())
}

/// Whether others in the database of a connection run no statement and have no transaction open.
///
/// # Errors
/// Why that cannot be told.
pub async fn is_at_rest(client: &Client) -> Result<bool, String> {
    let sql = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid() \
        AND application_name <> $1 AND backend_type = 'client backend' AND state <> 'idle'";
    let row = within(client.query_one(sql, &[&OWN])).await.map_err(|refusal| refusal.why)?;
    Ok(row.get::<_, i64>(0) == 0)
}

/// The tables in the database of a connection, each with the number of the table and that of its file.
///
/// # Errors
/// Why that cannot be told.
pub async fn identities(client: &Client) -> Result<Vec<String>, String> {
    let sql = "SELECT format('%I.%I %s %s', n.nspname, c.relname, c.oid, c.relfilenode) FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace \
        WHERE c.relkind = 'r' AND n.nspname !~ '^pg_' AND n.nspname <> 'information_schema' ORDER BY 1";
    let rows = within(client.query(sql, &[])).await.map_err(|refusal| refusal.why)?;
    Ok(rows.iter().map(|row| row.get(0)).collect())
}

/// How often there was a deadlock in the database of a connection.
///
/// # Errors
/// Why that cannot be told.
pub async fn deadlocks(client: &Client) -> Result<i64, String> {
    let sql = "SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()";
    within(client.query_one(sql, &[])).await.map(|row| row.get(0)).map_err(|refusal| refusal.why)
}

/// The backend that is at the other end of a connection, from what the server said first (`BackendKeyData`, PostgreSQL, 55.7); none
/// where that was encrypted.
pub fn backend_of(greeting: &[u8]) -> Option<i32> {
    // An answer of one byte to somebody who asked for encryption.
    let mut rest = greeting.strip_prefix(b"N").filter(|rest| rest.first() == Some(&b'R')).unwrap_or(greeting);
    while let [kind, a, b, c, d, body @ ..] = rest {
        let length = usize::try_from(u32::from_be_bytes([*a, *b, *c, *d])).ok()?.checked_sub(4)?;
        let body_of = body.get(..length)?;
        if *kind == b'K' {
            return Some(i32::from_be_bytes(body_of.get(..4)?.try_into().ok()?));
        }
        rest = &body[length..];
    }
    None
}

/// The canonical schema: a line for each thing that a migration makes, sorted, without the ids of this database.
const SCHEMA: &str = include_str!("schema.sql");

const TABLES: &str = "SELECT format('%I.%I', n.nspname, c.relname) FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace \
    WHERE c.relkind = 'r' AND n.nspname !~ '^pg_' AND n.nspname <> 'information_schema' ORDER BY 1";

const LOCKS: &str = "SELECT l.pid, CASE WHEN l.locktype = 'relation' THEN 'relation ' || l.relation::regclass::text ELSE l.locktype END, \
    l.mode, l.granted FROM pg_locks l JOIN pg_stat_activity a ON a.pid = l.pid \
    WHERE a.datname = current_database() AND a.pid <> pg_backend_pid() AND a.application_name <> $1 \
    AND (NOT l.granted OR l.locktype = 'advisory' OR (a.state IN ('idle', 'idle in transaction') AND l.locktype = 'relation')) ORDER BY 1, 2, 3";

const BACKENDS: &str = "SELECT pid FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid() \
    AND application_name <> $1 AND backend_type = 'client backend' ORDER BY 1";

#[cfg(test)]
mod tests {
    use super::backend_of;

    #[test]
    fn a_backend_is_told_from_what_it_says_first() {
        let message =
            |kind: u8, body: &[u8]| [&[kind][..], &u32::try_from(body.len() + 4).unwrap().to_be_bytes(), body].concat();
        let key = message(b'K', &[0, 0, 1, 2, 9, 9, 9, 9]);
        let said = [message(b'R', &[0, 0, 0, 0]), message(b'S', b"a\0b\0"), key].concat();
        assert_eq!(backend_of(&said), Some(258));
        assert_eq!(backend_of(&[b"N", &said[..]].concat()), Some(258));
        assert_eq!((backend_of(&said[..20]), backend_of(b"S\x16\x03\x03"), backend_of(b"")), (None, None, None));
    }
}
