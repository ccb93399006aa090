//! Pictures in a line: a share of a whole, and how values are spread.

/// How many steps a bar has.
const STEPS: u64 = 8;
/// The heights of a picture.
const HEIGHTS: [char; 9] = [' ', '▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];

/// How much of its time something took: `▰▰▱▱▱▱▱▱`.
pub fn share(part: u64, whole: u64) -> String {
    let full = (part * STEPS).div_ceil(whole.max(1)).min(STEPS);
    (0..STEPS).map(|step| if step < full { '▰' } else { '▱' }).collect()
}

/// A time as people read it.
pub fn time(milliseconds: u64) -> String {
    match milliseconds {
        0..1_000 => format!("{milliseconds} ms"),
        _ => format!("{}.{} s", milliseconds / 1_000, milliseconds % 1_000 / 100),
    }
}

/// How many values fell into each step, between the first and the last that has any: `▁█▃ ▁`.
pub fn spread(counts: &[u64]) -> String {
    let first = counts.iter().position(|count| *count > 0).unwrap_or_default();
    let last = counts.iter().rposition(|count| *count > 0).unwrap_or_default();
    let most = counts.iter().max().copied().unwrap_or_default().max(1);
    let height = |count: &u64| HEIGHTS[usize::try_from((count * 8).div_ceil(most)).unwrap_or(8).min(8)];
    format!("|{}|", counts.get(first..=last).unwrap_or_default().iter().map(height).collect::<String>())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pictures_show_what_is_there() {
        assert_eq!(
            (share(0, 100), share(1, 100), share(100, 100)),
            ("▱▱▱▱▱▱▱▱".into(), "▰▱▱▱▱▱▱▱".into(), "▰▰▰▰▰▰▰▰".into())
        );
        assert_eq!((spread(&[0, 1, 8, 0, 4, 0]), spread(&[])), ("|▁█ ▄|".into(), "||".into()));
        assert_eq!((time(999), time(12_345)), ("999 ms".into(), "12.3 s".into()));
    }
}
