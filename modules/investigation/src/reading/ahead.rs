//! Reading ahead: measurements of a short stream are read before it is its turn, into a set of their own. What is read of the
//! others is their beginning.

use std::{
    io::Read,
    sync::atomic::{AtomicBool, Ordering},
};

use mainstay_evidence::{
    input::{Input as Stream, Kind},
    metrics::{
        SeriesLimits, SeriesSet,
        read::{self, Format, ReadOptions, ReadSummary},
    },
    source::{Origin, ReadError},
};

/// Bytes of a stream, after decompression, that are read before its turn. A byte of a table takes at most ten in a set.
const MOST: usize = 1 << 20;

/// A stream of measurements that was begun.
pub struct Ahead<'r> {
    format: Format,
    /// Whether sets of their own are still absorbed: once they are not, to read ahead is to read twice.
    room: &'r AtomicBool,
    /// Its first bytes, which the stream no longer has.
    begun: Vec<u8>,
    /// What they hold, where they are all.
    whole: Option<(SeriesSet, Result<ReadSummary, ReadError>)>,
}

impl<'r> Ahead<'r> {
    /// Begins to read. None of what holds no measurements.
    pub fn of(stream: &mut Stream<'_>, options: &ReadOptions, room: &'r AtomicBool) -> Option<Self> {
        if stream.recognised.kind != Kind::Metrics {
            return None;
        }
        let origin = stream.origin.clone();
        let name = origin.member.as_deref().unwrap_or(&origin.file);
        let (format, _) = read::recognise(stream.prefix(), name)?;
        let has_room = room.load(Ordering::Relaxed);
        let begun = if has_room { beginning(stream) } else { Vec::new() };
        let whole = (has_room && begun.len() < MOST).then(|| {
            let mut set = SeriesSet::new(SeriesLimits::default());
            let outcome = read::read(begun.as_slice(), &origin, format, options, &mut set);
            (set, outcome)
        });
        Some(Self {
            format,
            room,
            begun,
            whole,
        })
    }

    /// Adds the measurements to a set, as if the stream were read from its beginning.
    pub fn add_to(
        self,
        set: &mut SeriesSet,
        stream: impl Read,
        origin: &Origin,
        options: &ReadOptions,
    ) -> Result<ReadSummary, ReadError> {
        if let Some((own, outcome)) = self.whole {
            if set.absorb(own) {
                return outcome;
            }
            self.room.store(false, Ordering::Relaxed);
        }
        read::read(self.begun.as_slice().chain(stream), origin, self.format, options, set)
    }
}

/// The first bytes of a stream, or all. It never fails: a stream that breaks ends there.
fn beginning(stream: &mut Stream<'_>) -> Vec<u8> {
    const BLOCK: usize = 1 << 15;
    let mut begun = Vec::with_capacity(8 * BLOCK);
    while begun.len() < MOST {
        let before = begun.len();
        begun.resize(before + BLOCK, 0);
        let count = stream.read(&mut begun[before..]).unwrap_or(0);
        begun.truncate(before + count);
        if count == 0 {
            break;
        }
    }
    begun
}
