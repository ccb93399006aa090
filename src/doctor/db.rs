//! `phx doctor db`: whether a database can be prepared by many at once, and whether a service on it finds back to it and tells the truth
//! about it. What is prepared are scratch databases, each of which goes with its check.

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

/// A check, and how it looks.
pub type DbCheck = (&'static Check, fn(DbTarget) -> CheckFuture);

/// Why a check needs leave that changes a server.
pub const HARM: &str = "It makes and drops databases `phx_doctor_*`, and ends connections to them: on a server it needs `[doctor] destructive = true`.";

/// What all of them open that prepare databases.
pub const OPENS: &str =
    "databases `phx_doctor_*` on the server (a temporary file for SQLite), which it drops, and `init`";

/// What all of them open that look at a service.
pub const SERVED: &str = "databases `phx_doctor_*` on the server, which it drops, `init`, `serve`, and a port of this machine between the service and the database";

/// All checks, in the order in which they run.
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

/// The checks that need no configuration: phx itself prepares a file.
pub const EMBEDDED: &[&str] = &[
    "db.reach",
    "db.init.reference",
    "db.init.idempotent",
    "db.race.start",
    "db.lock.released",
    "db.sqlite.busy",
    "db.sqlite.wal",
];

/// Why a check is not made that changes a server.
pub const SKIPPED_NOT_DESTRUCTIVE: &str = "it makes and drops databases `phx_doctor_*` on a server, and ends connections to them; `[doctor] destructive = true` allows it";

/// What an earlier check of the run has found out.
#[derive(Debug, Default)]
pub struct SharedFixtures {
    /// What one run of `init` leaves in an empty database.
    pub reference: Option<init::Reference>,
    /// Why one run of `init` is no reference.
    pub failed: Option<CheckResult>,
    /// Who waited for what while the gate of the schema was closed, a round each.
    pub queues: Vec<lock::Queue>,
    /// Whether one of these rounds went wrong.
    pub collided: bool,
}

/// What a check works with.
#[derive(Clone, Debug)]
pub struct DbTarget {
    /// What is claimed, with the values of variables.
    pub db: Rc<Db>,
    /// What may be connected to.
    pub allow: Rc<Allow>,
    /// Whether fewer trials will do.
    pub quick: bool,
    /// What happens.
    pub log: Log,
    /// What is known already.
    pub known: Rc<RefCell<SharedFixtures>>,
}

impl DbTarget {
    /// The program that prepares a database.
    ///
    /// # Errors
    /// A skip, where none is named.
    pub fn init(&self) -> Result<ProgramSettings, Box<CheckResult>> {
        self.db
            .init
            .clone()
            .ok_or_else(|| Box::new(CheckResult::skip("no `init` is named: nothing prepares a database")))
    }

    /// How many workers run at once.
    pub fn workers(&self) -> usize {
        usize::try_from(self.db.workers).unwrap_or(8)
    }

    /// How often.
    pub fn rounds(&self) -> u64 {
        if self.quick { self.db.rounds.min(2) } else { self.db.rounds }
    }

    /// Whether a gate is to be used.
    ///
    /// # Errors
    /// A skip, where it is not.
    pub fn gate(&self, name: &str) -> Result<(), Box<CheckResult>> {
        if self.db.gates.iter().any(|gate| gate == name) {
            return Ok(());
        }
        CheckResult::skip(format!("`gates` does not name `{name}`")).stop()
    }
}

/// The database that is there without a configuration: a file that phx prepares as a good program does. It shows that files can be
/// locked here.
pub fn embedded() -> Option<Db> {
    let program = environment::program().ok()?;
    let words = ["__host", "migrate", "sqlite", "{path}"].map(str::to_owned);
    let command = [program.to_str()?.to_owned()].into_iter().chain(words).collect();
    let init = ProgramSettings { command, env: Vec::new(), ready: None, within_ms: 10_000 };
    Some(Db { init: Some(init), rounds: 2, ..Db::of(EngineKind::Sqlite) })
}

/// What the configuration says of a database, with the values of variables.
///
/// # Errors
/// What cannot be used.
pub fn resolved(db: &Db, secrets: &Secrets) -> Result<Db, String> {
    let mut db = db.clone();
    for dsn in [&mut db.admin, &mut db.pooler].into_iter().flatten() {
        *dsn = secrets.expand(dsn)?;
        let password = url::Url::parse(dsn).ok().and_then(|url| url.password().map(str::to_owned));
        if let Some(password) = password {
            secrets.keep(&password);
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

/// How the names of scratch databases begin.
pub const PREFIX: &str = "phx_doctor_";

/// A name for a scratch database that nobody else has; the time is in it (UUID, version 7).
pub fn scratch_name() -> String {
    format!("{PREFIX}{}", uuid::Uuid::now_v7().simple())
}

/// Drops a scratch database in the background, and says so where that is not possible; one without a name was never made.
pub fn drop_in_background(name: String, dropped: impl FnOnce(&str) -> Result<(), String> + Send + 'static) {
    if name.is_empty() {
        return;
    }
    after::begin(move || {
        if let Err(why) = dropped(&name) {
            disk::write_stderr(&format!("the database {name} could not be dropped ({why}); drop it by hand"));
        }
    });
}

/// Whether a check leaves what others use alone: it makes no database on a server, and ends no connection.
pub fn is_harmless(db: &Db, check: &Check) -> bool {
    db.engine == EngineKind::Sqlite || check.harm.is_empty()
}
