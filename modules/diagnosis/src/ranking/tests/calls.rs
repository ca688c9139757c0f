//! What calls that come to nothing say, and clocks that contradict each other.

use super::*;
use crate::system::{Answer, Attempt, Event};

/// A call from one to another every second, answered as it is said.
fn calls(system: &mut System, caller: u32, of: u32, answer: impl Fn(i64) -> Answer) {
    for start in 0..10_800 {
        system.attempts.push(Attempt {
            caller,
            callee: of,
            start: start * SECOND,
            answer: answer(start),
            duration: 0.01,
            is_baseline: false,
            witness: 70 + of,
        });
    }
}

/// Calls that take so many seconds.
fn timed(system: &mut System, from: u32, to: u32, duration: impl Fn(i64) -> f64) {
    let begin = system.attempts.len();
    calls(system, from, to, |_| Answer::Given);
    for attempt in &mut system.attempts[begin..] {
        attempt.duration = duration(attempt.start / SECOND);
    }
}

/// The same, answered unless it is chosen.
fn attempts(system: &mut System, caller: u32, of: u32, unanswered: impl Fn(i64) -> bool) {
    let answer = |start| if unanswered(start) { Answer::None } else { Answer::Given };
    calls(system, caller, of, answer);
}

fn refused_while_broken(second: i64) -> Answer {
    if is_broken(second) {
        Answer::Refused
    } else {
        Answer::Given
    }
}

fn is_broken(second: i64) -> bool {
    (ONSET..ONSET + 300).contains(&second)
}

#[test]
fn one_that_nobody_reaches_has_stopped_and_not_those_who_say_so() {
    let mut system = named(&["web", "cart", "stock"]);
    system.calls = vec![(0, 2), (1, 2), (0, 1)];
    for caller in [0, 1] {
        attempts(&mut system, caller, 2, is_broken);
        // Who waits is slow, and says so.
        let slow = after(ONSET, 0.05, 2.5);
        system
            .series
            .push(series(Subject::Component(caller), Role::Latency, 60, slow));
    }
    attempts(&mut system, 0, 1, |_| false);
    let ranking = ask(&system);
    let (component, probability) = first(&ranking);
    assert!(component == 2 && probability > 0.9, "{ranking:?}");
    let witness = &ranking.causes[0].supporting[0].witnesses[0];
    assert!(
        matches!(witness, Witness::Unanswered { callee: 2, after, .. } if after.k == after.n),
        "{witness:?}"
    );
}

#[test]
fn one_that_alone_does_not_reach_what_others_reach_is_cut_off() {
    let mut system = named(&["web", "cart", "mail", "stock"]);
    system.calls = vec![(0, 3), (1, 3), (2, 3)];
    attempts(&mut system, 0, 3, |_| false);
    attempts(&mut system, 1, 3, is_broken);
    attempts(&mut system, 2, 3, |_| false);
    let ranking = ask(&system);
    assert_eq!(first(&ranking).0, 1, "{ranking:?}");
}

#[test]
fn one_that_people_reach_as_before_has_not_stopped_though_the_only_one_that_calls_it_finds_nobody() {
    let asked = |visited: fn(i64) -> bool| {
        let mut system = with_operations(named(&["web", "monitor"]));
        system.calls = vec![(0, 1)];
        attempts(&mut system, 0, 1, is_broken);
        for second in (0..10_800).filter(|second| visited(*second)) {
            for operation in [0, 1] {
                system.visits.push(Visit {
                    operation,
                    start: second * SECOND,
                    self_time: 0.01,
                    wire_time: 0.0,
                    duration: 0.01,
                    ahead: 0.0,
                    is_abandoned: false,
                    caller: None,
                    has_logs: false,
                    is_baseline: false,
                    witness: 0,
                });
            }
        }
        let ranking = ask(&system);
        (first(&ranking).0, ranking.finds_none())
    };
    assert_eq!(asked(|_| true), (0, false));
    assert_eq!(asked(|second| !is_broken(second)), (1, false));
}

