//! What is wrong with a UUID or a time, in words.

use chrono::{DateTime, NaiveDate, NaiveDateTime, Utc};
use uuid::Uuid;

/// Why a value is not what it should be, and the way out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ValueProblem {
    /// Completes "`key` …", as "is not a UUID".
    pub what: String,
    /// The way out; empty where there is only the obvious one.
    pub help: String,
}

impl ValueProblem {
    fn new(what: impl Into<String>, help: impl Into<String>) -> Self {
        Self { what: what.into(), help: help.into() }
    }
}

/// Length of a UUID as text (RFC 9562, section 4).
const UUID_LENGTH: usize = 36;

/// What keeps `text` from being a UUID in the form of RFC 9562, section 4.
pub fn uuid_problem(text: &str) -> Option<ValueProblem> {
    if text.len() == UUID_LENGTH && Uuid::try_parse(text).is_ok() {
        return None;
    }
    if let Some(inside) = uuid_inside(text) {
        return Some(ValueProblem::new("is not a UUID, but it contains one", format!("keep just `{inside}`")));
    }
    let odd = text.chars().find(|c| !c.is_ascii_hexdigit() && *c != '-');
    let what = match odd {
        Some(odd) if text.chars().count() == UUID_LENGTH => {
            format!("is not a UUID: `{odd}` is no hexadecimal digit")
        }
        _ => "is not a UUID".to_owned(),
    };
    Some(ValueProblem::new(what, "a UUID is 32 hexadecimal digits in groups of 8-4-4-4-12"))
}

/// The first UUID that stands somewhere in a text.
pub fn uuid_inside(text: &str) -> Option<&str> {
    memchr::memchr_iter(b'-', text.as_bytes())
        .filter_map(|dash| text.get(dash.checked_sub(8)?..dash + UUID_LENGTH - 8))
        .find(|candidate| candidate.as_bytes().get(8).copied() == Some(b'-') && Uuid::try_parse(candidate).is_ok())
}

/// A time in the form of RFC 3339, section 5.6.
pub fn timestamp(text: &str) -> Option<DateTime<Utc>> {
    // `chrono` also takes a leading `+`, white space between the parts and the like.
    let shaped = text.as_bytes().first().is_some_and(u8::is_ascii_digit)
        && matches!(text.as_bytes().get(10), Some(b'T' | b't' | b' '))
        && text.as_bytes().get(11).is_some_and(u8::is_ascii_digit);
    if !shaped {
        return None;
    }
    DateTime::parse_from_rfc3339(text).ok().map(|time| time.to_utc())
}

/// What keeps `text` from being a time in the form of RFC 3339.
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
                format!("write `{full}Z` if it is UTC, or add the offset, as `+02:00`"),
            ));
        }
    }
    if let Some(what) = out_of_range(text) {
        return Some(ValueProblem::new(what, "correct it"));
    }
    Some(ValueProblem::new("is not a time", "write it as `2025-08-29T15:35:33Z` (RFC 3339)"))
}

/// Names the part of a well-formed time that no calendar or clock has.
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
        return Some(format!("is not a time: there is no month {month}"));
    }
    if NaiveDate::from_ymd_opt(year, month, day).is_none() {
        return Some(format!("is not a time: {year}-{month:02} has no day {day}"));
    }
    let (hour, minute) = (part(11, 2)?, part(14, 2)?);
    if hour > 23 {
        return Some(format!("is not a time: there is no hour {hour}"));
    }
    if minute > 59 {
        return Some(format!("is not a time: there is no minute {minute}"));
    }
    let second = part(17, 2)?;
    (second > 60).then(|| format!("is not a time: there is no second {second}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn what(text: &str) -> String {
        timestamp_problem(text).map_or_else(String::new, |problem| problem.what)
    }

    #[test]
    fn a_wrong_time_is_told_what_is_wrong_with_it() {
        assert_eq!(what("2025-08-29T15:35:33Z"), "");
        assert_eq!(what("2025-08-29T15:35:33.123456+02:00"), "");
        assert_eq!(what("2025-08-29"), "is a date without a time");
        assert_eq!(what("2025-08-29T15:35:33"), "has no time zone");
        assert_eq!(what("2025-13-29T15:35:33Z"), "is not a time: there is no month 13");
        assert_eq!(what("2025-02-30T15:35:33Z"), "is not a time: 2025-02 has no day 30");
        assert_eq!(what("2025-02-20T25:35:33Z"), "is not a time: there is no hour 25");
        assert_eq!(what("yesterday"), "is not a time");
    }

    #[test]
    fn a_wrong_uuid_is_told_what_is_wrong_with_it() {
        let what = |text: &str| uuid_problem(text).map(|problem| problem.what);
        assert_eq!(what("4018e185-d0ad-4382-91cf-3224b61fcdfd"), None);
        assert_eq!(what("4018e185-d0ad-4382-91cf-3224b61fcdfg").unwrap(), "is not a UUID: `g` is no hexadecimal digit");
        assert_eq!(what("4018e185d0ad438291cf3224b61fcdfd").unwrap(), "is not a UUID");
        assert_eq!(what("id='4018e185-d0ad-4382-91cf-3224b61fcdfd'").unwrap(), "is not a UUID, but it contains one");
    }
}
