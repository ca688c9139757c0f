//! What clients wrote: all of it or nothing, and everything that was acknowledged.

use std::collections::{BTreeMap, BTreeSet};

use mainstay_store::sql;
use mainstay_testkit::simulation::Written;

use super::{Findings, Invariant, images, number, text};
use crate::fleet::{
    Fleet,
    record::{Acknowledged, Inner},
};

#[derive(Debug, Default)]
pub struct Writes {
    announced: BTreeSet<i64>,
}

impl Writes {
    pub fn hear(&mut self, commit: &[Written], findings: &mut Findings) {
        let mut operations: BTreeMap<i64, (i64, i64)> = BTreeMap::new();
        for part in images(commit, "sim_part") {
            let operation = operations.entry(number(part, "operation")).or_default();
            operation.0 += 1;
            operation.1 = number(part, "parts");
        }
        for (operation, (written, parts)) in &operations {
            if written != parts {
                findings.add(
                    Invariant::AllOrNothing,
                    format!("a transaction wrote {written} of the {parts} parts of operation {operation}"),
                );
            }
        }
        for event in images(commit, "work_event") {
            let Some(operation) = operation(text(event, "payload")) else {
                continue;
            };
            self.announced.insert(operation);
            if !operations.contains_key(&operation) {
                findings.add(
                    Invariant::AllOrNothing,
                    format!("operation {operation} was announced by a transaction that did not write it"),
                );
            }
        }
    }

    pub fn finish(&self, fleet: &Fleet, record: &Inner, findings: &mut Findings) {
        let rows = fleet.server.look(&sql(
            "SELECT operation, COUNT(*) AS written FROM sim_part GROUP BY operation",
        ));
        let written: BTreeMap<i64, i64> = rows
            .iter()
            .filter_map(|row| Some((row.get("operation").ok()?, row.get("written").ok()?)))
            .collect();
        for what in &record.acknowledged {
            let Acknowledged::Operation { number, announced } = what else {
                continue;
            };
            if !written.contains_key(number) {
                findings.add(
                    Invariant::NothingLost,
                    format!("operation {number} was acknowledged and is not there"),
                );
            } else if *announced && !self.announced.contains(number) {
                findings.add(
                    Invariant::AllOrNothing,
                    format!("operation {number} was written and not announced"),
                );
            }
        }
    }
}

fn operation(payload: &str) -> Option<i64> {
    let payload: serde_json::Value = serde_json::from_str(payload).ok()?;
    payload.get("operation")?.as_i64()
}
