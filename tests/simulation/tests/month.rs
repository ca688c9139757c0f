//! An hour and a half of what `bench/simulation` runs for months: the fleet keeps its promises, a seed repeats itself, and the
//! checker notices what is broken on purpose.

use std::time::Duration;

use mainstay_simulation::{Invariant, Page, Scenario};
use mainstay_testkit::simulation::{Fault, Planned, Sabotage, promises::must_be_noticed};

fn kept(scenario: &Scenario, seed: u64) {
    let outcome = scenario.run(&Scenario::ground(), seed, &[], false);
    let said: Vec<String> = outcome.violations.iter().map(ToString::to_string).collect();
    assert!(said.is_empty(), "{}\nseed {seed}:\n{}", outcome.log, said.join("\n"));
    assert!(outcome.simulated >= scenario.lasts);
    assert!(
        outcome.probes > 700 && outcome.pages > 3 && outcome.faults.len() > 1,
        "next to nothing happened: {outcome:?}"
    );
}

#[test]
fn replicas_on_a_server_keep_their_promises() {
    kept(&Scenario::hours(), 0);
}

#[test]
fn a_process_on_a_file_keeps_its_promises() {
    kept(&Scenario::hours_of_a_file(), 0);
}

#[test]
fn a_seed_repeats_itself() {
    let (one, other) = (Scenario::ground(), Scenario::ground());
    let first = Scenario::hours().run(&one, 7, &[], false);
    // Whatever ran on the same ground before must not matter.
    Scenario::hours().run(&other, 8, &[], false);
    let second = Scenario::hours().run(&other, 7, &[], false);
    assert_eq!((first.digest, first.lines), (second.digest, second.lines));
}

/// Lets a broken fleet run until the promise is reported to be broken.
fn notices(scenario: &Scenario, sabotage: &[Sabotage], expected: Invariant) {
    let ground = Scenario::ground();
    must_be_noticed(expected, &sabotage, 0..4, |seed| {
        scenario.run(&ground, seed, sabotage, false).violations
    });
}

#[test]
fn commits_that_are_forgotten() {
    notices(
        &Scenario::hours(),
        &[Sabotage::DropCommits(500)],
        Invariant::NothingLost,
    );
}

#[test]
fn pages_that_never_arrive() {
    let scenario = Scenario {
        meddle: Some(|record| record.change_pages(|pages| pages.retain(|page| page.event != "alert.opened"))),
        ..Scenario::hours()
    };
    notices(&scenario, &[], Invariant::Paged);
}

#[test]
fn a_page_that_is_repeated_under_another_id() {
    let scenario = Scenario {
        meddle: Some(|record| {
            record.change_pages(|pages| {
                let repeated: Vec<Page> = pages
                    .iter()
                    .map(|page| Page {
                        webhook_id: format!("{}-again", page.webhook_id),
                        ..page.clone()
                    })
                    .collect();
                pages.extend(repeated);
            });
        }),
        ..Scenario::hours()
    };
    notices(&scenario, &[], Invariant::OneId);
}

#[test]
fn a_second_alert_about_one_outage() {
    let scenario = Scenario {
        meddle: Some(|record| {
            record.change_pages(|pages| {
                let doubled: Vec<Page> = pages
                    .iter()
                    .map(|page| Page {
                        alert: format!("{}-again", page.alert),
                        ..page.clone()
                    })
                    .collect();
                pages.extend(doubled);
            });
        }),
        ..Scenario::hours()
    };
    notices(&scenario, &[], Invariant::PagedOnce);
}

/// One machine is cut off.
const CUT: &[Planned] = &[Planned {
    at: Duration::from_mins(20),
    fault: Fault::Cut {
        machine: 0,
        lasts: Duration::from_mins(20),
    },
}];

#[test]
fn a_replica_that_does_not_put_its_work_down() {
    let scenario = Scenario {
        only: Some(CUT),
        stubborn: Some(0),
        ..Scenario::hours()
    };
    notices(&scenario, &[], Invariant::ProbedByOne);
}

#[test]
fn counts_that_are_added_twice() {
    let twice = Sabotage::Replace(
        "total = slo_bucket.total + excluded.total",
        "total = slo_bucket.total + 2 * excluded.total",
    );
    notices(&Scenario::hours(), &[twice], Invariant::Budgets);
}

#[test]
fn history_that_counts_a_minute_twice() {
    let twice = Sabotage::Replace(
        "SET total = excluded.total",
        "SET total = watch_rollup.total + excluded.total",
    );
    notices(&Scenario::hours(), &[twice], Invariant::Rollups);
}
