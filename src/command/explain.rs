//! `phx explain`: prints the page of a rule.

use super::session::Session;
use crate::cli::ExplainArgs;
use crate::failure::{CLEAN, Failure};
use crate::rules::{RULES, find};
use crate::text::suggest;

pub(super) fn run(arguments: &ExplainArgs) -> Result<u8, Failure> {
    let slug = &arguments.rule;
    let Some(rule) = find(slug) else {
        let near = suggest::did_you_mean(slug, RULES.iter().map(|rule| rule.slug));
        return Err(Failure::usage(format!("unknown rule `{slug}`{near}")).hint("run `phx rules` to list the rules"));
    };
    Session::print(rule.page)?;
    Ok(CLEAN)
}
