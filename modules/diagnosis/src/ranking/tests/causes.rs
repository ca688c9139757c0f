//! Which cause is found, by example.

use super::*;
use crate::system::{Event, Side};

#[test]
fn a_statement_that_vanishes_is_found_with_its_counts() {
    let mut system = with_operations(named(&["cart", "shop"]));
    system.events = vec![Event {
        name: "Cart#17".to_owned(),
        is_log: true,
        is_error: false,
        is_failure: false,
    }];
    visits(&mut system, 0, 0, |start| !(ONSET..ONSET + 300).contains(&start));
    visits(&mut system, 1, 0, |_| true);
    let ranking = ask(&system);
    assert_eq!(first(&ranking).0, 0);
    assert!(first(&ranking).1 > 0.9, "{ranking:?}");
    let witness = &ranking.causes[0].supporting[0].witnesses[0];
    let Witness::Event {
        before, after, example, ..
    } = witness
    else {
        panic!("{witness:?}")
    };
    assert_eq!((before.share().to_bits(), after.k, after.n), (1.0_f64.to_bits(), 0, 12));
    assert_eq!(*example, Some(u32::try_from(ONSET / 10).unwrap()));
    assert!(ranking.not_looked_at.contains(&Modality::Metrics));
    assert!(!ranking.not_looked_at.contains(&Modality::Logs));
}

#[test]
fn an_error_that_goes_away_is_no_fault() {
    let mut system = with_operations(named(&["cart", "shop"]));
    system.events = vec![Event {
        name: "TimeoutException".to_owned(),
        is_log: true,
        is_error: false,
        is_failure: false,
    }];
    visits(&mut system, 0, 0, |start| start < ONSET);
    visits(&mut system, 1, 0, |_| false);
    assert!(ask(&system).finds_none());
}

#[test]
fn a_drop_of_availability_is_found_although_it_is_no_rise() {
    let mut system = named(&["api", "db"]);
    for owner in [0, 1] {
        let during = if owner == 1 { 60.0 } else { 100.0 };
        let value = after(ONSET, 100.0, during);
        system
            .series
            .push(series(Subject::Component(owner), Role::Availability, 60, value));
    }
    let ranking = ask(&system);
    assert_eq!(first(&ranking).0, 1);
    assert!(!ranking.finds_none());
    assert_eq!(ranking.causes[0].supporting[0].channel, Channel::Error);
    assert_eq!(ranking.causes[0].supporting[0].witnesses.len(), 1);
}

#[test]
fn an_edge_that_is_slow_on_the_callers_side_alone_is_on_the_wire_of_both_ends_and_of_the_one_with_fewer_edges_most() {
    let mut system = named(&["front", "cart", "ads"]);
    for (callee, slow) in [(1, 0.4), (2, 0.02)] {
        for (seen_by, value) in [(Side::Caller, slow), (Side::Callee, 0.02)] {
            let subject = Subject::Edge {
                caller: 0,
                callee,
                seen_by,
            };
            system
                .series
                .push(series(subject, Role::Latency, 60, after(ONSET, 0.02, value)));
        }
    }
    let ranking = ask(&system);
    assert_eq!(first(&ranking).0, 1, "{ranking:?}");
    assert_eq!(ranking.causes[0].shares[0].channel, Channel::Wire);
    let front = ranking.causes.iter().find(|cause| cause.component == 0).unwrap();
    assert!((front.shares[0].evidence - ranking.causes[0].shares[0].evidence / 2.0).abs() < 1e-9);
}

#[test]
fn what_a_callee_shows_as_well_is_explained_by_it() {
    let mut system = named(&["front", "db"]);
    system.calls = vec![(0, 1)];
    for owner in [0, 1] {
        system.series.push(series(
            Subject::Component(owner),
            Role::Latency,
            60,
            after(ONSET, 0.02, 0.5),
        ));
    }
    let ranking = ask(&system);
    assert_eq!(first(&ranking).0, 1);
    let front = ranking.causes.iter().find(|cause| cause.component == 0).unwrap();
    assert!(
        matches!(
            front.contradicting[0],
            Contradiction::Explained { channel: Channel::Latency, by: Some(1), share, .. } if share > 0.99
        ),
        "{front:?}"
    );
    assert!(
        ranking.also.is_none(),
        "a victim is no second cause: {:?}",
        ranking.also
    );
}

#[test]
fn constant_series_and_idle_services_are_no_cause() {
    let mut system = named(&["a", "b"]);
    for role in [Role::Cpu, Role::Memory, Role::Error, Role::Availability, Role::Traffic] {
        let mut constant = series(Subject::Component(0), role, 60, |_| 3.0);
        constant.samples = Samples::new(constant.samples.times().into(), vec![3.0; constant.samples.len()]);
        system.series.push(constant);
    }
    // Without requests a latency is whatever was left.
    system
        .series
        .push(series(Subject::Component(1), Role::Traffic, 60, |_| 0.0));
    system.series.push(series(
        Subject::Component(1),
        Role::Latency,
        60,
        after(ONSET, 0.01, 5.0),
    ));
    let ranking = ask(&system);
    assert!(ranking.finds_none());
    assert!(
        ranking.causes.iter().all(|cause| cause.shares.is_empty()),
        "{ranking:?}"
    );
    assert!(ranking.onset.is_none());
}

