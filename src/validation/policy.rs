//! How a configuration is less strict than the one before it.

use crate::config::{Enforcement, Level};
use crate::rules::RULES;
use crate::workspace::{DocumentIndex, Project};

/// How many documents that are governed no more are named.
const NAMED: usize = 5;

/// In which points the second of two configurations is less strict, a sentence each. The census is that before the change.
pub fn weakened(before: &Project, after: &Project, document_index: &DocumentIndex) -> Vec<String> {
    let mut points = Vec::new();
    let (old, new) = (&before.config, &after.config);
    for rule in RULES {
        let level = |project: &Project| project.config.rules.get(rule.slug).and_then(|settings| settings.level);
        // Without a level of its own a rule has the one that it ships with, which is at least a warning.
        let strength = |level: Option<Level>| match level {
            Some(Level::Off) => 0,
            Some(Level::Warning) => 1,
            Some(Level::Error) => 3,
            None => 2,
        };
        let (was, is) = (level(before), level(after));
        if strength(is) < strength(was) {
            points.push(format!("the rule `{}` is set to {} instead of {}", rule.slug, name(is), name(was)));
        }
    }
    let strength = |enforcement| match enforcement {
        Enforcement::Advisory => 0,
        Enforcement::Standard => 1,
        Enforcement::Strict => 2,
    };
    if strength(new.enforcement) < strength(old.enforcement) {
        points.push("the level of `[enforcement]` is lower".to_owned());
    }
    for kind in &old.kinds {
        let is = new.kind(&kind.name).and_then(|kind| kind.update_every);
        if kind.update_every.is_some_and(|was| is.is_none_or(|is| is > was)) {
            points.push(format!("documents of the kind `{}` may be updated less often", kind.name));
        }
    }
    let documents = document_index.documents().into_iter().map(|known| known.path);
    let gone: Vec<String> = documents
        .filter(|path| {
            let is_there = after.store.read(path).is_ok_and(|bytes| bytes.is_some());
            let governed = after.wanted(&after.root.join(path)) && after.load_path(path).is_some();
            is_there && !governed
        })
        .collect();
    if !gone.is_empty() {
        let shown = gone.iter().take(NAMED).map(|path| format!("`{path}`")).collect::<Vec<_>>().join(", ");
        let more = gone.len().saturating_sub(NAMED);
        let more = if more > 0 { format!(" and {more} more") } else { String::new() };
        points.push(format!("governed no more: {shown}{more}"));
    }
    points
}

fn name(level: Option<Level>) -> &'static str {
    match level {
        Some(Level::Off) => "off",
        Some(Level::Warning) => "warning",
        Some(Level::Error) => "error",
        None => "its default",
    }
}