#[test]
fn who_alone_is_refused_is_at_fault_and_who_refuses_all_of_several_is() {
    let mut system = named(&["web", "mail", "stock"]);
    system.calls = vec![(0, 2), (1, 2)];
    calls(&mut system, 0, 2, refused_while_broken);
    calls(&mut system, 1, 2, |_| Answer::Given);
    let ranking = ask(&system);
    assert_eq!((first(&ranking).0, ranking.finds_none()), (0, false), "{ranking:?}");

    system.attempts.clear();
    calls(&mut system, 0, 2, refused_while_broken);
    calls(&mut system, 1, 2, refused_while_broken);
    let ranking = ask(&system);
    assert_eq!((first(&ranking).0, ranking.finds_none()), (2, false), "{ranking:?}");
    let witness = &ranking.causes[0].supporting[0].witnesses[0];
    assert!(
        matches!(witness, Witness::Unanswered { refused: true, .. }),
        "{witness:?}"
    );
}

#[test]
fn of_one_that_refuses_its_only_caller_the_caller_is_the_likelier_cause() {
    let mut system = named(&["web", "stock"]);
    system.calls = vec![(0, 1)];
    calls(&mut system, 0, 1, refused_while_broken);
    let ranking = ask(&system);
    assert_eq!((first(&ranking).0, ranking.finds_none()), (0, false), "{ranking:?}");
}

/// Calls of one after the other, ten seconds apart, in which the callee's clock is so far ahead while it is broken.
fn visits_by_clock(system: &mut System, from: u32, to: u32, ahead: f64) {
    for start in (0..10_800).step_by(10) {
        let above = u32::try_from(system.visits.len()).unwrap();
        let visit = Visit {
            operation: from,
            start: start * SECOND,
            self_time: 0.01,
            ..Visit::default()
        };
        system.visits.push(visit);
        system.visits.push(Visit {
            operation: to,
            caller: Some(above),
            ahead: if is_broken(start) { ahead } else { 0.0 },
            ..visit
        });
    }
}

#[test]
fn a_clock_that_contradicts_all_its_neighbours_is_the_cause_and_who_refuses_it_is_not() {
    let mut system = with_operations(named(&["web", "shop", "stock", "mail"]));
    visits_by_clock(&mut system, 0, 1, -200.0);
    visits_by_clock(&mut system, 1, 2, 200.0);
    visits_by_clock(&mut system, 0, 3, 0.0);
    visits_by_clock(&mut system, 3, 2, 0.0);
    // The one that refuses says so in its log.
    system.events = vec![Event {
        name: "the request is stale".to_owned(),
        is_log: true,
        is_error: false,
        is_failure: false,
    }];
    for (visit, what) in (0_u32..).zip(&mut system.visits) {
        what.has_logs = true;
        if what.operation == 2 && what.ahead != 0.0 {
            system.visit_events.push(VisitEvent { visit, event: 0 });
        }
    }
    let ranking = ask(&system);
    assert!(first(&ranking).0 == 1 && first(&ranking).1 > 0.9, "{ranking:?}");
    assert!(ranking.also.is_none(), "{:?}", ranking.also);
    let clock = &ranking.causes[0].supporting[0];
    assert_eq!(clock.channel, Channel::Clock);
    let Witness::Clock {
        component: 1, ahead, ..
    } = clock.witnesses[0]
    else {
        panic!("{clock:?}")
    };
    assert!((ahead + 200.0).abs() < 1e-9, "{ahead}");
}

#[test]
fn of_two_clocks_that_contradict_each_other_alone_either_may_be_wrong() {
    let mut system = with_operations(named(&["web", "shop"]));
    visits_by_clock(&mut system, 0, 1, 60.0);
    let ranking = ask(&system);
    assert!(!ranking.finds_none(), "{ranking:?}");
    assert!((ranking.causes[0].probability - ranking.causes[1].probability).abs() < 0.01);
}

#[test]
fn of_two_that_call_each_other_the_one_that_answers_slowly_is_the_cause() {
    let mut system = named(&["main", "monitor"]);
    system.calls = vec![(0, 1), (1, 0)];
    for owner in [0, 1] {
        let slow = after(ONSET, 0.01, 0.15);
        system
            .series
            .push(series(Subject::Component(owner), Role::Latency, 60, slow));
    }
    timed(&mut system, 0, 1, after(ONSET, 0.01, 0.15));
    timed(&mut system, 1, 0, |_| 0.005);
    let ranking = ask(&system);
    assert!(first(&ranking).0 == 1 && first(&ranking).1 > 0.5, "{ranking:?}");
    assert!(ranking.also.is_none(), "{:?}", ranking.also);
}

