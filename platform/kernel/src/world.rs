//! The seams through which code meets time and chance, so that both can be replayed from one seed.

use std::{
    fmt,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicI64, Ordering},
    },
};

use jiff::{SignedDuration, Timestamp};
use rand_chacha::{
    ChaCha8Rng,
    rand_core::{Rng, SeedableRng},
};
use uuid::Uuid;

use crate::{
    ids::TypedId,
    time::{Micros, from_micros, to_micros},
};

/// Tells the wall-clock time. It may step in either direction; measure durations with a monotonic clock instead.
pub trait Clock: Send + Sync + fmt::Debug {
    /// The time now.
    fn now(&self) -> Timestamp;
}

/// A source of random bits.
pub trait Entropy: Send + Sync + fmt::Debug {
    /// 64 fresh random bits.
    fn next_u64(&self) -> u64;
}

/// The machine's clock.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    #[expect(clippy::disallowed_methods, reason = "the one place that reads the machine's clock")]
    fn now(&self) -> Timestamp {
        Timestamp::now()
    }
}

/// A clock that moves only when told to.
#[derive(Debug)]
pub struct ManualClock(AtomicI64);

impl ManualClock {
    /// A clock that stands at `at`.
    pub fn at(at: Timestamp) -> Arc<Self> {
        Arc::new(Self(AtomicI64::new(to_micros(at))))
    }

    /// Moves the clock by `by`, which may be negative.
    pub fn advance(&self, by: SignedDuration) {
        let micros = Micros::try_from(by.as_micros()).unwrap_or(Micros::MAX);
        self.0.fetch_add(micros, Ordering::SeqCst);
    }

    /// Puts the clock to `at`.
    pub fn set(&self, at: Timestamp) {
        self.0.store(to_micros(at), Ordering::SeqCst);
    }
}

impl Clock for ManualClock {
    fn now(&self) -> Timestamp {
        from_micros(self.0.load(Ordering::SeqCst))
    }
}

/// The operating system's entropy, stretched by ChaCha8 so that an id costs no system call.
#[derive(Debug)]
pub struct SystemEntropy(SeededEntropy);

impl SystemEntropy {
    /// Seeds itself once from the operating system.
    pub fn new() -> Self {
        let mut seed = [0_u8; 32];
        // Without operating-system entropy ids would collide between processes, so the hash keys of the standard
        // library, themselves random per process, stand in.
        if getrandom::fill(&mut seed).is_err() {
            use std::hash::{BuildHasher, RandomState};
            for chunk in seed.chunks_mut(8) {
                chunk.copy_from_slice(&RandomState::new().hash_one(0_u8).to_le_bytes());
            }
        }
        Self(SeededEntropy(Mutex::new(ChaCha8Rng::from_seed(seed))))
    }
}

impl Default for SystemEntropy {
    fn default() -> Self {
        Self::new()
    }
}

impl Entropy for SystemEntropy {
    fn next_u64(&self) -> u64 {
        self.0.next_u64()
    }
}

/// Entropy that repeats itself from the same seed.
#[derive(Debug)]
pub struct SeededEntropy(Mutex<ChaCha8Rng>);

impl SeededEntropy {
    /// The sequence of `seed`.
    pub fn new(seed: u64) -> Self {
        Self(Mutex::new(ChaCha8Rng::seed_from_u64(seed)))
    }
}

impl Entropy for SeededEntropy {
    fn next_u64(&self) -> u64 {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).next_u64()
    }
}

/// Time and chance together: what a service takes as a parameter instead of reaching for globals.
#[derive(Debug, Clone)]
pub struct World {
    clock: Arc<dyn Clock>,
    entropy: Arc<dyn Entropy>,
}

impl World {
    /// The real world.
    pub fn system() -> Self {
        Self {
            clock: Arc::new(SystemClock),
            entropy: Arc::new(SystemEntropy::new()),
        }
    }

    /// A world that repeats itself: the given clock and the sequence of `seed`.
    pub fn simulated(clock: Arc<dyn Clock>, seed: u64) -> Self {
        Self {
            clock,
            entropy: Arc::new(SeededEntropy::new(seed)),
        }
    }

    /// The wall-clock time now.
    pub fn now(&self) -> Timestamp {
        self.clock.now()
    }

    /// The wall-clock time now, as it is stored.
    pub fn now_micros(&self) -> Micros {
        to_micros(self.now())
    }

    /// 64 random bits.
    pub fn random(&self) -> u64 {
        self.entropy.next_u64()
    }

    /// A random fraction in `[0, 1)`, for jitter.
    pub fn fraction(&self) -> f64 {
        #[expect(clippy::cast_precision_loss, reason = "53 bits are exactly representable")]
        let bits = (self.random() >> 11) as f64;
        bits / 9_007_199_254_740_992.0
    }

    /// A fresh identifier (RFC 9562 UUID version 7: 48 bits of Unix milliseconds, then random).
    pub fn id<T: TypedId>(&self) -> T {
        T::from_uuid(self.uuid())
    }

    /// A fresh raw UUIDv7.
    pub fn uuid(&self) -> Uuid {
        let millis = u64::try_from(self.now().as_millisecond()).unwrap_or_default();
        let mut random = [0_u8; 10];
        random[..8].copy_from_slice(&self.random().to_be_bytes());
        random[8..].copy_from_slice(&self.random().to_be_bytes()[..2]);
        uuid::Builder::from_unix_timestamp_millis(millis, &random).into_uuid()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_seed_gives_the_same_ids() {
        let ids = |seed| {
            let world = World::simulated(ManualClock::at(Timestamp::UNIX_EPOCH), seed);
            [world.uuid(), world.uuid()]
        };
        assert_eq!(ids(7), ids(7));
        assert_ne!(ids(7), ids(8));
        assert_ne!(ids(7)[0], ids(7)[1]);
    }

    #[test]
    fn ids_sort_by_the_time_they_were_made() {
        let clock = ManualClock::at(Timestamp::UNIX_EPOCH);
        let world = World::simulated(clock.clone(), 1);
        let early = world.uuid();
        clock.advance(SignedDuration::from_millis(1));
        assert!(early < world.uuid());
        assert_eq!(early.get_version_num(), 7);
    }

    #[test]
    fn a_fraction_lies_in_the_half_open_unit_interval() {
        let world = World::simulated(ManualClock::at(Timestamp::UNIX_EPOCH), 3);
        for _ in 0..1000 {
            assert!((0.0..1.0).contains(&world.fraction()));
        }
    }
}
