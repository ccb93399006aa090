//! `[doctor]`: the systems that `phx doctor` verifies, what they claim, and how far it may go.

mod db;
mod fields;
mod ipc;
mod program;
mod pty;
mod ws;

pub use db::{Db, EngineKind, HealthSettings, StateSettings};
pub use ipc::{Breaker, Errors, Ipc, Retry, ServiceEntry, Timeout, UpstreamSettings};
pub use program::ProgramSettings;
pub use pty::{Codec, Host, Pty, PtyEnv, Sandbox, Stdio};
pub use ws::{Churn, Endpoint, LimitScope, Liveness, MetricsEndpoint, Process, Rate, Stress, Ws};

use chrono::NaiveDate;

use super::raw;
use super::reader::ConfigReader;
use crate::finding::{Finding, Source};
use crate::text::{Lines, Node, NodeData, Span};

/// What is connected to where nothing else is allowed: this machine alone.
const LOOPBACK: &[&str] = &["127.0.0.0/8", "::1/128"];

/// `[doctor]`
#[derive(Clone, Debug, PartialEq)]
pub struct DoctorSettings {
    /// How long a whole run may take, in milliseconds.
    pub deadline_ms: u64,
    /// How long single checks may take, by id, in milliseconds.
    pub deadlines: Vec<(String, u64)>,
    /// What may be connected to: networks and names.
    pub allow_hosts: Vec<String>,
    /// Whether checks may kill, end and create what others use.
    pub destructive: bool,
    /// Checks whose skip is a failure, as globs of ids.
    pub require: Vec<String>,
    /// More files with `[doctor]` tables, as globs from this file's directory.
    pub include: Vec<(String, Span)>,
    /// What does not count, and why.
    pub suppress: Vec<Suppress>,
    /// WebSocket servers.
    pub ws: Vec<Ws>,
    /// Hosts of terminals.
    pub pty: Vec<Pty>,
    /// Services that call others.
    pub ipc: Vec<Ipc>,
    /// Databases.
    pub db: Vec<Db>,
}

/// One `[[doctor.suppress]]`
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Suppress {
    /// The checks, as a glob of ids.
    pub id: String,
    /// The subject; any where it is `None`.
    pub target: Option<String>,
    /// Why it does not count.
    pub reason: String,
    /// The last day on which it does not count.
    pub until: NaiveDate,
}

impl Default for DoctorSettings {
    fn default() -> Self {
        Self {
            deadline_ms: 300_000,
            deadlines: Vec::new(),
            allow_hosts: LOOPBACK.iter().map(|&network| network.to_owned()).collect(),
            destructive: false,
            require: Vec::new(),
            include: Vec::new(),
            suppress: Vec::new(),
            ws: Vec::new(),
            pty: Vec::new(),
            ipc: Vec::new(),
            db: Vec::new(),
        }
    }
}

impl DoctorSettings {
    /// Reads a file that `include` names: it may hold what `[doctor]` holds, but for `include`. Where there are mistakes,
    /// the value must not be used.
    pub fn parse_included(path: &str, text: &str) -> (Self, Vec<Finding>) {
        let lines = Lines::new(text);
        let source = Source { path, text, lines: &lines };
        let (tree, mistakes) = raw::parse(source);
        let mut reader = ConfigReader::new(source, mistakes);
        reader.known_keys(&tree, &["doctor"], "a file of `doctor.include`");
        let doctor = reader.doctor(tree.get("doctor"));
        for (_, span) in &doctor.include {
            reader.mistake(*span, "an included file cannot include", "name the file in `phx.toml`");
        }
        (doctor, reader.mistakes)
    }

    /// Takes in what an included file adds. Its subjects and suppressions are added, the rest stays.
    ///
    /// # Errors
    /// The name that two subjects of one probe share.
    pub fn add(&mut self, other: Self) -> Result<(), String> {
        self.ws.extend(other.ws);
        self.pty.extend(other.pty);
        self.ipc.extend(other.ipc);
        self.db.extend(other.db);
        self.suppress.extend(other.suppress);
        self.require.extend(other.require);
        self.deadlines.extend(other.deadlines);
        let twice = |names: Vec<&str>| {
            let again = |at: &usize| names[..*at].contains(&names[*at]);
            (0..names.len()).find(again).map(|at| names[at].to_owned())
        };
        let ws = twice(self.ws.iter().map(|ws| ws.name.as_str()).collect());
        let pty = twice(self.pty.iter().map(|pty| pty.name.as_str()).collect());
        let ipc = twice(self.ipc.iter().map(|ipc| ipc.name.as_str()).collect());
        let db = twice(self.db.iter().map(|db| db.name.as_str()).collect());
        ws.or(pty).or(ipc).or(db).map_or(Ok(()), Err)
    }
}

