//! lcov tracefiles (geninfo(1)): `SF:` opens a file, `DA:` tells of a line, `end_of_record` closes it.

use std::collections::BTreeMap;

use super::{Files, LineCounts, ReportError};

/// Reads a tracefile.
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
                open.take().ok_or_else(|| ReportError::new(number, "`end_of_record` without a file"))?;
            files.push((path, LineCounts::Each(lines)));
            continue;
        }
        let (tag, value) = line.split_once(':').ok_or_else(|| ReportError::new(number, "no line of an lcov report"))?;
        match (tag, &mut open) {
            ("SF", None) => open = Some((value.to_owned(), BTreeMap::new())),
            ("SF", Some((path, _))) => {
                return Err(ReportError::new(number, format!("`{path}` is not closed by `end_of_record`")));
            }
            ("DA", Some((_, lines))) => {
                let (line, hit) =
                    data(value).ok_or_else(|| ReportError::new(number, format!("`{line}` is no `DA:line,hits`")))?;
                *lines.entry(line).or_insert(false) |= hit;
            }
            ("DA", None) => return Err(ReportError::new(number, "`DA` before any `SF`")),
            (tag, _) if tag.chars().all(|c| c.is_ascii_uppercase()) => {}
            _ => return Err(ReportError::new(number, "no line of an lcov report")),
        }
    }
    if let Some((path, _)) = open {
        return Err(ReportError::new(
            last,
            format!("`{path}` is not closed by `end_of_record`; the report is cut off"),
        ));
    }
    if files.is_empty() {
        return Err(ReportError::new(1, "a report without any file"));
    }
    Ok(files)
}

/// `line,hits[,checksum]`
fn data(value: &str) -> Option<(u64, bool)> {
    let mut parts = value.split(',');
    let line = parts.next()?.trim().parse().ok()?;
    // Tools write negative counts and `-` where counting went wrong.
    let hits = parts.next()?.trim();
    let count = if hits == "-" { 0 } else { hits.parse::<i64>().ok()? };
    Some((line, count > 0))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tracefile_is_read() {
        let text = "TN:\nSF:src/a.py\nFN:1,f\nDA:1,2\nDA:2,0,abc\nDA:2,1\nLF:2\nLH:2\nend_of_record\n";
        let lines = LineCounts::Each(BTreeMap::from([(1, true), (2, true)]));
        assert_eq!(parse(text).unwrap(), [("src/a.py".to_owned(), lines)]);
    }

    #[test]
    fn a_broken_tracefile_names_its_line() {
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
