//! A run of consecutive buckets, packed when nothing is being added to it.
//!
//! Probes come at a steady pace, so neighbouring buckets hold the same or nearly the same numbers. Packed, each stretch of
//! equal buckets is one token: the difference of its total to the bucket before, its bad count if there is one, and how
//! often it repeats. A quiet service costs a few bytes for a chunk, a jittery one about a byte for each bucket.

/// How many buckets a chunk covers.
pub(super) const LEN: usize = 128;

/// The counts of one bucket: total and bad.
pub(super) type Cell = (u32, u32);

#[derive(Debug, Clone)]
pub(super) struct Chunk {
    pub(super) total: u64,
    pub(super) bad: u64,
    cells: Cells,
}

#[derive(Debug, Clone)]
enum Cells {
    Open(Box<[Cell; LEN]>),
    Packed(Box<[u8]>),
}

impl Chunk {
    pub(super) fn empty() -> Self {
        Self {
            total: 0,
            bad: 0,
            cells: Cells::Open(Box::new([(0, 0); LEN])),
        }
    }

    /// Adds to the bucket at `index`; saturates at four billion events in one bucket.
    pub(super) fn add(&mut self, index: usize, total: u32, bad: u32) {
        let mut cells = match std::mem::replace(&mut self.cells, Cells::Packed(Box::default())) {
            Cells::Open(cells) => cells,
            Cells::Packed(bytes) => Box::new(unpack(&bytes)),
        };
        let cell = &mut cells[index];
        let before = *cell;
        *cell = (before.0.saturating_add(total), before.1.saturating_add(bad));
        self.total += u64::from(cell.0 - before.0);
        self.bad += u64::from(cell.1 - before.1);
        self.cells = Cells::Open(cells);
    }

    pub(super) fn pack(&mut self) {
        if let Cells::Open(cells) = &self.cells {
            self.cells = Cells::Packed(pack(cells));
        }
    }

    /// Every bucket in order.
    pub(super) fn cells(&self) -> [Cell; LEN] {
        match &self.cells {
            Cells::Open(cells) => **cells,
            Cells::Packed(bytes) => unpack(bytes),
        }
    }

    /// How many bytes the chunk takes beside itself.
    #[cfg(test)]
    pub(super) fn heap_bytes(&self) -> usize {
        match &self.cells {
            Cells::Open(_) => LEN * size_of::<Cell>(),
            Cells::Packed(bytes) => bytes.len(),
        }
    }
}

const HAS_BAD: u64 = 0b10;
const REPEATS: u64 = 0b01;

fn pack(cells: &[Cell; LEN]) -> Box<[u8]> {
    let mut bytes = Vec::with_capacity(16);
    let mut previous = 0_i64;
    let mut index = 0;
    while index < LEN {
        let (total, bad) = cells[index];
        let run = cells[index..].iter().take_while(|cell| **cell == (total, bad)).count();
        let difference = i64::from(total) - previous;
        let mut token = zigzag(difference) << 2;
        token |= if bad > 0 { HAS_BAD } else { 0 };
        token |= if run > 1 { REPEATS } else { 0 };
        put(&mut bytes, token);
        if bad > 0 {
            put(&mut bytes, u64::from(bad));
        }
        if run > 1 {
            put(&mut bytes, run as u64);
        }
        previous = i64::from(total);
        index += run;
    }
    bytes.into_boxed_slice()
}

fn unpack(bytes: &[u8]) -> [Cell; LEN] {
    let mut cells = [(0, 0); LEN];
    let mut bytes = bytes.iter().copied();
    let mut previous = 0_i64;
    let mut index = 0;
    while index < LEN {
        let Some(token) = take(&mut bytes) else { break };
        previous += unzigzag(token >> 2);
        let bad = if token & HAS_BAD == 0 {
            0
        } else {
            take(&mut bytes).unwrap_or_default()
        };
        let run = if token & REPEATS == 0 {
            1
        } else {
            take(&mut bytes).unwrap_or(1)
        };
        let cell = (
            u32::try_from(previous).unwrap_or_default(),
            u32::try_from(bad).unwrap_or(u32::MAX),
        );
        let end = index.saturating_add(usize::try_from(run).unwrap_or(LEN)).min(LEN);
        cells[index..end].fill(cell);
        index = end.max(index + 1);
    }
    cells
}

/// Small differences of either sign become small numbers.
fn zigzag(number: i64) -> u64 {
    #[expect(clippy::cast_sign_loss, reason = "the sign is moved to the lowest bit")]
    let bits = ((number << 1) ^ (number >> 63)) as u64;
    bits
}

fn unzigzag(bits: u64) -> i64 {
    #[expect(clippy::cast_possible_wrap, reason = "the highest bit is clear after the shift")]
    let half = (bits >> 1) as i64;
    #[expect(clippy::cast_possible_wrap, reason = "one bit")]
    let sign = (bits & 1) as i64;
    half ^ -sign
}

/// LEB128: seven bits to a byte, the lowest first.
fn put(bytes: &mut Vec<u8>, mut number: u64) {
    loop {
        let low = (number & 0x7f) as u8;
        number >>= 7;
        if number == 0 {
            bytes.push(low);
            return;
        }
        bytes.push(low | 0x80);
    }
}

fn take(bytes: &mut impl Iterator<Item = u8>) -> Option<u64> {
    let mut number = 0;
    for shift in (0..64).step_by(7) {
        let byte = bytes.next()?;
        number |= u64::from(byte & 0x7f) << shift;
        if byte & 0x80 == 0 {
            return Some(number);
        }
    }
    Some(number)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn cell() -> impl Strategy<Value = Cell> {
        prop_oneof![
            4 => Just((20, 0)),
            2 => (19_u32..22, 0_u32..3),
            1 => (any::<u32>(), any::<u32>()),
        ]
    }

    proptest! {
        #[test]
        fn packing_keeps_every_bucket(cells in prop::collection::vec((0..LEN, cell()), 0..LEN * 2)) {
            let mut chunk = Chunk::empty();
            for (index, (total, bad)) in cells {
                chunk.add(index, total, bad);
            }
            let before = chunk.cells();
            chunk.pack();
            prop_assert_eq!(chunk.cells(), before);
            prop_assert_eq!(chunk.total, before.iter().map(|cell| u64::from(cell.0)).sum::<u64>());
            prop_assert_eq!(chunk.bad, before.iter().map(|cell| u64::from(cell.1)).sum::<u64>());
        }

        #[test]
        fn damaged_bytes_do_not_panic(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
            unpack(&bytes);
        }
    }

    #[test]
    fn a_steady_service_costs_a_few_bytes_and_a_jittery_one_a_byte_for_each_bucket() {
        let mut steady = Chunk::empty();
        let mut jittery = Chunk::empty();
        for index in 0..LEN {
            steady.add(index, 60, 0);
            jittery.add(index, [59, 60, 61][index * 7 % 3], 0);
        }
        steady.pack();
        jittery.pack();
        assert!(steady.heap_bytes() <= 4, "{}", steady.heap_bytes());
        assert!(jittery.heap_bytes() <= LEN + 2, "{}", jittery.heap_bytes());
    }
}
