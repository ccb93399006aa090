//! What `phx doctor` knows before it runs: its checks, and the subjects that the configuration names.

use std::path::Path;

use crate::config::DoctorSettings;
use crate::doctor::repo::{ProjectProblem, Repository};
use crate::doctor::{Check, PROBES, checks, matches_selector, plan};
use crate::failure::Failure;
use crate::system::{disk, walk};
use crate::text::suggest;

/// The checks that are meant, a line each; all where none is named.
pub fn list(asked: &[String]) -> String {
    let is_asked = |check: &&Check| asked.is_empty() || asked.iter().any(|glob| matches_selector(glob, check.id));
    let checks: Vec<&Check> = checks().into_iter().filter(is_asked).collect();
    let width = checks.iter().map(|check| check.id.len()).max().unwrap_or_default();
    checks.iter().fold(String::new(), |list, check| format!("{list}{:width$}  {}\n", check.id, check.claim))
}

/// The checks that a word means, in full.
pub fn explained(asked: &str) -> Result<String, Failure> {
    let meant: Vec<String> =
        checks().into_iter().filter(|check| matches_selector(asked, check.id)).map(in_full).collect();
    if meant.is_empty() { Err(unknown(asked)) } else { Ok(meant.join("\n")) }
}

fn in_full(check: &Check) -> String {
    let Check { id, claim, method, opens, harm, deadline_ms } = check;
    let harm = if harm.is_empty() { String::new() } else { format!("\n{harm}\n") };
    format!("{id}\n\nClaims: {claim}.\n\nHow: {method}\n\nOpens: {opens}.\n{harm}\nDeadline: {deadline_ms} ms.\n")
}

/// Whether each word and glob means a check.
pub fn all_exist(globs: &[String]) -> Result<(), Failure> {
    let exists = |glob: &&String| checks().iter().any(|check| matches_selector(glob, check.id));
    globs.iter().find(|glob| !exists(glob)).map_or(Ok(()), |glob| Err(unknown(glob)))
}

fn unknown(id: &str) -> Failure {
    let checks = checks();
    let words = PROBES.iter().flat_map(|probe| probe.aliases.iter().chain([&probe.word]).copied());
    let near = suggest::did_you_mean(id, checks.iter().map(|check| check.id).chain(words));
    Failure::usage(format!("there is no check `{id}`{near}")).hint("`phx doctor --list-checks` lists them")
}

/// Where there is no such subject.
pub fn no_target(name: &str, known: &[&str]) -> Failure {
    let near = suggest::did_you_mean(name, known.iter().copied());
    Failure::usage(format!("there is no subject `{name}`{near}"))
        .hint(format!("the subjects are: {}", known.join(", ")))
}

/// The subjects of the configuration, and of the files that it includes.
pub fn subjects(repository: &Repository, asked: &[String]) -> Result<DoctorSettings, Failure> {
    let project = match &repository.project {
        Ok(project) => project,
        // What is asked of the repository says it as a result.
        Err(_) if asked.is_empty() || asked.iter().all(|glob| glob.starts_with("repo")) => {
            return Ok(DoctorSettings::default());
        }
        Err(ProjectProblem::Schema(why)) => return Err(Failure::usage(why.as_str())),
        Err(ProjectProblem::Configuration(mistakes)) => {
            // The cause stands in the error itself; what else is wrong follows.
            let first = mistakes.first().map_or("", String::as_str);
            let failure = Failure::usage(format!("the configuration cannot be used: {first}"));
            return Err(mistakes
                .iter()
                .skip(1)
                .fold(failure, |failure, mistake| failure.hint(format!("also {mistake}"))));
        }
    };
    let mut doctor = project.config.doctor.clone();
    for (pattern, _) in std::mem::take(&mut doctor.include) {
        let globs = crate::config::Globs::new(vec![pattern.clone()])
            .map_err(|(_, why)| Failure::usage(format!("`{pattern}` in `doctor.include` is no glob: {why}")))?;
        let files = walk::files(&project.base);
        let mut meant: Vec<&String> = files.iter().filter(|file| globs.matches(file)).collect();
        meant.sort();
        if meant.is_empty() {
            return Err(Failure::usage(format!("`doctor.include` names `{pattern}`, and there is no such file")));
        }
        for file in meant {
            let (included, mistakes) = DoctorSettings::parse_included(file, &read(&project.base, file)?);
            if let Some(mistake) = mistakes.first() {
                let (line, column) = (mistake.range.start.line, mistake.range.start.column);
                let said = format!("{file}:{line}:{column}: {}", mistake.message);
                return Err(Failure::usage(said).hint(mistake.help.as_str()));
            }
            doctor.add(included).map_err(|name| {
                Failure::usage(format!("{file}: a second subject `{name}`")).hint("give it a name of its own")
            })?;
        }
    }
    all_known(&doctor)?;
    let targets = plan::targets(&doctor);
    let aimed = doctor.suppress.iter().filter_map(|suppress| suppress.target.as_deref());
    match aimed.into_iter().find(|target| !targets.contains(target)) {
        Some(target) => Err(no_target(target, &targets)),
        None => Ok(doctor),
    }
}

/// Whether the checks that the configuration names are there.
fn all_known(doctor: &DoctorSettings) -> Result<(), Failure> {
    let required = doctor.require.iter().map(|glob| ("require", glob));
    let timed = doctor.deadlines.iter().map(|(id, _)| ("deadlines", id));
    let suppressed = doctor.suppress.iter().map(|suppress| ("suppress", &suppress.id));
    let exists = |glob: &str| checks().iter().any(|check| matches_selector(glob, check.id));
    let mut named = required.chain(timed).chain(suppressed);
    named.find(|(_, glob)| !exists(glob)).map_or(Ok(()), |(key, glob)| {
        let Failure { message, hints, .. } = unknown(glob);
        Err(hints.into_iter().fold(Failure::usage(format!("`doctor.{key}`: {message}")), Failure::hint))
    })
}

fn read(base: &Path, file: &str) -> Result<String, Failure> {
    let unreadable = |why: String| Failure::usage(format!("cannot read `{file}`: {why}"));
    let bytes = disk::read_optional(&base.join(file)).map_err(|error| unreadable(disk::explain(&error)))?;
    String::from_utf8(bytes.unwrap_or_default()).map_err(|_| unreadable("it is no UTF-8".to_owned()))
}
