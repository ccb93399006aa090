//! `[[doctor.db]]`: a database, the program that initializes it, and the service that uses it.

use super::program::ProgramSettings;
use crate::config::reader::ConfigReader;
use crate::text::{Node, NodeData};

/// One `[[doctor.db]]`
#[derive(Clone, Debug, PartialEq)]
pub struct Db {
    pub name: String,
    pub engine: EngineKind,
    /// URL of a user who may create databases. Required for servers, not used for SQLite.
    pub admin: Option<String>,
    /// File with certificates that are trusted in addition to those of the system.
    pub ca: Option<String>,
    /// Program that initializes an empty database and exits.
    pub init: Option<ProgramSettings>,
    /// Number of concurrent `init` programs (default 8).
    pub workers: u64,
    /// Number of rounds (default 5).
    pub rounds: u64,
    /// Gates at which the workers are held and released together.
    pub gates: Vec<String>,
    /// Exit codes of a successful `init` (default 0).
    pub expect_exit: Vec<i64>,
    /// Time that `init` waits for a locked database file, in milliseconds (default 5000).
    pub busy_budget_ms: u64,
    /// URL of the same server through a pooler; its database name is replaced.
    pub pooler: Option<String>,
    /// Program of the service that uses the database.
    pub serve: Option<ProgramSettings>,
    pub state: Option<StateSettings>,
    /// URL of the service that requires the database.
    pub call: Option<String>,
    /// Number of connections in the pool of the service (default 10).
    pub pool_size: u64,
    /// Timeout of a reconnection to the database, in milliseconds (default 10,000).
    pub reconnect_deadline_ms: u64,
    /// Program that restarts the database server and exits.
    pub restart: Option<ProgramSettings>,
    pub health: Option<HealthSettings>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EngineKind {
    Postgres,
    Sqlite,
    /// MySQL or MariaDB.
    Mysql,
}

/// Startup state that a service reports.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StateSettings {
    pub url: String,
    /// JSON pointer (RFC 6901) of the state in the response; the whole response if `None`.
    pub pointer: Option<String>,
    /// States in order; the service is ready in the last one.
    pub order: Vec<String>,
}

/// Health that a service reports.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HealthSettings {
    /// URL that returns a status below 400 if the service is healthy.
    pub url: String,
    /// Maximum delay until a change of health is reported, in milliseconds (default 5000).
    pub max_lag_ms: u64,
    /// Timeout of a response, in milliseconds (default 2000).
    pub answer_within_ms: u64,
    /// Whether the URL reports liveness only, independent of the database.
    pub liveness: bool,
    /// Database states to simulate, out of `STATES`.
    pub states: Vec<String>,
}

/// Known gates.
pub(super) const GATES: &[&str] = &["start", "proxy", "ddl", "dml", "crash"];
/// Database states that doctor can simulate.
pub(super) const STATES: &[&str] =
    &["up", "refused", "blackhole", "auth-fail", "read-only", "slow", "exhausted", "schema-missing"];

impl Db {
    /// Creates settings with default values and without a program or URL.
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
        let name = self.required(tree, "name", "doctor.db");
        let engines =
            [("postgres", EngineKind::Postgres), ("sqlite", EngineKind::Sqlite), ("mysql", EngineKind::Mysql)];
        if tree.get("engine").is_none() {
            let help = "add `engine = \"postgres\"`, `engine = \"sqlite\"` or `engine = \"mysql\"`";
            self.error(tree.span, "missing `engine` in `[[doctor.db]]`", help);
        }
        let engine = self.choice(tree, "engine", &engines);
        let admin = self.dsn(tree, "admin");
        if engine.is_some_and(|engine| (engine == EngineKind::Sqlite) == admin.is_some()) && tree.get("admin").is_none()
        {
            let help = "add `admin = \"${DOCTOR_PG_ADMIN}\"`, the URL of a user who may create databases";
            self.error(tree.span, "missing `admin` in a `[[doctor.db]]` for a server", help);
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

    /// Parses a connection URL or keyword string, which must not contain a literal password.
    fn dsn(&mut self, tree: &Node<'static>, key: &str) -> Option<String> {
        let (dsn, span) = self.text(tree, key)?;
        let password = url::Url::parse(dsn).ok().and_then(|url| url.password().map(str::to_owned));
        let keyword_password = dsn.split_whitespace().find_map(|word| word.strip_prefix("password="));
        if password
            .as_deref()
            .or(keyword_password)
            .is_some_and(|password| !password.contains("${") && !password.contains("$%7B"))
        {
            let help = "write the secret as `${NAME}`, and set NAME in the environment";
            self.error(span, "the URL contains a secret", help);
        }
        Some(dsn.to_owned())
    }

    /// Parses a list of known words. Returns all known words if the key is absent.
    fn known_words(&mut self, tree: &Node<'static>, key: &str, known: &[&str]) -> Vec<String> {
        let Some(given) = self.texts(tree, key) else {
            return known.iter().map(|&word| word.to_owned()).collect();
        };
        for (word, span) in &given {
            if !known.contains(&word.as_str()) {
                let near = crate::text::suggest::did_you_mean(word, known.iter().copied());
                self.error(
                    *span,
                    format!("unknown value `{word}` in `{key}`{near}"),
                    format!("known values: {}", known.join(", ")),
                );
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
            self.error(value.span, "`expect_exit` must be a list of exit codes", "write `expect_exit = [0]`");
            vec![0]
        })
    }

    fn state(&mut self, tree: Option<&Node<'static>>) -> Option<StateSettings> {
        let tree = self.table(tree, "doctor.db.state")?;
        let order = self.words(tree, "order").unwrap_or_default();
        if order.len() < 2 {
            let span = tree.get("order").map_or(tree.span, |value| value.span);
            let help = "write `order = [\"starting\", \"ready\"]`, with the ready state last";
            self.error(span, "`order` must have at least two states", help);
        }
        let pointer = self.text(tree, "pointer").map(|(pointer, span)| (pointer.to_owned(), span));
        if let Some((pointer, span)) = &pointer
            && !pointer.is_empty()
            && !pointer.starts_with('/')
        {
            self.error(*span, format!("`{pointer}` is not a valid JSON pointer"), "write a pointer such as `/state`");
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
