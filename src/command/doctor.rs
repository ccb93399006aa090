//! `phx doctor`: runs black-box checks on the systems that documents describe.

mod consent;
mod selection;
mod cache;
mod progress;

use super::findings::{self, Output};
use super::session::Session;
use crate::cli::DoctorArgs;
use crate::doctor::Outcome;
use crate::doctor::plan::{CheckSelection, Plan};
use crate::doctor::repo::Repository;
use crate::doctor::run::RunResult;
use crate::doctor::selftest;
use crate::failure::{CLEAN, FINDINGS, Failure, INTERRUPTED, NO_VERDICT};
use crate::report::Color;
use crate::report::doctor::{FORMATS, Run, nagios};
use crate::system::disk;

/// Renderer of one output format.
type Render = fn(&Run, Color) -> String;

pub(super) fn run(session: &Session, arguments: &DoctorArgs) -> Result<u8, Failure> {
    selection::all_exist(&arguments.checks)?;
    if arguments.list_checks {
        Session::print(&selection::list(&arguments.checks))?;
        return Ok(CLEAN);
    }
    if let Some(selector) = &arguments.explain {
        Session::print(&selection::explained(selector)?)?;
        return Ok(CLEAN);
    }
    let outputs = findings::outputs_of(FORMATS, &arguments.output)?;
    if arguments.self_test {
        let done = selftest::all(&arguments.checks, session.now, &progress::Terminal::new(session));
        let done = done.map_err(Failure::internal)?;
        return finish(session, arguments, &outputs, &done);
    }
    let cwd = disk::working_directory()
        .map_err(|error| Failure::usage(format!("cannot access the working directory: {}", disk::explain(&error))))?;
    let repository = Repository::open(cwd, session.config.as_deref(), session.now);
    let doctor = selection::subjects(&repository, &arguments.checks)?;
    let cache_location = cache::place(&repository);
    let root = repository.project.as_ref().ok().map(|project| project.root.clone());
    let is_broken = repository.project.is_err();
    let selection = CheckSelection {
        checks: arguments.checks.clone(),
        targets: arguments.target.clone(),
        quick: arguments.quick,
        thorough: arguments.thorough,
    };
    let plan = Plan::new(repository, doctor, selection);
    if let Some(name) = plan.unknown_target() {
        return Err(selection::no_target(name, &plan.targets()));
    }
    if is_broken && !plan.unconfigured_probes.is_empty() {
        session.notice("the configuration is not valid; its targets are unknown");
    }
    if arguments.dry_run {
        Session::print(&progress::planned(&plan))?;
        return Ok(CLEAN);
    }
    consent::ask(session, &plan, root, arguments.yes)?;
    for (word, subject) in plan.unconfigured_probes.iter().filter(|_| !is_broken) {
        for line in progress::unconfigured_probes(word, subject).lines() {
            session.notice(line);
        }
    }
    let targets: Vec<String> = plan.targets().into_iter().map(str::to_owned).collect();
    let (done, notes) = plan.run(session.now, &progress::Terminal::new(session)).map_err(Failure::internal)?;
    for note in &notes {
        session.notice(note);
    }
    let code = finish(session, arguments, &outputs, &done)?;
    if let Some(cache_location) = cache_location.filter(|_| !done.interrupted) {
        let run = Run { now: session.now, records: done.records, verbose: false, quiet: false };
        cache_location.write(&run, arguments.checks.is_empty() && arguments.target.is_empty(), &targets)?;
    }
    Ok(code)
}

/// Prints the results. Returns the exit code.
fn finish(
    session: &Session,
    arguments: &DoctorArgs,
    outputs: &[Output<Render>],
    done: &RunResult,
) -> Result<u8, Failure> {
    let (verbose, quiet) = (session.verbose, session.is_quiet());
    let run = Run { now: session.now, records: done.records.clone(), verbose, quiet };
    findings::print_each(outputs, &|render, color| render(&run, color), session.color)?;
    if done.interrupted {
        session.notice("interrupted; finished checks are shown above, started programs were stopped");
        return Ok(INTERRUPTED);
    }
    // Nagios plugins have their own exit codes.
    let is_plugin = outputs.len() == 1 && outputs[0].0.0 == "nagios";
    Ok(if is_plugin { nagios::code(&run) } else { code(&run, arguments.strict) })
}

/// Returns the exit code of a run. Failed checks take precedence over inconclusive ones.
fn code(run: &Run, strict: bool) -> u8 {
    let count = |outcome| run.count(outcome);
    if count(Outcome::Fail) > 0 || (strict && count(Outcome::Warn) > 0) {
        FINDINGS
    } else if count(Outcome::Error) > 0 || run.verified() == 0 {
        NO_VERDICT
    } else {
        CLEAN
    }
}