impl ConfigReader<'_> {
    /// Reads `[doctor]`.
    pub(super) fn doctor(&mut self, tree: Option<&Node<'static>>) -> DoctorSettings {
        let default = DoctorSettings::default();
        let Some(tree) = self.table(tree, "doctor") else {
            return default;
        };
        let mut doctor = DoctorSettings {
            deadline_ms: self.milliseconds(tree, "deadline").unwrap_or(default.deadline_ms),
            deadlines: self.deadlines(tree.get("deadlines")),
            allow_hosts: self.words(tree, "allow_hosts").unwrap_or(default.allow_hosts),
            destructive: self.flag(tree, "destructive").unwrap_or_default(),
            require: self.words(tree, "require").unwrap_or_default(),
            include: self.texts(tree, "include").unwrap_or_default(),
            suppress: self.tables(tree, "suppress").iter().filter_map(|table| self.suppression(table)).collect(),
            ..default
        };
        for (host, span) in self.texts(tree, "allow_hosts").unwrap_or_default() {
            if host.is_empty() || (host.contains('/') && host.parse::<ipnet::IpNet>().is_err()) {
                self.mistake(
                    span,
                    format!("`{host}` is no network and no name"),
                    "write it as `10.0.0.0/8`, `::1` or `*.example.org`",
                );
            }
        }
        for table in self.tables(tree, "ws") {
            if let Some(ws) = self.ws(table) {
                self.only_once(table, &ws.name, doctor.ws.iter().any(|other| other.name == ws.name));
                doctor.ws.push(ws);
            }
        }
        for table in self.tables(tree, "pty") {
            if let Some(pty) = self.pty(table) {
                self.only_once(table, &pty.name, doctor.pty.iter().any(|other| other.name == pty.name));
                doctor.pty.push(pty);
            }
        }
        for table in self.tables(tree, "ipc") {
            if let Some(ipc) = self.ipc(table) {
                self.only_once(table, &ipc.name, doctor.ipc.iter().any(|other| other.name == ipc.name));
                doctor.ipc.push(ipc);
            }
        }
        for table in self.tables(tree, "db") {
            if let Some(db) = self.db(table) {
                self.only_once(table, &db.name, doctor.db.iter().any(|other| other.name == db.name));
                doctor.db.push(db);
            }
        }
        doctor
    }

    fn only_once(&mut self, table: &Node<'static>, name: &str, is_there: bool) {
        if is_there {
            self.mistake(table.span, format!("a second subject `{name}`"), "give it a name of its own");
        }
    }

    /// The tables of a list of tables.
    fn tables<'t>(&mut self, tree: &'t Node<'static>, key: &str) -> &'t [Node<'static>] {
        let Some(list) = tree.get(key) else { return &[] };
        if !matches!(list.data, NodeData::List(_)) {
            let help = format!("write `[[doctor.{key}]]`");
            self.mistake(list.span, format!("`{key}` must be a list of tables"), help);
        }
        list.items()
    }

    fn suppression(&mut self, tree: &Node<'static>) -> Option<Suppress> {
        let tree = self.table(Some(tree), "doctor.suppress")?;
        let id = self.needed(tree, "id", "doctor.suppress")?;
        let reason = self.needed(tree, "reason", "doctor.suppress")?;
        let Some(given) = tree.get("until") else {
            let help = "add `until = \"2027-03-01\"`: from then on the check counts again";
            self.mistake(tree.span, "a `[[doctor.suppress]]` without `until`", help);
            return None;
        };
        let (until, span) = (given.as_text().unwrap_or_default(), given.span);
        let Ok(until) = until.parse() else {
            self.mistake(span, format!("`{until}` is no date"), "write it as `2027-03-01`");
            return None;
        };
        let target = self.text(tree, "target").map(|(target, _)| target.to_owned());
        Some(Suppress { id, target, reason, until })
    }

    fn deadlines(&mut self, tree: Option<&Node<'static>>) -> Vec<(String, u64)> {
        let Some(tree) = tree else { return Vec::new() };
        let NodeData::Map(entries) = &tree.data else {
            let help = "write `deadlines = { \"ws.limit.exact\" = \"1m\" }`";
            self.mistake(tree.span, "`deadlines` must be a table", help);
            return Vec::new();
        };
        let read = |entry: &crate::text::NodeEntry<'static>| {
            let time = self.milliseconds(tree, &entry.key)?;
            Some((entry.key.to_string(), time))
        };
        entries.iter().filter_map(read).collect()
    }
}
