//! `[[doctor.db]]`: a database, the program that prepares it, and the service that lives on it.

use super::program::ProgramSettings;
use crate::config::reader::ConfigReader;
use crate::text::{Node, NodeData};

/// One `[[doctor.db]]`
#[derive(Clone, Debug, PartialEq)]
pub struct Db {
    /// What it is called.
    pub name: String,
    /// What kind of database it is.
    pub engine: EngineKind,
    /// How doctor connects: who may create databases. A server has it, a file has not.
    pub admin: Option<String>,
    /// A file with certificates that are trusted beside those of the system.
    pub ca: Option<String>,
    /// The program that prepares an empty database, and ends.
    pub init: Option<ProgramSettings>,
    /// How many of it run at once.
    pub workers: u64,
    /// How often.
    pub rounds: u64,
    /// What holds them until they collide.
    pub gates: Vec<String>,
    /// The exit codes with which it may end.
    pub expect_exit: Vec<i64>,
    /// For how long it claims to wait for a database file that is locked, in milliseconds.
    pub busy_budget_ms: u64,
    /// The same database through a pooler; the name of the database in it is replaced.
    pub pooler: Option<String>,
    /// The service that lives on the database.
    pub serve: Option<ProgramSettings>,
    /// What the service says of its own state.
    pub state: Option<StateSettings>,
    /// A page of the service that needs the database.
    pub call: Option<String>,
    /// How many connections the service keeps.
    pub pool_size: u64,
    /// How long it may take to find back to a database, in milliseconds.
    pub reconnect_deadline_ms: u64,
    /// A program that restarts the server of the database, and ends.
    pub restart: Option<ProgramSettings>,
    /// What the service says of its health.
    pub health: Option<HealthSettings>,
}

/// What kind of database it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EngineKind {
    /// PostgreSQL.
    Postgres,
    /// A file of SQLite.
    Sqlite,
    /// MySQL or MariaDB.
    Mysql,
}

/// What a service says of its state.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StateSettings {
    /// Where.
    pub url: String,
    /// Where in what it says (JSON pointer, RFC 6901); all of it where it is `None`.
    pub pointer: Option<String>,
    /// The states in their order; in the last one it is ready.
    pub order: Vec<String>,
}

/// What a service says of its health.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HealthSettings {
    /// Where; a status below 400 says that it is healthy.
    pub url: String,
    /// How long it may go on to say what is no longer true, in milliseconds.
    pub max_lag_ms: u64,
    /// How long an answer may take, in milliseconds.
    pub answer_within_ms: u64,
    /// Whether it says only that the service itself lives, whatever the database does.
    pub liveness: bool,
    /// What is done to the database.
    pub states: Vec<String>,
}

/// What can hold workers until they collide.
pub const GATES: &[&str] = &["start", "proxy", "ddl", "dml", "crash"];
/// What can be done to a database that a service claims to be healthy.
pub const STATES: &[&str] =
    &["up", "refused", "blackhole", "auth-fail", "read-only", "slow", "exhausted", "schema-missing"];

impl Db {
    /// A database of a kind, of which nothing is claimed.
    pub fn of(engine: EngineKind) -> Self {
        Self {
            name: String::new(),
            engine,
            admin: None,
            ca: None,
            init: None,
            workers: 8,
            rounds: 5,
            gates: GATES.iter().map(|&gate| gate.to_owned()).collect(),
            expect_exit: vec![0],
            busy_budget_ms: 5_000,
            pooler: None,
            serve: None,
            state: None,
            call: None,
            pool_size: 10,
            reconnect_deadline_ms: 10_000,
            restart: None,
            health: None,
        }
    }
}

