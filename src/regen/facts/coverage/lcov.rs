//! lcov tracefiles (geninfo(1)): `SF:` starts a file, `DA:` describes a line, `end_of_record` ends the file.

use std::collections::BTreeMap;

use super::{Files, LineCounts, ReportError};

pub fn parse(text: &str) -> Result<Files, ReportError> {
    let mut files = Files::new();
    let mut open: Option<(String, BTreeMap<u64, bool>)> = None;
    let mut last = 0;
    for (number, line) in text.lines().enumerate() {
        let (number, line) = (number + 1, line.trim());
        last = number;
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        if line == "end_of_record" {
            let (path, lines) =
                open.take().ok_or_else(|| ReportError::new(number, "`end_of_record` without a preceding `SF`"))?;
            files.push((path, LineCounts::Each(lines)));
            continue;
        }
        let (tag, value) =
            line.split_once(':').ok_or_else(|| ReportError::new(number, "not a valid line of an lcov report"))?;
        match (tag, &mut open) {
            ("SF", None) => open = Some((value.to_owned(), BTreeMap::new())),
            ("SF", Some((path, _))) => {
                return Err(ReportError::new(number, format!("`{path}` is not closed by `end_of_record`")));
            }
            ("DA", Some((_, lines))) => {
                let (line, hit) = data(value)
                    .ok_or_else(|| ReportError::new(number, format!("`{line}` is not a valid `DA:line,hits`")))?;
                *lines.entry(line).or_insert(false) |= hit;
            }
            ("DA", None) => return Err(ReportError::new(number, "`DA` without a preceding `SF`")),
            (tag, _) if tag.chars().all(|c| c.is_ascii_uppercase()) => {}
            _ => return Err(ReportError::new(number, "not a valid line of an lcov report")),
        }
    }
    if let Some((path, _)) = open {
        return Err(ReportError::new(
            last,
            format!("`{path}` is not closed by `end_of_record`; the report is truncated"),
        ));
    }
    if files.is_empty() {
        return Err(ReportError::new(1, "the report lists no files"));
    }
    Ok(files)
}

/// Parses `line,hits[,checksum]`.
fn data(value: &str) -> Option<(u64, bool)> {
    let mut parts = value.split(',');
    let line = parts.next()?.trim().parse().ok()?;
    // Some tools write negative counts or `-` after counter errors.
    let hits = parts.next()?.trim();
    let count = if hits == "-" { 0 } else { hits.parse::<i64>().ok()? };
    Some((line, count > 0))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parses_a_tracefile() {
        let text = "TN:\nSF:src/a.py\nFN:1,f\nDA:1,2\nDA:2,0,abc\nDA:2,1\nLF:2\nLH:2\nend_of_record\n";
        let lines = LineCounts::Each(BTreeMap::from([(1, true), (2, true)]));
        assert_eq!(parse(text).unwrap(), [("src/a.py".to_owned(), lines)]);
    }

    #[test]
    fn reports_the_line_of_an_error() {
        let cases = [
            ("SF:a\nDA:x,1\nend_of_record\n", 2),
            ("SF:a\nDA:1,1\n", 2),
            ("DA:1,1\n", 1),
            ("SF:a\nSF:b\n", 2),
            ("end_of_record\n", 1),
            ("", 1),
            ("hello world\n", 1),
        ];
        for (text, line) in cases {
            assert_eq!(parse(text).unwrap_err().line, line, "{text}");
        }
    }
}
