//! Plan of a doctor run: the targets and the checks on each, computed before anything is opened or started.

use std::cell::RefCell;
use std::rc::Rc;
use std::time::Duration;

use chrono::{DateTime, Utc};

use super::after;
use super::allow::Allow;
use super::check_result::{CheckFuture, CheckResult};
use super::db;
use super::ipc;
use super::log::Log;
use super::pty;
use super::repo::{self, Repository};
use super::run::{self, CheckJob, Progress, RunResult};
use super::scratch::ScratchFolder;
use super::secrets::Secrets;
use super::ws::{self, WsTarget};
use super::{Check, PROBES, matches_selector, policy};
use crate::config::DoctorSettings;
use crate::config::doctor::{Db, Host, Ipc, Pty, ServiceEntry, UrlParts, Ws};

/// Checks, targets and limits selected on the command line.
#[derive(Clone, Debug, Default)]
pub struct CheckSelection {
    /// Selectors of checks (see [`matches_selector`]); all checks if empty.
    pub checks: Vec<String>,
    /// Names of targets; all targets if empty.
    pub targets: Vec<String>,
    /// Whether checks run fewer and shorter trials.
    pub quick: bool,
    /// Whether the time limit per probe and target is lifted.
    pub thorough: bool,
}

/// Reason for skipping a check that puts load on a server that is not local.
const SKIPPED_NOT_DESTRUCTIVE: &str =
    "it loads a server that others may use; set `[doctor] destructive = true` to allow it";

