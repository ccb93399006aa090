//! `phx doctor`: what documents say of systems, verified from outside.

mod consent;
mod selection;
mod cache;
mod progress;

use super::findings::{self, Output};
use super::session::Session;
use crate::cli::DoctorArgs;
use crate::doctor::Outcome;
use crate::doctor::plan::{Plan, Selection};
use crate::doctor::repo::Repository;
use crate::doctor::run::RunResult;
use crate::doctor::selftest;
use crate::failure::{CLEAN, FINDINGS, Failure, INTERRUPTED, NO_VERDICT};
use crate::report::Color;
use crate::report::doctor::{FORMATS, Run, nagios};
use crate::system::disk;

/// How a run looks in a format.
type Render = fn(&Run, Color) -> String;

/// Runs the command.
pub fn run(session: &Session, arguments: &DoctorArgs) -> Result<u8, Failure> {
    selection::all_exist(&arguments.checks)?;
    if arguments.list_checks {
        Session::print(&selection::list(&arguments.checks))?;
        return Ok(CLEAN);
    }
    if let Some(asked) = &arguments.explain {
        Session::print(&selection::explained(asked)?)?;
        return Ok(CLEAN);
    }
    let outputs = findings::outputs_of(FORMATS, &arguments.output)?;
    if arguments.self_test {
        let done = selftest::all(&arguments.checks, session.now, &progress::Terminal::new(session));
        let done = done.map_err(Failure::internal)?;
        return told(session, arguments, &outputs, &done);
    }
    let cwd = disk::working_directory()
        .map_err(|error| Failure::usage(format!("there is no working directory: {}", disk::explain(&error))))?;
    let repository = Repository::open(cwd, session.config.as_deref(), session.now);
    let doctor = selection::subjects(&repository, &arguments.checks)?;
    let place = cache::place(&repository);
    let root = repository.project.as_ref().ok().map(|project| project.root.clone());
    let is_broken = repository.project.is_err();
    let asked = Selection {
        checks: arguments.checks.clone(),
        targets: arguments.target.clone(),
        quick: arguments.quick,
        thorough: arguments.thorough,
    };
    let plan = Plan::new(repository, doctor, asked);
    if let Some(name) = plan.unknown_target() {
        return Err(selection::no_target(name, &plan.targets()));
    }
    if is_broken && !plan.unconfigured_probes.is_empty() {
        session.notice("the configuration cannot be used, so the subjects that it names are not known");
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
    let code = told(session, arguments, &outputs, &done)?;
    if let Some(place) = place.filter(|_| !done.interrupted) {
        let run = Run { now: session.now, records: done.records, verbose: false, quiet: false };
        place.write(&run, arguments.checks.is_empty() && arguments.target.is_empty(), &targets)?;
    }
    Ok(code)
}

/// Prints what was done, and what it means to the caller.
fn told(
    session: &Session,
    arguments: &DoctorArgs,
    outputs: &[Output<Render>],
    done: &RunResult,
) -> Result<u8, Failure> {
    let (verbose, quiet) = (session.verbose, session.is_quiet());
    let run = Run { now: session.now, records: done.records.clone(), verbose, quiet };
    findings::print_each(outputs, &|render, color| render(&run, color), session.color)?;
    if done.interrupted {
        session.notice("interrupted; the checks that were done are above, and nothing is left running");
        return Ok(INTERRUPTED);
    }
    // Readers of plugins know codes of their own.
    let is_plugin = outputs.len() == 1 && outputs[0].0.0 == "nagios";
    Ok(if is_plugin { nagios::code(&run) } else { code(&run, arguments.strict) })
}

/// What a run means to its caller.
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
