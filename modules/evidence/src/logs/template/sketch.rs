//! What is kept of the values at one wildcard: a bounded sketch, however many there were.

use super::{hash, kind::ParameterKind};

/// Values that are kept with their counts.
const KEPT: usize = 16;
/// Bytes of a value that are kept.
const SAMPLE: usize = 48;
/// Registers of the estimate of distinct values (Flajolet et al., "`HyperLogLog`", 2007): standard error 6.5 %.
const REGISTERS: usize = 256;

/// One value that was seen often, or that is all there is.
#[derive(Debug, Clone, Copy)]
pub struct SketchValue {
    count: u64,
    error: u64,
    sample: Sample,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Sample {
    length: u8,
    bytes: [u8; SAMPLE],
}

impl Sample {
    fn new(value: &[u8]) -> Self {
        let length = value.len().min(SAMPLE);
        let mut bytes = [0; SAMPLE];
        bytes[..length].copy_from_slice(&value[..length]);
        Self {
            length: u8::try_from(length).unwrap_or(u8::MAX),
            bytes,
        }
    }

    fn bytes(&self) -> &[u8] {
        &self.bytes[..usize::from(self.length)]
    }
}

impl SketchValue {
    /// How often it was seen, at most.
    pub fn count(&self) -> u64 {
        self.count
    }

    /// By how much `count` may be too high.
    pub fn error(&self) -> u64 {
        self.error
    }

    /// The value, cut at 48 bytes.
    pub fn text(&self) -> String {
        String::from_utf8_lossy(self.sample.bytes()).into_owned()
    }
}

/// Kinds, number, range and most frequent of the values at a wildcard.
#[derive(Debug, Clone, Default)]
pub struct Sketch {
    seen: u64,
    kinds: u32,
    numbers: u64,
    low: f64,
    high: f64,
    sum: f64,
    hashes: Vec<u64>,
    counts: Vec<u64>,
    errors: Vec<u64>,
    samples: Vec<Sample>,
    registers: Option<Box<[u8; REGISTERS]>>,
}

impl Sketch {
    /// Notes a value.
    #[inline]
    pub fn note(&mut self, kind: ParameterKind, value: &[u8]) {
        self.note_times(kind, value, 1);
    }

    /// Notes a value that was seen so many times.
    pub fn note_times(&mut self, kind: ParameterKind, value: &[u8], times: u64) {
        self.seen += times;
        self.kinds |= 1 << kind as u32;
        if let Some(number) = quantity(kind, value) {
            if self.numbers == 0 {
                (self.low, self.high) = (number, number);
            }
            self.low = self.low.min(number);
            self.high = self.high.max(number);
            #[expect(clippy::cast_precision_loss, reason = "a mean needs no more than 53 bits")]
            let weight = times as f64;
            self.sum += number * weight;
            self.numbers += times;
        }
        let hash = hash::bytes(value);
        if let Some(registers) = &mut self.registers {
            register(registers, hash);
        }
        if let Some(index) = self.hashes.iter().position(|&known| known == hash) {
            self.counts[index] += times;
            return;
        }
        self.replace_rarest(hash, value, times, 0);
    }

    /// Metwally et al., Efficient Computation of Frequent and Top-k Elements in Data Streams (2005): a new value takes
    /// the place of the rarest and its count as its error.
    fn replace_rarest(&mut self, hash: u64, value: &[u8], times: u64, error: u64) {
        if self.hashes.len() < KEPT {
            self.hashes.push(hash);
            self.counts.push(times);
            self.errors.push(error);
            self.samples.push(Sample::new(value));
            return;
        }
        if self.registers.is_none() {
            let mut registers = Box::new([0; REGISTERS]);
            self.hashes.iter().for_each(|&known| register(&mut registers, known));
            register(&mut registers, hash);
            self.registers = Some(registers);
        }
        let rarest = self.counts.iter().copied().min().unwrap_or(0);
        let Some(index) = self.counts.iter().position(|&count| count == rarest) else {
            return;
        };
        self.hashes[index] = hash;
        self.counts[index] = rarest + times;
        self.errors[index] = rarest + error;
        self.samples[index] = Sample::new(value);
    }

    /// Takes over what another sketch has seen.
    pub fn absorb(&mut self, other: &Self) {
        self.seen += other.seen;
        self.kinds |= other.kinds;
        if other.numbers > 0 {
            let (low, high) = if self.numbers == 0 {
                (other.low, other.high)
            } else {
                (self.low, self.high)
            };
            (self.low, self.high) = (low.min(other.low), high.max(other.high));
            self.sum += other.sum;
            self.numbers += other.numbers;
        }
        if let Some(theirs) = &other.registers {
            let ours = self.registers.get_or_insert_with(|| Box::new([0; REGISTERS]));
            for (ours, theirs) in ours.iter_mut().zip(theirs.iter()) {
                *ours = (*ours).max(*theirs);
            }
            self.hashes.iter().for_each(|&known| register(ours, known));
        }
        for (at, &hash) in other.hashes.iter().enumerate() {
            if let Some(registers) = &mut self.registers {
                register(registers, hash);
            }
            if let Some(index) = self.hashes.iter().position(|&known| known == hash) {
                self.counts[index] += other.counts[at];
                self.errors[index] += other.errors[at];
            } else {
                self.replace_rarest(hash, other.samples[at].bytes(), other.counts[at], other.errors[at]);
            }
        }
    }

