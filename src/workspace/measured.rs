//! Measured facts from coverage reports, doctor and Git history. Each source is read once, when a document first needs
//! it.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use chrono::{DateTime, Utc};

use super::Project;
use crate::document::Document;
use crate::regen::Measured;
use crate::regen::facts::{Fact, MeasuredFacts, coverage, doctor, git as git_facts};
use crate::system::{disk, git, inside};

/// Measured facts of a run, read on demand.
#[derive(Debug)]
pub struct Measurements<'a> {
    project: &'a Project,
    now: DateTime<Utc>,
    coverage: OnceLock<Fact>,
    doctor: OnceLock<Fact>,
    history: Mutex<BTreeMap<Vec<String>, Fact>>,
    notices: Mutex<BTreeSet<String>>,
}

impl<'a> Measurements<'a> {
    /// Creates an empty cache without reading anything.
    pub fn new(project: &'a Project, now: DateTime<Utc>) -> Self {
        Self {
            project,
            now,
            coverage: OnceLock::new(),
            doctor: OnceLock::new(),
            history: Mutex::default(),
            notices: Mutex::default(),
        }
    }

    /// Returns the facts that a document needs.
    pub fn of(&self, document: &Document, needs: &BTreeSet<Measured>) -> Arc<MeasuredFacts> {
        let mut facts = MeasuredFacts { now: Some(self.now), ..MeasuredFacts::default() };
        for fact in needs {
            match fact {
                Measured::Coverage => facts.coverage = self.coverage.get_or_init(|| self.read_coverage()).clone(),
                Measured::Doctor => facts.doctor = self.doctor.get_or_init(|| self.read_doctor()).clone(),
                Measured::Git => facts.git = self.history_of(document),
                Measured::Now => {}
            }
        }
        Arc::new(facts)
    }

    /// Returns notices about the sources, sorted.
    pub fn notices(self) -> impl Iterator<Item = String> {
        self.notices.into_inner().unwrap_or_else(PoisonError::into_inner).into_iter()
    }

    fn notice(&self, notice: String) {
        self.notices.lock().unwrap_or_else(PoisonError::into_inner).insert(notice);
    }

    fn read_coverage(&self) -> Fact {
        let settings = &self.project.config.coverage;
        let mut reports = Vec::new();
        for (path, _) in &settings.reports {
            match inside::read(&self.project.root, &self.project.base.join(path)) {
                Ok(Some(bytes)) => reports.push(coverage::CoverageReport { path: path.clone(), bytes }),
                Ok(None) => {
                    self.notice(format!("coverage report `{path}` does not exist; its values stay unchanged"));
                }
                Err(error) => return Fact::Broken(format!("{path}: {}", disk::explain(&error))),
            }
        }
        if reports.is_empty() {
            return Fact::Absent;
        }
        if settings.folders.is_empty() {
            self.notice("phx.toml has no `[[coverage.folders]]`, so coverage by group is unavailable".to_owned());
        }
        let root = self.project.root.to_string_lossy().replace('\\', "/");
        match coverage::read(&reports, &root, settings) {
            Ok(value) => Fact::Present(value),
            Err(why) => Fact::Broken(why),
        }
    }

    fn read_doctor(&self) -> Fact {
        match inside::read(&self.project.root, &self.project.base.join(doctor::FILE)) {
            Ok(None) => Fact::Absent,
            Ok(Some(bytes)) => match doctor::read(doctor::FILE, &bytes) {
                Ok(value) => Fact::Present(value),
                Err(why) => Fact::Broken(why),
            },
            Err(error) => Fact::Broken(format!("{}: {}", doctor::FILE, disk::explain(&error))),
        }
    }

    /// Returns the last change of a document's sources, or of the document itself if it has no sources.
    fn history_of(&self, document: &Document) -> Fact {
        let mut sources = document.governance.sources();
        if sources.is_empty() {
            sources.push(document.path.clone());
        }
        let mut known = self.history.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(fact) = known.get(&sources) {
            return fact.clone();
        }
        let fact = match git::last_change(&self.project.root, &sources) {
            Ok(bytes) => git_facts::read(&bytes).map_or(Fact::Absent, |change| Fact::Present(git_facts::value(change))),
            Err(why) => {
                self.notice(format!("cannot read the history of the sources of `{}`: {why}", document.path));
                Fact::Absent
            }
        };
        known.insert(sources, fact.clone());
        fact
    }
}
