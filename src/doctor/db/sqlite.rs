//! SQLite: scratch files, their contents, and the processes that have them open or hold their lock.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::time::Duration;

use rusqlite::{Connection, OpenFlags};

use super::dump::Dump;
use crate::doctor::program::Placeholders;
use crate::doctor::scratch::ScratchFolder;
use crate::system::disk;

/// Busy timeout of doctor for a lock that is expected to be free.
const POLL_TIMEOUT: Duration = Duration::from_millis(100);
/// Busy timeout of doctor for other statements.
const BUSY_TIMEOUT: Duration = Duration::from_secs(5);

/// Scratch database file. It is deleted with its handle, together with its journals.
#[derive(Debug)]
pub struct File {
    folder: ScratchFolder,
}

impl File {
    /// Chooses a path in a new temporary directory. The file is created when it is first opened.
    pub fn new() -> Result<Self, String> {
        let folder = ScratchFolder::new("db").map_err(|error| disk::explain(&error))?;
        Ok(Self { folder })
    }

    pub fn path(&self) -> PathBuf {
        // Links are resolved, because `/proc/PID/fd` shows resolved paths.
        disk::real_ancestor(self.folder.path()).join("scratch.db")
    }

    /// Returns the placeholder values with which a program opens the file.
    pub fn places(&self) -> Placeholders {
        let path = self.path().display().to_string();
        Placeholders::default()
            .with("dsn", format!("sqlite://{path}"))
            .with("path", path.as_str())
            .with("database", "scratch.db")
    }

    /// Opens the file with a busy timeout of 5 s.
    pub fn open(&self) -> Result<Connection, String> {
        let connection = Connection::open(self.path()).map_err(|error| error.to_string())?;
        connection.busy_timeout(BUSY_TIMEOUT).map_err(|error| error.to_string())?;
        Ok(connection)
    }

    /// Reads the schema and the row counts; empty if the file does not exist.
    pub fn dump(&self) -> Result<Dump, String> {
        if !disk::exists(&self.path()) {
            return Ok(Dump::default());
        }
        dump(&self.path()).map_err(|error| error.to_string())
    }

    /// Returns the journal mode.
    pub fn journal(&self) -> Result<String, String> {
        let mode = self.open()?.query_row("PRAGMA journal_mode", [], |row| row.get(0));
        mode.map_err(|error| error.to_string())
    }

    /// Locks the file until the returned connection is closed: for readers and writers if `exclusive`, otherwise for
    /// writers only.
    pub fn hold(&self, exclusive: bool) -> Result<Connection, String> {
        let connection = self.open()?;
        // The wait occupies the thread of the event loop, so that it must be short.
        connection.busy_timeout(POLL_TIMEOUT).map_err(|error| error.to_string())?;
        let sql = if exclusive { "BEGIN EXCLUSIVE" } else { "BEGIN IMMEDIATE" };
        connection.execute_batch(sql).map_err(|error| error.to_string())?;
        Ok(connection)
    }

    /// Returns the process groups that have the file open; `None` unless the platform is Linux.
    pub fn opened_by(&self) -> Option<BTreeSet<u32>> {
        if !cfg!(target_os = "linux") {
            return None;
        }
        let path = self.path().display().to_string();
        let processes = disk::list(Path::new("/proc")).ok()?;
        let has_file_open = |folder: &Path| {
            let open = disk::list(&folder.join("fd")).unwrap_or_default();
            open.iter().any(|(_, link)| disk::link(link).is_some_and(|target| target == path))
        };
        let folders = processes.iter().filter(|(name, _)| name.parse::<u32>().is_ok());
        Some(folders.filter(|(_, folder)| has_file_open(folder)).filter_map(|(_, folder)| group(folder)).collect())
    }

    /// Returns the process group that holds the write lock, from `/proc/locks`; `None` if there is none or the platform
    /// is not Linux.
    pub fn writer(&self) -> Option<u32> {
        #[cfg(target_os = "linux")]
        {
            let paths = [self.path(), self.path().with_extension("db-shm")];
            let inodes: Vec<String> =
                paths.iter().filter_map(|path| disk::inode(path)).map(|inode| inode.to_string()).collect();
            let locks = disk::read_optional(Path::new("/proc/locks")).ok()??;
            let write_lock_owner = |line: &str| -> Option<u32> {
                let fields: Vec<&str> = line.split_whitespace().collect();
                let [_, "POSIX", _, "WRITE", id, file, ..] = fields[..] else { return None };
                let inode = file.rsplit(':').next()?;
                inodes.iter().any(|known| known == inode).then(|| id.parse().ok())?
            };
            let writer = String::from_utf8_lossy(&locks)
                .lines()
                .find_map(write_lock_owner)
                .filter(|id| *id != std::process::id())?;
            group(Path::new(&format!("/proc/{writer}")))
        }
        #[cfg(not(target_os = "linux"))]
        None
    }
}

/// Returns the process group of a `/proc/PID` directory (proc_pid_stat(5)).
fn group(folder: &Path) -> Option<u32> {
    let stat = disk::read_optional(&folder.join("stat")).ok()??;
    String::from_utf8_lossy(&stat).rsplit_once(')')?.1.split_whitespace().nth(2)?.parse().ok()
}

fn dump(path: &Path) -> rusqlite::Result<Dump> {
    let connection = Connection::open_with_flags(path, OpenFlags::SQLITE_OPEN_READ_WRITE)?;
    connection.busy_timeout(BUSY_TIMEOUT)?;
    let list = |sql: &str| -> rusqlite::Result<Vec<String>> {
        let mut statement = connection.prepare(sql)?;
        statement.query_map([], |row| row.get(0))?.collect()
    };
    let own = "FROM sqlite_schema WHERE name NOT LIKE 'sqlite\\_%' ESCAPE '\\'";
    let schema = list(&format!("SELECT type || ' ' || name || ' ' || coalesce(sql, '') {own} ORDER BY 1"))?;
    let tables = list(&format!("SELECT name {own} AND type = 'table' ORDER BY 1"))?;
    let mut counts = BTreeMap::new();
    for table in tables {
        let quoted = table.replace('"', "\"\"");
        let rows = connection.query_row(&format!("SELECT count(*) FROM \"{quoted}\""), [], |row| row.get(0))?;
        counts.insert(table, rows);
    }
    Ok(Dump { schema, counts })
}