impl ConfigReader<'_> {
    pub(super) fn db(&mut self, tree: &Node<'static>) -> Option<Db> {
        let tree = self.table(Some(tree), "doctor.db")?;
        let name = self.needed(tree, "name", "doctor.db");
        let engines =
            [("postgres", EngineKind::Postgres), ("sqlite", EngineKind::Sqlite), ("mysql", EngineKind::Mysql)];
        if tree.get("engine").is_none() {
            let help = "add `engine = \"postgres\"`; `sqlite` and `mysql` are the others";
            self.mistake(tree.span, "a `[[doctor.db]]` without `engine`", help);
        }
        let engine = self.choice(tree, "engine", &engines);
        let admin = self.dsn(tree, "admin");
        if engine.is_some_and(|engine| (engine == EngineKind::Sqlite) == admin.is_some()) && tree.get("admin").is_none()
        {
            let help = "add `admin = \"${DOCTOR_PG_ADMIN}\"`: a URL of somebody who may create databases";
            self.mistake(tree.span, "a `[[doctor.db]]` of a server without `admin`", help);
        }
        let default = Db::of(engine.unwrap_or(EngineKind::Postgres));
        Some(Db {
            name: name?,
            engine: engine?,
            admin,
            ca: self.text(tree, "ca").map(|(file, _)| file.to_owned()),
            init: self.program(tree, "init", "doctor.db"),
            workers: self.count(tree, "workers", (2, 64)).unwrap_or(default.workers),
            rounds: self.count(tree, "rounds", (1, 100)).unwrap_or(default.rounds),
            gates: self.known_words(tree, "gates", GATES),
            expect_exit: self.codes(tree),
            busy_budget_ms: self.milliseconds(tree, "busy_budget").unwrap_or(default.busy_budget_ms),
            pooler: self.dsn(tree, "pooler_dsn"),
            serve: self.program(tree, "serve", "doctor.db"),
            state: self.state(tree.get("state")),
            call: self.address(tree, "call"),
            pool_size: self.count(tree, "pool_size", (1, 500)).unwrap_or(default.pool_size),
            reconnect_deadline_ms: self
                .milliseconds(tree, "reconnect_deadline")
                .unwrap_or(default.reconnect_deadline_ms),
            restart: self.program(tree, "restart", "doctor.db"),
            health: self.health(tree.get("health")),
        })
    }

    /// How to connect to a server: a URL without a password in it.
    fn dsn(&mut self, tree: &Node<'static>, key: &str) -> Option<String> {
        let (dsn, span) = self.text(tree, key)?;
        let password = url::Url::parse(dsn).ok().and_then(|url| url.password().map(str::to_owned));
        let in_words = dsn.split_whitespace().find_map(|word| word.strip_prefix("password="));
        if password
            .as_deref()
            .or(in_words)
            .is_some_and(|password| !password.contains("${") && !password.contains("$%7B"))
        {
            let help = "write it as `${NAME}`, and set NAME in the environment";
            self.mistake(span, "there is a secret in this URL", help);
        }
        Some(dsn.to_owned())
    }

    /// A list of words out of those that are known; all of them where there is no list.
    fn known_words(&mut self, tree: &Node<'static>, key: &str, known: &[&str]) -> Vec<String> {
        let Some(given) = self.texts(tree, key) else {
            return known.iter().map(|&word| word.to_owned()).collect();
        };
        for (word, span) in &given {
            if !known.contains(&word.as_str()) {
                let near = crate::text::suggest::did_you_mean(word, known.iter().copied());
                self.mistake(*span, format!("`{key}` has no `{word}`{near}"), known.join(", "));
            }
        }
        given.into_iter().map(|(word, _)| word).collect()
    }

    fn codes(&mut self, tree: &Node<'static>) -> Vec<i64> {
        let Some(value) = tree.get("expect_exit") else { return vec![0] };
        let code = |item: &Node<'static>| match &item.data {
            NodeData::Number(number) => number.as_i64().filter(|code| (0..256).contains(code)),
            _ => None,
        };
        let codes: Option<Vec<i64>> = value.items().iter().map(code).collect();
        codes.filter(|codes| !codes.is_empty()).unwrap_or_else(|| {
            self.mistake(value.span, "`expect_exit` must be a list of exit codes", "write `expect_exit = [0]`");
            vec![0]
        })
    }

    fn state(&mut self, tree: Option<&Node<'static>>) -> Option<StateSettings> {
        let tree = self.table(tree, "doctor.db.state")?;
        let order = self.words(tree, "order").unwrap_or_default();
        if order.len() < 2 {
            let span = tree.get("order").map_or(tree.span, |value| value.span);
            let help = "write `order = [\"starting\", \"ready\"]`; in the last one it is ready";
            self.mistake(span, "`order` must have two states at least", help);
        }
        let pointer = self.text(tree, "pointer").map(|(pointer, span)| (pointer.to_owned(), span));
        if let Some((pointer, span)) = &pointer
            && !pointer.is_empty()
            && !pointer.starts_with('/')
        {
            self.mistake(*span, format!("`{pointer}` is no JSON pointer"), "write it as `/state`");
        }
        let url = self.needed_address(tree, "url", "doctor.db.state");
        Some(StateSettings { url: url?, pointer: pointer.map(|(pointer, _)| pointer), order })
    }

    fn health(&mut self, tree: Option<&Node<'static>>) -> Option<HealthSettings> {
        let tree = self.table(tree, "doctor.db.health")?;
        let url = self.needed_address(tree, "url", "doctor.db.health");
        Some(HealthSettings {
            url: url?,
            max_lag_ms: self.milliseconds(tree, "max_lag").unwrap_or(5_000),
            answer_within_ms: self.milliseconds(tree, "answer_within").unwrap_or(2_000),
            liveness: self.flag(tree, "liveness").unwrap_or_default(),
            states: self.known_words(tree, "states", STATES),
        })
    }
}
