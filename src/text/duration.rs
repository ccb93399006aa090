//! Durations with a unit: `14d`, `36h`, `2w`.

use chrono::Duration;

/// Parses a whole number from 1 to 1,000,000 and a unit: `m` minutes, `h` hours, `d` days, `w` weeks.
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

/// Parses a number and a unit (`ms`, `s`, `m` or `h`), such as `1500ms` or `1.5s`, of at most one day. Returns
/// milliseconds.
pub fn milliseconds(text: &str) -> Option<u64> {
    let units = [("ms", 1.0), ("s", 1_000.0), ("m", 60_000.0), ("h", 3_600_000.0)];
    let (number, unit) = units.iter().find_map(|(name, unit)| Some((text.strip_suffix(name)?, unit)))?;
    let time = number.trim().parse::<f64>().ok()? * unit;
    // An `f64` represents every millisecond of a day exactly.
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
    (0.0..=86_400_000.0).contains(&time).then_some(time.round() as u64)
}

/// Formats a duration in minutes, hours or days, rounded down, without its sign: `3 days`, `8 hours`, `5 minutes`.
pub fn format_words(duration: Duration) -> String {
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
    fn parses_milliseconds_with_a_unit() {
        assert_eq!(
            (milliseconds("500ms"), milliseconds("1.5s"), milliseconds("5m")),
            (Some(500), Some(1_500), Some(300_000))
        );
        assert_eq!(
            (milliseconds("500"), milliseconds("s"), milliseconds("-1s"), milliseconds("NaNs")),
            (None, None, None, None)
        );
    }

    #[test]
    fn parses_and_formats_durations() {
        assert_eq!(parse("14d"), Some(Duration::days(14)));
        assert_eq!(parse("2w"), Some(Duration::weeks(2)));
        for text in ["", "d", "14", "1.5d", "-3d", "0d", "14 days"] {
            assert_eq!(parse(text), None, "{text}");
        }
        assert_eq!(format_words(Duration::hours(8)), "8 hours");
        assert_eq!(format_words(Duration::minutes(-1)), "1 minute");
        assert_eq!(format_words(Duration::hours(49)), "2 days");
    }
}
