//! The checker notices what it must: the database or a statement is broken on purpose, and the promise that this breaks is
//! the one that is reported.

use std::time::Duration;

use mainstay_testkit::simulation::{Dose, Fault, Planned, Sabotage, promises::must_be_noticed};

use crate::{check::Invariant, seed::Scenario};

/// Seeds within which each sabotage must be noticed.
const SEEDS: u64 = 12;

/// Lets a broken fleet run until the promise is reported to be broken.
fn notices(scenario: &Scenario, sabotage: &[Sabotage], expected: Invariant) {
    let ground = Scenario::ground();
    must_be_noticed(expected, &sabotage, 0..SEEDS, |seed| {
        scenario.run(&ground, seed, sabotage, false).violations
    });
}

/// Half as long as usual, which is enough for what breaks often.
fn short() -> Scenario {
    let usual = Scenario::server();
    Scenario {
        dose: Dose {
            until: Duration::from_secs(35),
            ..usual.dose
        },
        lasts: Duration::from_secs(45),
        ..usual
    }
}

fn only(plan: &'static [Planned]) -> Scenario {
    Scenario {
        only: Some(plan),
        ..short()
    }
}

const fn at(seconds: u64, fault: Fault) -> Planned {
    Planned {
        at: Duration::from_secs(seconds),
        fault,
    }
}

const fn restart(seconds: u64) -> Planned {
    let down = Duration::from_millis(200);
    at(seconds, Fault::Restart { down })
}

/// A slow disk, and a database that ends again and again.
const RESTARTS: &[Planned] = &[
    at(
        5,
        Fault::SlowDisk {
            lasts: Duration::from_secs(40),
            most: 1_500,
        },
    ),
    restart(8),
    restart(12),
    restart(16),
    restart(20),
    restart(24),
    restart(28),
    restart(32),
    restart(36),
    restart(40),
];

/// One crash, and nothing else.
const CRASH: &[Planned] = &[at(
    32,
    Fault::Crash {
        machine: 0,
        down: Duration::from_secs(20),
    },
)];

/// One machine is cut off.
const CUT: &[Planned] = &[at(
    20,
    Fault::Cut {
        machine: 0,
        lasts: Duration::from_secs(20),
    },
)];

#[test]
fn commits_that_are_forgotten() {
    notices(&short(), &[Sabotage::DropCommits(30)], Invariant::NothingLost);
}

#[test]
fn commits_that_are_acknowledged_before_they_are_durable() {
    notices(&only(RESTARTS), &[Sabotage::AcknowledgeEarly], Invariant::NothingLost);
}

#[test]
fn commits_that_keep_a_part() {
    notices(&short(), &[Sabotage::TearCommits(20)], Invariant::AllOrNothing);
}

#[test]
fn positions_that_are_handed_out_like_those_of_a_sequence() {
    notices(
        &short(),
        &[Sabotage::NoTransaction("work_stream")],
        Invariant::OrderOfCommits,
    );
}

#[test]
fn a_cursor_that_outlives_its_transaction() {
    notices(
        &only(RESTARTS),
        &[Sabotage::NoTransaction("work_cursor")],
        Invariant::SeenByAll,
    );
}

#[test]
fn a_cursor_that_is_not_locked() {
    let unlocked = Sabotage::Replace(
        "FROM work_cursor WHERE handler = $1 FOR UPDATE SKIP LOCKED",
        "FROM work_cursor WHERE handler = $1",
    );
    notices(&short(), &[unlocked], Invariant::SeenOnce);
    notices(&short(), &[unlocked], Invariant::OneId);
}

#[test]
fn events_that_are_skipped() {
    let skipping = Sabotage::Replace(
        "position > $1 AND position <= $2",
        "position > $1 + 1 AND position <= $2",
    );
    notices(&short(), &[skipping], Invariant::SeenByAll);
    notices(&short(), &[skipping], Invariant::Paged);
}

#[test]
fn events_that_overtake_others_of_their_key() {
    let overtaking = Sabotage::Replace(
        "FROM work_parked_event WHERE handler = $1 AND state = 'waiting'",
        "FROM work_parked_event WHERE handler = $1 AND state = 'none'",
    );
    notices(&short(), &[overtaking], Invariant::OrderOfKeys);
}

#[test]
fn jobs_that_end_whoever_holds_them() {
    let unfenced = [
        Sabotage::Replace("AND attempt = $2 AND holder = $3 AND state = 'running'", ""),
        // So that there is more than one who may end it.
        Sabotage::Replace("holder NOT IN (SELECT id FROM work_replica)", "holder IS NOT NULL"),
    ];
    notices(&short(), &unfenced, Invariant::EffectOnce);
    notices(&short(), &unfenced, Invariant::StatesOfJobs);
}

#[test]
fn jobs_that_are_taken_from_the_living() {
    let taken = Sabotage::Replace("holder NOT IN (SELECT id FROM work_replica)", "holder IS NOT NULL");
    notices(&short(), &[taken], Invariant::RunByOne);
}

#[test]
fn jobs_that_are_not_taken_from_the_dead() {
    let left = Sabotage::Replace("holder NOT IN (SELECT id FROM work_replica)", "holder IS NULL");
    notices(&short(), &[left], Invariant::Settled);
    notices(&short(), &[left], Invariant::JobsEnd);
}

#[test]
fn leases_that_are_not_looked_at_before_a_write() {
    let unfenced = Sabotage::Replace(
        "WHERE name = $1 AND holder = $2 AND token = $3 FOR SHARE",
        "WHERE name = $1 FOR SHARE",
    );
    notices(&short(), &[unfenced], Invariant::Fenced);
}

#[test]
fn a_replica_that_holds_on_to_its_leases() {
    let scenario = Scenario {
        stubborn: Some(0),
        ..only(CUT)
    };
    notices(&scenario, &[], Invariant::HeldByOne);
}

#[test]
fn the_dead_that_are_not_noticed() {
    let unnoticed = Sabotage::Replace(
        "DELETE FROM work_replica WHERE id = $1 AND beat = $2",
        "DELETE FROM work_replica WHERE id = $1 AND beat = $2 AND FALSE",
    );
    notices(&only(CRASH), &[unnoticed], Invariant::FailOver);
}

#[test]
fn schedules_whose_time_stands_still() {
    let standing = Sabotage::Replace("SET last_at = $2, next_at = $3", "SET last_at = $2, next_at = next_at");
    notices(&Scenario::server(), &[standing], Invariant::Schedules);
}
