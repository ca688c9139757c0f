//! Stored probes against those that were made, and sums against what they are sums of.

use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

use mainstay_store::{Row, sql};
use mainstay_testkit::simulation::{Image, Server};
use tokio::time::Instant;

use super::{Calm, Findings, Invariant, number, probing::Checks};
use crate::record::Inner;

const SECOND: i64 = 1_000_000;
/// How long, in calm, a process may keep what it found to itself.
const UNWRITTEN: Duration = Duration::from_mins(1);
/// What is younger than this may still be on its way into the sums, in microseconds.
const YOUNG: i64 = 600 * SECOND;
/// The bit of a stored probe that says that its service was in maintenance.
const MAINTENANCE: i64 = 0b100;

/// A probe as it is stored.
#[derive(Debug, Clone, Copy)]
struct Stored {
    key: i64,
    at: i64,
    duration: i64,
    ok: bool,
    maintenance: bool,
}

/// All, failed outside maintenance, and in maintenance.
type Sums = (i64, i64, i64);

/// Every probe that was ever committed.
#[derive(Debug, Default)]
pub struct History(Vec<Stored>);

impl History {
    pub fn hear(&mut self, row: &Image) {
        self.0.push(Stored {
            key: number(row, "check_key"),
            at: number(row, "at"),
            duration: number(row, "duration_us"),
            ok: number(row, "outcome") == 0,
            maintenance: number(row, "marks") & MAINTENANCE != 0,
        });
    }

    pub fn check(&self, record: &Inner, checks: &Checks, calm: &Calm, server: &Server, findings: &mut Findings) {
        self.stored(record, checks, calm, findings);
        let newest = self.0.iter().map(|probe| probe.at).max().unwrap_or_default();
        self.rollups(newest - YOUNG, server, findings);
        self.budgets(newest - YOUNG, checks, server, findings);
    }

    /// What was probed is stored, once.
    fn stored(&self, record: &Inner, checks: &Checks, calm: &Calm, findings: &mut Findings) {
        let mut there = BTreeSet::new();
        for probe in &self.0 {
            if !there.insert((probe.key, probe.at)) {
                findings.add(
                    Invariant::StoredOnce,
                    format!("the probe of check {} at {} is stored twice", probe.key, probe.at),
                );
            }
        }
        let now = Instant::now();
        for probe in &record.probes {
            let Some(check) = checks.get(&(probe.service.to_owned(), probe.port)) else {
                continue;
            };
            let ended = record
                .lives
                .get(&*probe.process)
                .and_then(|life| life.to)
                .unwrap_or(now);
            let due = calm.between(probe.at, ended) > UNWRITTEN;
            if due && !there.contains(&(check.key, probe.wall)) {
                findings.add(
                    Invariant::NothingLost,
                    format!(
                        "the probe of port {} of {} by {} at {} is not stored",
                        probe.port, probe.service, probe.process, probe.wall
                    ),
                );
            }
        }
    }

    /// Rollups are the sums of the probes in their bucket.
    fn rollups(&self, until: i64, server: &Server, findings: &mut Findings) {
        let mut expected: BTreeMap<(i64, i64, i64), Sums> = BTreeMap::new();
        for probe in &self.0 {
            for resolution in [60, 300, 3600] {
                let bucket = probe.at - probe.at.rem_euclid(resolution * SECOND);
                let sums = expected.entry((resolution, probe.key, bucket)).or_default();
                sums.0 += 1;
                sums.1 += i64::from(!probe.ok && !probe.maintenance);
                sums.2 += i64::from(probe.maintenance);
            }
        }
        let rows = server.look(&sql(
            "SELECT resolution_s, check_key, bucket, total, failed, maintenance FROM watch_rollup",
        ));
        let mut there: BTreeMap<(i64, i64, i64), Sums> = BTreeMap::new();
        for row in &rows {
            let place = (int(row, "resolution_s"), int(row, "check_key"), int(row, "bucket"));
            there.insert(place, (int(row, "total"), int(row, "failed"), int(row, "maintenance")));
        }
        let places: BTreeSet<_> = expected.keys().chain(there.keys()).copied().collect();
        let mut wrong = 0;
        for place in places {
            let (resolution, key, bucket) = place;
            if bucket + resolution * SECOND > until {
                continue;
            }
            let (expected, there) = (expected.get(&place), there.get(&place));
            if expected != there {
                wrong += 1;
                if wrong <= 5 {
                    findings.add(
                        Invariant::Rollups,
                        format!(
                            "the {resolution} s of check {key} from {bucket} hold {there:?} and the probes come to {expected:?}"
                        ),
                    );
                }
            }
        }
        if wrong > 5 {
            findings.add(Invariant::Rollups, format!("and {} more", wrong - 5));
        }
    }

    /// The counts of a promise are those of its service's probes outside maintenance, each counted at its end.
    fn budgets(&self, until: i64, checks: &Checks, server: &Server, findings: &mut Findings) {
        let promises = server.look(&sql(
            "SELECT service, series_id, series_since, window_s FROM slo_objective",
        ));
        let rows = server.look(&sql("SELECT at, series_id, SUM(total) AS total, SUM(bad) AS bad FROM slo_bucket GROUP BY at, series_id ORDER BY at"));
        for promise in &promises {
            let (Ok(service), Ok(series)) = (promise.get::<String>("service"), id(promise)) else {
                continue;
            };
            let (since, window) = (int(promise, "series_since"), int(promise, "window_s"));
            let there: BTreeMap<i64, (i64, i64)> = rows
                .iter()
                .filter(|row| id(row).is_ok_and(|of| of == series))
                .map(|row| (int(row, "at"), (int(row, "total"), int(row, "bad"))))
                .collect();
            let keys: BTreeSet<i64> = checks
                .iter()
                .filter(|((of, _), _)| *of == service)
                .map(|(_, check)| check.key)
                .collect();
            let kept = until - window * SECOND;
            let mut expected: BTreeMap<i64, (i64, i64)> = BTreeMap::new();
            let ends: Vec<i64> = there.keys().copied().collect();
            for probe in self
                .0
                .iter()
                .filter(|probe| keys.contains(&probe.key) && !probe.maintenance)
            {
                let at = probe.at + probe.duration;
                if at < since {
                    continue;
                }
                // The bucket that it falls into, whatever their width is.
                let Some(bucket) = ends.partition_point(|begins| *begins <= at).checked_sub(1) else {
                    continue;
                };
                let counts = expected.entry(ends[bucket]).or_default();
                counts.0 += 1;
                counts.1 += i64::from(!probe.ok);
            }
            let judged = |at: &i64| *at > kept && *at < until;
            for (at, counts) in there.iter().filter(|(at, _)| judged(at)) {
                if expected.get(at) != Some(counts) {
                    findings.add(
                        Invariant::Budgets,
                        format!(
                            "the promise about {service} counts {counts:?} from {at} on, and the probes come to {:?}",
                            expected.get(at)
                        ),
                    );
                    break;
                }
            }
        }
    }
}

fn int(row: &Row, column: &str) -> i64 {
    row.get(column).unwrap_or_default()
}

fn id(row: &Row) -> Result<mainstay_kernel::uuid::Uuid, mainstay_store::StoreError> {
    row.get("series_id")
}
