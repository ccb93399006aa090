//! JSON of `llvm-cov export` (also `cargo llvm-cov --json`): `data[].files[]` with `filename` and `summary.lines`.

use serde_json::Value;

use super::{Files, LineCounts, ReportError};

pub fn parse(text: &str) -> Result<Files, ReportError> {
    let value: Value = serde_json::from_str(text)
        .map_err(|error| ReportError::new(error.line(), format!("not valid JSON: {error}")))?;
    let data = value["data"]
        .as_array()
        .ok_or_else(|| ReportError::new(1, "missing list `data`; not an export of llvm-cov"))?;
    let mut files = Files::new();
    for (at, file) in data.iter().flat_map(|data| data["files"].as_array().into_iter().flatten()).enumerate() {
        let name = file["filename"].as_str();
        let name =
            name.ok_or_else(|| ReportError::new(1, format!("file {} of `data.files` has no `filename`", at + 1)))?;
        let lines = &file["summary"]["lines"];
        let count = |key: &str| lines[key].as_u64();
        let (Some(all), Some(covered)) = (count("count"), count("covered")) else {
            return Err(ReportError::new(1, format!("`{name}` has no `summary.lines` with `count` and `covered`")));
        };
        if covered > all {
            return Err(ReportError::new(1, format!("`{name}` has {covered} covered lines, but only {all} lines")));
        }
        files.push((name.to_owned(), LineCounts::Count { lines: all, covered }));
    }
    if files.is_empty() {
        return Err(ReportError::new(1, "the report lists no files"));
    }
    Ok(files)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parses_an_export() {
        let text = r#"{"data":[{"files":[{"filename":"/w/src/a.rs","summary":{"lines":{"count":8,"covered":6,"percent":75}}}]}],"type":"llvm.coverage.json.export","version":"2.0.1"}"#;
        assert_eq!(parse(text).unwrap(), [("/w/src/a.rs".to_owned(), LineCounts::Count { lines: 8, covered: 6 })]);
    }

    #[test]
    fn reports_errors() {
        for text in
            ["{", "{}", r#"{"data":[{"files":[{}]}]}"#, r#"{"data":[{"files":[{"filename":"a"}]}]}"#, r#"{"data":[]}"#]
        {
            assert!(!parse(text).unwrap_err().message.is_empty(), "{text}");
        }
        assert_eq!(parse("{\n\"data\": oops}").unwrap_err().line, 2);
    }
}
