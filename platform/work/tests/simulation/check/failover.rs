//! How long it takes until another replica does what a lost one did, wherever nothing else went wrong around that time.

use std::time::Duration;

use mainstay_testkit::simulation::{Fault, Passed};

use super::{Findings, Invariant};
use crate::fleet::record::{Belief, Inner};

/// What is promised.
const LIMIT: Duration = Duration::from_secs(10);
/// How long nothing else may have gone wrong before.
const QUIET: Duration = Duration::from_secs(30);

pub fn check(record: &Inner, faults: &[Passed], findings: &mut Findings) {
    for fault in faults {
        let Some(machine) = lost(fault) else { continue };
        if disturbed(faults, fault) {
            continue;
        }
        let process = format!("m{machine}.");
        let held = record.beliefs.iter().filter(|belief| {
            belief.process.starts_with(&process)
                && belief.from < fault.from
                && belief.to.is_none_or(|to| to >= fault.from)
        });
        for belief in held {
            if !taken_over(record, fault, belief) {
                findings.add(
                    Invariant::FailOver,
                    format!(
                        "nobody took over {} from {} within {LIMIT:?} after: {}",
                        belief.lease, belief.process, fault.fault
                    ),
                );
            }
        }
    }
}

/// The machine that a fault takes away for long enough to be noticed.
fn lost(fault: &Passed) -> Option<usize> {
    match fault.fault {
        Fault::Crash { machine, .. } | Fault::PowerLoss { machine, .. } => Some(machine),
        Fault::Cut { machine, lasts } | Fault::HalfCut { machine, lasts, .. } if lasts >= LIMIT => Some(machine),
        _ => None,
    }
}

/// Whether something else went wrong around that time, so that there is nobody to measure by.
fn disturbed(faults: &[Passed], fault: &Passed) -> bool {
    let (from, to) = (fault.from.checked_sub(QUIET), fault.from + LIMIT);
    faults.iter().any(|other| {
        let other_one = other != fault;
        other_one && other.from <= to && from.is_none_or(|from| other.to >= from)
    })
}

fn taken_over(record: &Inner, fault: &Passed, lost: &Belief) -> bool {
    let limit = fault.from + LIMIT;
    record.beliefs.iter().any(|belief| {
        belief.lease == lost.lease
            && belief.process != lost.process
            && belief.from <= limit
            && belief.to.is_none_or(|to| to > fault.from)
    })
}
