//! Built-in programs on databases for the checks of `db`: files that phx makes, and a server of PostgreSQL where this machine has its programs.

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

/// A check by its id, whether the subject conforms, what it does, on which database, the words of the program (behind `phx __host migrate`
/// or `phx __host app`), and what is claimed.
type DbFixture = (&'static str, FixtureKind, &'static str, EngineKind, &'static str, &'static str);

const FILE: EngineKind = EngineKind::Sqlite;
const SERVER: EngineKind = EngineKind::Postgres;
/// A claim of a service.
const APP: &str = "call = \"http://127.0.0.1:{listen}/items\"\npool_size = 3\nreconnect_deadline = \"3s\"";
const STATE: &str = "state = { url = \"http://127.0.0.1:{listen}/state\", pointer = \"/state\", order = [\"starting\", \"ready\"] }\nreconnect_deadline = \"3s\"";
const HEALTH: &str = "call = \"http://127.0.0.1:{listen}/items\"\npool_size = 3\nreconnect_deadline = \"3s\"\nhealth = { url = \"http://127.0.0.1:{listen}/health\", max_lag = \"2s\", answer_within = \"600ms\" }";
const POOLER: &str = "pooler_dsn = \"{pooler}\"";

/// All of them.
const ROWS: &[DbFixture] = &[
    ("db.reach", Conforming, "a file", FILE, "", ""),
    ("db.reach", Conforming, "a server", SERVER, "", ""),
    ("db.reach", Defective, "a port on which nobody listens", SERVER, "", "{nobody}"),
    ("db.init.reference", Conforming, "prepares a file", FILE, "", ""),
    ("db.init.reference", Defective, "ends with an error", FILE, "fails", ""),
    ("db.init.reference", Conforming, "prepares a database", SERVER, "", ""),
    ("db.init.idempotent", Conforming, "looks whether it is done", FILE, "", ""),
    ("db.init.idempotent", Defective, "adds a row each time", FILE, "again", ""),
    ("db.init.idempotent", Defective, "adds a row each time", SERVER, "again", ""),
    ("db.race.start", Conforming, "one at a time", FILE, "", ""),
    ("db.race.start", Defective, "looks, dawdles and creates", FILE, "naive", ""),
    ("db.race.proxy", Conforming, "one at a time", SERVER, "", ""),
    ("db.race.proxy", Defective, "looks, dawdles and creates", SERVER, "naive", ""),
    ("db.race.ddl", Conforming, "one at a time", SERVER, "", ""),
    ("db.race.ddl", Defective, "looks and creates", SERVER, "naive", ""),
    ("db.race.dml", Conforming, "one at a time", SERVER, "", ""),
    ("db.race.dml", Defective, "looks and inserts", SERVER, "naive", ""),
    ("db.race.crash", Conforming, "a lock that goes with its connection", SERVER, "", ""),
    ("db.race.crash", Defective, "a lock that stays", SERVER, "sticky={folder}/lock", ""),
    ("db.race.crash", Conforming, "a lock that goes with its process", FILE, "slow", ""),
    ("db.race.crash", Defective, "a lock that stays", FILE, "slow sticky={folder}/lock", ""),
    ("db.race.crash", Conforming, "steps that can be done again", SERVER, "resumes", ""),
    ("db.race.crash", Defective, "steps that cannot be done again", SERVER, "steps", ""),
    ("db.race.crash", Conforming, "steps that can be done again", FILE, "resumes", ""),
    ("db.race.crash", Defective, "steps that cannot be done again", FILE, "steps", ""),
    ("db.race.pooler", Conforming, "a lock of a transaction", SERVER, "transaction", POOLER),
    ("db.race.pooler", Defective, "a lock that goes with the connection", SERVER, "never-unlocks", POOLER),
    ("db.lock.mechanism", Conforming, "an advisory lock", SERVER, "", ""),
    ("db.lock.mechanism", Defective, "no lock", SERVER, "naive", ""),
    ("db.lock.released", Conforming, "leaves nothing", FILE, "", ""),
    ("db.lock.released", Defective, "leaves a process", FILE, "leaves", ""),
    ("db.lock.released", Conforming, "leaves nothing", SERVER, "", ""),
    ("db.lock.released", Defective, "leaves a lock", SERVER, "leaves", ""),
    ("db.sqlite.busy", Conforming, "waits five seconds", FILE, "", ""),
    ("db.sqlite.busy", Defective, "does not wait", FILE, "impatient hasty", ""),
    ("db.sqlite.wal", Conforming, "switches again", FILE, "", ""),
    ("db.sqlite.wal", Defective, "switches once", FILE, "hasty", ""),
    ("db.state.order", Conforming, "is ready with its database", SERVER, "", STATE),
    ("db.state.order", Defective, "is ready at once", SERVER, "hasty", STATE),
    ("db.state.late_db", Conforming, "waits for its database", SERVER, "", STATE),
    ("db.state.late_db", Defective, "ends without its database", SERVER, "gives-up", STATE),
    ("db.reconnect.terminate", Conforming, "looks at connections before it uses them", SERVER, "", APP),
    ("db.reconnect.terminate", Defective, "one connection for ever", SERVER, "single", APP),
    ("db.reconnect.reset", Conforming, "looks at connections before it uses them", SERVER, "", APP),
    ("db.reconnect.reset", Defective, "one connection for ever", SERVER, "single", APP),
    ("db.reconnect.blackhole", Conforming, "waits for a bounded time", SERVER, "", APP),
    ("db.reconnect.blackhole", Defective, "waits for ever", SERVER, "waits", APP),
    ("db.reconnect.restart", Conforming, "looks at connections before it uses them", SERVER, "", APP),
    ("db.reconnect.restart", Defective, "one connection for ever", SERVER, "single", APP),
    ("db.reconnect.pool", Conforming, "closes what is broken", SERVER, "", APP),
    ("db.reconnect.pool", Defective, "opens more each time", SERVER, "leaks", APP),
    ("db.health.truth", Conforming, "asks its database", SERVER, "", HEALTH),
    ("db.health.truth", Defective, "is always healthy", SERVER, "lies", HEALTH),
    ("db.health.bounded", Conforming, "waits for a bounded time", SERVER, "", HEALTH),
    ("db.health.bounded", Defective, "waits for ever", SERVER, "waits", HEALTH),
    ("db.health.cheap", Conforming, "asks over its pool", SERVER, "", HEALTH),
    ("db.health.cheap", Defective, "opens a connection for each question", SERVER, "new-each", HEALTH),
];

