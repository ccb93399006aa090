//! Compares two configurations and lists the points in which the new one is less strict.

use crate::config::{Enforcement, Level};
use crate::rules::RULES;
use crate::workspace::{DocumentIndex, Project};

/// Number of documents that a point lists by name.
const LISTED: usize = 5;

/// Returns the points in which `after` is less strict than `before`, as one clause each. `document_index` is the state
/// before the change.
pub(crate) fn weakened(before: &Project, after: &Project, document_index: &DocumentIndex) -> Vec<String> {
    let mut points = Vec::new();
    let (old, new) = (&before.config, &after.config);
    for rule in RULES {
        let level = |project: &Project| project.config.rules.get(rule.slug).and_then(|settings| settings.level);
        // Without a configured level, a rule has its default level, which is a warning or an error.
        let strength = |level: Option<Level>| match level {
            Some(Level::Off) => 0,
            Some(Level::Warning) => 1,
            Some(Level::Error) => 3,
            None => 2,
        };
        let (was, is) = (level(before), level(after));
        if strength(is) < strength(was) {
            points.push(format!("level of rule `{}` lowered from {} to {}", rule.slug, name(was), name(is)));
        }
    }
    let strength = |enforcement| match enforcement {
        Enforcement::Advisory => 0,
        Enforcement::Standard => 1,
        Enforcement::Strict => 2,
    };
    if strength(new.enforcement) < strength(old.enforcement) {
        points.push("`enforcement.level` lowered".to_owned());
    }
    for kind in &old.kinds {
        let is = new.kind(&kind.name).and_then(|kind| kind.update_every);
        if kind.update_every.is_some_and(|was| is.is_none_or(|is| is > was)) {
            points.push(format!("`update_every` of kind `{}` increased or removed", kind.name));
        }
    }
    let documents = document_index.documents().into_iter().map(|known| known.path);
    let ungoverned: Vec<String> = documents
        .filter(|path| {
            let exists = after.store.read(path).is_ok_and(|bytes| bytes.is_some());
            let governed = after.may_be_governed(&after.root.join(path)) && after.load_path(path).is_some();
            exists && !governed
        })
        .collect();
    if !ungoverned.is_empty() {
        let shown = ungoverned.iter().take(LISTED).map(|path| format!("`{path}`")).collect::<Vec<_>>().join(", ");
        let more = ungoverned.len().saturating_sub(LISTED);
        let more = if more > 0 { format!(" and {more} more") } else { String::new() };
        points.push(format!("no longer governed: {shown}{more}"));
    }
    points
}

fn name(level: Option<Level>) -> &'static str {
    match level {
        Some(Level::Off) => "off",
        Some(Level::Warning) => "warning",
        Some(Level::Error) => "error",
        None => "the default",
    }
}
