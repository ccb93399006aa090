//! `[doctor]`: the targets of `phx doctor`, their claims, and limits for the checks.

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
pub use ws::{Churn, LimitScope, Liveness, MetricsEndpoint, Process, Rate, Stress, UrlParts, Ws};

use chrono::NaiveDate;

use super::raw;
use super::reader::ConfigReader;
use crate::finding::{Finding, Source};
use crate::text::{Lines, Node, NodeData, Span};

/// Default of `allow_hosts`: loopback addresses only.
const LOOPBACK: &[&str] = &["127.0.0.0/8", "::1/128"];

/// `[doctor]`
#[derive(Clone, Debug, PartialEq)]
pub struct DoctorSettings {
    /// Timeout of a run, in milliseconds.
    pub deadline_ms: u64,
    /// Timeouts of single checks, by id, in milliseconds.
    pub deadlines: Vec<(String, u64)>,
    /// Networks and host names that checks may connect to.
    pub allow_hosts: Vec<String>,
    /// Whether checks may kill, stop and create resources that others use.
    pub destructive: bool,
    /// Checks that fail if they are skipped, as globs of ids.
    pub require: Vec<String>,
    /// Additional files with `[doctor]` tables, as globs relative to the directory of this file.
    pub include: Vec<(String, Span)>,
    /// Checks whose results are ignored.
    pub suppress: Vec<Suppress>,
    pub ws: Vec<Ws>,
    /// Terminal hosts.
    pub pty: Vec<Pty>,
    /// Services with an upstream dependency.
    pub ipc: Vec<Ipc>,
    pub db: Vec<Db>,
}

/// One `[[doctor.suppress]]`
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Suppress {
    /// Checks, as a glob of ids.
    pub id: String,
    /// Name of the target; any target if `None`.
    pub target: Option<String>,
    pub reason: String,
    /// Last day of the suppression.
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
    /// Parses a file listed in `include`. It may contain all keys of `[doctor]` except `include`. If there are
    /// findings, the value must not be used.
    pub fn parse_included(path: &str, text: &str) -> (Self, Vec<Finding>) {
        let lines = Lines::new(text);
        let source = Source { path, text, lines: &lines };
        let (tree, mistakes) = raw::parse(source);
        let mut reader = ConfigReader::new(source, mistakes);
        reader.known_keys(&tree, &["doctor"], "a file listed in `doctor.include`");
        let doctor = reader.doctor(tree.get("doctor"));
        for (_, span) in &doctor.include {
            reader.error(
                *span,
                "`include` is not allowed in an included file",
                "add the file to `doctor.include` in `phx.toml`",
            );
        }
        (doctor, reader.mistakes)
    }

    /// Adds the targets, suppressions, required checks and timeouts of an included file. Other settings stay unchanged.
    ///
    /// # Errors
    /// Returns the name of a target that occurs twice in one probe.
    pub fn add(&mut self, other: Self) -> Result<(), String> {
        self.ws.extend(other.ws);
        self.pty.extend(other.pty);
        self.ipc.extend(other.ipc);
        self.db.extend(other.db);
        self.suppress.extend(other.suppress);
        self.require.extend(other.require);
        self.deadlines.extend(other.deadlines);
        let duplicate = |names: Vec<&str>| {
            let is_repeated = |at: &usize| names[..*at].contains(&names[*at]);
            (0..names.len()).find(is_repeated).map(|at| names[at].to_owned())
        };
        let ws = duplicate(self.ws.iter().map(|ws| ws.name.as_str()).collect());
        let pty = duplicate(self.pty.iter().map(|pty| pty.name.as_str()).collect());
        let ipc = duplicate(self.ipc.iter().map(|ipc| ipc.name.as_str()).collect());
        let db = duplicate(self.db.iter().map(|db| db.name.as_str()).collect());
        ws.or(pty).or(ipc).or(db).map_or(Ok(()), Err)
    }
}

impl ConfigReader<'_> {
    /// Parses `[doctor]`.
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
                self.error(
                    span,
                    format!("`{host}` is not a valid network or host name"),
                    "write a network such as `10.0.0.0/8` or a name such as `*.example.org`",
                );
            }
        }
        for table in self.tables(tree, "ws") {
            if let Some(ws) = self.ws(table) {
                self.require_unique(table, &ws.name, doctor.ws.iter().any(|other| other.name == ws.name));
                doctor.ws.push(ws);
            }
        }
        for table in self.tables(tree, "pty") {
            if let Some(pty) = self.pty(table) {
                self.require_unique(table, &pty.name, doctor.pty.iter().any(|other| other.name == pty.name));
                doctor.pty.push(pty);
            }
        }
        for table in self.tables(tree, "ipc") {
            if let Some(ipc) = self.ipc(table) {
                self.require_unique(table, &ipc.name, doctor.ipc.iter().any(|other| other.name == ipc.name));
                doctor.ipc.push(ipc);
            }
        }
        for table in self.tables(tree, "db") {
            if let Some(db) = self.db(table) {
                self.require_unique(table, &db.name, doctor.db.iter().any(|other| other.name == db.name));
                doctor.db.push(db);
            }
        }
        doctor
    }

    fn require_unique(&mut self, table: &Node<'static>, name: &str, is_duplicate: bool) {
        if is_duplicate {
            self.error(table.span, format!("duplicate target `{name}`"), "give each target a unique name");
        }
    }

    /// Returns the items of a list of tables.
    fn tables<'t>(&mut self, tree: &'t Node<'static>, key: &str) -> &'t [Node<'static>] {
        let Some(list) = tree.get(key) else { return &[] };
        if !matches!(list.data, NodeData::List(_)) {
            let help = format!("write `[[doctor.{key}]]`");
            self.error(list.span, format!("`{key}` must be a list of tables"), help);
        }
        list.items()
    }

    fn suppression(&mut self, tree: &Node<'static>) -> Option<Suppress> {
        let tree = self.table(Some(tree), "doctor.suppress")?;
        let id = self.required(tree, "id", "doctor.suppress")?;
        let reason = self.required(tree, "reason", "doctor.suppress")?;
        let Some(given) = tree.get("until") else {
            let help = "add `until = \"2027-03-01\"`, the last day of the suppression";
            self.error(tree.span, "missing `until` in `[[doctor.suppress]]`", help);
            return None;
        };
        let (until, span) = (given.as_text().unwrap_or_default(), given.span);
        let Ok(until) = until.parse() else {
            self.error(span, format!("`{until}` is not a valid date"), "write a date such as `2027-03-01`");
            return None;
        };
        let target = self.text(tree, "target").map(|(target, _)| target.to_owned());
        Some(Suppress { id, target, reason, until })
    }

    fn deadlines(&mut self, tree: Option<&Node<'static>>) -> Vec<(String, u64)> {
        let Some(tree) = tree else { return Vec::new() };
        let NodeData::Map(entries) = &tree.data else {
            let help = "write `deadlines = { \"ws.limit.exact\" = \"1m\" }`";
            self.error(tree.span, "`deadlines` must be a table", help);
            return Vec::new();
        };
        let read = |entry: &crate::text::NodeEntry<'static>| {
            let time = self.milliseconds(tree, &entry.key)?;
            Some((entry.key.to_string(), time))
        };
        entries.iter().filter_map(read).collect()
    }
}
