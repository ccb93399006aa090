//! Selection of checks and targets for `phx doctor`.

use std::path::Path;

use crate::config::DoctorSettings;
use crate::doctor::repo::{ProjectProblem, Repository};
use crate::doctor::{Check, PROBES, checks, matches_selector, plan};
use crate::failure::Failure;
use crate::system::{disk, walk};
use crate::text::suggest;

/// Lists the selected checks with their claims, one per line; all checks if none is selected.
pub(super) fn list(selectors: &[String]) -> String {
    let is_selected =
        |check: &&Check| selectors.is_empty() || selectors.iter().any(|glob| matches_selector(glob, check.id));
    let checks: Vec<&Check> = checks().into_iter().filter(is_selected).collect();
    let width = checks.iter().map(|check| check.id.len()).max().unwrap_or_default();
    checks.iter().fold(String::new(), |list, check| format!("{list}{:width$}  {}\n", check.id, check.claim))
}

/// Describes all checks that a selector matches.
pub(super) fn explained(selector: &str) -> Result<String, Failure> {
    let matching: Vec<String> =
        checks().into_iter().filter(|check| matches_selector(selector, check.id)).map(describe).collect();
    if matching.is_empty() { Err(unknown_check(selector)) } else { Ok(matching.join("\n")) }
}

fn describe(check: &Check) -> String {
    let Check { id, claim, method, side_effects, risk, deadline_ms } = check;
    let harm = if risk.is_empty() { String::new() } else { format!("\n{risk}\n") };
    format!(
        "{id}\n\nClaim: {claim}.\n\nMethod: {method}\n\nSide effects: opens {side_effects}.\n{harm}\nTimeout: {deadline_ms} ms.\n"
    )
}

/// Returns an error if a selector matches no check.
pub(super) fn all_exist(globs: &[String]) -> Result<(), Failure> {
    let exists = |glob: &&String| checks().iter().any(|check| matches_selector(glob, check.id));
    globs.iter().find(|glob| !exists(glob)).map_or(Ok(()), |glob| Err(unknown_check(glob)))
}

fn unknown_check(id: &str) -> Failure {
    let checks = checks();
    let words = PROBES.iter().flat_map(|probe| probe.aliases.iter().chain([&probe.name]).copied());
    let near = suggest::did_you_mean(id, checks.iter().map(|check| check.id).chain(words));
    Failure::usage(format!("unknown check `{id}`{near}")).hint("run `phx doctor --list-checks` to list the checks")
}

/// Creates the error for an unknown target.
pub(super) fn no_target(name: &str, known: &[&str]) -> Failure {
    let near = suggest::did_you_mean(name, known.iter().copied());
    Failure::usage(format!("unknown target `{name}`{near}")).hint(format!("known targets: {}", known.join(", ")))
}

/// Reads the targets of the configuration and of the files that it includes.
pub(super) fn subjects(repository: &Repository, selectors: &[String]) -> Result<DoctorSettings, Failure> {
    let project = match &repository.project {
        Ok(project) => project,
        // Checks of the repository report the invalid configuration as a result.
        Err(_) if selectors.is_empty() || selectors.iter().all(|glob| glob.starts_with("repo")) => {
            return Ok(DoctorSettings::default());
        }
        Err(ProjectProblem::Schema(why)) => return Err(Failure::usage(why.as_str())),
        Err(ProjectProblem::Configuration(mistakes)) => {
            // The first finding is the message; the others are hints.
            let first = mistakes.first().map_or("", String::as_str);
            let failure = Failure::usage(format!("the configuration is not valid: {first}"));
            return Err(mistakes
                .iter()
                .skip(1)
                .fold(failure, |failure, mistake| failure.hint(format!("also {mistake}"))));
        }
    };
    let mut doctor = project.config.doctor.clone();
    for (pattern, _) in std::mem::take(&mut doctor.include) {
        let globs = crate::config::Globs::new(vec![pattern.clone()]).map_err(|(_, why)| {
            Failure::usage(format!("`{pattern}` in `doctor.include` is not a valid glob: {why}"))
        })?;
        let files = walk::files(&project.base);
        let mut matching: Vec<&String> = files.iter().filter(|file| globs.matches(file)).collect();
        matching.sort();
        if matching.is_empty() {
            return Err(Failure::usage(format!("no file matches `{pattern}` in `doctor.include`")));
        }
        for file in matching {
            let (included, mistakes) = DoctorSettings::parse_included(file, &read(&project.base, file)?);
            if let Some(mistake) = mistakes.first() {
                let (line, column) = (mistake.range.start.line, mistake.range.start.column);
                let message = format!("{file}:{line}:{column}: {}", mistake.message);
                return Err(Failure::usage(message).hint(mistake.help.as_str()));
            }
            doctor.add(included).map_err(|name| {
                Failure::usage(format!("{file}: duplicate target `{name}`")).hint("give each target a unique name")
            })?;
        }
    }
    all_known(&doctor)?;
    let targets = plan::targets(&doctor);
    let suppressed_targets = doctor.suppress.iter().filter_map(|suppress| suppress.target.as_deref());
    match suppressed_targets.into_iter().find(|target| !targets.contains(target)) {
        Some(target) => Err(no_target(target, &targets)),
        None => Ok(doctor),
    }
}

/// Returns an error if `require`, `deadlines` or `suppress` matches no check.
fn all_known(doctor: &DoctorSettings) -> Result<(), Failure> {
    let required = doctor.require.iter().map(|glob| ("require", glob));
    let timed = doctor.deadlines.iter().map(|(id, _)| ("deadlines", id));
    let suppressed = doctor.suppress.iter().map(|suppress| ("suppress", &suppress.id));
    let exists = |glob: &str| checks().iter().any(|check| matches_selector(glob, check.id));
    let mut named = required.chain(timed).chain(suppressed);
    named.find(|(_, glob)| !exists(glob)).map_or(Ok(()), |(key, glob)| {
        let Failure { message, hints, .. } = unknown_check(glob);
        Err(hints.into_iter().fold(Failure::usage(format!("`doctor.{key}`: {message}")), Failure::hint))
    })
}

fn read(base: &Path, file: &str) -> Result<String, Failure> {
    let unreadable = |why: String| Failure::usage(format!("cannot read `{file}`: {why}"));
    let bytes = disk::read_optional(&base.join(file)).map_err(|error| unreadable(disk::explain(&error)))?;
    String::from_utf8(bytes.unwrap_or_default()).map_err(|_| unreadable("the file is not valid UTF-8".to_owned()))
}
