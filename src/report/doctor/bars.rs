//! Inline charts for terminals: a progress bar and a histogram.

/// Number of steps of a bar.
const STEPS: u64 = 8;
/// Histogram characters, lowest first.
const HEIGHTS: [char; 9] = [' ', '▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];

/// Renders a share as a bar such as `▰▰▱▱▱▱▱▱`.
pub(super) fn share(part: u64, whole: u64) -> String {
    let full = (part * STEPS).div_ceil(whole.max(1)).min(STEPS);
    (0..STEPS).map(|step| if step < full { '▰' } else { '▱' }).collect()
}

/// Formats a duration as milliseconds or, from 1 s, as seconds with one decimal.
pub(super) fn time(milliseconds: u64) -> String {
    match milliseconds {
        0..1_000 => format!("{milliseconds} ms"),
        _ => format!("{}.{} s", milliseconds / 1_000, milliseconds % 1_000 / 100),
    }
}

/// Renders a histogram such as `|▁█▃ ▁|`, without empty buckets at both ends.
pub(super) fn spread(counts: &[u64]) -> String {
    let first = counts.iter().position(|count| *count > 0).unwrap_or_default();
    let last = counts.iter().rposition(|count| *count > 0).unwrap_or_default();
    let max = counts.iter().max().copied().unwrap_or_default().max(1);
    let height = |count: &u64| HEIGHTS[usize::try_from((count * 8).div_ceil(max)).unwrap_or(8).min(8)];
    format!("|{}|", counts.get(first..=last).unwrap_or_default().iter().map(height).collect::<String>())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn renders_bars_histograms_and_durations() {
        assert_eq!(
            (share(0, 100), share(1, 100), share(100, 100)),
            ("▱▱▱▱▱▱▱▱".into(), "▰▱▱▱▱▱▱▱".into(), "▰▰▰▰▰▰▰▰".into())
        );
        assert_eq!((spread(&[0, 1, 8, 0, 4, 0]), spread(&[])), ("|▁█ ▄|".into(), "||".into()));
        assert_eq!((time(999), time(12_345)), ("999 ms".into(), "12.3 s".into()));
    }
}
