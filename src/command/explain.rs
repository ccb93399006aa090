//! `phx explain`: print a rule's page.

use super::session::Session;
use crate::cli::ExplainArgs;
use crate::failure::{CLEAN, Failure};
use crate::rules::{RULES, find};
use crate::text::suggest;

/// Runs the command.
pub fn run(arguments: &ExplainArgs) -> Result<u8, Failure> {
    let slug = &arguments.rule;
    let Some(rule) = find(slug) else {
        let near = suggest::did_you_mean(slug, RULES.iter().map(|rule| rule.slug));
        return Err(Failure::usage(format!("there is no rule `{slug}`{near}")).hint("`phx rules` lists them"));
    };
    Session::print(rule.page)?;
    Ok(CLEAN)
}
