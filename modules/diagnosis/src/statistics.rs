//! Order statistics. It knows nothing of what the numbers are.

/// Sorts and drops what is not finite.
pub fn sorted(values: impl Iterator<Item = f64>) -> Vec<f64> {
    // Whole numbers are sorted several times as fast, and this is most of what judging a series takes.
    let mut sorted: Vec<i64> = values.filter(|value| value.is_finite()).map(key).collect();
    sorted.sort_unstable();
    sorted.into_iter().map(of_key).collect()
}

/// A whole number for each value, in their order (as `f64::total_cmp` has it).
fn key(value: f64) -> i64 {
    let bits = value.to_bits().cast_signed();
    bits ^ ((bits >> 63).cast_unsigned() >> 1).cast_signed()
}

/// The value of a key: what turns the bits of negative ones around does so again.
fn of_key(key: i64) -> f64 {
    let bits = key ^ ((key >> 63).cast_unsigned() >> 1).cast_signed();
    f64::from_bits(bits.cast_unsigned())
}

/// The quantile of sorted values, from 0 to 1, between two of them in proportion (Hyndman and Fan, Sample quantiles in
/// statistical packages, 1996, definition 7). None of nothing.
pub fn quantile(sorted: &[f64], at: f64) -> Option<f64> {
    let place = at.clamp(0.0, 1.0) * as_f64(sorted.len().checked_sub(1)?);
    let low = place.floor();
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "between 0 and the length"
    )]
    let index = low as usize;
    let below = *sorted.get(index)?;
    let above = sorted.get(index + 1).copied().unwrap_or(below);
    let share = place - low;
    // From the nearer end, so that the end itself is met exactly.
    Some(if share < 0.5 {
        below + (above - below) * share
    } else {
        above - (above - below) * (1.0 - share)
    })
}

/// A count as a number.
#[expect(
    clippy::cast_precision_loss,
    reason = "counts of samples and visits are far below 2^52"
)]
pub fn as_f64(count: usize) -> f64 {
    count as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_quantile_lies_between_its_neighbours_in_proportion() {
        let signed = sorted([0.5, -2.0, 0.0, f64::INFINITY, -0.0, -1e300].into_iter());
        assert_eq!(format!("{signed:?}"), "[-1e300, -2.0, -0.0, 0.0, 0.5]");
        let values = sorted([4.0, f64::NAN, 1.0, 3.0, 2.0].into_iter());
        assert_eq!(values, [1.0, 2.0, 3.0, 4.0]);
        assert_eq!(quantile(&values, 0.5), Some(2.5));
        assert_eq!(quantile(&values, 0.0), Some(1.0));
        assert_eq!(quantile(&values, 1.0), Some(4.0));
        assert_eq!(quantile(&values, 0.9), Some(3.7));
        assert_eq!(quantile(&[], 0.5), None);
    }
}