/// The cases.
pub fn cases(cluster: &Rc<Lazy>) -> Vec<FixtureCase> {
    let case = |row: &'static DbFixture| {
        let (check, look) = db::CHECKS.iter().find(|(check, _)| check.id == row.0)?;
        let (cluster, look) = (Rc::clone(cluster), *look);
        let looks = move || -> CheckFuture {
            let cluster = Rc::clone(&cluster);
            Box::pin(async move { subject_of(row, &cluster, look).await })
        };
        Some(FixtureCase { check, kind: row.1, subject: row.2, look: Box::new(looks) })
    };
    ROWS.iter().filter_map(case).collect()
}

/// The check on a program that is started for it.
async fn subject_of(
    (_, _, _, engine, words, claims): &DbFixture,
    cluster: &Lazy,
    look: fn(DbTarget) -> CheckFuture,
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
    let Some(mut db) = claimed(*engine, &words, &claims) else {
        return CheckResult::error("the claims cannot be read");
    };
    // A configuration would not take a password.
    db.admin = (*engine == SERVER).then_some(admin);
    let allow = Rc::new(Allow::new(&DoctorSettings::default().allow_hosts));
    let target = DbTarget { db: Rc::new(db), allow, quick: true, log: Log::start(), known: Rc::default() };
    let log = target.log.clone();
    let mut found = look(target).await;
    found.evidence = log.lines();
    found
}

/// What is claimed, read as a configuration is.
fn claimed(engine: EngineKind, words: &str, claims: &str) -> Option<Db> {
    let program = environment::program().ok()?;
    let program = program.to_str()?;
    let (name, place) = if engine == FILE { ("sqlite", "{path}") } else { ("postgres", "{dsn}") };
    let words: Vec<&str> = words.split_whitespace().collect();
    let is_app = claims.contains("{listen}");
    let prepare = if is_app { &[][..] } else { &words[..] };
    let migrate = toml_list(&[&[program, "__host", "migrate", name, place], prepare].concat());
    let serve = toml_list(&[&[program, "__host", "app", "{listen}", "{dsn}"], &words[..]].concat());
    let serve = if is_app { format!("serve = {{ command = {serve} }}\n") } else { String::new() };
    let admin = if engine == FILE { "" } else { "admin = \"postgresql://postgres@127.0.0.1/postgres\"\n" };
    let text = format!(
        "[[doctor.db]]\nname = \"built-in\"\nengine = \"{name}\"\n{admin}workers = 4\ninit = {{ command = {migrate}, within = \"5s\" }}\n{serve}{claims}\n"
    );
    let (doctor, mistakes) = DoctorSettings::parse_included("built-in", &text);
    doctor.db.into_iter().next().filter(|_| mistakes.is_empty())
}
