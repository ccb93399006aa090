//! Temporary PostgreSQL server and PgBouncer for the self-test. They run from the installed programs, in a temporary
//! folder and on free local ports.

use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use tokio::process::{Child, Command};
use tokio::sync::OnceCell;

use crate::doctor::ending;
use crate::doctor::program::{free_port, until};
use crate::doctor::scratch::ScratchFolder;
use crate::system::{disk, environment};

/// Timeout until a server accepts connections.
const START_TIMEOUT: Duration = Duration::from_secs(30);
/// User and group id `nobody`; PostgreSQL refuses to run as root.
const NOBODY: u32 = 65_534;

/// Server and pooler that are started on first use.
#[derive(Debug, Default)]
pub(super) struct Lazy {
    server: OnceCell<Result<PostgresCluster, String>>,
    pooler: OnceCell<Result<Pooler, String>>,
}

/// Running server; it is interrupted on drop.
#[derive(Debug)]
struct PostgresCluster {
    child: Child,
    port: u16,
    password: String,
    folder: ScratchFolder,
}

impl Drop for PostgresCluster {
    fn drop(&mut self) {
        // After SIGKILL its child processes would remain.
        ending::interrupt(self.child.id());
        for _ in 0..200 {
            if !matches!(self.child.try_wait(), Ok(None)) {
                break;
            }
            std::thread::sleep(Duration::from_millis(25));
        }
    }
}

/// Running pooler.
#[derive(Debug)]
struct Pooler {
    _child: Child,
    port: u16,
}

impl Lazy {
    /// Returns a connection string for the superuser.
    ///
    /// # Errors
    /// Returns an error if PostgreSQL is not installed or cannot be started.
    pub(super) async fn dsn(&self) -> Result<String, String> {
        let server = self.server().await?;
        Ok(format!("postgresql://postgres:{}@127.0.0.1:{}/postgres", server.password, server.port))
    }

    /// Returns a connection string through a pooler in transaction mode.
    ///
    /// # Errors
    /// Returns an error if PostgreSQL or PgBouncer is not installed or cannot be started.
    pub(super) async fn pooler(&self) -> Result<String, String> {
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
    let initdb = find_program("initdb", &["/usr/lib/postgresql", "/usr/pgsql", "/opt/homebrew/opt", "/usr/local/opt"])
        .ok_or("`initdb` not found; PostgreSQL is not installed")?;
    let initdb = disk::real_ancestor(&initdb);
    let failed = |error: std::io::Error| format!("cannot start PostgreSQL: {error}");
    let folder = folder()?;
    let password = uuid::Uuid::now_v7().simple().to_string();
    let file = folder.path().join("password");
    disk::create(&file, password.as_bytes()).map_err(failed)?;
    give_to_nobody(&file)?;
    let data = folder.path().join("data");
    let mut init = Command::new(&initdb);
    init.args(["-U", "postgres", "-A", "password", "-E", "UTF8", "--locale=C", "--no-sync", "--no-instructions"]);
    let output = unprivileged(init.arg("-D").arg(&data).arg("--pwfile").arg(&file), folder.path())
        .output()
        .await
        .map_err(failed)?;
    if !output.status.success() {
        return Err(format!("`initdb` failed: {}", String::from_utf8_lossy(&output.stderr).trim()));
    }
    let port = free_port().map_err(failed)?;
    let mut serve = Command::new(initdb.with_file_name("postgres"));
    serve.arg("-D").arg(&data).args(["-p", &port.to_string(), "-c", "listen_addresses=127.0.0.1"]);
    serve.args(["-c", "unix_socket_directories=", "-c", "fsync=off", "-c", "max_connections=200"]);
    let child = quiet(unprivileged(&mut serve, folder.path())).spawn().map_err(failed)?;
    let server = PostgresCluster { child, port, password, folder };
    let dsn = format!("postgresql://postgres:{}@127.0.0.1:{port}/postgres", server.password);
    let answers = async || super::host::migrate::connect(&dsn).await.is_ok();
    if until(START_TIMEOUT, Duration::from_millis(50), answers).await {
        Ok(server)
    } else {
        Err("PostgreSQL does not accept connections".to_owned())
    }
}

async fn pooler(server: &PostgresCluster) -> Result<Pooler, String> {
    let program = find_program("pgbouncer", &["/usr/sbin", "/opt/homebrew/bin"])
        .ok_or("`pgbouncer` not found; PgBouncer is not installed")?;
    let failed = |error: std::io::Error| format!("cannot start PgBouncer: {error}");
    let port = free_port().map_err(failed)?;
    let text = format!(
        "[databases]\n* = host=127.0.0.1 port={} user=postgres password={}\n[pgbouncer]\nlisten_addr = 127.0.0.1\nlisten_port = {port}\n\
         unix_socket_dir =\nauth_type = any\npool_mode = transaction\ndefault_pool_size = 20\nignore_startup_parameters = extra_float_digits\n",
        server.port, server.password
    );
    let file = server.folder.path().join("pgbouncer.ini");
    disk::create(&file, text.as_bytes()).map_err(failed)?;
    give_to_nobody(&file)?;
    let mut serve = Command::new(program);
    let child = quiet(unprivileged(serve.arg(&file), server.folder.path())).spawn().map_err(failed)?;
    let dsn = format!("postgresql://postgres@127.0.0.1:{port}/postgres");
    let answers = async || super::host::migrate::connect(&dsn).await.is_ok();
    if until(START_TIMEOUT, Duration::from_millis(50), answers).await {
        Ok(Pooler { _child: child, port })
    } else {
        Err("PgBouncer does not accept connections".to_owned())
    }
}

fn folder() -> Result<ScratchFolder, String> {
    let folder = ScratchFolder::new("cluster").map_err(|error| disk::explain(&error))?;
    give_to_nobody(folder.path())?;
    Ok(folder)
}

/// Changes the owner of a file to `nobody` if phx runs as root.
fn give_to_nobody(path: &Path) -> Result<(), String> {
    if !environment::is_root() {
        return Ok(());
    }
    disk::change_owner(path, NOBODY).map_err(|error| disk::explain(&error))
}

fn quiet(command: &mut Command) -> &mut Command {
    command.stdout(Stdio::null()).stderr(Stdio::null())
}

/// Configures a command that is killed with its handle and does not run as root.
fn unprivileged<'c>(command: &'c mut Command, folder: &Path) -> &'c mut Command {
    command.stdin(Stdio::null()).kill_on_drop(true).current_dir(folder);
    #[cfg(unix)]
    if environment::is_root() {
        command.uid(NOBODY).gid(NOBODY);
    }
    command
}

/// Finds a program: in `bin` of the subfolders, last name first, then in the folders themselves, then in `PATH`.
fn find_program(name: &str, folders: &[&str]) -> Option<PathBuf> {
    let path = environment::variable("PATH").unwrap_or_default();
    let mut below: Vec<PathBuf> = folders
        .iter()
        .flat_map(|folder| disk::list(Path::new(folder)).unwrap_or_default())
        .map(|(_, path)| path.join("bin"))
        .collect();
    below.sort();
    let direct = folders.iter().map(PathBuf::from);
    let mut all =
        below.into_iter().rev().chain(direct).chain(std::env::split_paths(&path)).map(|folder| folder.join(name));
    all.find(|program| disk::exists(program) && disk::is_executable(program))
}
