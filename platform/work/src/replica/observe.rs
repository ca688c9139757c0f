//! Who has fallen silent, decided by one's own clock alone.

use std::{collections::HashMap, time::Duration};

use tokio::time::Instant;

use super::ReplicaId;

/// Looks in a row without interruption that silence takes, so that a database that was away for everybody, and whose return
/// one replica notices first, condemns nobody.
const LOOKS: u32 = 4;

/// Remembers when each replica was last seen to move.
#[derive(Debug)]
pub struct Observer {
    silence: Duration,
    seen: HashMap<ReplicaId, Seen>,
}

#[derive(Debug)]
struct Seen {
    beat: i64,
    since: Instant,
    looks: u32,
}

impl Observer {
    /// An observer that has seen nobody.
    pub fn new(silence: Duration) -> Self {
        Self {
            silence,
            seen: HashMap::new(),
        }
    }

    /// Looks at everybody's beat; answers who has been silent for too long, and at which beat.
    pub fn look(&mut self, now: Instant, beats: impl IntoIterator<Item = (ReplicaId, i64)>) -> Vec<(ReplicaId, i64)> {
        let mut silent = Vec::new();
        let mut seen = HashMap::with_capacity(self.seen.len());
        for (id, beat) in beats {
            let next = match self.seen.remove(&id) {
                Some(before) if before.beat == beat => Seen {
                    looks: before.looks + 1,
                    ..before
                },
                _ => Seen {
                    beat,
                    since: now,
                    looks: 0,
                },
            };
            if next.looks >= LOOKS && now.saturating_duration_since(next.since) >= self.silence {
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

    const SILENCE: Duration = Duration::from_secs(5);

    fn id(number: u128) -> ReplicaId {
        ReplicaId::from_uuid(Uuid::from_u128(number))
    }

    fn after(start: Instant, seconds: u64) -> Instant {
        start + Duration::from_secs(seconds)
    }

    #[test]
    fn a_replica_that_stops_counting_is_silent_after_five_seconds() {
        let (mut observer, start) = (Observer::new(SILENCE), Instant::now());
        for second in 0..5 {
            assert!(observer.look(after(start, second), [(id(1), 7)]).is_empty());
        }
        assert_eq!(observer.look(after(start, 5), [(id(1), 7)]), [(id(1), 7)]);
    }

    #[test]
    fn a_replica_that_counts_is_never_silent() {
        let (mut observer, start) = (Observer::new(SILENCE), Instant::now());
        for second in 0..60 {
            let beat = i64::try_from(second / 2).unwrap();
            assert!(observer.look(after(start, second), [(id(1), beat)]).is_empty());
        }
    }

    #[test]
    fn an_outage_that_everybody_shares_condemns_nobody() {
        let (mut observer, start) = (Observer::new(SILENCE), Instant::now());
        observer.look(start, [(id(1), 7)]);
        // Looks that hang for long rather than fail.
        assert!(observer.look(after(start, 60), [(id(1), 7)]).is_empty());
        observer.interrupted();
        assert!(observer.look(after(start, 61), [(id(1), 7)]).is_empty());
        assert!(observer.look(after(start, 67), [(id(1), 8)]).is_empty());
    }
}
