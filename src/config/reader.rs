//! Conversion of parsed TOML to the configuration. All unknown keys and values of a wrong type are reported, not only
//! the first.

use std::collections::BTreeMap;

use super::raw::RULE;
use super::tables::TABLES;
use super::{
    Config, Coverage, CoverageFolder, DocumentSettings, Enforcement, FrontMatter, Globs, HookSettings, KindSettings,
    Level, RuleSettings, VocabularyWord,
};
use crate::finding::{Finding, Severity, Source};
use crate::text::{Node, NodeData, NodeEntry, Span, duration, suggest};

/// Parses one configuration file and collects findings.
pub struct ConfigReader<'a> {
    source: Source<'a>,
    /// Findings so far.
    pub mistakes: Vec<Finding>,
}

impl<'a> ConfigReader<'a> {
    /// Creates a reader of one file that starts with the given findings.
    pub fn new(source: Source<'a>, mistakes: Vec<Finding>) -> Self {
        Self { source, mistakes }
    }

    pub(super) fn error(&mut self, span: Span, message: impl Into<String>, help: impl Into<String>) {
        let finding = Finding::new(RULE, Severity::Error, self.source, span, "", message);
        self.mistakes.push(finding.help(help));
    }

    /// Parses the whole file and sorts the findings by location.
    pub fn config(&mut self, tree: &Node<'static>) -> Config {
        let tables: Vec<&str> = TABLES.iter().map(|(name, _)| *name).filter(|name| !name.contains('.')).collect();
        self.known_keys(tree, &tables, "the configuration");
        let config = Config {
            documents: self.documents(tree.get("documents")),
            kinds: self.kinds(tree.get("kind")),
            front_matter: self.front_matter(tree.get("front_matter")),
            rules: self.rules(tree.get("rules")),
            enforcement: self.enforcement(tree.get("enforcement")),
            hook: self.hook(tree.get("hook")),
            facts: self.table(tree.get("facts"), "facts").cloned(),
            coverage: self.coverage(tree.get("coverage")),
            doctor: self.doctor(tree.get("doctor")),
        };
        self.mistakes.sort_by_key(|finding| finding.range.bytes.start);
        config
    }

    pub(super) fn known_keys(&mut self, tree: &Node<'static>, known: &[&str], of: &str) {
        for entry in tree.entries() {
            if !known.contains(&entry.key.as_ref()) {
                let near = suggest::did_you_mean(&entry.key, known.iter().copied());
                let list: Vec<String> = known.iter().map(|key| format!("`{key}`")).collect();
                self.error(
                    entry.key_span,
                    format!("unknown key `{}` in {of}{near}", entry.key),
                    format!("known keys: {}", list.join(", ")),
                );
            }
        }
    }

