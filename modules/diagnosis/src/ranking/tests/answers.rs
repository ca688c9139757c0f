//! What else the answer says, and what channels without training data do.

use super::*;
use crate::{
    question::{Symptom, SymptomKind},
    system::{Change, LogTemplate},
};

#[test]
fn two_faults_at_once_are_both_told() {
    let mut system = named(&["a", "b", "c"]);
    for (owner, during) in [(0, 10.0), (1, 95.0), (2, 60.0)] {
        system.series.push(series(
            Subject::Component(owner),
            Role::Cpu,
            60,
            after(ONSET, 10.0, during),
        ));
    }
    let ranking = ask(&system);
    assert_eq!(first(&ranking).0, 1);
    assert_eq!(ranking.also.as_ref().map(|also| also.component), Some(2), "{ranking:?}");
}

#[test]
fn a_change_alone_makes_no_cause_and_tips_the_balance_between_two() {
    let mut system = named(&["a", "b"]);
    let change = |seconds| {
        Some(vec![Change {
            component: 1,
            time: seconds * SECOND,
            risk: 1.0,
            witness: 9,
        }])
    };
    system.changes = change(ONSET - 120);
    assert!(ask(&system).finds_none());
    for owner in [0, 1] {
        system.series.push(series(
            Subject::Component(owner),
            Role::Cpu,
            60,
            after(ONSET, 10.0, 90.0),
        ));
    }
    let ranking = ask(&system);
    assert_eq!(first(&ranking).0, 1);
    assert!(first(&ranking).1 > 0.8);
    system.changes = change(ONSET + 120);
    let (first, second) = (&ask(&system).causes[0], &ask(&system).causes[1]);
    assert!(
        (first.probability - second.probability).abs() < 1e-9,
        "what comes after is no cause"
    );
}

#[test]
fn new_errors_in_logs_without_visits_are_found_where_no_callee_shows_them() {
    let mut system = named(&["front", "db", "idle"]);
    system.calls = vec![(0, 1)];
    for (component, lines) in [(0, 30), (1, 40), (2, 0)] {
        system.log_templates.push(LogTemplate {
            component,
            counts: vec![((ONSET + 20) * SECOND, lines)],
            covered: (0, 10_800 * SECOND),
            witness: component,
        });
    }
    let ranking = ask(&system);
    assert_eq!(first(&ranking).0, 1);
    assert!(!ranking.finds_none());
    assert!(matches!(
        ranking.causes[0].supporting[0].witnesses[0],
        Witness::Log {
            before: (0, _),
            after: (40, _),
            ..
        }
    ));
    assert!(!ranking.not_looked_at.contains(&Modality::Logs));
}

#[test]
fn a_pool_that_fills_up_is_found_and_one_that_is_always_full_is_not() {
    let mut system = named(&["a", "b"]);
    for (owner, before) in [(0, 0.2), (1, 0.95)] {
        system.series.push(series(
            Subject::Component(owner),
            Role::Saturation,
            60,
            after(ONSET, before, 0.99),
        ));
    }
    let ranking = ask(&system);
    assert_eq!(first(&ranking).0, 0);
    assert!(!ranking.finds_none());
    assert!(ranking.causes[1].shares.is_empty());
}

#[test]
fn what_is_above_the_symptom_is_an_unlikely_cause() {
    let mut system = named(&["front", "cart", "db"]);
    system.calls = vec![(0, 1), (1, 2)];
    for owner in [0, 2] {
        system.series.push(series(
            Subject::Component(owner),
            Role::Cpu,
            60,
            after(ONSET, 10.0, 90.0),
        ));
    }
    let question = Question {
        symptom: Some(Symptom {
            component: 1,
            kind: SymptomKind::Latency,
        }),
        ..at(ONSET)
    };
    let ranking = rank(&system, &question, &WEIGHTS);
    assert_eq!(first(&ranking).0, 2);
    let front = ranking.causes.iter().find(|cause| cause.component == 0).unwrap();
    assert!(front.contradicting.contains(&Contradiction::Lowered {
        channel: Channel::Unreachable
    }));
}

#[test]
fn what_was_not_looked_at_is_what_is_asked_next() {
    let mut system = named(&["a", "b"]);
    for owner in [0, 1] {
        system.series.push(series(
            Subject::Component(owner),
            Role::Cpu,
            60,
            after(ONSET, 10.0, 60.0),
        ));
    }
    let next = ask(&system).next.unwrap();
    assert_eq!(next.rival, Rival::Component(1));
    assert!(next.channel != Channel::Cpu && next.gain > 0.05, "{next:?}");
}

#[test]
fn nothing_known_is_no_cause() {
    let nothing = rank(&System::default(), &Question::default(), &WEIGHTS);
    assert!(nothing.finds_none() && nothing.causes.is_empty());
    assert_eq!(nothing.not_looked_at.len(), 5);
}

#[test]
fn a_series_of_nobody_changes_nothing() {
    let mut system = named(&["a", "b"]);
    system
        .series
        .push(series(Subject::Component(0), Role::Cpu, 60, after(ONSET, 10.0, 95.0)));
    let without = ask(&system);
    for subject in [
        Subject::Component(2),
        Subject::Edge {
            caller: 0,
            callee: 2,
            seen_by: crate::system::Side::Caller,
        },
    ] {
        let mut long = series(subject, Role::Latency, 1, |_| 1.0);
        let times: Vec<i64> = (0..100_000).map(|at| at * 10 * SECOND).collect();
        long.samples = Samples::new(times.into(), vec![1.0; 100_000]);
        system.series.push(long);
    }
    assert_eq!(ask(&system), without);
}
