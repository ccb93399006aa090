//! Validation of rule, key and kind names in the configuration.

use super::{RULES, find};
use crate::config::Config;
use crate::config::raw::RULE;
use crate::document::Shape;
use crate::document::governance::KEYS;
use crate::finding::{Finding, Severity, Source};
use crate::schema::Catalog;
use crate::text::{NodeEntry, Span, duration, suggest};

/// Returns findings for unknown rules, options, keys, kinds and vocabularies in the configuration, and for options that
/// are not durations.
pub fn unknown_names(config: &Config, source: Source<'_>, catalog: &Catalog) -> Vec<Finding> {
    let mut mistakes = Vec::new();
    let mut mistake = |span: Span, message: String, help: String| {
        mistakes.push(Finding::new(RULE, Severity::Error, source, span, "", message).help(help));
    };
    for (slug, settings) in &config.rules {
        let Some(rule) = find(slug) else {
            let near = suggest::did_you_mean(slug, RULES.iter().map(|rule| rule.slug));
            mistake(
                settings.span,
                format!("unknown rule `{slug}`{near}"),
                "run `phx rules` to list the rules".to_owned(),
            );
            continue;
        };
        for NodeEntry { key, key_span, value } in &settings.options {
            let (option, key_span) = (&**key, *key_span);
            if rule.options.contains(&option) {
                if value.as_text().and_then(duration::parse).is_none() {
                    mistake(
                        value.span,
                        format!("`{option}` is not a valid duration"),
                        "write a duration such as `\"3d\"`, `\"36h\"` or `\"2w\"`".to_owned(),
                    );
                }
                continue;
            }
            let known: Vec<&str> = std::iter::once("level").chain(rule.options.iter().copied()).collect();
            let near = suggest::did_you_mean(option, known.iter().copied());
            mistake(
                key_span,
                format!("unknown option `{option}` of rule `{slug}`{near}"),
                format!("known options: `{}`", known.join("`, `")),
            );
        }
    }
    let keys = || KEYS.iter().map(|key| key.name);
    for ((key, _), span) in config.front_matter.aliases.iter().zip(&config.front_matter.alias_spans) {
        if !keys().any(|known| known == key) {
            let near = suggest::did_you_mean(key, keys());
            let list: Vec<&str> = keys().collect();
            mistake(*span, format!("unknown key `{key}`{near}"), format!("known keys: `{}`", list.join("`, `")));
        }
    }
    let named = || catalog.versions().flat_map(|version| catalog.kinds(version)).map(|kind| kind.name.as_str());
    for kind in config.kinds.iter().filter(|kind| named().all(|known| known != kind.name)) {
        let near = suggest::did_you_mean(&kind.name, named());
        let path = format!(".phx/schemas/{}/{}.schema.json", catalog.newest(), kind.name);
        mistake(
            kind.span,
            format!("kind `{}` has no schema{near}", kind.name),
            format!("create `{path}`; the content `{{}}` requires only a governance block"),
        );
    }
    for kind in &config.kinds {
        let mut shape = Shape::clone(&catalog.kind(catalog.newest(), &kind.name).shape);
        let _ = shape.extend(&kind.aliases, &[]);
        for words in &kind.vocabulary {
            if shape.extend(&[], &[(&*words.field, &*words.word, &*words.synonyms)]).is_err() {
                let known: Vec<&str> = shape.vocabularies().collect();
                let near = suggest::did_you_mean(&words.field, known.iter().copied());
                let help = if known.is_empty() {
                    format!("the schema of `{}` has no field with a vocabulary; remove the key", kind.name)
                } else {
                    format!("fields with a vocabulary: `{}`", known.join("`, `"))
                };
                mistake(
                    words.span,
                    format!("kind `{}` has no field `{}` with a vocabulary{near}", kind.name, words.field),
                    help,
                );
            }
        }
    }
    let kinds: Vec<&str> = catalog
        .kinds(catalog.newest())
        .iter()
        .map(|kind| kind.name.as_str())
        .chain(config.kinds.iter().map(|kind| kind.name.as_str()))
        .collect();
    for (kind, span) in &config.documents.require {
        if !kinds.contains(&kind.as_str()) {
            let near = suggest::did_you_mean(kind, kinds.iter().copied());
            mistake(
                *span,
                format!("unknown kind `{kind}`{near}"),
                "run `phx schema list` to list the kinds, or define the kind with a `[[kind]]`".to_owned(),
            );
        }
    }
    mistakes
}