#[test]
fn who_calls_the_first_through_one_that_shows_nothing_may_be_a_second_cause() {
    let asked = |between: f64| {
        let mut system = named(&["far", "between", "db"]);
        system.calls = vec![(0, 1), (1, 2)];
        for (owner, during) in [(0, 0.5), (1, between), (2, 0.5)] {
            let latency = after(ONSET, 0.02, during);
            system
                .series
                .push(series(Subject::Component(owner), Role::Latency, 60, latency));
        }
        let ranking = ask(&system);
        (first(&ranking).0, ranking.also.map(|also| also.component))
    };
    assert_eq!(asked(0.5), (2, None));
    let (first, also) = asked(0.02);
    let mut both = [Some(first), also];
    both.sort_unstable();
    assert_eq!(both, [Some(0), Some(2)]);
}

#[test]
fn a_second_cause_is_told_however_certain_the_first_is() {
    let mut system = with_operations(named(&["shop", "db"]));
    for (owner, roles) in [
        (0, &[Role::Cpu, Role::Memory, Role::Latency, Role::Error][..]),
        (1, &[Role::Latency]),
    ] {
        for role in roles {
            let value = after(ONSET, 0.1, 90.0);
            system.series.push(series(Subject::Component(owner), *role, 60, value));
        }
    }
    system.events = vec![Event {
        name: "Shop#17".to_owned(),
        is_log: true,
        is_error: false,
        is_failure: false,
    }];
    visits(&mut system, 0, 0, |start| !is_broken(start));
    let ranking = ask(&system);
    assert!(first(&ranking).0 == 0 && first(&ranking).1 > 1.0 - 1e-9, "{ranking:?}");
    assert_eq!(ranking.also.map(|also| also.component), Some(1));
}

#[test]
fn who_is_left_early_by_its_caller_has_not_changed_and_who_is_left_because_it_is_slow_has() {
    let asked = |is_abandoned: bool, duration: f64| {
        let mut system = with_operations(named(&["stock", "mail"]));
        system.events = vec![Event {
            name: "span SELECT".to_owned(),
            is_log: false,
            is_error: false,
            is_failure: false,
        }];
        visits(&mut system, 0, 0, |start| !is_broken(start));
        for visit in &mut system.visits {
            visit.is_abandoned = is_abandoned && is_broken(visit.start / SECOND);
            visit.duration = if visit.is_abandoned { duration } else { 0.01 };
        }
        visits(&mut system, 1, 0, |_| true);
        ask(&system).finds_none()
    };
    assert!(asked(true, 0.005));
    assert!(!asked(true, 2.0) && !asked(false, 0.01));
}

#[test]
fn a_quarter_of_all_visits_that_fails_is_a_cause_and_a_quarter_with_another_line_is_none() {
    let asked = |is_failure: bool| {
        let mut system = with_operations(named(&["orders", "mail"]));
        system.events = vec![Event {
            name: "failure".to_owned(),
            is_failure,
            ..Event::default()
        }];
        visits(&mut system, 0, 0, |start| {
            (ONSET..ONSET + 300).contains(&start) && start / 10 % 5 == 0
        });
        visits(&mut system, 1, 0, |_| false);
        // Twelve visits say little: five times as many do.
        let more: Vec<Visit> = system.visits.clone();
        let happened: Vec<VisitEvent> = system.visit_events.clone();
        for turn in 1..5_i64 {
            let begin = u32::try_from(system.visits.len()).unwrap();
            let later = |visit: &Visit| Visit {
                start: visit.start + turn * SECOND,
                ..*visit
            };
            system.visits.extend(more.iter().map(later));
            let again = |happened: &VisitEvent| VisitEvent {
                visit: begin + happened.visit,
                ..*happened
            };
            system.visit_events.extend(happened.iter().map(again));
        }
        ask(&system).finds_none()
    };
    assert!(!asked(true) && asked(false));
}
