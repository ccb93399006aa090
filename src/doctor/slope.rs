//! Theil-Sen estimator (Theil 1950, Sen 1968): the median of the slopes between all pairs of a series, robust against
//! outliers.

/// Returns the slope in units per step; zero for fewer than two values.
pub fn theil_sen(series: &[u64]) -> f64 {
    // All counts are far below 2^52.
    #[allow(clippy::cast_precision_loss)]
    let float = |number: u64| number as f64;
    let mut slopes = Vec::new();
    for (at, first) in series.iter().enumerate() {
        for (steps, second) in series[at + 1..].iter().enumerate() {
            slopes.push((float(*second) - float(*first)) / float(steps as u64 + 1));
        }
    }
    slopes.sort_by(f64::total_cmp);
    slopes.get(slopes.len() / 2).copied().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::theil_sen;

    #[test]
    fn ignores_a_single_outlier_and_detects_a_steady_rise() {
        assert!(theil_sen(&[5, 5, 5, 90, 5, 5, 5]).abs() < 1e-9);
        assert!((theil_sen(&[5, 7, 9, 11, 50, 15]) - 2.0).abs() < 1.0);
        assert!(theil_sen(&[3]).abs() < 1e-9);
    }
}
