//! A small histogram of durations whose merge is exact and whose percentiles are off by at most 1/32 of the value.
//!
//! Buckets grow with the value: 16 to each power of two of microseconds (the scheme of `HdrHistogram` with four significant
//! bits), so that one histogram covers a microsecond to an hour, most hold a dozen counts, and two of them add up bucket by
//! bucket whatever the order.

/// Sub-buckets to a power of two, as a power of two.
const PRECISION_BITS: u32 = 4;
const SUB_BUCKETS: u64 = 1 << PRECISION_BITS;

/// Counts of durations by logarithmic bucket, ordered by bucket.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Histogram(Vec<(u16, u32)>);

/// The bytes are not an encoded histogram.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not an encoded histogram")]
pub struct InvalidHistogram;

fn bucket_of(micros: u64) -> u16 {
    if micros < SUB_BUCKETS {
        return u16::try_from(micros).unwrap_or_default();
    }
    let exponent = micros.ilog2() - PRECISION_BITS;
    let mantissa = (micros >> exponent) - SUB_BUCKETS;
    u16::try_from(u64::from(exponent + 1) * SUB_BUCKETS + mantissa).unwrap_or(u16::MAX)
}

/// The middle of a bucket, in microseconds.
fn middle_of(bucket: u16) -> u64 {
    let bucket = u64::from(bucket);
    if bucket < SUB_BUCKETS {
        return bucket;
    }
    let exponent = (bucket / SUB_BUCKETS - 1).min(59);
    let low = (SUB_BUCKETS + bucket % SUB_BUCKETS) << exponent;
    low + (1 << exponent) / 2
}

impl Histogram {
    /// Counts one duration.
    pub fn record(&mut self, micros: u64) {
        self.add(bucket_of(micros), 1);
    }

    fn add(&mut self, bucket: u16, count: u32) {
        match self.0.binary_search_by_key(&bucket, |(bucket, _)| *bucket) {
            Ok(at) => self.0[at].1 = self.0[at].1.saturating_add(count),
            Err(at) => self.0.insert(at, (bucket, count)),
        }
    }

    /// Adds the counts of another histogram.
    pub fn merge(&mut self, other: &Self) {
        for (bucket, count) in &other.0 {
            self.add(*bucket, *count);
        }
    }

    /// How many durations were counted.
    pub fn count(&self) -> u64 {
        self.0.iter().map(|(_, count)| u64::from(*count)).sum()
    }

    /// The duration, in microseconds, below or at which `per_mille` of the counted ones lie (nearest rank); `None` when
    /// nothing was counted.
    pub fn percentile(&self, per_mille: u64) -> Option<u64> {
        let rank = (self.count() * per_mille.min(1000)).div_ceil(1000).max(1);
        let mut seen = 0;
        self.0
            .iter()
            .find(|(_, count)| {
                seen += u64::from(*count);
                seen >= rank
            })
            .map(|(bucket, _)| middle_of(*bucket))
    }

    /// The stored form: for each bucket, the distance from the one before and the count, as variable-length integers
    /// (LEB128).
    pub fn encode(&self) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(self.0.len() * 3);
        let mut last = 0;
        for (bucket, count) in &self.0 {
            write_varint(&mut bytes, u64::from(bucket - last));
            write_varint(&mut bytes, u64::from(*count));
            last = *bucket;
        }
        bytes
    }

    /// Reads the stored form.
    ///
    /// # Errors
    /// When the bytes end early or hold numbers that no histogram has.
    pub fn decode(mut bytes: &[u8]) -> Result<Self, InvalidHistogram> {
        let mut histogram = Self::default();
        let mut last: u16 = 0;
        while !bytes.is_empty() {
            let gap = read_varint(&mut bytes)
                .and_then(|gap| u16::try_from(gap).ok())
                .ok_or(InvalidHistogram)?;
            let count = read_varint(&mut bytes)
                .and_then(|count| u32::try_from(count).ok())
                .ok_or(InvalidHistogram)?;
            last = last.checked_add(gap).ok_or(InvalidHistogram)?;
            histogram.add(last, count);
        }
        Ok(histogram)
    }
}

/// Appends an unsigned LEB128 integer.
pub fn write_varint(bytes: &mut Vec<u8>, mut value: u64) {
    loop {
        let low = u8::try_from(value & 0x7f).unwrap_or_default();
        value >>= 7;
        if value == 0 {
            bytes.push(low);
            return;
        }
        bytes.push(low | 0x80);
    }
}

/// Takes an unsigned LEB128 integer off the front; `None` when the bytes end early or the number is too large.
pub fn read_varint(bytes: &mut &[u8]) -> Option<u64> {
    let mut value = 0_u64;
    for shift in (0..64).step_by(7) {
        let (byte, rest) = bytes.split_first()?;
        *bytes = rest;
        value |= u64::from(byte & 0x7f) << shift;
        if byte & 0x80 == 0 {
            return Some(value);
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn of(values: &[u64]) -> Histogram {
        let mut histogram = Histogram::default();
        for value in values {
            histogram.record(*value);
        }
        histogram
    }

    #[test]
    fn nothing_counted_has_no_percentile() {
        assert_eq!(Histogram::default().percentile(500), None);
        assert_eq!(Histogram::decode(&[]), Ok(Histogram::default()));
    }

    #[test]
    fn damaged_bytes_are_refused() {
        assert_eq!(Histogram::decode(&[0x80]), Err(InvalidHistogram));
        assert_eq!(Histogram::decode(&[1]), Err(InvalidHistogram));
        assert_eq!(Histogram::decode(&[0xff; 12]), Err(InvalidHistogram));
    }

    proptest! {
        #[test]
        fn a_percentile_is_within_a_thirty_second_of_the_true_one(
            mut values in prop::collection::vec(0_u64..3_600_000_000, 1..200), per_mille in 1_u64..=1000,
        ) {
            let estimate = of(&values).percentile(per_mille).unwrap();
            values.sort_unstable();
            let rank = (values.len() as u64 * per_mille).div_ceil(1000).max(1);
            let truth = values[usize::try_from(rank).unwrap() - 1];
            prop_assert!(estimate.abs_diff(truth) <= truth / 32 + 1, "{} for {}", estimate, truth);
        }

        #[test]
        fn merging_is_the_same_as_counting_together(
            a in prop::collection::vec(any::<u64>(), 0..50), b in prop::collection::vec(any::<u64>(), 0..50),
        ) {
            let mut merged = of(&a);
            merged.merge(&of(&b));
            let together = of(&[a, b].concat());
            prop_assert_eq!(&merged, &together);
            prop_assert_eq!(Histogram::decode(&merged.encode()), Ok(merged));
        }
    }
}
