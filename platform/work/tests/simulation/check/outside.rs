//! What leaves for the outside: every alert, under one id, however often.

use std::collections::{BTreeMap, BTreeSet};

use super::{Findings, Invariant};
use crate::fleet::record::Inner;

pub fn check(record: &Inner, alerts: &BTreeSet<i64>, findings: &mut Findings) {
    let mut ids: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    for delivery in &record.deliveries {
        ids.entry(&delivery.content).or_default().insert(&delivery.id);
    }
    for (content, ids) in &ids {
        if ids.len() > 1 {
            findings.add(
                Invariant::OneId,
                format!("{content} left under {} ids: {ids:?}", ids.len()),
            );
        }
    }
    for alert in alerts {
        if !ids.contains_key(format!("alert {alert}").as_str()) {
            findings.add(Invariant::Paged, format!("nobody was told of alert {alert}"));
        }
    }
}
