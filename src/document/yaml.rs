//! YAML parser that builds a tree with source spans from the events of `granit-parser`.
//!
//! Scalars follow the core schema of YAML 1.2 (section 10.3): `yes` and `on` are text. Aliases are expanded up to a
//! limit. A duplicate key is an error; its first value is used.

use std::collections::HashMap;

use granit_parser::{Event, Options, Parser, ScalarStyle};
use serde_json::Number;

use super::syntax_error::{SyntaxError, SyntaxErrorKind};
use crate::text::{Lines, Node, NodeData, NodeEntry, Span, lines};

/// Maximum nesting depth of mappings and lists.
pub const DEPTH: usize = 64;
/// Maximum number of values in a front matter after alias expansion.
pub const NODES: usize = 10_000;

/// Parses the YAML in `text[region]`. Spans are relative to `text`. Returns no tree after an error that stops parsing
/// and for empty input.
pub fn parse(text: &str, region: Span) -> (Option<Node<'static>>, Vec<SyntaxError>) {
    let mut builder = YamlBuilder::new(text);
    let mut options = Options::default();
    options.emit_comments = false;
    options.flow_nesting_limit = DEPTH * 2;
    options.block_nesting_limit = DEPTH * 2;
    for event in Parser::new_from_str_with_options(region.slice(text), options) {
        let step = match event {
            Ok((event, span)) => {
                let range = span.byte_range().unwrap_or_default();
                builder.handle_event(event, Span::from(range).shifted(region.start))
            }
            Err(error) => {
                let at = error.marker().byte_offset().unwrap_or(region.len());
                Err(scan_error(text, region.start + at, &error.info()))
            }
        };
        if let Err(syntax_error) = step {
            builder.syntax_errors.push(syntax_error);
            return (None, builder.syntax_errors);
        }
    }
    (builder.root, builder.syntax_errors)
}

fn scan_error(text: &str, at: usize, why: &str) -> SyntaxError {
    let at = at.min(text.len());
    let line_start = text[..at].rfind(['\n', '\r']).map_or(0, |end| end + 1);
    let line_end = text[at..].find(['\n', '\r']).map_or(text.len(), |end| at + end);
    // The parser may report the error at the end of the line before the tab.
    let rest = Span::new(line_start, text.len());
    let tab = lines::of(text, rest).take(2).find_map(|line| {
        let content = line.slice(text);
        let indent = content.len() - content.trim_start().len();
        content[..indent].find('\t').map(|tab| line.start + tab)
    });
    if let Some(tab) = tab {
        return SyntaxError::new(
            SyntaxErrorKind::FrontMatter,
            Span::new(tab, tab + 1),
            "tab in YAML indentation",
            "indent with spaces",
        );
    }
    SyntaxError::new(
        SyntaxErrorKind::FrontMatter,
        Span::new(at, line_end),
        format!("cannot parse YAML: {why}"),
        "fix this line; quote values that contain `: ` or ` #`",
    )
}

/// List or mapping that is not closed yet.
struct Frame {
    span: Span,
    anchor: usize,
    open: Open,
}

