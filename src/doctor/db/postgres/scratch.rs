//! PostgreSQL scratch database: contents, connections, locks and removal.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::time::Duration;

use tokio::time::timeout;
use tokio_postgres::{Client, Config, NoTls};

use super::{OWN, PostgresServer, with, within};
use crate::doctor::db::drop_in_background;
use crate::doctor::db::dump::Dump;
use crate::doctor::db::reach::ConnectRefusal;

/// Database that is dropped with its handle.
#[derive(Debug)]
pub struct PostgresScratch {
    pub server: PostgresServer,
    /// Empty if the database was not created.
    pub name: String,
}

impl Drop for PostgresScratch {
    fn drop(&mut self) {
        let server = self.server.clone();
        drop_in_background(self.name.clone(), move |name| drop_database(&server, name));
    }
}

/// Drops a database even if clients are connected to it.
fn drop_database(server: &PostgresServer, name: &str) -> Result<(), String> {
    let runtime =
        tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(|error| error.to_string())?;
    runtime.block_on(async {
        let client = server.connect(None).await.map_err(|refusal| refusal.why)?.client;
        // Terminates the clients of the database, and a `CREATE DATABASE` that is still running after doctor was
        // interrupted.
        let terminate = format!(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid <> pg_backend_pid() \
             AND (datname = '{name}' OR (state = 'active' AND query LIKE 'CREATE DATABASE \"{name}\"%'))"
        );
        for _ in 0..100 {
            let left = within(client.query(&terminate, &[])).await.map_err(|refusal| refusal.why)?;
            let dropped = within(client.batch_execute(&format!("DROP DATABASE IF EXISTS \"{name}\""))).await;
            match dropped {
                Ok(()) if left.is_empty() => return Ok(()),
                Ok(()) => {}
                // A client is still connected (object_in_use).
                Err(refusal) if refusal.state.as_deref() == Some("55006") => {}
                Err(refusal) => return Err(refusal.why),
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        Err("a client keeps reconnecting to it".to_owned())
    })
}

/// Lock that a worker holds or waits for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HeldLock {
    /// Process id of the backend.
    pub pid: i32,
    /// Locked object, such as `advisory` or `relation pg_class`.
    pub what: String,
    /// Lock mode as in `pg_locks`, such as `ExclusiveLock`.
    pub mode: String,
    /// Whether the backend holds the lock; otherwise it waits for it.
    pub granted: bool,
}

impl PostgresScratch {
    /// Connects to the database as doctor.
    pub async fn connect(&self) -> Result<Client, String> {
        self.server.connect(Some(&self.name)).await.map(|reached| reached.client).map_err(|refusal| refusal.why)
    }

    /// Terminates all connections except those of doctor.
    pub async fn terminate(&self) -> Result<(), String> {
        let client = self.server.connect(None).await.map_err(|refusal| refusal.why)?.client;
        let sql =
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = $1 AND application_name <> $2";
        within(client.query(sql, &[&self.name, &OWN])).await.map(drop).map_err(|refusal| refusal.why)
    }

    /// Returns whether a client can connect through `via`, finds tables, and may write.
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

    /// Reads the schema and the row counts.
    pub async fn dump(&self) -> Result<Dump, String> {
        let client = self.connect().await?;
        let reason = |refusal: ConnectRefusal| refusal.why;
        let rows = within(client.query(SCHEMA, &[])).await.map_err(reason)?;
        let schema = rows.iter().map(|row| row.get::<_, String>(0)).collect();
        let tables = within(client.query(TABLES, &[])).await.map_err(reason)?;
        let mut counts = BTreeMap::new();
        for row in tables {
            let table: String = row.get(0);
            let row = within(client.query_one(&format!("SELECT count(*) FROM {table}"), &[])).await.map_err(reason)?;
            counts.insert(table, row.get(0));
        }
        Ok(Dump { schema, counts })
    }
}

/// Returns the locks of other clients in the connected database: those that are waited for, and those that outlive a
/// statement.
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

/// Returns the backends of other clients in the connected database.
pub async fn backends(client: &Client) -> Result<Vec<i32>, String> {
    let rows = within(client.query(BACKENDS, &[&OWN])).await.map_err(|refusal| refusal.why)?;
    Ok(rows.iter().map(|row| row.get(0)).collect())
}

/// Returns whether other clients in the connected database run no statement and have no open transaction.
pub async fn is_at_rest(client: &Client) -> Result<bool, String> {
    let sql = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid() \
        AND application_name <> $1 AND backend_type = 'client backend' AND state <> 'idle'";
    let row = within(client.query_one(sql, &[&OWN])).await.map_err(|refusal| refusal.why)?;
    Ok(row.get::<_, i64>(0) == 0)
}

/// Returns name, OID and file node of each table in the connected database.
pub async fn identities(client: &Client) -> Result<Vec<String>, String> {
    let sql = "SELECT format('%I.%I %s %s', n.nspname, c.relname, c.oid, c.relfilenode) FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace \
        WHERE c.relkind = 'r' AND n.nspname !~ '^pg_' AND n.nspname <> 'information_schema' ORDER BY 1";
    let rows = within(client.query(sql, &[])).await.map_err(|refusal| refusal.why)?;
    Ok(rows.iter().map(|row| row.get(0)).collect())
}

/// Returns the number of deadlocks in the connected database.
pub async fn deadlocks(client: &Client) -> Result<i64, String> {
    let sql = "SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()";
    within(client.query_one(sql, &[])).await.map(|row| row.get(0)).map_err(|refusal| refusal.why)
}

/// Returns the backend process id from the first messages of the server (`BackendKeyData`, PostgreSQL documentation,
/// section 55.7); `None` if they are encrypted.
pub fn backend_of(greeting: &[u8]) -> Option<i32> {
    // One-byte answer to a client that requested encryption.
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

/// Query for the canonical schema: one sorted line per schema object, without OIDs.
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
    fn reads_the_backend_id_from_the_first_messages() {
        let message =
            |kind: u8, body: &[u8]| [&[kind][..], &u32::try_from(body.len() + 4).unwrap().to_be_bytes(), body].concat();
        let key = message(b'K', &[0, 0, 1, 2, 9, 9, 9, 9]);
        let greeting = [message(b'R', &[0, 0, 0, 0]), message(b'S', b"a\0b\0"), key].concat();
        assert_eq!(backend_of(&greeting), Some(258));
        assert_eq!(backend_of(&[b"N", &greeting[..]].concat()), Some(258));
        assert_eq!((backend_of(&greeting[..20]), backend_of(b"S\x16\x03\x03"), backend_of(b"")), (None, None, None));
    }
}
