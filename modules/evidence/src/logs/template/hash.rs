//! Hashes of words and of sequences of tokens. Fast, the same in every run, and no defence against crafted collisions:
//! whoever makes two of his own messages collide has merged two of his own templates.

use std::hash::{BuildHasherDefault, Hasher};

const FIRST: u64 = 0x9E37_79B9_7F4A_7C15;
const SECOND: u64 = 0xD1B5_4A32_D192_ED03;
/// Base of the polynomial over a sequence of tokens; odd, so that no position is lost.
const BASE: u64 = 0x2545_F491_4F6C_DD1D;

#[inline]
fn fold(left: u64, right: u64) -> u64 {
    let product = u128::from(left) * u128::from(right);
    #[expect(clippy::cast_possible_truncation, reason = "both halves of the product are mixed")]
    let low = product as u64;
    let high = (product >> 64) as u64;
    low ^ high
}

/// Hash of a run of bytes.
#[inline]
pub fn bytes(run: &[u8]) -> u64 {
    let mut hash = (run.len() as u64).wrapping_mul(SECOND) ^ FIRST;
    let mut rest = run;
    while let Some((chunk, tail)) = rest.split_first_chunk::<8>() {
        hash = fold(hash ^ u64::from_le_bytes(*chunk), FIRST);
        rest = tail;
    }
    let last = if let (Some(head), Some(tail)) = (rest.first_chunk::<4>(), rest.last_chunk::<4>()) {
        u64::from(u32::from_le_bytes(*head)) << 32 | u64::from(u32::from_le_bytes(*tail))
    } else if let (Some(head), Some(tail)) = (rest.first(), rest.last()) {
        u64::from(*head) << 16 | u64::from(rest[rest.len() / 2]) << 8 | u64::from(*tail)
    } else {
        0
    };
    fold(hash ^ last, SECOND) | 1
}

/// Hash of a sequence that is built token by token, in which one token can be exchanged without a new pass.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Sequence {
    sum: u64,
    power: u64,
}

impl Sequence {
    /// The empty sequence.
    pub const EMPTY: Self = Self { sum: 0, power: 1 };

    /// Adds a token at the end, and gives the factor of its position.
    #[inline]
    pub fn push(&mut self, token: u64) -> u64 {
        let factor = self.power;
        self.sum = self.sum.wrapping_add(token.wrapping_mul(factor));
        self.power = factor.wrapping_mul(BASE);
        factor
    }

    /// The hash.
    #[inline]
    pub fn finish(self) -> u64 {
        finish(self.sum)
    }

    /// The hash as if the token at the position of this factor were another.
    #[inline]
    pub fn exchanged(self, factor: u64, old: u64, new: u64) -> u64 {
        finish(self.sum.wrapping_add(new.wrapping_sub(old).wrapping_mul(factor)))
    }
}

fn finish(sum: u64) -> u64 {
    fold(sum ^ FIRST, SECOND)
}

/// Takes a key that is a good hash already.
#[derive(Debug, Default, Clone, Copy)]
pub struct Identity(u64);

impl Hasher for Identity {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, run: &[u8]) {
        self.0 = bytes(run);
    }

    fn write_u64(&mut self, key: u64) {
        self.0 = key;
    }
}

/// A map from hashes.
pub type HashedMap<V> = std::collections::HashMap<u64, V, BuildHasherDefault<Identity>>;
/// A set of hashes.
pub type HashedSet = std::collections::HashSet<u64, BuildHasherDefault<Identity>>;
