//! How often something may be tried: the generic cell rate algorithm (ITU-T I.371), which remembers one time for each bucket.
//!
//! A bucket is whole again at some time; each attempt moves that time on by what one attempt costs. An attempt is refused when it
//! would move it further ahead than the bucket is deep. The store does the same arithmetic in one statement, so that replicas
//! share a bucket; a test holds the two together.

use mainstay_kernel::Micros;

/// How many attempts at once, and how long until one more.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limit {
    /// Attempts that are allowed at once.
    pub burst: u32,
    /// Microseconds until one attempt is allowed again.
    pub every: Micros,
}

/// What is said to an attempt.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// It may be made; the bucket is whole again at this time.
    Allowed {
        /// Microseconds since 1970.
        whole_at: Micros,
    },
    /// It may not; one after this many microseconds may.
    Refused {
        /// Microseconds to wait.
        wait: Micros,
    },
}

impl Limit {
    /// So many at once, and one more every so many seconds.
    pub const fn new(burst: u32, every_s: u32) -> Self {
        Self {
            burst,
            every: every_s as Micros * 1_000_000,
        }
    }

    /// How far ahead of the present a bucket can be moved, in microseconds.
    pub fn depth(self) -> Micros {
        self.every.saturating_mul(Micros::from(self.burst))
    }

    /// What is said to an attempt at `now` on a bucket that is whole at `whole_at`; `None` is one that was never tried.
    ///
    /// A time further ahead than the bucket is deep was written while the clock was wrong, and counts for nothing: a clock that is
    /// put right must lock nobody out.
    pub fn judge(self, whole_at: Option<Micros>, now: Micros) -> Verdict {
        let possible = now..=now.saturating_add(self.depth());
        let from = whole_at.filter(|at| possible.contains(at)).unwrap_or(now);
        let next = from.saturating_add(self.every);
        let ahead = next.saturating_sub(now);
        if ahead <= self.depth() {
            Verdict::Allowed { whole_at: next }
        } else {
            Verdict::Refused {
                wait: ahead - self.depth(),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const SECOND: Micros = 1_000_000;

    #[test]
    fn a_burst_is_allowed_and_then_one_at_a_time() {
        let limit = Limit::new(3, 10);
        let mut whole_at = None;
        for _ in 0..3 {
            let Verdict::Allowed { whole_at: next } = limit.judge(whole_at, 0) else {
                panic!("refused within the burst");
            };
            whole_at = Some(next);
        }
        assert_eq!(limit.judge(whole_at, 0), Verdict::Refused { wait: 10 * SECOND });
        assert_eq!(limit.judge(whole_at, 4 * SECOND), Verdict::Refused { wait: 6 * SECOND });
        assert!(matches!(limit.judge(whole_at, 10 * SECOND), Verdict::Allowed { .. }));
    }

    proptest! {
        /// However attempts come, in any stretch of time no more succeed than the burst and what that stretch allows.
        #[test]
        fn no_pattern_of_attempts_gets_more_than_the_limit(
            burst in 1_u32..20,
            every_s in 1_u32..100,
            gaps in proptest::collection::vec(0_i64..200 * SECOND, 1..200),
        ) {
            let limit = Limit::new(burst, every_s);
            let (mut now, mut whole_at, mut allowed) = (0, None, Vec::new());
            for gap in gaps {
                now += gap;
                if let Verdict::Allowed { whole_at: next } = limit.judge(whole_at, now) {
                    whole_at = Some(next);
                    allowed.push(now);
                }
            }
            for (first, from) in allowed.iter().enumerate() {
                for (last, to) in allowed.iter().enumerate().skip(first) {
                    let count = i64::try_from(last - first + 1).unwrap();
                    prop_assert!(count <= i64::from(burst) + (to - from) / limit.every + 1);
                }
            }
        }

        /// Whatever time was left behind by a wrong clock, who waits as long as they were told gets their attempt.
        #[test]
        fn a_wrong_clock_locks_nobody_out_for_longer_than_the_limit(whole_at in any::<i64>(), now in 0..i64::MAX / 4) {
            let limit = Limit::new(10, 60);
            match limit.judge(Some(whole_at), now) {
                Verdict::Refused { wait } => {
                    prop_assert!(wait > 0 && wait <= limit.every);
                    let allowed = matches!(limit.judge(Some(whole_at), now + wait), Verdict::Allowed { .. });
                    prop_assert!(allowed);
                }
                Verdict::Allowed { whole_at } => prop_assert!(whole_at > now && whole_at <= now + limit.depth()),
            }
        }
    }
}
