//! Parsing of UUIDs and times, with explanations for invalid values.

use chrono::{DateTime, NaiveDate, NaiveDateTime, Utc};
use uuid::Uuid;

/// Reason why a value is invalid, and the help.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ValueProblem {
    /// Predicate that follows the name of the key, such as "is not a valid UUID".
    pub what: String,
    /// Instruction that resolves the problem.
    pub help: String,
}

impl ValueProblem {
    fn new(what: impl Into<String>, help: impl Into<String>) -> Self {
        Self { what: what.into(), help: help.into() }
    }
}

/// Length of a UUID as text (RFC 9562, section 4).
const UUID_LENGTH: usize = 36;

/// Returns the reason why `text` is not a UUID as defined in RFC 9562, section 4; `None` if it is one.
pub fn uuid_problem(text: &str) -> Option<ValueProblem> {
    if text.len() == UUID_LENGTH && Uuid::try_parse(text).is_ok() {
        return None;
    }
    if let Some(inside) = uuid_inside(text) {
        return Some(ValueProblem::new("is not a valid UUID, but contains one", format!("keep only `{inside}`")));
    }
    let invalid = text.chars().find(|c| !c.is_ascii_hexdigit() && *c != '-');
    let what = match invalid {
        Some(invalid) if text.chars().count() == UUID_LENGTH => {
            format!("is not a valid UUID: `{invalid}` is not a hexadecimal digit")
        }
        _ => "is not a valid UUID".to_owned(),
    };
    Some(ValueProblem::new(what, "write 32 hexadecimal digits in groups of 8-4-4-4-12"))
}

/// Returns the first UUID that a text contains.
pub fn uuid_inside(text: &str) -> Option<&str> {
    memchr::memchr_iter(b'-', text.as_bytes())
        .filter_map(|dash| text.get(dash.checked_sub(8)?..dash + UUID_LENGTH - 8))
        .find(|candidate| candidate.as_bytes().get(8).copied() == Some(b'-') && Uuid::try_parse(candidate).is_ok())
}

/// Parses a time as defined in RFC 3339, section 5.6.
pub fn timestamp(text: &str) -> Option<DateTime<Utc>> {
    // `chrono` also accepts forms outside RFC 3339, such as a leading `+` and white space between the parts.
    let is_well_formed = text.as_bytes().first().is_some_and(u8::is_ascii_digit)
        && matches!(text.as_bytes().get(10), Some(b'T' | b't' | b' '))
        && text.as_bytes().get(11).is_some_and(u8::is_ascii_digit);
    if !is_well_formed {
        return None;
    }
    DateTime::parse_from_rfc3339(text).ok().map(|time| time.to_utc())
}

/// Returns the reason why `text` is not a time as defined in RFC 3339; `None` if it is one.
pub fn timestamp_problem(text: &str) -> Option<ValueProblem> {
    if timestamp(text).is_some() {
        return None;
    }
    if NaiveDate::parse_from_str(text, "%Y-%m-%d").is_ok() && text.len() == 10 {
        return Some(ValueProblem::new("is a date without a time", format!("write `{text}T00:00:00Z`")));
    }
    for form in ["%Y-%m-%dT%H:%M:%S%.f", "%Y-%m-%d %H:%M:%S%.f", "%Y-%m-%dT%H:%M"] {
        if let Ok(time) = NaiveDateTime::parse_from_str(text, form) {
            let full = time.format("%Y-%m-%dT%H:%M:%S");
            return Some(ValueProblem::new(
                "has no time zone",
                format!("write `{full}Z` for UTC, or add the offset, such as `+02:00`"),
            ));
        }
    }
    if let Some(what) = out_of_range(text) {
        return Some(ValueProblem::new(what, "write an existing date and time"));
    }
    Some(ValueProblem::new("is not a valid time", "write a time such as `2025-08-29T15:35:33Z` (RFC 3339)"))
}

/// Describes the first part of a well-formed time that is out of range, such as month 13.
fn out_of_range(text: &str) -> Option<String> {
    let part = |start: usize, length: usize| -> Option<u32> {
        let digits = text.get(start..start + length)?;
        let all = digits.bytes().all(|byte| byte.is_ascii_digit());
        all.then(|| digits.parse().ok())?
    };
    let year = i32::try_from(part(0, 4)?).ok()?;
    let (month, day) = (part(5, 2)?, part(8, 2)?);
    if text.get(4..5) != Some("-") || text.get(7..8) != Some("-") {
        return None;
    }
    if !(1..=12).contains(&month) {
        return Some(format!("is not a valid time: month {month} does not exist"));
    }
    if NaiveDate::from_ymd_opt(year, month, day).is_none() {
        return Some(format!("is not a valid time: {year}-{month:02} has no day {day}"));
    }
    let (hour, minute) = (part(11, 2)?, part(14, 2)?);
    if hour > 23 {
        return Some(format!("is not a valid time: hour {hour} does not exist"));
    }
    if minute > 59 {
        return Some(format!("is not a valid time: minute {minute} does not exist"));
    }
    let second = part(17, 2)?;
    (second > 60).then(|| format!("is not a valid time: second {second} does not exist"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn what(text: &str) -> String {
        timestamp_problem(text).map_or_else(String::new, |problem| problem.what)
    }

    #[test]
    fn explains_invalid_times() {
        assert_eq!(what("2025-08-29T15:35:33Z"), "");
        assert_eq!(what("2025-08-29T15:35:33.123456+02:00"), "");
        assert_eq!(what("2025-08-29"), "is a date without a time");
        assert_eq!(what("2025-08-29T15:35:33"), "has no time zone");
        assert_eq!(what("2025-13-29T15:35:33Z"), "is not a valid time: month 13 does not exist");
        assert_eq!(what("2025-02-30T15:35:33Z"), "is not a valid time: 2025-02 has no day 30");
        assert_eq!(what("2025-02-20T25:35:33Z"), "is not a valid time: hour 25 does not exist");
        assert_eq!(what("yesterday"), "is not a valid time");
    }

    #[test]
    fn explains_invalid_uuids() {
        let what = |text: &str| uuid_problem(text).map(|problem| problem.what);
        assert_eq!(what("4018e185-d0ad-4382-91cf-3224b61fcdfd"), None);
        assert_eq!(
            what("4018e185-d0ad-4382-91cf-3224b61fcdfg").unwrap(),
            "is not a valid UUID: `g` is not a hexadecimal digit"
        );
        assert_eq!(what("4018e185d0ad438291cf3224b61fcdfd").unwrap(), "is not a valid UUID");
        assert_eq!(what("id='4018e185-d0ad-4382-91cf-3224b61fcdfd'").unwrap(), "is not a valid UUID, but contains one");
    }
}
