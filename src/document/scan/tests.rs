//! Compares the line scanner with the Markdown parser on generated documents.

use proptest::prelude::*;

use super::*;

/// Lines of plain documents.
const PLAIN: &[&str] = &[
    "",
    "",
    "",
    "# T",
    "## A `b` **c** [d](e)",
    "### 3. Fix ✅",
    "text",
    "**Status**: x | **Points**: 3",
    "**Owner**: y",
    "- a",
    "- b `c`",
    "- [ ] task",
    "- [x] done",
    "* star",
    "1. one",
    "2. two",
    "- **bold**: x",
    "---",
    "```",
    "```rust",
    "`code` text",
    "| a | b |",
    "|---|---|",
    "| :-: | --- |",
    "| 1 | 2 |",
    "<!-- AUTO-GENERATED -->",
    "**Total: 8**",
    "🚧 emoji",
    "*emph*",
    "2025-08-29",
    "1986. A year",
];

/// Lines whose meaning depends on context, or that the scanner must leave to the parser.
const ODD: &[&str] = &[
    "#### a #",
    "- [link](u)",
    "+ plus",
    "7) seven",
    "-",
    "- ",
    "-  two spaces",
    "- - nested",
    "- # h",
    "- ```",
    "  - deep",
    "    code",
    "\ttab",
    "> quote",
    "***",
    "===",
    "___",
    "````",
    "~~~",
    "| 1 |",
    "| x \\| y | z |",
    "| `a|b` | c |",
    "<!-- two",
    "-->",
    "<div>",
    "</div>",
    "[x]: http://y",
    "[a] b",
    "a \\",
    "a  ",
    "1",
    "é",
    "_emph_",
    "a | b",
    "--- | ---",
    ": def",
    "!",
    "a <b> c",
    "&amp; x",
    "\\# x",
    "<!-- a --> b",
    "https://x.y",
    "a\u{0}b",
    "#nospace",
    "- a\\",
    "[x]:",
    "`open",
    "**open",
    "-\tx",
    "<?php",
    "a<!-- b",
];

/// Returns the comparable properties of nodes: spans and content of the blocks, and HTML blocks.
fn describe(text: &str, nodes: &Nodes) -> (Vec<String>, Vec<String>) {
    let items = |items: &[ListItem]| -> Vec<String> {
        items.iter().map(|item| format!("{:?} {:?} {}", item.done, item.text(text), item.children.len())).collect()
    };
    let kind = |node: &MarkdownNode| match &node.kind {
        MarkdownNodeKind::List(list) => format!("list {:?}", items(list)),
        MarkdownNodeKind::Table(grid) => {
            let cells = |row: &Vec<Span>| row.iter().map(|cell| cell.slice(text).to_owned()).collect::<Vec<_>>();
            format!("table {:?} {:?}", cells(&grid.header), grid.rows.iter().map(cells).collect::<Vec<_>>())
        }
        other => format!("{other:?}"),
    };
    let all = nodes.nodes.iter().map(|node| format!("{:?} {}", node.span, kind(node))).collect();
    (all, nodes.html.iter().map(|html| html.slice(text).trim().to_owned()).collect())
}

fn check(text: &str) -> bool {
    let Some(scanned) = scan(text, 0) else { return false };
    let parsed = nodes::parse_markdown(text, 0);
    assert_eq!(describe(text, &scanned), describe(text, &parsed), "{text}");
    true
}

fn line() -> impl Strategy<Value = &'static str> {
    prop_oneof![9 => prop::sample::select(PLAIN), 1 => prop::sample::select(ODD)]
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]
    #[test]
    fn scanner_and_parser_find_the_same_nodes(lines in prop::collection::vec(line(), 0..12), crlf: bool, last: bool) {
        let mut text = lines.join(if crlf { "\r\n" } else { "\n" });
        if last {
            text.push('\n');
        }
        check(&text);
    }
}

#[test]
fn scans_a_plain_document_without_the_parser() {
    let text = "# T\n<!-- LIVING DOCUMENT -->\n\nText.\nMore.\n\n## A: `b`\n**Status**: 🚧 x | **Points**: 8\n**Target**: y\n\n**List**:\n\
                - [ ] one\n- [x] two\n\n**Steps**:\n1. one (5)\n2. two\n**Total: 7**\n\n---\n\n| a | b |\n|---|---|\n| 1 | 2 |\n\n```py\n- x\n```\n";
    assert!(check(text));
}