#[test]
fn a_time_told_a_minute_late_finds_the_same_cause() {
    let mut system = named(&["a", "b", "c"]);
    for owner in 0..3 {
        let during = if owner == 2 { 95.0 } else { 11.0 };
        let short = move |at| {
            if (ONSET + 1..=ONSET + 120).contains(&at) {
                during
            } else {
                10.0
            }
        };
        system
            .series
            .push(series(Subject::Component(owner), Role::Cpu, 60, short));
    }
    for late in [0, 60] {
        let ranking = rank(&system, &at(ONSET + late), &WEIGHTS);
        assert_eq!(first(&ranking).0, 2, "{late} s late");
        assert!(!ranking.finds_none(), "{late} s late");
        let onset = ranking.onset.unwrap();
        assert!(
            onset.earliest <= ONSET * SECOND && ONSET * SECOND <= onset.latest,
            "{onset:?}"
        );
    }
}

#[test]
fn a_time_of_notice_is_traced_back_to_the_onset() {
    let mut system = named(&["a", "b"]);
    for owner in 0..2 {
        let during = if owner == 1 { 95.0 } else { 11.0 };
        system.series.push(series(
            Subject::Component(owner),
            Role::Cpu,
            5,
            after(ONSET, 10.0, during),
        ));
    }
    let question = Question {
        when: When::Noticed((ONSET + 150) * SECOND),
        ..Question::default()
    };
    let ranking = rank(&system, &question, &WEIGHTS);
    assert_eq!(first(&ranking).0, 1);
    assert!(!ranking.finds_none());
}

#[test]
fn minutes_of_samples_a_second_apart_are_enough() {
    let mut system = named(&["a", "b"]);
    for owner in 0..2_u32 {
        let times: Vec<i64> = (0..600).map(|at| at * SECOND).collect();
        let values = (0..600).map(|at| {
            if at >= 300 && owner == 1 {
                80.0
            } else {
                10.0 + f64::from(at % 5)
            }
        });
        system.series.push(Series {
            subject: Subject::Component(owner),
            role: Role::Cpu,
            samples: Samples::new(times.into(), values.collect()),
            baseline: Samples::default(),
            witness: owner,
        });
    }
    let ranking = rank(&system, &at(300), &WEIGHTS);
    assert_eq!(first(&ranking).0, 1);
    assert!(!ranking.finds_none());
}

#[test]
fn who_fails_more_often_than_its_callee_but_only_with_it_is_a_victim() {
    let mut system = with_operations(named(&["front", "cart"]));
    let event = |name: &str| Event {
        name: name.to_owned(),
        is_log: false,
        is_error: true,
        is_failure: false,
    };
    system.events = vec![event("gave up"), event("cart is broken")];
    let visit = |operation: u32, start: i64, caller: Option<u32>| Visit {
        operation,
        start: start * SECOND,
        self_time: 0.01,
        wire_time: 0.0,
        duration: 0.01,
        ahead: 0.0,
        is_abandoned: false,
        caller,
        has_logs: true,
        is_baseline: false,
        witness: 0,
    };
    let (front, cart) = (0, 1);
    for turn in 0..1_000 {
        let start = 10 * turn;
        let caller = u32::try_from(system.visits.len()).unwrap();
        system.visits.push(visit(front, start, None));
        // Each needs three calls, one of four of which fails.
        let mut failed = false;
        for call in 1..=3 {
            system.visits.push(visit(cart, start + call, Some(caller)));
            if start >= ONSET && (3 * turn + call) % 4 == 0 {
                failed = true;
                let place = caller + u32::try_from(call).unwrap();
                system.visit_events.push(VisitEvent { visit: place, event: 1 });
            }
        }
        if failed {
            system.visit_events.push(VisitEvent {
                visit: caller,
                event: 0,
            });
        }
    }
    let ranking = ask(&system);
    assert_eq!(first(&ranking).0, cart, "{ranking:?}");
    let victim = ranking.causes.iter().find(|cause| cause.component == front).unwrap();
    assert!(first(&ranking).1 > 2.0 * victim.probability, "{ranking:?}");
    assert!(!ranking.finds_none());
    let explained = victim.contradicting.iter().find_map(|against| match against {
        Contradiction::Explained {
            channel: Channel::Events,
            share,
            by,
            ..
        } => Some((*share, *by)),
        _ => None,
    });
    let (share, by) = explained.unwrap();
    assert!(share > 0.95 && by == Some(cart), "{share} by {by:?}");
}
