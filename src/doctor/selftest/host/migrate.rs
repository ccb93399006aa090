//! Program that initializes a database: `phx __host migrate sqlite PATH [FAULT…]` or `phx __host migrate postgres DSN
//! [FAULT…]` (internal). Without faults one worker initializes, the others wait, and a second run changes nothing.

use std::path::Path;
use std::time::{Duration, Instant};

use rusqlite::{Connection, ErrorCode};
use tokio_postgres::{Client, NoTls};

use crate::system::disk;

/// Timeout for the lock of another worker.
const LOCK_TIMEOUT: Duration = Duration::from_secs(5);
/// Pause between a test and the action that depends on it.
const PAUSE: Duration = Duration::from_millis(150);
/// Schema to create.
const SCHEMA: &str = "CREATE TABLE harbour (id INTEGER PRIMARY KEY, name TEXT NOT NULL)";
/// Rows to insert.
const SEEDS: &str = "INSERT INTO harbour (id, name) VALUES (1, 'north'), (2, 'south')";
/// Key of the advisory lock.
const LOCK: i64 = 4_217;

/// Initializes a database and returns the exit code.
pub async fn run(words: &[String]) -> i32 {
    let [engine, location, words @ ..] = words else { return 2 };
    let has = |word: &str| words.iter().any(|known| known == word);
    if has("fails") {
        disk::write_stderr("a required migration is missing");
        return 1;
    }
    let sticky = words.iter().find_map(|word| word.strip_prefix("sticky="));
    if let Some(file) = sticky
        && !acquire_lock_file(Path::new(file)).await
    {
        disk::write_stderr("another worker does not finish");
        return 1;
    }
    let done = match engine.as_str() {
        "sqlite" => sqlite(location, &has).await.map_err(|error| error.to_string()),
        _ => postgres(location, &has).await.map_err(|error| crate::doctor::http::error_chain(&error)),
    };
    if let Some(file) = sticky {
        let _ = disk::remove(Path::new(file));
    }
    if has("leaves") {
        leave_process(engine, location).await;
    }
    match done {
        Ok(()) => 0,
        Err(why) => {
            disk::write_stderr(&why);
            1
        }
    }
}

