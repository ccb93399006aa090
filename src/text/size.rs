//! Sizes with a unit: `64KiB`, `8MiB`, `10MB`.

/// Units and their number of bytes.
const UNITS: &[(&str, u64)] = &[
    ("KiB", 1 << 10),
    ("MiB", 1 << 20),
    ("GiB", 1 << 30),
    ("kB", 1_000),
    ("KB", 1_000),
    ("MB", 1_000_000),
    ("GB", 1_000_000_000),
    ("B", 1),
];

/// Parses a whole number and a unit. Returns bytes.
pub fn parse(text: &str) -> Option<u64> {
    let (number, unit) = UNITS.iter().find_map(|(name, unit)| Some((text.strip_suffix(name)?, unit)))?;
    number.trim().parse::<u64>().ok()?.checked_mul(*unit)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parses_sizes_with_a_unit() {
        assert_eq!(parse("64KiB"), Some(65_536));
        assert_eq!(parse("8 MiB"), Some(8 << 20));
        assert_eq!(parse("10MB"), Some(10_000_000));
        assert_eq!(parse("12B"), Some(12));
        assert_eq!((parse("12"), parse("x MB"), parse("99999999999GiB")), (None, None, None));
    }
}
