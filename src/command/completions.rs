//! `phx completions`: shell completion. The script calls phx for candidates, so it completes kinds and targets of the
//! current repository.

use clap::CommandFactory;
use clap_complete::CompleteEnv;
use clap_complete::engine::{ArgValueCandidates, CompletionCandidate};
use clap_complete::env::Shells;

use super::session::Session;
use crate::cli::{Cli, CompletionsArgs};
use crate::doctor;
use crate::failure::{CLEAN, Failure};
use crate::report;
use crate::rules::RULES;
use crate::system::environment;
use crate::validation::open;
use crate::workspace::Origin;

/// Environment variable by which a completion script requests candidates.
const VARIABLE: &str = "COMPLETE";

pub(super) fn run(arguments: &CompletionsArgs) -> Result<u8, Failure> {
    let name = arguments.shell.to_string();
    let shells = Shells::builtins();
    let unknown = || Failure::usage(format!("unsupported shell `{name}`"));
    let shell = shells.completer(&name).ok_or_else(unknown)?;
    let mut script = Vec::new();
    shell
        .write_registration(VARIABLE, "phx", "phx", "phx", &mut script)
        .map_err(|error| Failure::internal(format!("cannot write the completion script: {error}")))?;
    Session::print(&String::from_utf8_lossy(&script))?;
    Ok(CLEAN)
}

/// Answers a request of a completion script and exits; returns if there is no request.
pub(super) fn answer() {
    if environment::variable(VARIABLE).is_some() {
        CompleteEnv::with_factory(command).var(VARIABLE).complete();
    }
}

/// Returns the command line with completion candidates for its arguments.
fn command() -> clap::Command {
    let words = |words: fn() -> Vec<CompletionCandidate>| ArgValueCandidates::new(words);
    Cli::command()
        .mut_subcommand("validate", |command| {
            command
                .mut_arg("allow", |argument| argument.add(words(rules)))
                .mut_arg("warn", |argument| argument.add(words(rules)))
                .mut_arg("deny", |argument| argument.add(words(rules)))
                .mut_arg("output", |argument| argument.add(words(formats)))
        })
        .mut_subcommand("explain", |command| command.mut_arg("rule", |argument| argument.add(words(rules))))
        .mut_subcommand("new", |command| {
            // `mut_arg` moves an argument to the end, so both positionals need an explicit index.
            let command = command.mut_arg("kind", |argument| argument.index(1).add(words(kinds)));
            command.mut_arg("path", |argument| argument.index(2))
        })
        .mut_subcommand("doctor", |command| {
            command
                .mut_arg("checks", |argument| argument.add(words(checks)))
                .mut_arg("target", |argument| argument.add(words(targets)))
                .mut_arg("output", |argument| argument.add(words(doctor_formats)))
        })
}

fn rules() -> Vec<CompletionCandidate> {
    RULES.iter().map(|rule| CompletionCandidate::new(rule.slug).help(Some(rule.summary.into()))).collect()
}

fn formats() -> Vec<CompletionCandidate> {
    report::FORMATS.iter().map(|(name, _)| CompletionCandidate::new(*name)).collect()
}

fn doctor_formats() -> Vec<CompletionCandidate> {
    report::doctor::FORMATS.iter().map(|(name, _)| CompletionCandidate::new(*name)).collect()
}

fn checks() -> Vec<CompletionCandidate> {
    doctor::checks().iter().map(|check| CompletionCandidate::new(check.id).help(Some(check.claim.into()))).collect()
}

fn kinds() -> Vec<CompletionCandidate> {
    let Ok(project) = open::project(None, &Origin::Worktree) else { return Vec::new() };
    let kinds = project.catalog.kinds(project.catalog.newest()).iter();
    kinds.map(|kind| CompletionCandidate::new(&kind.name)).collect()
}

/// Returns the names of configured targets.
fn targets() -> Vec<CompletionCandidate> {
    let Ok(project) = open::project(None, &Origin::Worktree) else { return Vec::new() };
    let doctor = &project.config.doctor;
    let names = doctor.ws.iter().map(|one| &one.name).chain(doctor.pty.iter().map(|one| &one.name));
    let names = names.chain(doctor.ipc.iter().map(|one| &one.name)).chain(doctor.db.iter().map(|one| &one.name));
    names.map(CompletionCandidate::new).collect()
}