/// Check with the function that starts it.
type PlannedCheck = (&'static Check, Box<dyn FnOnce(Log) -> CheckFuture>);

/// Selected checks on all targets, ready to run.
pub struct Plan {
    /// Targets with at least one selected check, in the order in which they are checked.
    pub targets: Vec<PlannedTarget>,
    /// Selected probes without a configured target, each with an example configuration.
    pub unconfigured_probes: Vec<(&'static str, &'static str)>,
    jobs: Vec<CheckJob>,
    doctor: DoctorSettings,
    selection: CheckSelection,
    secrets: Rc<Secrets>,
}

/// Target with its selected checks.
#[derive(Debug)]
pub struct PlannedTarget {
    pub target: String,
    /// Description of the target and of the programs started for it, without secrets.
    pub about: String,
    pub checks: Vec<&'static Check>,
    /// Whether the configuration defines the target; false for the repository and the machine.
    pub is_configured: bool,
}

/// Returns the names of all targets, first those that need no configuration.
pub fn targets(doctor: &DoctorSettings) -> Vec<&str> {
    let servers = doctor.ws.iter().map(|ws| ws.name.as_str());
    let hosts = doctor.pty.iter().map(|pty| pty.name.as_str());
    let services = doctor.ipc.iter().map(|ipc| ipc.name.as_str());
    let databases = doctor.db.iter().map(|db| db.name.as_str());
    [repo::TARGET, pty::MACHINE].into_iter().chain(servers).chain(hosts).chain(services).chain(databases).collect()
}

impl Plan {
    /// Plans the selected checks; opens and starts nothing.
    pub fn new(repository: Repository, doctor: DoctorSettings, selection: CheckSelection) -> Self {
        let secrets = Rc::new(Secrets::default());
        let mut plan =
            Self { targets: Vec::new(), unconfigured_probes: Vec::new(), jobs: Vec::new(), doctor, selection, secrets };
        plan.repository(repository);
        let allow = Rc::new(Allow::new(&plan.doctor.allow_hosts));
        plan.machine(&allow);
        for server in plan.doctor.ws.clone() {
            plan.websocket(&server, &allow);
        }
        for host in plan.doctor.pty.clone() {
            plan.terminals(&host, &allow);
        }
        for service in plan.doctor.ipc.clone() {
            plan.service(&service, &allow);
        }
        for database in plan.doctor.db.clone() {
            plan.database(&database, &allow);
        }
        let empty = [
            ("db", plan.doctor.db.is_empty()),
            ("ws", plan.doctor.ws.is_empty()),
            ("pty", plan.doctor.pty.is_empty()),
            ("ipc", plan.doctor.ipc.is_empty()),
        ];
        let is_selected = |word: &str| {
            plan.selection.checks.is_empty()
                || super::checks().iter().any(|check| check.id.starts_with(&format!("{word}.")) && plan.selects(check))
        };
        let unconfigured_probes =
            PROBES.iter().filter(|probe| empty.contains(&(probe.name, true)) && is_selected(probe.name));
        plan.unconfigured_probes = unconfigured_probes.map(|probe| (probe.name, probe.example_config)).collect();
        plan
    }

    /// Returns the first selected target name that does not exist.
    pub fn unknown_target(&self) -> Option<&str> {
        let known = self.targets();
        self.selection.targets.iter().map(String::as_str).find(|name| !known.contains(name))
    }

    /// Returns the names of all targets, selected or not.
    pub fn targets(&self) -> Vec<&str> {
        targets(&self.doctor)
    }

    /// Returns the names of the environment variables that the configuration uses.
    pub fn variables(&self) -> Vec<String> {
        self.secrets.names()
    }

    fn selects(&self, check: &Check) -> bool {
        let CheckSelection { checks, .. } = &self.selection;
        checks.is_empty() || checks.iter().any(|glob| matches_selector(glob, check.id))
    }

    fn add(&mut self, target: &str, about: String, checks: Vec<PlannedCheck>) {
        let CheckSelection { targets, .. } = &self.selection;
        if !targets.is_empty() && !targets.iter().any(|name| name == target) {
            return;
        }
        let is_configured = ![repo::TARGET, pty::MACHINE].contains(&target);
        let mut subject = PlannedTarget { target: target.to_owned(), about, checks: Vec::new(), is_configured };
        for (check, run) in checks {
            if !self.selects(check) {
                continue;
            }
            let given = self.doctor.deadlines.iter().find(|(selector, _)| matches_selector(selector, check.id));
            let deadline_ms = given.map_or(check.deadline_ms, |(_, deadline)| *deadline);
            subject.checks.push(check);
            let is_bounded = !self.selection.checks.iter().any(|word| word == check.id);
            self.jobs.push(CheckJob { check, target: target.to_owned(), deadline_ms, is_bounded, run_check: run });
        }
        if !subject.checks.is_empty() {
            self.targets.push(subject);
        }
    }

    fn repository(&mut self, repository: Repository) {
        let repository = Rc::new(repository);
        let about = repository.cwd.display().to_string();
        let checks = repo::CHECKS.iter().map(|(check, run)| {
            let repository = Rc::clone(&repository);
            let run_check: Box<dyn FnOnce(Log) -> CheckFuture> =
                Box::new(move |_| Box::pin(async move { run(&repository) }));
            (*check, run_check)
        });
        self.add(repo::TARGET, about, checks.collect());
    }

    fn websocket(&mut self, server: &Ws, allow: &Rc<Allow>) {
        let resolved = ws::resolved(server, &self.secrets).map(Rc::new);
        let (refusals, seen) = (Rc::new(RefCell::new(Vec::new())), Rc::default());
        let is_protected = !self.doctor.destructive && !resolved.as_ref().is_ok_and(|ws| WsTarget::is_local(ws));
        let checks = ws::CHECKS.iter().map(|(check, run)| {
            let (resolved, refusals, allow) = (resolved.clone(), Rc::clone(&refusals), Rc::clone(allow));
            let seen = Rc::clone(&seen);
            let (quick, is_skipped) = (self.selection.quick, is_protected && !check.risk.is_empty());
            let run_check: Box<dyn FnOnce(Log) -> CheckFuture> = Box::new(move |log| match resolved {
                Err(why) => Box::pin(async { unresolved(why) }),
                Ok(_) if is_skipped => Box::pin(async { CheckResult::skip(SKIPPED_NOT_DESTRUCTIVE) }),
                Ok(ws) => run(WsTarget { ws, allow, quick, log, refusals, seen }),
            });
            (*check, run_check)
        });
        let checks = checks.collect();
        let limit = server.limit.map_or_else(String::new, |limit| format!(", limit {limit}"));
        self.add(&server.name, format!("{}{limit}", server.url), checks);
    }

    fn machine(&mut self, allow: &Rc<Allow>) {
        let run_check: Box<dyn FnOnce(Log) -> CheckFuture> = Box::new(|_| Box::pin(async { pty::local::run() }));
        let mut checks = vec![(&pty::local::CHECK, run_check)];
        if self.doctor.db.is_empty()
            && let Some(embedded) = db::embedded()
        {
            let is_embedded = |check: &Check| db::EMBEDDED.contains(&check.id);
            checks.extend(self.database_checks(&embedded, allow).into_iter().filter(|(check, _)| is_embedded(check)));
        }
        self.add(pty::MACHINE, std::env::consts::OS.to_owned(), checks);
    }

    fn terminals(&mut self, host: &Pty, allow: &Rc<Allow>) {
        let workdir = pty::needs_workdir(host).then(|| ScratchFolder::new("workdir").ok()).flatten().map(Rc::new);
        let resolved = pty::resolved(host, &self.secrets, workdir.as_ref().map(|folder| folder.path())).map(Rc::new);
        let checks = pty::CHECKS.iter().map(|(check, run)| {
            let (resolved, allow, workdir) = (resolved.clone(), Rc::clone(allow), workdir.clone());
            let quick = self.selection.quick;
            let run_check: Box<dyn FnOnce(Log) -> CheckFuture> = Box::new(move |log| match resolved {
                Err(why) => Box::pin(async { unresolved(why) }),
                Ok(_) if cfg!(not(unix)) => {
                    Box::pin(async { CheckResult::skip("platform: terminals can be checked only on Unix") })
                }
                Ok(pty) => {
                    let check = run(pty::PtyTarget { pty, allow, quick, log });
                    Box::pin(async move {
                        let result = check.await;
                        // The working folder of the sessions is removed after the last check.
                        drop(workdir);
                        result
                    })
                }
            });
            (*check, run_check)
        });
        let checks = checks.collect();
        let about = match &host.host {
            Host::Exec { command, .. } => format!("starts {}", command.join(" ")),
            Host::Websocket { url, .. } => url.clone(),
        };
        self.add(&host.name, about, checks);
    }

    fn service(&mut self, service: &Ipc, allow: &Rc<Allow>) {
        let resolved = ipc::resolved(service, &self.secrets).map(Rc::new);
        let (waits, startup_error) = (Rc::new(RefCell::default()), Rc::new(RefCell::new(None)));
        let is_protected = !self.doctor.destructive && !is_local(&service.entry);
        let checks = ipc::CHECKS.iter().map(|(check, run)| {
            let (resolved, allow) = (resolved.clone(), Rc::clone(allow));
            let (waits, startup_error) = (Rc::clone(&waits), Rc::clone(&startup_error));
            let (quick, is_skipped) = (self.selection.quick, is_protected && !check.risk.is_empty());
            let run_check: Box<dyn FnOnce(Log) -> CheckFuture> = Box::new(move |log| match resolved {
                Err(why) => Box::pin(async { unresolved(why) }),
                Ok(_) if is_skipped => Box::pin(async { CheckResult::skip(SKIPPED_NOT_DESTRUCTIVE) }),
                Ok(ipc) => run(ipc::IpcTarget { ipc, allow, quick, log, waits, startup_error }),
            });
            (*check, run_check)
        });
        let checks = checks.collect();
        let called = match &service.entry {
            ServiceEntry::Http { url, .. } => url.clone(),
            ServiceEntry::Command { command, .. } => format!("starts {}", command.join(" ")),
        };
        let started = service.start.as_ref().map(|start| format!("starts {}; ", start.command.join(" ")));
        self.add(&service.name, format!("{}calls {called}", started.unwrap_or_default()), checks);
    }

    fn database_checks(&self, database: &Db, allow: &Rc<Allow>) -> Vec<PlannedCheck> {
        let resolved = db::resolved(database, &self.secrets).map(Rc::new);
        let known = Rc::new(RefCell::new(db::SharedFixtures::default()));
        let checks = db::CHECKS.iter().map(|(check, run)| {
            let (resolved, allow, known) = (resolved.clone(), Rc::clone(allow), Rc::clone(&known));
            let is_skipped = !self.doctor.destructive && !db::is_harmless(database, check);
            let quick = self.selection.quick;
            let run_check: Box<dyn FnOnce(Log) -> CheckFuture> = Box::new(move |log| match resolved {
                Err(why) => Box::pin(async { unresolved(why) }),
                Ok(_) if is_skipped => Box::pin(async { CheckResult::skip(db::SKIPPED_NOT_DESTRUCTIVE) }),
                Ok(db) => run(db::DbTarget { db, allow, quick, log, known }),
            });
            (*check, run_check)
        });
        checks.collect()
    }

    fn database(&mut self, database: &Db, allow: &Rc<Allow>) {
        let checks = self.database_checks(database, allow);
        let started = [&database.init, &database.serve, &database.restart].into_iter().flatten();
        let started = started.map(|program| format!(", starts {}", program.command.join(" ")));
        let location = database.admin.clone().unwrap_or_else(|| "a temporary file".to_owned());
        self.add(&database.name, format!("{location}{}", started.collect::<String>()), checks);
    }

    /// Runs the checks and applies the policy of the configuration. Returns the result and notices about suppressions.
    ///
    /// # Errors
    /// Returns an error if the event loop cannot be created.
    pub fn run(self, now: DateTime<Utc>, progress: &dyn Progress) -> Result<(RunResult, Vec<String>), String> {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
        let runtime = runtime.map_err(|error| format!("cannot create an event loop: {error}"))?;
        let probe = if self.selection.quick { run::QUICK_BOUND } else { run::BOUND };
        let probe = (!self.selection.thorough).then_some(probe);
        let limits = run::Limits { run: Duration::from_millis(self.doctor.deadline_ms), probe };
        let mut done = runtime.block_on(run::run_checks(self.jobs, limits, now, &self.secrets, progress));
        runtime.shutdown_background();
        // Connections close with the event loop, and background cleanup may wait for that.
        after::wait_all();
        policy::fail_required_skips(&mut done.records, &self.doctor.require);
        if self.selection.targets.is_empty() && !done.interrupted {
            let missing = policy::missing_required(&done.records, &self.doctor.require, &self.selection.checks, now);
            done.records.extend(missing);
        }
        let notes = policy::suppress(&mut done.records, &self.doctor.suppress, now.date_naive());
        Ok((done, notes))
    }
}

/// Returns the result of a check whose target uses an environment variable that is missing or not valid.
fn unresolved(why: String) -> CheckResult {
    CheckResult::error(why).help("set or correct the variable in the environment of phx", &[])
}

/// Returns whether a service is started as a command or called on a local address.
fn is_local(entry: &ServiceEntry) -> bool {
    let ServiceEntry::Http { url, .. } = entry else { return true };
    UrlParts::parse(&url.replace("{listen}", "1"), ["http", "https"]).is_ok_and(|endpoint| endpoint.is_local())
}
