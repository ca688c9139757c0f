//! Who has fallen silent, decided by one's own clock alone.

use std::{collections::HashMap, time::Duration};

use tokio::time::Instant;

use super::{ReplicaId, Timing};

/// Looks in a row without interruption that silence takes, so that a database that was away for everybody, and whose return
/// one replica notices first, condemns nobody.
const LOOKS: u32 = 4;

/// Remembers when each replica was last seen to move.
#[derive(Debug)]
pub struct Observer {
    silence: Duration,
    absence: Duration,
    seen: HashMap<ReplicaId, Seen>,
}

#[derive(Debug)]
struct Seen {
    beat: i64,
    since: Instant,
    looks: u32,
    /// Whether its process was ever seen to be there.
    was_present: bool,
    /// Since when it has not been, without a beat in between.
    absent_since: Option<Instant>,
}

/// A replica at one look.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Sight {
    /// Which.
    pub id: ReplicaId,
    /// How often it has beaten.
    pub beat: i64,
    /// Whether its process is there, where that is known.
    pub present: Option<bool>,
}

impl Observer {
    /// An observer that has seen nobody.
    pub fn new(Timing { silence, absence, .. }: Timing) -> Self {
        Self {
            silence,
            absence,
            seen: HashMap::new(),
        }
    }

    /// Looks at everybody's beat; answers who has been silent for too long, and at which beat.
    pub fn look(&mut self, now: Instant, sights: impl IntoIterator<Item = Sight>) -> Vec<(ReplicaId, i64)> {
        let mut silent = Vec::new();
        let mut seen = HashMap::with_capacity(self.seen.len());
        for Sight { id, beat, present } in sights {
            let before = self.seen.remove(&id);
            let was_present = present == Some(true) || before.as_ref().is_some_and(|before| before.was_present);
            let next = match before {
                Some(before) if before.beat == beat => Seen {
                    looks: before.looks + 1,
                    was_present,
                    absent_since: (present == Some(false)).then(|| before.absent_since.unwrap_or(now)),
                    ..before
                },
                _ => Seen {
                    beat,
                    since: now,
                    looks: 0,
                    was_present,
                    absent_since: None,
                },
            };
            let lasts = |since, limit| now.saturating_duration_since(since) >= limit;
            let is_silent = next.looks >= LOOKS && lasts(next.since, self.silence);
            // After a restart of the server nobody is there for a moment, which is no news of any replica.
            let is_absent = was_present && next.absent_since.is_some_and(|since| lasts(since, self.absence));
            if is_silent || is_absent {
                silent.push((id, beat));
            }
            seen.insert(id, next);
        }
        self.seen = seen;
        silent
    }

    /// A look failed. Whoever seemed silent may just as little have reached the database.
    pub fn interrupted(&mut self) {
        self.seen.clear();
    }
}

#[cfg(test)]
mod tests {
    use mainstay_kernel::{TypedId, uuid::Uuid};

    use super::*;

    fn observer() -> Observer {
        Observer::new(Timing::default())
    }

    fn id(number: u128) -> ReplicaId {
        ReplicaId::from_uuid(Uuid::from_u128(number))
    }

    fn sight(beat: i64, present: Option<bool>) -> [Sight; 1] {
        [Sight {
            id: id(1),
            beat,
            present,
        }]
    }

    fn after(start: Instant, seconds: u64) -> Instant {
        start + Duration::from_secs(seconds)
    }

    #[test]
    fn a_replica_that_stops_counting_is_silent_after_five_seconds() {
        for present in [None, Some(true)] {
            let (mut observer, start) = (observer(), Instant::now());
            for second in 0..5 {
                assert!(observer.look(after(start, second), sight(7, present)).is_empty());
            }
            assert_eq!(observer.look(after(start, 5), sight(7, present)), [(id(1), 7)]);
        }
    }

    #[test]
    fn a_replica_whose_process_has_gone_is_silent_after_two_more_looks() {
        let (mut observer, start) = (observer(), Instant::now());
        assert!(observer.look(start, sight(7, Some(true))).is_empty());
        assert!(observer.look(after(start, 1), sight(7, Some(false))).is_empty());
        assert!(observer.look(after(start, 2), sight(7, Some(false))).is_empty());
        assert_eq!(observer.look(after(start, 3), sight(7, Some(false))), [(id(1), 7)]);
    }

    #[test]
    fn a_replica_that_counts_is_never_silent() {
        for present in [None, Some(true), Some(false)] {
            let (mut observer, start) = (observer(), Instant::now());
            observer.look(start, sight(-1, Some(true)));
            for second in 1..60 {
                let beat = i64::try_from(second / 2).unwrap();
                assert!(observer.look(after(start, second), sight(beat, present)).is_empty());
            }
        }
    }

    #[test]
    fn a_server_that_was_started_anew_condemns_nobody() {
        let (mut observer, start) = (observer(), Instant::now());
        observer.look(start, sight(7, Some(true)));
        observer.interrupted();
        for second in 1..5 {
            assert!(observer.look(after(start, second), sight(7, Some(false))).is_empty());
        }
        assert!(observer.look(after(start, 5), sight(8, Some(true))).is_empty());
    }

    #[test]
    fn an_outage_that_everybody_shares_condemns_nobody() {
        let (mut observer, start) = (observer(), Instant::now());
        observer.look(start, sight(7, None));
        // Looks that hang for long rather than fail.
        assert!(observer.look(after(start, 60), sight(7, None)).is_empty());
        observer.interrupted();
        assert!(observer.look(after(start, 61), sight(7, None)).is_empty());
        assert!(observer.look(after(start, 67), sight(8, None)).is_empty());
    }
}
