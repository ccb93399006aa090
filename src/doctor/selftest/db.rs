//! Fixtures for the checks of `db`: built-in programs on SQLite files, and on a PostgreSQL server if PostgreSQL is
//! installed.

use std::rc::Rc;

use super::FixtureKind::{Conforming, Defective};
use super::cluster::Lazy;
use super::ipc::toml_list;
use super::{FixtureCase, FixtureKind};
use crate::config::DoctorSettings;
use crate::config::doctor::{Db, EngineKind};
use crate::doctor::allow::Allow;
use crate::doctor::check_result::{CheckFuture, CheckResult};
use crate::doctor::db::{self, DbTarget};
use crate::doctor::log::Log;
use crate::doctor::scratch::ScratchFolder;
use crate::system::environment;

/// Check id, kind of the fixture, description, database engine, arguments after `phx __host migrate` or `phx __host
/// app`, and claims (TOML).
type DbFixture = (&'static str, FixtureKind, &'static str, EngineKind, &'static str, &'static str);

const FILE: EngineKind = EngineKind::Sqlite;
const SERVER: EngineKind = EngineKind::Postgres;
/// Claims of a service.
const APP: &str = "call = \"http://127.0.0.1:{listen}/items\"\npool_size = 3\nreconnect_deadline = \"3s\"";
const STATE: &str = "state = { url = \"http://127.0.0.1:{listen}/state\", pointer = \"/state\", order = [\"starting\", \"ready\"] }\nreconnect_deadline = \"3s\"";
const HEALTH: &str = "call = \"http://127.0.0.1:{listen}/items\"\npool_size = 3\nreconnect_deadline = \"3s\"\nhealth = { url = \"http://127.0.0.1:{listen}/health\", max_lag = \"2s\", answer_within = \"600ms\" }";
const POOLER: &str = "pooler_dsn = \"{pooler}\"";

const ROWS: &[DbFixture] = &[
    ("db.reach", Conforming, "a file", FILE, "", ""),
    ("db.reach", Conforming, "a server", SERVER, "", ""),
    ("db.reach", Defective, "a closed port", SERVER, "", "{nobody}"),
    ("db.init.reference", Conforming, "initializes a file", FILE, "", ""),
    ("db.init.reference", Defective, "exits with an error", FILE, "fails", ""),
    ("db.init.reference", Conforming, "initializes a database", SERVER, "", ""),
    ("db.init.idempotent", Conforming, "inspects the state first", FILE, "", ""),
    ("db.init.idempotent", Defective, "adds a row each time", FILE, "again", ""),
    ("db.init.idempotent", Defective, "adds a row each time", SERVER, "again", ""),
    ("db.race.start", Conforming, "one at a time", FILE, "", ""),
    ("db.race.start", Defective, "inspects, waits and creates", FILE, "naive", ""),
    ("db.race.proxy", Conforming, "one at a time", SERVER, "", ""),
    ("db.race.proxy", Defective, "inspects, waits and creates", SERVER, "naive", ""),
    ("db.race.ddl", Conforming, "one at a time", SERVER, "", ""),
    ("db.race.ddl", Defective, "inspects and creates", SERVER, "naive", ""),
    ("db.race.dml", Conforming, "one at a time", SERVER, "", ""),
    ("db.race.dml", Defective, "inspects and inserts", SERVER, "naive", ""),
    ("db.race.crash", Conforming, "a lock released with its connection", SERVER, "", ""),
    ("db.race.crash", Defective, "a lock that is never released", SERVER, "sticky={folder}/lock", ""),
    ("db.race.crash", Conforming, "a lock released with its process", FILE, "slow", ""),
    ("db.race.crash", Defective, "a lock that is never released", FILE, "slow sticky={folder}/lock", ""),
    ("db.race.crash", Conforming, "steps that can be repeated", SERVER, "resumes", ""),
    ("db.race.crash", Defective, "steps that cannot be repeated", SERVER, "steps", ""),
    ("db.race.crash", Conforming, "steps that can be repeated", FILE, "resumes", ""),
    ("db.race.crash", Defective, "steps that cannot be repeated", FILE, "steps", ""),
    ("db.race.pooler", Conforming, "a transaction-level lock", SERVER, "transaction", POOLER),
    ("db.race.pooler", Defective, "a session-level lock", SERVER, "never-unlocks", POOLER),
    ("db.lock.mechanism", Conforming, "an advisory lock", SERVER, "", ""),
    ("db.lock.mechanism", Defective, "no lock", SERVER, "naive", ""),
    ("db.lock.released", Conforming, "releases everything", FILE, "", ""),
    ("db.lock.released", Defective, "leaves a process", FILE, "leaves", ""),
    ("db.lock.released", Conforming, "releases everything", SERVER, "", ""),
    ("db.lock.released", Defective, "leaves a lock", SERVER, "leaves", ""),
    ("db.sqlite.busy", Conforming, "waits five seconds", FILE, "", ""),
    ("db.sqlite.busy", Defective, "does not wait", FILE, "impatient hasty", ""),
    ("db.sqlite.wal", Conforming, "retries the switch to WAL", FILE, "", ""),
    ("db.sqlite.wal", Defective, "tries the switch to WAL once", FILE, "hasty", ""),
    ("db.state.order", Conforming, "is ready when its database is ready", SERVER, "", STATE),
    ("db.state.order", Defective, "reports ready at once", SERVER, "hasty", STATE),
    ("db.state.late_db", Conforming, "waits for its database", SERVER, "", STATE),
    ("db.state.late_db", Defective, "exits without its database", SERVER, "gives-up", STATE),
    ("db.reconnect.terminate", Conforming, "validates connections before use", SERVER, "", APP),
    ("db.reconnect.terminate", Defective, "uses one connection forever", SERVER, "single", APP),
    ("db.reconnect.reset", Conforming, "validates connections before use", SERVER, "", APP),
    ("db.reconnect.reset", Defective, "uses one connection forever", SERVER, "single", APP),
    ("db.reconnect.blackhole", Conforming, "limits its waits", SERVER, "", APP),
    ("db.reconnect.blackhole", Defective, "waits forever", SERVER, "waits", APP),
    ("db.reconnect.restart", Conforming, "validates connections before use", SERVER, "", APP),
    ("db.reconnect.restart", Defective, "uses one connection forever", SERVER, "single", APP),
    ("db.reconnect.pool", Conforming, "closes broken connections", SERVER, "", APP),
    ("db.reconnect.pool", Defective, "leaks connections", SERVER, "leaks", APP),
    ("db.health.truth", Conforming, "queries its database", SERVER, "", HEALTH),
    ("db.health.truth", Defective, "always reports healthy", SERVER, "lies", HEALTH),
    ("db.health.bounded", Conforming, "limits its waits", SERVER, "", HEALTH),
    ("db.health.bounded", Defective, "waits forever", SERVER, "waits", HEALTH),
    ("db.health.cheap", Conforming, "queries through its pool", SERVER, "", HEALTH),
    ("db.health.cheap", Defective, "opens a connection for each request", SERVER, "new-each", HEALTH),
];

