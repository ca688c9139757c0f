//! Probes: those that their targets saw and those that were shown, held against the stored rows.

use std::collections::{BTreeMap, HashMap};

use mainstay_kernel::Micros;

use super::{
    checker::{Limits, SECOND, Violation, broken},
    gaps::by_check,
    record::{Happened, Hit, Kept, Run},
};

/// Probes of the last second of a killed process may be lost; they may have waited for their flush a little longer on a busy
/// machine.
const UNFLUSHED: Micros = 3 * SECOND;
/// How far two readings of one clock may be awry.
const AWRY: Micros = SECOND / 100;

/// What a probe that was stored, shown or seen by its target promises.
pub fn stored(happened: &Happened, kept: &Kept, limits: Limits) -> Vec<Violation> {
    let mut found = Vec::new();
    let mut rows: BTreeMap<usize, Vec<Micros>> = BTreeMap::new();
    for row in &kept.probes {
        rows.entry(row.check).or_default().push(row.at);
    }
    for (check, times) in &mut rows {
        times.sort_unstable();
        for pair in times.windows(2).filter(|pair| pair[0] == pair[1]) {
            let words = format!("check {check} has two rows of the probe at {}", pair[0]);
            found.push(broken("effects-once", words));
        }
    }
    let none = Vec::new();
    for (check, at) in &happened.shown {
        if rows.get(check).unwrap_or(&none).binary_search(at).is_err() {
            let words = format!("the probe of check {check} at {at} was shown before and is gone");
            found.push(broken("shown-probe", words));
        }
    }
    let killed: HashMap<Run, Micros> = happened.kills.iter().map(|kill| (kill.run, kill.at)).collect();
    // One that a pause finds under way counts nowhere; it is over before the next would begin.
    let safe = |hit: &Hit| {
        let outlived = |at: &Micros| happened.awake(hit.by, hit.at, *at) > UNFLUSHED;
        let unpaused = |at: &Micros| hit.at < at - limits.interval;
        killed.get(&hit.by).is_none_or(outlived) && happened.paused.get(&hit.check).is_none_or(unpaused)
    };
    for (check, hits) in by_check(&happened.hits) {
        let rows = rows.get(&check).unwrap_or(&none);
        let mut taken = vec![false; rows.len()];
        // A row that may be missing must not be replaced by the next one, so only hits whose rows must be there take any.
        for hit in hits.iter().filter(|hit| safe(hit)) {
            // A row begins with the probe, so a little before its target hears of it.
            let until = rows.partition_point(|at| *at <= hit.at + AWRY);
            let begun = (0..until).rev();
            let mut begun = begun.take_while(|row| happened.awake(hit.by, rows[*row], hit.at) <= 2 * SECOND);
            match begun.find(|row| !taken[*row]) {
                Some(row) => taken[row] = true,
                None => found.push(broken(
                    "flushed-probe",
                    format!(
                        "the probe of check {check} by {} at {}, {} ms before the end, was never stored",
                        hit.by,
                        hit.at,
                        (happened.ended - hit.at) / 1000
                    ),
                )),
            }
        }
    }
    found
}