/// Creates a lock file, which is not released if its owner dies. Returns false after the timeout.
async fn acquire_lock_file(file: &Path) -> bool {
    let start = Instant::now();
    while disk::create(file, b"").is_err() {
        if start.elapsed() > LOCK_TIMEOUT / 2 {
            return false;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    true
}

async fn sqlite(path: &str, has: &impl Fn(&str) -> bool) -> rusqlite::Result<()> {
    let connection = Connection::open(path)?;
    connection.busy_timeout(if has("impatient") { Duration::ZERO } else { LOCK_TIMEOUT })?;
    if has("full") {
        connection.pragma_update(None, "max_page_count", 1)?;
    }
    enable_wal(&connection, !has("hasty")).await?;
    if has("naive") {
        let sql = "SELECT count(*) FROM sqlite_schema WHERE name = 'harbour'";
        let tables: i64 = connection.query_row(sql, [], |row| row.get(0))?;
        tokio::time::sleep(PAUSE).await;
        if tables == 0 {
            connection.execute_batch(SCHEMA)?;
        }
        return connection.execute_batch(SEEDS);
    }
    if has("steps") || has("resumes") {
        return in_steps(&connection, has).await;
    }
    connection.execute_batch("BEGIN IMMEDIATE")?;
    if has("slow") {
        // Long enough for doctor to kill the worker inside the transaction.
        tokio::time::sleep(PAUSE / 5).await;
    }
    connection.execute_batch(&SCHEMA.replace("TABLE", "TABLE IF NOT EXISTS"))?;
    let rows: i64 = connection.query_row("SELECT count(*) FROM harbour", [], |row| row.get(0))?;
    if rows == 0 {
        connection.execute_batch(SEEDS)?;
    }
    if has("again") {
        connection.execute_batch("INSERT INTO harbour (name) VALUES ('again')")?;
    }
    connection.execute_batch("COMMIT")
}

/// Initializes in two separate transactions. `steps` fills the table only if it created it; `resumes` fills it if it is
/// empty.
async fn in_steps(connection: &Connection, has: &impl Fn(&str) -> bool) -> rusqlite::Result<()> {
    let tables = "SELECT count(*) FROM sqlite_schema WHERE name = 'harbour'";
    connection.execute_batch("BEGIN IMMEDIATE")?;
    let exists = connection.query_row(tables, [], |row| row.get::<_, i64>(0))? > 0;
    tokio::time::sleep(PAUSE / 5).await;
    if !exists {
        connection.execute_batch(SCHEMA)?;
    }
    connection.execute_batch("COMMIT")?;
    tokio::time::sleep(PAUSE / 5).await;
    connection.execute_batch("BEGIN IMMEDIATE")?;
    let rows: i64 = connection.query_row("SELECT count(*) FROM harbour", [], |row| row.get(0))?;
    let fills = if has("resumes") { rows == 0 } else { !exists };
    if fills {
        connection.execute_batch(SEEDS)?;
    }
    connection.execute_batch("COMMIT")
}

/// Switches to a write-ahead log. The switch ignores the busy timeout (sqlite.org, WAL, section 8), so it is repeated
/// if `again`.
async fn enable_wal(connection: &Connection, again: bool) -> rusqlite::Result<()> {
    let start = Instant::now();
    loop {
        let switched = connection.query_row("PRAGMA journal_mode = WAL", [], |_| Ok(()));
        match switched {
            Err(error)
                if again
                    && error.sqlite_error_code() == Some(ErrorCode::DatabaseBusy)
                    && start.elapsed() < LOCK_TIMEOUT =>
            {
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
            other => return other,
        }
    }
}

async fn postgres(dsn: &str, has: &impl Fn(&str) -> bool) -> Result<(), tokio_postgres::Error> {
    let client = connect(dsn).await?;
    if has("naive") {
        if count(&client, "SELECT 1 FROM pg_tables WHERE tablename = 'harbour'").await? == 0 {
            client.batch_execute(SCHEMA).await?;
        }
        if count(&client, "SELECT 1 FROM harbour").await? == 0 {
            tokio::time::sleep(PAUSE).await;
            client.batch_execute(SEEDS).await?;
        }
        return Ok(());
    }
    let seeds = format!(
        "{} ON CONFLICT DO NOTHING",
        if has("again") {
            SEEDS.replace("(1, 'north'), (2, 'south')", "((SELECT count(*) FROM harbour) + 1, 'again')")
        } else {
            SEEDS.to_owned()
        }
    );
    let schema = SCHEMA.replace("TABLE", "TABLE IF NOT EXISTS");
    if has("transaction") {
        // One message, so that a pooler sends all statements to one connection.
        return client
            .batch_execute(&format!("BEGIN; SELECT pg_advisory_xact_lock({LOCK}); {schema}; {seeds}; COMMIT"))
            .await;
    }
    client.batch_execute(&format!("SELECT pg_advisory_lock({LOCK})")).await?;
    if has("steps") {
        if count(&client, "SELECT 1 FROM pg_tables WHERE tablename = 'prepared'").await? == 0 {
            client.batch_execute(&schema).await?;
            client.batch_execute(SEEDS).await?;
            client.batch_execute("CREATE TABLE prepared (version INTEGER)").await?;
        }
    } else if has("resumes") {
        client.batch_execute(&schema).await?;
        client.batch_execute(&seeds).await?;
    } else {
        client.batch_execute(&format!("BEGIN; {schema}; {seeds}; COMMIT")).await?;
    }
    if has("never-unlocks") {
        return Ok(());
    }
    client.batch_execute(&format!("SELECT pg_advisory_unlock({LOCK})")).await
}

/// Connects without TLS and drives the connection in the background.
pub async fn connect(dsn: &str) -> Result<Client, tokio_postgres::Error> {
    let (client, connection) = tokio_postgres::connect(dsn, NoTls).await?;
    tokio::spawn(async move {
        let _ = connection.await;
    });
    Ok(client)
}

/// Returns the number of rows of a query, without a prepared statement.
async fn count(client: &Client, sql: &str) -> Result<usize, tokio_postgres::Error> {
    let rows = client.simple_query(sql).await?;
    Ok(rows.iter().filter(|message| matches!(message, tokio_postgres::SimpleQueryMessage::Row(_))).count())
}

/// Starts a process that keeps the database open for some seconds.
async fn leave_process(engine: &str, location: &str) {
    let Ok(program) = crate::system::environment::program() else { return };
    let mut command = tokio::process::Command::new(program);
    command.args(["__host", "hold", engine, location]);
    // A separate group, which is not killed with this program.
    #[cfg(unix)]
    command.process_group(0);
    let none = std::process::Stdio::null;
    let _ = command.stdin(none()).stdout(none()).stderr(none()).spawn();
    // Waits until the process has opened the database.
    tokio::time::sleep(Duration::from_millis(300)).await;
}

/// Keeps a database open, and locked if possible, for eight seconds.
pub async fn hold(words: &[String]) -> i32 {
    let [engine, location] = words else { return 2 };
    let duration = Duration::from_secs(8);
    if engine == "sqlite" {
        let connection = Connection::open(location);
        // If another process has the lock, the file is open nevertheless.
        if let Ok(connection) = &connection {
            let _ = connection.execute_batch("BEGIN IMMEDIATE; SELECT count(*) FROM sqlite_schema");
        }
        tokio::time::sleep(duration).await;
        drop(connection);
    } else {
        let client = connect(location).await;
        if let Ok(client) = &client {
            let _ = client.batch_execute(&format!("SELECT pg_advisory_lock_shared({LOCK})")).await;
        }
        tokio::time::sleep(duration).await;
        drop(client);
    }
    0
}
