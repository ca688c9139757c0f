//! Events: visible in their order, seen by every handler, once, and in the order of each key.

use std::collections::{BTreeMap, BTreeSet};

use mainstay_testkit::simulation::Written;
use mainstay_work::Announcement;

use super::{Findings, Invariant, images, number, text};
use crate::fleet::handlers::{Alerted, Sailed};

/// Every handler, and whether it hears of what sailed and of alerts.
const HANDLERS: [(&str, bool, bool); 3] = [
    ("everything", true, true),
    ("unwilling", true, false),
    ("pager", false, true),
];

#[derive(Debug, Default)]
pub struct Events {
    last: i64,
    /// Topic by position.
    topics: BTreeMap<i64, String>,
    alerts: BTreeSet<i64>,
    seen: BTreeSet<(&'static str, i64)>,
    last_of_key: BTreeMap<(&'static str, String), i64>,
}

impl Events {
    pub fn hear(&mut self, commit: &[Written], findings: &mut Findings) {
        let mut new: Vec<_> = images(commit, "work_event").collect();
        new.sort_unstable_by_key(|event| number(event, "position"));
        for event in new {
            let position = number(event, "position");
            if position <= self.last {
                findings.add(
                    Invariant::OrderOfCommits,
                    format!("event {position} was committed after event {}", self.last),
                );
            }
            self.last = self.last.max(position);
            let topic = text(event, "topic").to_owned();
            if topic == Alerted::TOPIC
                && let Ok(Alerted { operation }) = serde_json::from_str(text(event, "payload"))
            {
                self.alerts.insert(operation);
            }
            self.topics.insert(position, topic);
        }
        let mut seen: Vec<_> = images(commit, "sim_seen").collect();
        seen.sort_unstable_by_key(|effect| number(effect, "position"));
        for effect in seen {
            self.see(
                text(effect, "handler"),
                number(effect, "position"),
                text(effect, "key"),
                findings,
            );
        }
    }

    fn see(&mut self, handler: &str, position: i64, key: &str, findings: &mut Findings) {
        let Some((handler, ..)) = HANDLERS.iter().find(|(name, ..)| *name == handler) else {
            return;
        };
        if !self.topics.contains_key(&position) {
            findings.add(
                Invariant::OrderOfCommits,
                format!("{handler} saw event {position} before it was committed"),
            );
        }
        if !self.seen.insert((handler, position)) {
            findings.add(
                Invariant::SeenOnce,
                format!("{handler} handled event {position} more than once"),
            );
        }
        let last = self.last_of_key.entry((handler, key.to_owned())).or_default();
        if *last > position {
            findings.add(
                Invariant::OrderOfKeys,
                format!("{handler} handled event {position} of {key} after event {last}"),
            );
        }
        *last = (*last).max(position);
    }

    pub fn finish(&self, findings: &mut Findings) {
        for (position, topic) in &self.topics {
            for (handler, sailed, alerted) in HANDLERS {
                let wants = (sailed && topic == Sailed::TOPIC) || (alerted && topic == Alerted::TOPIC);
                if wants && !self.seen.contains(&(handler, *position)) {
                    findings.add(
                        Invariant::SeenByAll,
                        format!("{handler} never handled event {position}"),
                    );
                }
            }
        }
    }

    /// The operations of which somebody must be told.
    pub fn alerts(&self) -> &BTreeSet<i64> {
        &self.alerts
    }
}
