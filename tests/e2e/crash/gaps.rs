//! Who probed what when, from the hits alone: how long checks lay still after a kill, and when two replicas probed one.

use std::collections::BTreeMap;

use mainstay_kernel::Micros;

use super::record::{Happened, Hit, Run};

/// How long a check lay still after the replica that probed it was killed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Gap {
    pub check: usize,
    pub run: Run,
    pub at: Micros,
    pub lasted: Micros,
}

/// Two runs that probed one check at once.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Overlap {
    pub check: usize,
    pub one: Run,
    pub other: Run,
    pub lasted: Micros,
}

/// The hits of each check, oldest first.
pub fn by_check(hits: &[Hit]) -> BTreeMap<usize, Vec<Hit>> {
    let mut checks: BTreeMap<usize, Vec<Hit>> = BTreeMap::new();
    for hit in hits {
        checks.entry(hit.check).or_default().push(*hit);
    }
    for hits in checks.values_mut() {
        hits.sort_by_key(|hit| hit.at);
    }
    checks
}

/// For every kill and every check that the victim had probed last: how long until somebody else did. When another replica is
/// killed in between, the time counts from there, because that may have been the one whose turn it was.
pub fn gaps(happened: &Happened) -> Vec<Gap> {
    let mut found = Vec::new();
    for (check, hits) in by_check(&happened.hits) {
        for kill in &happened.kills {
            let before = hits.partition_point(|hit| hit.at <= kill.at);
            if before == 0 || hits[before - 1].by != kill.run {
                continue;
            }
            // What the victim sent may be read after its end.
            let next = hits[before..].iter().find(|hit| hit.by != kill.run);
            let until = next.map_or(happened.ended, |hit| hit.at);
            let kills = happened.kills.iter().map(|kill| kill.at);
            let from = kills
                .filter(|at| *at >= kill.at && *at < until)
                .max()
                .unwrap_or(kill.at);
            found.push(Gap {
                check,
                run: kill.run,
                at: kill.at,
                lasted: (until - from).max(0),
            });
        }
    }
    found
}

/// Pauses between two probes of a check in which nobody was killed: check, beginning, length.
pub fn silences(happened: &Happened) -> Vec<(usize, Micros, Micros)> {
    let mut found = Vec::new();
    for (check, hits) in by_check(&happened.hits) {
        let mut times: Vec<Micros> = hits.iter().map(|hit| hit.at).collect();
        times.push(happened.ended.max(times.last().copied().unwrap_or_default()));
        for pair in times.windows(2) {
            if !happened.kills.iter().any(|kill| (pair[0]..=pair[1]).contains(&kill.at)) {
                found.push((check, pair[0], pair[1] - pair[0]));
            }
        }
    }
    found
}

/// Every pair of runs that probed one check at once. A run probes a check from a probe to the last that follows in its rhythm;
/// one that comes back after it left out a turn has come anew.
pub fn overlaps(hits: &[Hit], interval: Micros) -> Vec<Overlap> {
    let mut found = Vec::new();
    for (check, hits) in by_check(hits) {
        let mut stays: Vec<(Run, Micros, Micros)> = Vec::new();
        for hit in hits {
            let stay = stays.iter_mut().rev().find(|(run, ..)| *run == hit.by);
            match stay {
                Some((.., last)) if hit.at - *last <= interval * 3 / 2 => *last = hit.at,
                _ => stays.push((hit.by, hit.at, hit.at)),
            }
        }
        for (index, (one, from, to)) in stays.iter().enumerate() {
            for (other, began, ended) in stays[index + 1..].iter().filter(|(_, began, _)| began < to) {
                let lasted = (*to).min(*ended) - (*from).max(*began);
                if one != other && lasted > 0 {
                    found.push(Overlap {
                        check,
                        one: *one,
                        other: *other,
                        lasted,
                    });
                }
            }
        }
    }
    found
}

/// The value below which so many percent lie, by nearest rank.
pub fn percentile(sorted: &[Micros], percent: usize) -> Micros {
    let rank = (sorted.len() * percent).div_ceil(100).max(1);
    sorted.get(rank - 1).copied().unwrap_or_default()
}