    /// Returns a value if it is a table. Reports other types and unknown keys.
    pub(super) fn table<'t>(&mut self, tree: Option<&'t Node<'static>>, name: &str) -> Option<&'t Node<'static>> {
        let tree = tree?;
        if !matches!(tree.data, NodeData::Map(_)) {
            self.error(
                tree.span,
                format!("expected a table for `{name}`, found {}", tree.type_name()),
                format!("write `[{name}]`"),
            );
            return None;
        }
        let known = TABLES.iter().find(|(table, _)| *table == name).map_or(&[][..], |(_, keys)| keys);
        if !known.is_empty() {
            self.known_keys(tree, known, &format!("`[{name}]`"));
        }
        Some(tree)
    }

    pub(super) fn text<'t>(&mut self, tree: &'t Node<'static>, key: &str) -> Option<(&'t str, Span)> {
        let value = tree.get(key)?;
        if value.as_text().is_none() {
            self.error(
                value.span,
                format!("expected a string for `{key}`, found {}", value.type_name()),
                "put the value in quotes",
            );
        }
        Some((value.as_text()?, value.span))
    }

    pub(super) fn texts(&mut self, tree: &Node<'static>, key: &str) -> Option<Vec<(String, Span)>> {
        let value = tree.get(key)?;
        let texts: Option<Vec<_>> = match &value.data {
            NodeData::List(items) => items.iter().map(|item| Some((item.as_text()?.to_owned(), item.span))).collect(),
            _ => None,
        };
        if texts.is_none() {
            self.error(value.span, format!("`{key}` must be a list of strings"), format!("write `{key} = [\"…\"]`"));
        }
        texts
    }

    fn globs(&mut self, tree: &Node<'static>, key: &str) -> Option<Globs> {
        let texts = self.texts(tree, key)?;
        let (patterns, spans): (Vec<_>, Vec<_>) = texts.into_iter().unzip();
        match Globs::new(patterns) {
            Ok(globs) => Some(globs),
            Err((index, why)) => {
                let span = spans.get(index).copied().unwrap_or_default();
                self.error(span, format!("invalid glob: {why}"), "write a pattern such as `docs/**/*.md`");
                None
            }
        }
    }

    /// Parses a string that must be one of the options.
    pub(super) fn choice<T: Copy>(&mut self, tree: &Node<'static>, key: &str, options: &[(&str, T)]) -> Option<T> {
        let (word, span) = self.text(tree, key)?;
        let found = options.iter().find(|(name, _)| *name == word);
        if found.is_none() {
            let names: Vec<&str> = options.iter().map(|(name, _)| *name).collect();
            let near = suggest::did_you_mean(word, names.iter().copied());
            self.error(
                span,
                format!("unknown value `{word}` for `{key}`{near}"),
                format!("write one of `{}`", names.join("`, `")),
            );
        }
        found.map(|(_, value)| *value)
    }

    pub(super) fn pairs(&mut self, tree: &Node<'static>, key: &str) -> Vec<(String, String)> {
        let Some(value) = tree.get(key) else {
            return Vec::new();
        };
        let mut pairs = Vec::new();
        for entry in value.entries() {
            match entry.value.as_text() {
                Some(text) => pairs.push((entry.key.to_string(), text.to_owned())),
                None => {
                    self.error(
                        entry.value.span,
                        format!("`{}` must be a string", entry.key),
                        "put the value in quotes",
                    );
                }
            }
        }
        if !matches!(value.data, NodeData::Map(_)) {
            self.error(
                value.span,
                format!("`{key}` must be a table of strings"),
                format!("write `{key} = {{ name = \"other_name\" }}`"),
            );
        }
        pairs
    }

    fn documents(&mut self, tree: Option<&Node<'static>>) -> DocumentSettings {
        let Some(tree) = self.table(tree, "documents") else {
            return DocumentSettings::default();
        };
        DocumentSettings {
            include: self.globs(tree, "include"),
            exclude: self.globs(tree, "exclude").unwrap_or_default(),
            require: self.texts(tree, "require").unwrap_or_default(),
        }
    }

    fn kinds(&mut self, tree: Option<&Node<'static>>) -> Vec<KindSettings> {
        let Some(tree) = tree else {
            return Vec::new();
        };
        let NodeData::List(tables) = &tree.data else {
            self.error(tree.span, "`kind` must be a list of tables", "write `[[kind]]`");
            return Vec::new();
        };
        let kinds: Vec<KindSettings> = tables.iter().filter_map(|table| self.kind(table)).collect();
        for (index, kind) in kinds.iter().enumerate() {
            if kinds[..index].iter().any(|other| other.name == kind.name) {
                self.error(
                    kind.span,
                    format!("duplicate `[[kind]]` for `{}`", kind.name),
                    "merge both tables into one",
                );
            }
        }
        kinds
    }

    fn kind(&mut self, tree: &Node<'static>) -> Option<KindSettings> {
        let tree = self.table(Some(tree), "kind")?;
        let Some((name, span)) = self.text(tree, "name") else {
            if tree.get("name").is_none() {
                self.error(tree.span, "missing `name` in `[[kind]]`", "add `name = \"…\"`");
            }
            return None;
        };
        let update_every = self.text(tree, "update_every");
        let window = update_every.map(|(text, _)| duration::parse(text));
        if let (Some(None), Some((text, span))) = (window, update_every) {
            self.error(
                span,
                format!("`{text}` is not a valid duration"),
                "write a duration such as `14d`, `36h` or `2w`",
            );
        }
        Some(KindSettings {
            name: name.to_owned(),
            span,
            paths: self.globs(tree, "paths").unwrap_or_default(),
            update_every: window.flatten(),
            aliases: self.aliases(tree),
            vocabulary: self.vocabulary(tree),
        })
    }

    /// Parses `aliases = { points = "Punkte", owner = ["Zuständig", "Team"] }` to one pair per alias.
    fn aliases(&mut self, tree: &Node<'static>) -> Vec<(String, String)> {
        let mut pairs = Vec::new();
        for entry in self.mapping(tree, "aliases").to_vec() {
            let others = self.names(&entry, "aliases");
            pairs.extend(others.into_iter().map(|other| (entry.key.to_string(), other)));
        }
        pairs
    }

    /// Parses `vocabulary = { status = { Done = ["Erledigt"] } }`.
    fn vocabulary(&mut self, tree: &Node<'static>) -> Vec<VocabularyWord> {
        let mut all = Vec::new();
        for field in self.mapping(tree, "vocabulary").to_vec() {
            if !matches!(field.value.data, NodeData::Map(_)) {
                let help = format!("write `{} = {{ WORD = [\"…\"] }}`", field.key);
                self.error(field.value.span, format!("`{}` must be a table of words", field.key), help);
                continue;
            }
            for word in field.value.entries().to_vec() {
                let synonyms = self.names(&word, "vocabulary");
                let (name, span) = (field.key.to_string(), field.key_span);
                all.push(VocabularyWord { field: name, span, word: word.key.to_string(), synonyms });
            }
        }
        all
    }

    /// Returns the entries of a nested table.
    fn mapping<'t>(&mut self, tree: &'t Node<'static>, key: &str) -> &'t [NodeEntry<'static>] {
        let Some(value) = tree.get(key) else { return &[] };
        if !matches!(value.data, NodeData::Map(_)) {
            self.error(value.span, format!("`{key}` must be a table"), format!("write `{key} = {{ NAME = \"…\" }}`"));
        }
        value.entries()
    }

    /// Parses a name or a list of names.
    fn names(&mut self, entry: &NodeEntry<'static>, of: &str) -> Vec<String> {
        let one = |value: &Node<'static>| value.as_text().map(str::to_owned);
        let names: Option<Vec<String>> = match &entry.value.data {
            NodeData::List(items) => items.iter().map(one).collect(),
            _ => one(&entry.value).map(|name| vec![name]),
        };
        if names.is_none() {
            let key = &entry.key;
            let message = format!("`{key}` in `{of}` must be a string or a list of strings");
            self.error(entry.value.span, message, format!("write `{key} = [\"…\"]`"));
        }
        names.unwrap_or_default()
    }

    fn front_matter(&mut self, tree: Option<&Node<'static>>) -> FrontMatter {
        let default = FrontMatter::default();
        let Some(tree) = self.table(tree, "front_matter") else {
            return default;
        };
        let root = self.text(tree, "root").map(|(root, _)| root.to_owned());
        let spans = tree.get("aliases").map(Node::entries).unwrap_or_default();
        FrontMatter {
            root: root.unwrap_or(default.root),
            aliases: self.pairs(tree, "aliases"),
            alias_spans: spans.iter().map(|entry| entry.key_span).collect(),
        }
    }

    fn rules(&mut self, tree: Option<&Node<'static>>) -> BTreeMap<String, RuleSettings> {
        let Some(tree) = self.table(tree, "rules") else {
            return BTreeMap::new();
        };
        let mut rules = BTreeMap::new();
        for entry in tree.entries() {
            let level_at = match &entry.value.data {
                NodeData::Map(_) => entry.value.get("level"),
                _ => Some(&entry.value),
            };
            let level = level_at.and_then(|value| self.level(value));
            let options = entry.value.entries().iter().filter(|option| option.key != "level");
            let settings = RuleSettings { span: entry.key_span, level, options: options.cloned().collect() };
            rules.insert(entry.key.to_string(), settings);
        }
        rules
    }

    fn level(&mut self, value: &Node<'static>) -> Option<Level> {
        let word = value.as_text().unwrap_or_default();
        let level = Level::read(word);
        if level.is_none() {
            let near = suggest::did_you_mean(word, ["off", "warning", "error"]);
            self.error(value.span, format!("invalid level{near}"), "write `\"off\"`, `\"warning\"` or `\"error\"`");
        }
        level
    }

    fn enforcement(&mut self, tree: Option<&Node<'static>>) -> Enforcement {
        let Some(tree) = self.table(tree, "enforcement") else {
            return Enforcement::default();
        };
        let options =
            [("advisory", Enforcement::Advisory), ("standard", Enforcement::Standard), ("strict", Enforcement::Strict)];
        self.choice(tree, "level", &options).unwrap_or_default()
    }

    fn hook(&mut self, tree: Option<&Node<'static>>) -> HookSettings {
        let default = HookSettings::default();
        let Some(tree) = self.table(tree, "hook") else {
            return default;
        };
        HookSettings {
            writes: self.choice(tree, "mode", &[("write", true), ("check", false)]).unwrap_or(default.writes),
            any_stale_blocks: self
                .choice(tree, "stale", &[("any", true), ("related", false)])
                .unwrap_or(default.any_stale_blocks),
        }
    }

    fn coverage(&mut self, tree: Option<&Node<'static>>) -> Coverage {
        let Some(tree) = self.table(tree, "coverage") else {
            return Coverage::default();
        };
        let folders = tree.get("folders");
        let tables = folders.map(Node::items).unwrap_or_default();
        if let Some(folders) = folders.filter(|folders| !matches!(folders.data, NodeData::List(_))) {
            self.error(folders.span, "`folders` must be a list of tables", "write `[[coverage.folders]]`");
        }
        Coverage {
            reports: self.texts(tree, "reports").unwrap_or_default(),
            target: self.percent(tree, "target"),
            folders: tables.iter().filter_map(|table| self.coverage_folder(table)).collect(),
        }
    }

    fn coverage_folder(&mut self, tree: &Node<'static>) -> Option<CoverageFolder> {
        let tree = self.table(Some(tree), "coverage.folders")?;
        let path = self.text(tree, "path").map(|(path, _)| path.to_owned());
        if tree.get("path").is_none() {
            self.error(tree.span, "missing `path` in `[[coverage.folders]]`", "add `path = \"…\"`");
        }
        let title = self.text(tree, "title").map(|(title, _)| title.to_owned());
        let target = self.percent(tree, "target");
        let path = path?;
        let name = path.trim_end_matches('/').rsplit('/').next().unwrap_or_default();
        let default_title = || {
            let mut letters = name.chars();
            let first = letters.next().map(char::to_uppercase).into_iter().flatten();
            format!("{} Coverage", first.chain(letters).collect::<String>())
        };
        Some(CoverageFolder { title: title.unwrap_or_else(default_title), target, path })
    }

    fn percent(&mut self, tree: &Node<'static>, key: &str) -> Option<f64> {
        let value = tree.get(key)?;
        let number = match &value.data {
            NodeData::Number(number) => number.as_f64().filter(|number| (0.0..=100.0).contains(number)),
            _ => None,
        };
        if number.is_none() {
            self.error(value.span, format!("`{key}` must be a number from 0 to 100"), format!("write `{key} = 80`"));
        }
        number
    }
}
