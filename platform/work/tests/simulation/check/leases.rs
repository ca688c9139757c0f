//! Leases: one holder at a time, and nothing written under an old token.

use std::{collections::BTreeMap, time::Duration};

use mainstay_testkit::simulation::Written;
use tokio::time::Instant;

use super::{Findings, Invariant, images, number, text};
use crate::fleet::record::{Belief, Inner};

/// How long a replica may hold on to a lease that was taken from it: it stops by itself four seconds after its last beat, and
/// where the server says that its process is gone, others wait for less. No check has so short an interval.
const NOTICED: Duration = Duration::from_secs(3);

#[derive(Debug, Default)]
pub struct Leases {
    tokens: BTreeMap<String, (i64, bool)>,
}

impl Leases {
    pub fn hear(&mut self, commit: &[Written], findings: &mut Findings) {
        for lease in images(commit, "work_lease") {
            let (name, token) = (text(lease, "name").to_owned(), number(lease, "token"));
            let held = lease.contains_key("holder");
            let before = self.tokens.insert(name.clone(), (token, held));
            if before.is_some_and(|(before, _)| token != before + 1) {
                findings.add(
                    Invariant::Fenced,
                    format!("the token of {name} went from {before:?} to {token}"),
                );
            }
        }
        for probe in images(commit, "sim_probe") {
            let (name, token) = (text(probe, "lease"), number(probe, "token"));
            let newest = self.tokens.get(name);
            if newest != Some(&(token, true)) {
                findings.add(
                    Invariant::Fenced,
                    format!("{name} was worked on under token {token} when {newest:?} was the newest"),
                );
            }
        }
    }
}

/// Whether two replicas ever believed to hold one lease.
pub fn held_by_one(record: &Inner, findings: &mut Findings) {
    let mut by_lease: BTreeMap<&str, Vec<&Belief>> = BTreeMap::new();
    for belief in &record.beliefs {
        by_lease.entry(&belief.lease).or_default().push(belief);
    }
    for (lease, beliefs) in by_lease {
        // They are in the order of their beginnings, so an overlap is one with a belief that lasts longest so far.
        let mut longest: Option<&Belief> = None;
        for belief in beliefs {
            if let Some(other) = longest.filter(|other| other.process != belief.process && ends(other) > belief.from) {
                // Who saw nobody else is told by nobody that somebody came while it was cut off.
                let lasted = ends(other).min(ends(belief)).saturating_duration_since(belief.from);
                if !other.alone && lasted > NOTICED {
                    findings.add(Invariant::HeldByOne, overlap(lease, other, belief));
                }
            }
            if longest.is_none_or(|other| ends(belief) >= ends(other)) {
                longest = Some(belief);
            }
        }
    }
}

fn ends(belief: &Belief) -> Instant {
    belief.to.unwrap_or_else(Instant::now)
}

fn overlap(lease: &str, one: &Belief, other: &Belief) -> String {
    let lasted = ends(one).min(ends(other)).saturating_duration_since(other.from);
    format!(
        "{} (token {}) and {} (token {}) both believed to hold {lease} for {lasted:?}",
        one.process, one.token, other.process, other.token
    )
}