enum Open {
    List(Vec<Node<'static>>),
    Map { entries: Vec<NodeEntry<'static>>, key: Option<(String, Span)> },
}

struct YamlBuilder<'t> {
    text: &'t str,
    stack: Vec<Frame>,
    anchors: HashMap<usize, (Node<'static>, usize)>,
    nodes: usize,
    root: Option<Node<'static>>,
    syntax_errors: Vec<SyntaxError>,
}

impl<'t> YamlBuilder<'t> {
    fn new(text: &'t str) -> Self {
        Self { text, stack: Vec::new(), anchors: HashMap::new(), nodes: 0, root: None, syntax_errors: Vec::new() }
    }

    fn handle_event(&mut self, event: Event<'_>, span: Span) -> Result<(), SyntaxError> {
        match event {
            Event::Scalar(value, style, anchor, tag) => {
                let is_text = tag.is_some_and(|tag| tag.is_yaml_core_schema_tag("str"));
                let data = if style == ScalarStyle::Plain && !is_text {
                    plain(&value)
                } else {
                    NodeData::Text(value.into_owned().into())
                };
                self.count(1, span)?;
                self.add(Node::new(span, data), anchor, 1)
            }
            Event::SequenceStart(_, anchor, _) => self.open(span, anchor, Open::List(Vec::new())),
            Event::MappingStart(_, anchor, _) => {
                let entries = Vec::new();
                self.open(span, anchor, Open::Map { entries, key: None })
            }
            Event::SequenceEnd | Event::MappingEnd => self.close(span),
            Event::Alias(id) => {
                let Some((tree, size)) = self.anchors.get(&id).cloned() else {
                    return Err(invalid(span, "alias refers to a value that contains the alias"));
                };
                self.count(size, span)?;
                self.add(Node::new(span, tree.data), 0, size)
            }
            _ => Ok(()),
        }
    }

    fn open(&mut self, span: Span, anchor: usize, open: Open) -> Result<(), SyntaxError> {
        if self.stack.len() >= DEPTH {
            return Err(SyntaxError::new(
                SyntaxErrorKind::FrontMatter,
                span,
                format!("front matter is nested more than {DEPTH} levels deep"),
                "reduce the nesting",
            ));
        }
        self.count(1, span)?;
        self.stack.push(Frame { span, anchor, open });
        Ok(())
    }

    fn close(&mut self, span: Span) -> Result<(), SyntaxError> {
        let Some(frame) = self.stack.pop() else {
            return Ok(());
        };
        let start = frame.span.start;
        let data = match frame.open {
            Open::List(items) => NodeData::List(items),
            Open::Map { entries, .. } => NodeData::Map(entries),
        };
        let end = last_end(&data).unwrap_or(start).max(if span.is_empty() { 0 } else { span.end });
        let data = match data {
            NodeData::Map(entries) => NodeData::Map(merged(entries)?),
            data => data,
        };
        let tree = Node::new(Span::new(start, end), data);
        let size = if frame.anchor == 0 { 0 } else { size(&tree) };
        self.add(tree, frame.anchor, size)
    }

    /// Adds a complete value to the enclosing list or mapping (as key or value), or stores it as the root.
    fn add(&mut self, tree: Node<'static>, anchor: usize, size: usize) -> Result<(), SyntaxError> {
        if anchor != 0 {
            self.anchors.insert(anchor, (tree.clone(), size));
        }
        match self.stack.last_mut().map(|frame| &mut frame.open) {
            None => {
                if self.root.is_some() {
                    return Err(invalid(tree.span, "front matter contains a second YAML document"));
                }
                self.root = Some(tree);
            }
            Some(Open::List(items)) => items.push(tree),
            Some(Open::Map { entries, key }) => match key.take() {
                None => *key = Some((key_text(&tree)?, tree.span)),
                Some((name, key_span)) => {
                    if let Some(first) = entries.iter().find(|entry| entry.key == name) {
                        let first = first.key_span;
                        self.syntax_errors.push(duplicate(&name, key_span, first, self.text));
                    } else {
                        entries.push(NodeEntry { key: name.into(), key_span, value: tree });
                    }
                }
            },
        }
        Ok(())
    }

    fn count(&mut self, nodes: usize, span: Span) -> Result<(), SyntaxError> {
        self.nodes = self.nodes.saturating_add(nodes);
        if self.nodes <= NODES {
            return Ok(());
        }
        Err(SyntaxError::new(
            SyntaxErrorKind::FrontMatter,
            span,
            format!("front matter has more than {NODES} values after alias expansion"),
            "remove aliases or values",
        ))
    }
}

/// Resolves merge keys (`<<: *anchor`, a YAML 1.1 type). Own keys take precedence over merged ones, and earlier merged
/// mappings over later ones. Merged entries come first and keep the spans of their values.
fn merged(mut entries: Vec<NodeEntry<'static>>) -> Result<Vec<NodeEntry<'static>>, SyntaxError> {
    let mut all: Vec<NodeEntry<'static>> = Vec::new();
    while let Some(at) = entries.iter().position(|entry| entry.key == MERGE) {
        let merge = entries.remove(at);
        let sources = match merge.value.data {
            NodeData::List(items) => items,
            data => vec![Node::new(merge.value.span, data)],
        };
        for source in sources {
            let NodeData::Map(others) = source.data else {
                return Err(SyntaxError::new(
                    SyntaxErrorKind::FrontMatter,
                    source.span,
                    format!("merge key `{MERGE}`: expected a mapping, found {}", Node::type_name(&source)),
                    "use an alias of a mapping, such as `<<: *defaults`",
                ));
            };
            for other in others {
                let known = |entry: &NodeEntry<'_>| entry.key == other.key;
                if !entries.iter().any(known) && !all.iter().any(known) {
                    all.push(NodeEntry { key_span: merge.key_span, ..other });
                }
            }
        }
    }
    all.extend(entries);
    Ok(all)
}

const MERGE: &str = "<<";

fn invalid(span: Span, message: &str) -> SyntaxError {
    SyntaxError::new(SyntaxErrorKind::FrontMatter, span, message, "write plain `key: value` lines")
}

fn duplicate(name: &str, span: Span, first: Span, text: &str) -> SyntaxError {
    let line = Lines::new(&text[..span.start]).line(first.start);
    SyntaxError::new(
        SyntaxErrorKind::FrontMatter,
        span,
        format!("duplicate key `{name}`; first defined on line {line}"),
        "remove one of them",
    )
}

fn key_text(tree: &Node<'_>) -> Result<String, SyntaxError> {
    match &tree.data {
        NodeData::Text(text) => Ok(text.to_string()),
        NodeData::Null => Ok("null".to_owned()),
        NodeData::Bool(value) => Ok(value.to_string()),
        NodeData::Number(number) => Ok(number.to_string()),
        NodeData::List(_) | NodeData::Map(_) => Err(invalid(tree.span, "key is a list or a mapping")),
    }
}

fn size(tree: &Node<'_>) -> usize {
    let below: usize = match &tree.data {
        NodeData::List(items) => items.iter().map(size).sum(),
        NodeData::Map(entries) => entries.iter().map(|entry| size(&entry.value) + 1).sum(),
        _ => 0,
    };
    below + 1
}

fn last_end(data: &NodeData<'_>) -> Option<usize> {
    match data {
        NodeData::List(items) => items.last().map(|item| item.span.end),
        NodeData::Map(entries) => entries.last().map(|entry| entry.value.span.end.max(entry.key_span.end)),
        _ => None,
    }
}

/// Parses a plain scalar by the core schema.
fn plain(value: &str) -> NodeData<'static> {
    match value {
        "" | "~" | "null" | "Null" | "NULL" => return NodeData::Null,
        "true" | "True" | "TRUE" => return NodeData::Bool(true),
        "false" | "False" | "FALSE" => return NodeData::Bool(false),
        _ => {}
    }
    let numeric =
        value.bytes().next().is_some_and(|first| first.is_ascii_digit() || matches!(first, b'-' | b'+' | b'.'));
    if numeric && let Some(number) = number(value) {
        return NodeData::Number(number);
    }
    NodeData::Text(value.to_owned().into())
}

fn number(value: &str) -> Option<Number> {
    if let Some(hex) = value.strip_prefix("0x") {
        return u64::from_str_radix(hex, 16).ok().map(Number::from);
    }
    if let Some(octal) = value.strip_prefix("0o") {
        return u64::from_str_radix(octal, 8).ok().map(Number::from);
    }
    if let Ok(number) = value.parse::<i64>() {
        return Some(number.into());
    }
    let decimal = value.bytes().all(|byte| byte.is_ascii_digit() || b"+-.eE".contains(&byte));
    if !decimal {
        return None;
    }
    value.parse::<f64>().ok().and_then(Number::from_f64)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn json(yaml: &str) -> String {
        let (tree, syntax_errors) = parse(yaml, Span::new(0, yaml.len()));
        assert!(syntax_errors.is_empty(), "{syntax_errors:?}");
        tree.unwrap().to_json().to_string()
    }

    #[test]
    fn reads_plain_scalars_by_the_core_schema() {
        assert_eq!(
            json("a: yes\nb: 0x1F\nc: 2025-08-29\nd: 1.5\ne:\nf: 007\ng: '7'\nh: 1.0.0\n"),
            r#"{"a":"yes","b":31,"c":"2025-08-29","d":1.5,"e":null,"f":7,"g":"7","h":"1.0.0"}"#
        );
    }

    #[test]
    fn returns_exact_spans_after_multibyte_text() {
        let yaml = "ключ: é\nowner: \"li sa\"\nlist: [a, bc]\n";
        let (tree, _) = parse(yaml, Span::new(0, yaml.len()));
        let tree = tree.unwrap();
        let owner = tree.entry("owner").unwrap();
        assert_eq!(owner.key_span.slice(yaml), "owner");
        assert_eq!(owner.value.span.slice(yaml), "\"li sa\"");
        let list = tree.get("list").unwrap();
        assert_eq!(list.span.slice(yaml), "[a, bc]");
        assert_eq!(list.items()[1].span.slice(yaml), "bc");
    }

    #[test]
    fn limits_alias_expansion() {
        assert_eq!(json("a: &x {n: 1}\nb: *x\n"), r#"{"a":{"n":1},"b":{"n":1}}"#);
        let mut bomb = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n".to_owned();
        for level in 1..12 {
            let alias = format!("*a{}", level - 1);
            let list = vec![alias; 10].join(", ");
            bomb += &format!("a{level}: &a{level} [{list}]\n");
        }
        let (tree, syntax_errors) = parse(&bomb, Span::new(0, bomb.len()));
        assert!(tree.is_none());
        assert!(syntax_errors[0].message.contains("10000 values"), "{syntax_errors:?}");
    }

    #[test]
    fn resolves_merge_keys_after_own_keys() {
        let yaml = "a: &a {x: 1, y: 2}\nb: &b {y: 3, z: 4}\nc: {<<: *a, x: 9}\nd:\n  <<: [*a, *b]\n  w: 0\n";
        let expected = r#"{"a":{"x":1,"y":2},"b":{"y":3,"z":4},"c":{"y":2,"x":9},"d":{"x":1,"y":2,"z":4,"w":0}}"#;
        assert_eq!(json(yaml), expected);
        let (tree, _) = parse(yaml, Span::new(0, yaml.len()));
        let tree = tree.unwrap();
        let merged = tree.get("d").and_then(|d| d.entry("z")).unwrap();
        assert_eq!((merged.key_span.slice(yaml), merged.value.span.slice(yaml)), ("<<", "4"));
        let (_, syntax_errors) = parse("a: {<<: 1}\n", Span::new(0, 11));
        assert!(syntax_errors[0].message.contains("expected a mapping, found a number"), "{syntax_errors:?}");
    }

    #[test]
    fn rejects_more_than_64_levels() {
        let nested = |levels: usize| format!("{}{}", "[".repeat(levels), "]".repeat(levels));
        let deep = nested(DEPTH);
        assert!(parse(&deep, Span::new(0, deep.len())).1.is_empty());
        let deeper = nested(DEPTH + 1);
        let (_, syntax_errors) = parse(&deeper, Span::new(0, deeper.len()));
        assert!(syntax_errors[0].message.contains("64 levels"), "{syntax_errors:?}");
    }
}