/// Returns the cases of the probe.
pub(super) fn cases(cluster: &Rc<Lazy>) -> Vec<FixtureCase> {
    let case = |row: &'static DbFixture| {
        let (check, run) = db::CHECKS.iter().find(|(check, _)| check.id == row.0)?;
        let (cluster, run) = (Rc::clone(cluster), *run);
        let start = move || -> CheckFuture {
            let cluster = Rc::clone(&cluster);
            Box::pin(async move { run_on_fixture(row, &cluster, run).await })
        };
        Some(FixtureCase { check, kind: row.1, subject: row.2, look: Box::new(start) })
    };
    ROWS.iter().filter_map(case).collect()
}

/// Runs a check on a new instance of a fixture. Skips it if PostgreSQL or the pooler is not available.
async fn run_on_fixture(
    (_, _, _, engine, words, claims): &DbFixture,
    cluster: &Lazy,
    run: fn(DbTarget) -> CheckFuture,
) -> CheckResult {
    let folder = match ScratchFolder::new("lock") {
        Ok(folder) => folder,
        Err(error) => return CheckResult::error(error.to_string()),
    };
    let words = words.replace("{folder}", &folder.path().display().to_string());
    let mut claims = (*claims).to_owned();
    let mut admin = String::new();
    if *engine == SERVER {
        admin = match cluster.dsn().await {
            Ok(admin) => admin,
            Err(why) => return CheckResult::skip(why),
        };
    }
    if claims.contains("{pooler}") {
        match cluster.pooler().await {
            Ok(pooler) => claims = claims.replace("{pooler}", &pooler),
            Err(why) => return CheckResult::skip(why),
        }
    }
    if claims == "{nobody}" {
        (admin, claims) = ("postgresql://postgres@127.0.0.1:1/postgres".to_owned(), String::new());
    }
    let Some(mut db) = parse_claims(*engine, &words, &claims) else {
        return CheckResult::error("cannot parse the claims of the fixture");
    };
    // The configuration does not accept a password, so it is set here.
    db.admin = (*engine == SERVER).then_some(admin);
    let allow = Rc::new(Allow::new(&DoctorSettings::default().allow_hosts));
    let target = DbTarget { db: Rc::new(db), allow, quick: true, log: Log::start(), known: Rc::default() };
    let log = target.log.clone();
    let mut found = run(target).await;
    found.evidence = log.lines();
    found
}

/// Parses the claims as a configuration.
fn parse_claims(engine: EngineKind, words: &str, claims: &str) -> Option<Db> {
    let program = environment::program().ok()?;
    let program = program.to_str()?;
    let (name, placeholder) = if engine == FILE { ("sqlite", "{path}") } else { ("postgres", "{dsn}") };
    let words: Vec<&str> = words.split_whitespace().collect();
    let is_app = claims.contains("{listen}");
    let arguments = if is_app { &[][..] } else { &words[..] };
    let migrate = toml_list(&[&[program, "__host", "migrate", name, placeholder], arguments].concat());
    let serve = toml_list(&[&[program, "__host", "app", "{listen}", "{dsn}"], &words[..]].concat());
    let serve = if is_app { format!("serve = {{ command = {serve} }}\n") } else { String::new() };
    let admin = if engine == FILE { "" } else { "admin = \"postgresql://postgres@127.0.0.1/postgres\"\n" };
    let text = format!(
        "[[doctor.db]]\nname = \"built-in\"\nengine = \"{name}\"\n{admin}workers = 4\ninit = {{ command = {migrate}, within = \"5s\" }}\n{serve}{claims}\n"
    );
    let (doctor, errors) = DoctorSettings::parse_included("built-in", &text);
    doctor.db.into_iter().next().filter(|_| errors.is_empty())
}