    /// How many values were noted.
    pub fn seen(&self) -> u64 {
        self.seen
    }

    /// How many different values there were: exact up to 16, an estimate above.
    pub fn distinct(&self) -> u64 {
        self.registers.as_ref().map_or(self.hashes.len() as u64, |registers| {
            estimate(registers).max(self.hashes.len() as u64).min(self.seen.max(1))
        })
    }

    /// Whether `distinct` was counted, not estimated.
    pub fn is_exact(&self) -> bool {
        self.registers.is_none()
    }

    /// Whether a kind was among the values.
    pub fn has(&self, kind: ParameterKind) -> bool {
        self.kinds & (1 << kind as u32) != 0
    }

    /// Kinds that were among the values.
    pub fn kinds(&self) -> Vec<ParameterKind> {
        ParameterKind::ALL.into_iter().filter(|kind| self.has(*kind)).collect()
    }

    /// Least, mean and greatest, where the values are quantities: plain numbers, seconds or bytes.
    pub fn range(&self) -> Option<(f64, f64, f64)> {
        #[expect(clippy::cast_precision_loss, reason = "a mean needs no more than 53 bits")]
        let count = self.numbers as f64;
        (self.numbers > 0).then(|| (self.low, self.sum / count, self.high))
    }

    /// The values that are kept, most frequent first.
    pub fn values(&self) -> Vec<SketchValue> {
        let mut values: Vec<_> = (0..self.hashes.len())
            .map(|at| SketchValue {
                count: self.counts[at],
                error: self.errors[at],
                sample: self.samples[at],
            })
            .collect();
        values.sort_by(|left, right| {
            right
                .count
                .cmp(&left.count)
                .then_with(|| left.sample.bytes().cmp(right.sample.bytes()))
        });
        values
    }

    /// Bytes it holds on the heap.
    pub(super) fn heap_size(&self) -> usize {
        self.samples.capacity() * (size_of::<Sample>() + 24) + self.registers.as_ref().map_or(0, |_| REGISTERS)
    }
}

fn register(registers: &mut [u8; REGISTERS], hash: u64) {
    // The word's hash is odd by construction: its lowest bit says nothing.
    let mixed = (hash >> 1).wrapping_mul(0x9E37_79B9_7F4A_7C15);
    let index = (mixed >> 56) as usize & (REGISTERS - 1);
    let rank = u8::try_from((mixed << 8 | 0x80).leading_zeros() + 1).unwrap_or(u8::MAX);
    registers[index] = registers[index].max(rank);
}

#[expect(
    clippy::cast_precision_loss,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "an estimate of counts"
)]
fn estimate(registers: &[u8; REGISTERS]) -> u64 {
    let count = REGISTERS as f64;
    let alpha = 0.7213 / (1.0 + 1.079 / count);
    let sum: f64 = registers.iter().map(|&rank| 2_f64.powi(-i32::from(rank))).sum();
    let raw = alpha * count * count / sum;
    let empty = memchr::memchr_iter(0, registers).count() as f64;
    (if raw <= 2.5 * count && empty > 0.0 {
        count * (count / empty).ln()
    } else {
        raw
    })
    .round() as u64
}

/// A value as a number: as it is, in seconds, or in bytes.
fn quantity(kind: ParameterKind, value: &[u8]) -> Option<f64> {
    if !matches!(
        kind,
        ParameterKind::Number | ParameterKind::Duration | ParameterKind::Size
    ) || value.len() > 32
    {
        return None;
    }
    let value = value
        .strip_prefix(b"<")
        .or_else(|| value.strip_prefix(b">"))
        .unwrap_or(value);
    let (negative, value) = match value {
        [b'-', rest @ ..] => (true, rest),
        [b'+', rest @ ..] => (false, rest),
        _ => (false, value),
    };
    let (mut number, mut scale, mut fraction, mut length) = (0.0, 1.0, false, 0);
    for &byte in value {
        match byte {
            b'0'..=b'9' => {
                number = number * 10.0 + f64::from(byte - b'0');
                if fraction {
                    scale *= 10.0;
                }
            }
            b'.' if !fraction => fraction = true,
            _ => break,
        }
        length += 1;
    }
    if length == 0 {
        return None;
    }
    let unit = match value[length..].trim_ascii_start() {
        b"ms" | b"msec" | b"millis" => 1e-3,
        b"us" | b"usec" => 1e-6,
        b"ns" => 1e-9,
        b"m" | b"min" | b"mins" | b"minute" | b"minutes" => 60.0,
        b"h" | b"hour" | b"hours" => 3_600.0,
        b"k" | b"K" | b"KB" | b"kB" | b"kb" | b"KiB" => 1_024.0,
        b"M" | b"MB" | b"MiB" => 1_048_576.0,
        b"G" | b"GB" | b"GiB" => 1_073_741_824.0,
        b"TB" | b"TiB" => 1_099_511_627_776.0,
        _ => 1.0,
    };
    let number = number / scale * unit;
    Some(if negative { -number } else { number })
}
