//! Clocks out of step: whose clock it is when the two sides of a call contradict each other, and what time it was by the clocks of
//! the others. Knows no names.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use super::build::{Visits, index, number};
use crate::traces::store::Traces;

/// The calls between two components, whoever calls.
#[derive(Default)]
struct Pair {
    contradicts: bool,
}

impl Visits {
    /// What is to be added to the times of visits, in microseconds, so that they are by the clock of most others; those of
    /// components whose clock is in step are left out.
    ///
    /// A component whose clock was set at some moment has other corrections after than before. A visit that neither was called by
    /// others nor called any has that of the visit next to it by its own clock.
    pub fn corrections(&self, traces: &Traces) -> HashMap<u32, i64> {
        let component = |visit: u32| traces.rows()[index(self.all[index(visit)].row)].component();
        let mut pairs: BTreeMap<(u32, u32), Pair> = BTreeMap::new();
        for (at, visit) in (0_u32..).zip(&self.all) {
            if let Some(caller) = visit.caller {
                let (one, other) = (component(at), component(caller));
                pairs.entry((one.min(other), one.max(other))).or_default().contradicts |= visit.ahead != 0;
            }
        }
        if !pairs.values().any(|pair| pair.contradicts) {
            return HashMap::new();
        }
        let off = out_of_step(&pairs, &strange(traces));
        let corrections = self.observed(&off, component);
        self.completed(&off, corrections, component)
    }

    /// The corrections that calls from or to clocks in step show.
    fn observed(&self, off: &BTreeSet<u32>, component: impl Fn(u32) -> u32) -> HashMap<u32, i64> {
        let mut corrections = HashMap::new();
        for (at, visit) in (0_u32..).zip(&self.all) {
            let Some(caller) = visit.caller else { continue };
            match (off.contains(&component(at)), off.contains(&component(caller))) {
                (true, false) => {
                    corrections.insert(at, -visit.ahead);
                }
                (false, true) => {
                    corrections.entry(caller).or_insert(visit.ahead);
                }
                (true, true) | (false, false) => {}
            }
        }
        corrections
    }

    fn completed(
        &self,
        off: &BTreeSet<u32>,
        mut corrections: HashMap<u32, i64>,
        component: impl Fn(u32) -> u32,
    ) -> HashMap<u32, i64> {
        let mut known: BTreeMap<u32, BTreeMap<i64, i64>> = BTreeMap::new();
        for (&visit, &correction) in &corrections {
            let of_component = known.entry(component(visit)).or_default();
            let kept = of_component.entry(self.all[index(visit)].start).or_insert(correction);
            // Of two at the same moment the same one, whatever their order.
            *kept = (*kept).max(correction);
        }
        for at in (0..self.all.len()).map(number) {
            let owner = component(at);
            if !off.contains(&owner) || corrections.contains_key(&at) {
                continue;
            }
            let start = self.all[index(at)].start;
            if let Some(correction) = known.get(&owner).and_then(|known| nearest(known, start)) {
                corrections.insert(at, correction);
            }
        }
        corrections
    }
}

fn nearest(known: &BTreeMap<i64, i64>, time: i64) -> Option<i64> {
    let before = known.range(..=time).next_back();
    let after = known.range(time..).next();
    [before, after]
        .into_iter()
        .flatten()
        .min_by_key(|(at, _)| at.abs_diff(time))
        .map(|(_, correction)| *correction)
}

/// How strange the times of each component are by themselves, in microseconds: how far they fall back from one span to the next in the
/// order in which they were written, or how far they lie before the first or after the last of all others.
fn strange(traces: &Traces) -> BTreeMap<u32, i64> {
    let mut written: Vec<_> = traces.rows().iter().collect();
    written.sort_unstable_by_key(|row| (row.component(), row.source(), row.place().start));
    let mut strange: BTreeMap<u32, i64> = BTreeMap::new();
    let mut spans: BTreeMap<u32, (i64, i64)> = BTreeMap::new();
    for pair in written.windows(2) {
        let [before, row] = pair else { continue };
        if (before.component(), before.source()) == (row.component(), row.source()) {
            let most = strange.entry(row.component()).or_default();
            *most = (*most).max(before.end() - row.end());
        }
    }
    for row in written {
        let (first, last) = spans.entry(row.component()).or_insert((row.start, row.end()));
        (*first, *last) = ((*first).min(row.start), (*last).max(row.end()));
    }
    for (component, (first, last)) in &spans {
        let others = spans.iter().filter(|(other, _)| *other != component);
        let all = others.map(|(_, span)| *span);
        if let Some((earliest, latest)) = all.reduce(|one, other| (one.0.min(other.0), one.1.max(other.1))) {
            let most = strange.entry(*component).or_default();
            *most = (*most).max(earliest - first).max(last - latest);
        }
    }
    strange
}

/// The fewest components that can be blamed for all contradictions, found by taking whoever has most of them first; of several, the
/// one that has the fewest calls without, then the one whose own times are the strangest.
fn out_of_step(pairs: &BTreeMap<(u32, u32), Pair>, strange: &BTreeMap<u32, i64>) -> BTreeSet<u32> {
    let mut off = BTreeSet::new();
    loop {
        let mut counts: BTreeMap<u32, (u32, u32)> = BTreeMap::new();
        for ((one, other), pair) in pairs {
            if off.contains(one) || off.contains(other) {
                continue;
            }
            for end in [one, other] {
                let (contradicting, agreeing) = counts.entry(*end).or_default();
                *contradicting += u32::from(pair.contradicts);
                *agreeing += u32::from(!pair.contradicts);
            }
        }
        let worst = counts
            .into_iter()
            .filter(|(_, (contradicting, _))| *contradicting > 0)
            .max_by_key(|(component, (contradicting, agreeing))| {
                let strange = strange.get(component).copied();
                (*contradicting, u32::MAX - agreeing, strange, *component)
            });
        match worst {
            Some((component, _)) => off.insert(component),
            None => return off,
        };
    }
}
