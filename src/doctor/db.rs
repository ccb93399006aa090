//! `phx doctor db`: concurrent initialization of a database, and reconnects and health reports of a service that uses
//! it. All checks work on scratch databases, which are dropped afterwards.

pub mod workers;
pub mod dump;
pub mod engine;
pub mod health;
pub mod init;
pub mod service;
pub mod lock;
#[cfg(feature = "mysql")]
pub mod mysql;
pub mod postgres;
pub mod race;
pub mod reach;
pub mod reconnect;
pub mod sqlite;
pub mod sqlite_files;
pub mod state;

use std::cell::RefCell;
use std::rc::Rc;

use super::Check;
use super::after;
use super::allow::Allow;
use super::check_result::{CheckFuture, CheckResult};
use super::ipc::expand_program;
use super::log::Log;
use super::secrets::Secrets;
use crate::config::doctor::{Db, EngineKind, ProgramSettings};
use crate::system::{disk, environment};

/// Check definition and the function that runs it.
pub type DbCheck = (&'static Check, fn(DbTarget) -> CheckFuture);

/// Warning of the checks that change a server; they need `[doctor] destructive = true`.
pub const HARM: &str = "Creates and drops databases `phx_doctor_*`, and terminates connections to them. On a server this requires `[doctor] destructive = true`.";

/// Side effects of the checks that initialize databases.
pub const OPENS: &str = "databases `phx_doctor_*` on the server (with SQLite: temporary files), which are dropped afterwards, and `init` processes";

/// Side effects of the checks that run a service.
pub const SERVED: &str = "databases `phx_doctor_*` on the server, which are dropped afterwards, `init` and `serve` processes, and a local proxy port between the service and the database";

/// All checks, in execution order.
pub const CHECKS: &[DbCheck] = &[
    (&reach::CHECK, reach::run),
    (&init::reference::CHECK, init::reference::run),
    (&init::idempotent::CHECK, init::idempotent::run),
    (&race::start::CHECK, race::start::run),
    (&race::proxy::CHECK, race::proxy::run),
    (&race::ddl::CHECK, race::ddl::run),
    (&race::dml::CHECK, race::dml::run),
    (&race::crash::CHECK, race::crash::run),
    (&race::pooler::CHECK, race::pooler::run),
    (&lock::mechanism::CHECK, lock::mechanism::run),
    (&lock::released::CHECK, lock::released::run),
    (&sqlite_files::busy::CHECK, sqlite_files::busy::run),
    (&sqlite_files::wal::CHECK, sqlite_files::wal::run),
    (&state::order::CHECK, state::order::run),
    (&state::late_db::CHECK, state::late_db::run),
    (&reconnect::terminate::CHECK, reconnect::terminate::run),
    (&reconnect::reset::CHECK, reconnect::reset::run),
    (&reconnect::blackhole::CHECK, reconnect::blackhole::run),
    (&reconnect::restart::CHECK, reconnect::restart::run),
    (&reconnect::pool::CHECK, reconnect::pool::run),
    (&health::bounded::CHECK, health::bounded::run),
    (&health::cheap::CHECK, health::cheap::run),
    (&health::truth::CHECK, health::truth::run),
];

/// Checks that run without configuration, on SQLite files that phx initializes itself.
pub const EMBEDDED: &[&str] = &[
    "db.reach",
    "db.init.reference",
    "db.init.idempotent",
    "db.race.start",
    "db.lock.released",
    "db.sqlite.busy",
    "db.sqlite.wal",
];

/// Skip message of the checks that change a server.
pub const SKIPPED_NOT_DESTRUCTIVE: &str = "creates and drops databases `phx_doctor_*` on a server, and terminates connections to them; `[doctor] destructive = true` allows it";

/// Results of earlier checks of the same run.
#[derive(Debug, Default)]
pub struct SharedFixtures {
    /// Contents of a database after one run of `init` on an empty one.
    pub reference: Option<init::Reference>,
    /// Error to return if one run of `init` failed, so that there is no reference.
    pub failed: Option<CheckResult>,
    /// Locks observed while the `ddl` gate was closed, one queue per round.
    pub queues: Vec<lock::Queue>,
    /// Whether any of these rounds failed.
    pub collided: bool,
}

/// Database under test and the context of its checks.
#[derive(Clone, Debug)]
pub struct DbTarget {
    /// Settings with environment variables expanded.
    pub db: Rc<Db>,
    /// Hosts that doctor may connect to.
    pub allow: Rc<Allow>,
    /// Whether fewer trials are run (`--quick`).
    pub quick: bool,
    pub log: Log,
    /// Results that the checks of a run share.
    pub known: Rc<RefCell<SharedFixtures>>,
}

impl DbTarget {
    /// Returns the program that initializes a database.
    ///
    /// # Errors
    /// Returns a skip if `init` is not configured.
    pub fn init(&self) -> Result<ProgramSettings, Box<CheckResult>> {
        self.db
            .init
            .clone()
            .ok_or_else(|| Box::new(CheckResult::skip("`init` is not configured: nothing initializes a database")))
    }

    /// Returns the number of concurrent workers.
    pub fn workers(&self) -> usize {
        usize::try_from(self.db.workers).unwrap_or(8)
    }

    /// Returns the number of rounds; at most 2 with `--quick`.
    pub fn rounds(&self) -> u64 {
        if self.quick { self.db.rounds.min(2) } else { self.db.rounds }
    }

    /// Checks that a gate is enabled.
    ///
    /// # Errors
    /// Returns a skip if `gates` does not list it.
    pub fn gate(&self, name: &str) -> Result<(), Box<CheckResult>> {
        if self.db.gates.iter().any(|gate| gate == name) {
            return Ok(());
        }
        CheckResult::skip(format!("`gates` does not list `{name}`")).stop()
    }
}

/// Returns the settings of the built-in database: SQLite files that phx initializes correctly itself. Its checks verify
/// that file locks work on this machine.
pub fn embedded() -> Option<Db> {
    let program = environment::program().ok()?;
    let words = ["__host", "migrate", "sqlite", "{path}"].map(str::to_owned);
    let command = [program.to_str()?.to_owned()].into_iter().chain(words).collect();
    let init = ProgramSettings { command, env: Vec::new(), ready: None, within_ms: 10_000 };
    Some(Db { init: Some(init), rounds: 2, ..Db::of(EngineKind::Sqlite) })
}

/// Expands environment variables in the settings and registers passwords as secrets.
///
/// # Errors
/// Returns an error if a variable is not set.
pub fn resolved(db: &Db, secrets: &Secrets) -> Result<Db, String> {
    let mut db = db.clone();
    for dsn in [&mut db.admin, &mut db.pooler].into_iter().flatten() {
        *dsn = secrets.expand(dsn)?;
        let password = url::Url::parse(dsn).ok().and_then(|url| url.password().map(str::to_owned));
        if let Some(password) = password {
            secrets.register(&password);
        }
    }
    for program in [&mut db.init, &mut db.serve, &mut db.restart].into_iter().flatten() {
        expand_program(program, secrets)?;
    }
    let pages = [
        db.call.as_mut(),
        db.state.as_mut().map(|state| &mut state.url),
        db.health.as_mut().map(|health| &mut health.url),
    ];
    for url in pages.into_iter().flatten() {
        *url = secrets.expand(url)?;
    }
    Ok(db)
}

/// Name prefix of scratch databases.
pub const PREFIX: &str = "phx_doctor_";

/// Returns a unique name for a scratch database. It contains the creation time (UUID version 7).
pub fn scratch_name() -> String {
    format!("{PREFIX}{}", uuid::Uuid::now_v7().simple())
}

/// Drops a scratch database in the background and reports an error on standard error. An empty name belongs to a
/// database that was never created; nothing is done.
pub fn drop_in_background(name: String, drop_database: impl FnOnce(&str) -> Result<(), String> + Send + 'static) {
    if name.is_empty() {
        return;
    }
    after::spawn(move || {
        if let Err(why) = drop_database(&name) {
            disk::write_stderr(&format!("database `{name}` could not be dropped: {why}; drop it by hand"));
        }
    });
}

/// Returns whether a check neither creates databases on a server nor terminates connections.
pub fn is_harmless(db: &Db, check: &Check) -> bool {
    db.engine == EngineKind::Sqlite || check.risk.is_empty()
}
