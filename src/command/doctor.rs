//! `phx doctor`: what documents say of systems, verified from outside.

use super::findings;
use super::session::Session;
use crate::cli::Doctor;
use crate::doctor::repo::Repository;
use crate::doctor::{CHECKS, Check, Outcome, is_meant};
use crate::failure::{CLEAN, FINDINGS, Failure, NO_VERDICT};
use crate::report::doctor::{FORMATS, Run};
use crate::system::disk;
use crate::text::suggest;

/// Runs the command.
pub fn run(session: &Session, arguments: &Doctor) -> Result<u8, Failure> {
    if arguments.list_checks {
        let lines = CHECKS.iter().map(|check| format!("{:16} {}\n", check.id, check.claim));
        Session::print(&lines.collect::<String>())?;
        return Ok(CLEAN);
    }
    if let Some(id) = &arguments.explain {
        Session::print(&explained(named(id)?))?;
        return Ok(CLEAN);
    }
    for glob in &arguments.checks {
        if !CHECKS.iter().any(|check| is_meant(glob, check.id)) {
            return Err(unknown(glob));
        }
    }
    let outputs = findings::outputs_of(FORMATS, &arguments.output)?;
    let cwd = disk::working_directory()
        .map_err(|error| Failure::usage(format!("there is no working directory: {}", disk::explain(&error))))?;
    let repository = Repository::open(cwd, session.config.as_deref(), session.now);
    let run = Run { now: session.now, records: repository.checks(&arguments.checks), verbose: session.verbose };
    findings::print_each(&outputs, &|render, color| render(&run, color), session.color)?;
    Ok(code(&run, arguments.strict))
}

/// What a run means to its caller.
fn code(run: &Run, strict: bool) -> u8 {
    let count = |outcome| run.count(outcome);
    if count(Outcome::Fail) > 0 || (strict && count(Outcome::Warn) > 0) {
        FINDINGS
    } else if count(Outcome::Error) > 0 || count(Outcome::Pass) + count(Outcome::Warn) == 0 {
        NO_VERDICT
    } else {
        CLEAN
    }
}

fn explained(check: &Check) -> String {
    let Check { id, claim, method, deadline_ms } = check;
    format!("{id}\n\nClaims: {claim}.\n\nHow: {method}\n\nDeadline: {deadline_ms} ms.\n")
}

fn named(id: &str) -> Result<&'static Check, Failure> {
    CHECKS.iter().find(|check| check.id == id).copied().ok_or_else(|| unknown(id))
}

fn unknown(id: &str) -> Failure {
    let near = suggest::did_you_mean(id, CHECKS.iter().map(|check| check.id));
    Failure::usage(format!("there is no check `{id}`{near}")).hint("`phx doctor --list-checks` lists them")
}
