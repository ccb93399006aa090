//! A server of PostgreSQL, and a pooler before it, for as long as the self-test needs them: from the programs of this machine, in a folder
//! for temporary files, on free ports of this machine.

use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use tokio::process::{Child, Command};
use tokio::sync::OnceCell;

use crate::doctor::ending;
use crate::doctor::program::{free_port, until};
use crate::doctor::scratch::ScratchFolder;
use crate::system::{disk, environment};

/// How long a server may take to be there.
const START: Duration = Duration::from_secs(30);
/// Somebody without rights: a server refuses to be run by root.
const NOBODY: u32 = 65_534;

/// A server that is started when it is first asked for.
#[derive(Debug, Default)]
pub struct Lazy {
    server: OnceCell<Result<PostgresCluster, String>>,
    pooler: OnceCell<Result<Pooler, String>>,
}

/// A server that runs.
#[derive(Debug)]
struct PostgresCluster {
    child: Child,
    port: u16,
    password: String,
    folder: ScratchFolder,
}

impl Drop for PostgresCluster {
    fn drop(&mut self) {
        // Killed outright, it would leave its own children behind.
        ending::interrupt(self.child.id());
        for _ in 0..200 {
            if !matches!(self.child.try_wait(), Ok(None)) {
                break;
            }
            std::thread::sleep(Duration::from_millis(25));
        }
    }
}

/// A pooler that runs.
#[derive(Debug)]
struct Pooler {
    _child: Child,
    port: u16,
}

impl Lazy {
    /// How to connect to the server as one who may do anything.
    ///
    /// # Errors
    /// Why there is none on this machine.
    pub async fn dsn(&self) -> Result<String, String> {
        let server = self.server().await?;
        Ok(format!("postgresql://postgres:{}@127.0.0.1:{}/postgres", server.password, server.port))
    }

    /// How to connect through a pooler that gives a connection for a transaction.
    ///
    /// # Errors
    /// Why there is none on this machine.
    pub async fn pooler(&self) -> Result<String, String> {
        let server = self.server().await?;
        let pooler = self.pooler.get_or_init(|| pooler(server)).await;
        let pooler = pooler.as_ref().map_err(Clone::clone)?;
        Ok(format!("postgresql://postgres@127.0.0.1:{}/postgres", pooler.port))
    }

    async fn server(&self) -> Result<&PostgresCluster, String> {
        self.server.get_or_init(server).await.as_ref().map_err(Clone::clone)
    }
}

async fn server() -> Result<PostgresCluster, String> {
    let initdb = found("initdb", &["/usr/lib/postgresql", "/usr/pgsql", "/opt/homebrew/opt", "/usr/local/opt"])
        .ok_or("there is no `initdb` on this machine, so no PostgreSQL can be started")?;
    let initdb = disk::real_ancestor(&initdb);
    let failed = |error: std::io::Error| format!("PostgreSQL cannot be started: {error}");
    let folder = folder()?;
    let password = uuid::Uuid::now_v7().simple().to_string();
    let file = folder.path().join("password");
    disk::create(&file, password.as_bytes()).map_err(failed)?;
    give(&file)?;
    let data = folder.path().join("data");
    let mut first = Command::new(&initdb);
    first.args(["-U", "postgres", "-A", "password", "-E", "UTF8", "--locale=C", "--no-sync", "--no-instructions"]);
    let made =
        alone(first.arg("-D").arg(&data).arg("--pwfile").arg(&file), folder.path()).output().await.map_err(failed)?;
    if !made.status.success() {
        return Err(format!("`initdb` fails: {}", String::from_utf8_lossy(&made.stderr).trim()));
    }
    let port = free_port().map_err(failed)?;
    let mut serve = Command::new(initdb.with_file_name("postgres"));
    serve.arg("-D").arg(&data).args(["-p", &port.to_string(), "-c", "listen_addresses=127.0.0.1"]);
    serve.args(["-c", "unix_socket_directories=", "-c", "fsync=off", "-c", "max_connections=200"]);
    let child = quiet(alone(&mut serve, folder.path())).spawn().map_err(failed)?;
    let server = PostgresCluster { child, port, password, folder };
    let dsn = format!("postgresql://postgres:{}@127.0.0.1:{port}/postgres", server.password);
    let answers = async || super::host::migrate::connect(&dsn).await.is_ok();
    if until(START, Duration::from_millis(50), answers).await {
        Ok(server)
    } else {
        Err("PostgreSQL does not answer".to_owned())
    }
}

async fn pooler(server: &PostgresCluster) -> Result<Pooler, String> {
    let program = found("pgbouncer", &["/usr/sbin", "/opt/homebrew/bin"])
        .ok_or("there is no `pgbouncer` on this machine, so nothing stands before PostgreSQL")?;
    let failed = |error: std::io::Error| format!("PgBouncer cannot be started: {error}");
    let port = free_port().map_err(failed)?;
    let text = format!(
        "[databases]\n* = host=127.0.0.1 port={} user=postgres password={}\n[pgbouncer]\nlisten_addr = 127.0.0.1\nlisten_port = {port}\n\
         unix_socket_dir =\nauth_type = any\npool_mode = transaction\ndefault_pool_size = 20\nignore_startup_parameters = extra_float_digits\n",
        server.port, server.password
    );
    let file = server.folder.path().join("pgbouncer.ini");
    disk::create(&file, text.as_bytes()).map_err(failed)?;
    give(&file)?;
    let mut serve = Command::new(program);
    let child = quiet(alone(serve.arg(&file), server.folder.path())).spawn().map_err(failed)?;
    let dsn = format!("postgresql://postgres@127.0.0.1:{port}/postgres");
    let answers = async || super::host::migrate::connect(&dsn).await.is_ok();
    if until(START, Duration::from_millis(50), answers).await {
        Ok(Pooler { _child: child, port })
    } else {
        Err("PgBouncer does not answer".to_owned())
    }
}

fn folder() -> Result<ScratchFolder, String> {
    let folder = ScratchFolder::new("cluster").map_err(|error| disk::explain(&error))?;
    give(folder.path())?;
    Ok(folder)
}

/// Gives a file to nobody, where everything else would be root's.
fn give(path: &Path) -> Result<(), String> {
    if !environment::is_root() {
        return Ok(());
    }
    disk::give_away(path, NOBODY).map_err(|error| disk::explain(&error))
}

fn quiet(command: &mut Command) -> &mut Command {
    command.stdout(Stdio::null()).stderr(Stdio::null())
}

/// Ended with its handle, and not root.
fn alone<'c>(command: &'c mut Command, folder: &Path) -> &'c mut Command {
    command.stdin(Stdio::null()).kill_on_drop(true).current_dir(folder);
    #[cfg(unix)]
    if environment::is_root() {
        command.uid(NOBODY).gid(NOBODY);
    }
    command
}

/// A program: where all programs are, or in one of the folders, or in `bin` of the newest folder below.
fn found(name: &str, folders: &[&str]) -> Option<PathBuf> {
    let path = environment::variable("PATH").unwrap_or_default();
    let mut below: Vec<PathBuf> = folders
        .iter()
        .flat_map(|folder| disk::list(Path::new(folder)).unwrap_or_default())
        .map(|(_, path)| path.join("bin"))
        .collect();
    below.sort();
    let beside = folders.iter().map(PathBuf::from);
    let mut all =
        below.into_iter().rev().chain(beside).chain(std::env::split_paths(&path)).map(|folder| folder.join(name));
    all.find(|program| disk::exists(program) && disk::is_executable(program))
}
