//! Cobertura XML reports (coverage-04.dtd): `class` has a `filename`, its `lines` have `number` and `hits`.

use std::collections::BTreeMap;

use roxmltree::{Document, Node, ParsingOptions};

use super::{Files, LineCounts, ReportError};

/// Parses a report. A document type declaration is allowed, but its DTD is never fetched.
pub fn parse(text: &str) -> Result<Files, ReportError> {
    let options = ParsingOptions { allow_dtd: true, ..ParsingOptions::default() };
    let document = Document::parse_with_options(text, options)
        .map_err(|error| ReportError::new(error.pos().row as usize, format!("not valid XML: {error}")))?;
    let root = document.root_element();
    if root.tag_name().name() != "coverage" {
        return Err(ReportError::new(
            row(root),
            format!("expected the root element `<coverage>`, found `<{}>`", root.tag_name().name()),
        ));
    }
    let source = root.descendants().find(|node| node.has_tag_name("source")).and_then(|node| node.text());
    let source = source.unwrap_or_default().trim().replace('\\', "/");
    let mut files: Vec<(String, BTreeMap<u64, bool>)> = Vec::new();
    for class in root.descendants().filter(|node| node.has_tag_name("class")) {
        let name =
            class.attribute("filename").ok_or_else(|| ReportError::new(row(class), "`<class>` without `filename`"))?;
        let path = join(&source, name);
        let at = files.iter().position(|(known, _)| *known == path).unwrap_or_else(|| {
            files.push((path, BTreeMap::new()));
            files.len() - 1
        });
        for line in class.children().filter(|node| node.has_tag_name("lines")).flat_map(|lines| lines.children()) {
            if line.has_tag_name("line") {
                let number = attribute(line, "number")?;
                *files[at].1.entry(number).or_insert(false) |= attribute(line, "hits")? > 0;
            }
        }
    }
    if files.is_empty() {
        return Err(ReportError::new(row(root), "the report lists no files"));
    }
    Ok(files.into_iter().map(|(path, lines)| (path, LineCounts::Each(lines))).collect())
}

/// Returns the path of a file, relative to the source folder unless it is absolute.
fn join(source: &str, name: &str) -> String {
    let name = name.replace('\\', "/");
    let absolute = name.starts_with('/') || name.get(1..3) == Some(":/");
    let source = source.trim_end_matches('/');
    if absolute || source.is_empty() || source == "." { name } else { format!("{source}/{name}") }
}

fn attribute(node: Node<'_, '_>, name: &str) -> Result<u64, ReportError> {
    let value =
        node.attribute(name).ok_or_else(|| ReportError::new(row(node), format!("`<line>` without `{name}`")))?;
    value.parse().map_err(|_| ReportError::new(row(node), format!("`{name}=\"{value}\"` is not a valid number")))
}

fn row(node: Node<'_, '_>) -> usize {
    node.document().text_pos_at(node.range().start).row as usize
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parses_a_report() {
        let text = r#"<?xml version="1.0"?>
<!DOCTYPE coverage SYSTEM "http://cobertura.sourceforge.net/xml/coverage-04.dtd">
<coverage><sources><source>/w/app</source></sources><packages><package><classes>
<class name="A" filename="a.py"><methods/><lines><line number="1" hits="2"/><line number="2" hits="0"/></lines></class>
<class name="B" filename="a.py"><lines><line number="2" hits="1"/></lines></class>
</classes></package></packages></coverage>"#;
        let lines = LineCounts::Each(BTreeMap::from([(1, true), (2, true)]));
        assert_eq!(parse(text).unwrap(), [("/w/app/a.py".to_owned(), lines)]);
    }

    #[test]
    fn reports_the_line_of_an_error() {
        let cases = [
            ("<coverage>\n<class filename='a'><lines>\n<line number='x' hits='1'/></lines></class></coverage>", 3),
            ("<coverage>\n<class/></coverage>", 2),
            ("<coverage>\n</cov>", 2),
            ("<html/>", 1),
            ("<coverage/>", 1),
        ];
        for (text, line) in cases {
            assert_eq!(parse(text).unwrap_err().line, line, "{text}");
        }
    }
}
