//! Spans of time as people write them: `14d`, `36h`, `2w`.

use chrono::Duration;

/// Reads a whole number and a unit: `m` minutes, `h` hours, `d` days, `w` weeks.
pub fn parse(text: &str) -> Option<Duration> {
    let unit = text.chars().last()?;
    let count: i64 = text[..text.len() - unit.len_utf8()].parse().ok()?;
    if !(1..=1_000_000).contains(&count) {
        return None;
    }
    match unit {
        'm' => Some(Duration::minutes(count)),
        'h' => Some(Duration::hours(count)),
        'd' => Some(Duration::days(count)),
        'w' => Some(Duration::weeks(count)),
        _ => None,
    }
}

/// The largest unit that says a span to a person: `3 days`, `8 hours`, `5 minutes`.
pub fn words(duration: Duration) -> String {
    let minutes = duration.num_minutes().abs();
    let (count, unit) = match minutes {
        0 => return "less than a minute".to_owned(),
        1..60 => (minutes, "minute"),
        60..2880 => (minutes / 60, "hour"),
        _ => (minutes / 1440, "day"),
    };
    let plural = if count == 1 { "" } else { "s" };
    format!("{count} {unit}{plural}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spans_are_read_and_said() {
        assert_eq!(parse("14d"), Some(Duration::days(14)));
        assert_eq!(parse("2w"), Some(Duration::weeks(2)));
        for text in ["", "d", "14", "1.5d", "-3d", "0d", "14 days"] {
            assert_eq!(parse(text), None, "{text}");
        }
        assert_eq!(words(Duration::hours(8)), "8 hours");
        assert_eq!(words(Duration::minutes(-1)), "1 minute");
        assert_eq!(words(Duration::hours(49)), "2 days");
    }
}
