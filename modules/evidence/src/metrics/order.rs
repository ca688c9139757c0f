//! Order: a whole number for each value, in the order of the values. Whole numbers are sorted several times as fast.

/// The key of a value, in the order of `f64::total_cmp`.
pub fn key(value: f64) -> i64 {
    let bits = value.to_bits().cast_signed();
    bits ^ ((bits >> 63).cast_unsigned() >> 1).cast_signed()
}

/// The value of a key: what turns the bits of negative ones around does so again.
pub fn of_key(key: i64) -> f64 {
    let bits = key ^ ((key >> 63).cast_unsigned() >> 1).cast_signed();
    f64::from_bits(bits.cast_unsigned())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn keys_are_in_the_order_of_their_values(left in any::<f64>(), right in any::<f64>()) {
            prop_assert_eq!(key(left).cmp(&key(right)), left.total_cmp(&right));
            prop_assert_eq!(of_key(key(left)).to_bits(), left.to_bits());
        }
    }
}
