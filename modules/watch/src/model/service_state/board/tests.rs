//! States of services by example and by comparison with the plain definition.

use jiff::SignedDuration;
use proptest::prelude::*;

use super::*;
use crate::model::{
    graph::tests::{graph, name},
    service_state::{CheckCounts, root_cause},
};

fn second(number: i64) -> Timestamp {
    Timestamp::UNIX_EPOCH + SignedDuration::from_secs(number)
}

fn passing() -> Own {
    Own {
        counts: CheckCounts {
            up: 1,
            ..CheckCounts::default()
        },
        ..Own::default()
    }
}

fn failing(since: i64) -> Own {
    Own {
        counts: CheckCounts {
            down: 1,
            ..CheckCounts::default()
        },
        failing_since: Some(second(since)),
        reason: Some("health: refused the connection".to_owned()),
        in_maintenance: false,
    }
}

/// A board of services that all pass.
fn board(count: usize, edges: &[(usize, usize)]) -> Board {
    let mut board = Board::new(Environment::production(), graph(count, edges), second(0));
    for service in 0..count {
        board.set_own(&name(service), passing(), second(1));
    }
    board
}

fn state(board: &Board, service: usize) -> (State, Option<String>) {
    let state = board.state(&name(service)).unwrap();
    let path = state
        .cause
        .map(|cause| cause.path.iter().map(ServiceName::as_str).collect::<Vec<_>>().join(">"));
    (state.state, path)
}

#[test]
fn dependants_of_a_dead_service_are_degraded_with_the_way_to_it() {
    // s0 (web) needs s1 (api), which needs s2 (data); s3 stands alone.
    let mut board = board(4, &[(0, 1), (1, 2)]);
    let changes = board.set_own(&name(2), failing(5), second(6));
    assert_eq!(changes.len(), 3);
    assert_eq!(state(&board, 2), (State::Down, None));
    assert_eq!(state(&board, 1), (State::Degraded, Some("s1>s2".to_owned())));
    assert_eq!(state(&board, 0), (State::Degraded, Some("s0>s1>s2".to_owned())));
    assert_eq!(state(&board, 3), (State::Up, None));
    let web = board.state(&name(0)).unwrap();
    assert_eq!(web.reason.unwrap(), "needs s2, which is down (s0 → s1 → s2)");
    assert_eq!(web.since, second(6));
    let changes = board.set_own(&name(2), passing(), second(9));
    assert!(
        changes
            .iter()
            .all(|change| change.after.state == State::Up && !change.own_down)
    );
}

#[test]
fn the_root_is_the_deepest_service_that_is_down() {
    let mut board = board(3, &[(0, 1), (1, 2)]);
    board.set_own(&name(1), failing(4), second(5));
    assert_eq!(state(&board, 0), (State::Degraded, Some("s0>s1".to_owned())));
    board.set_own(&name(2), failing(7), second(8));
    assert_eq!(state(&board, 1), (State::Down, Some("s1>s2".to_owned())));
    assert_eq!(state(&board, 0), (State::Degraded, Some("s0>s1>s2".to_owned())));
    board.set_own(&name(2), passing(), second(9));
    assert_eq!(state(&board, 0), (State::Degraded, Some("s0>s1".to_owned())));
}

#[test]
fn of_two_dead_dependencies_the_cause_is_the_one_that_failed_first_by_the_shortest_way() {
    // s0 needs s1 and s2; s1 needs s3; s2 needs s4; s0 also needs s4 directly.
    let mut board = board(5, &[(0, 1), (0, 2), (1, 3), (2, 4), (0, 4)]);
    board.set_own(&name(4), failing(3), second(4));
    assert_eq!(state(&board, 0), (State::Degraded, Some("s0>s4".to_owned())));
    board.set_own(&name(3), failing(1), second(5));
    assert_eq!(
        state(&board, 0),
        (State::Degraded, Some("s0>s1>s3".to_owned())),
        "it began to fail earlier, although it is farther away and was noticed later"
    );
    board.set_own(&name(3), passing(), second(6));
    assert_eq!(state(&board, 0), (State::Degraded, Some("s0>s4".to_owned())));
    board.set_own(&name(3), failing(3), second(7));
    assert_eq!(
        state(&board, 0),
        (State::Degraded, Some("s0>s1>s3".to_owned())),
        "names break a tie"
    );
}

#[test]
fn in_a_cycle_the_root_is_the_earliest_failing_member() {
    // s0 -> s1 -> s2 -> s0, and s3 needs s1.
    let mut board = board(4, &[(0, 1), (1, 2), (2, 0), (3, 1)]);
    board.set_own(&name(2), failing(3), second(4));
    assert_eq!(state(&board, 0), (State::Degraded, Some("s0>s1>s2".to_owned())));
    assert_eq!(state(&board, 2), (State::Down, None));
    board.set_own(&name(0), failing(2), second(5));
    assert_eq!(state(&board, 2), (State::Down, Some("s2>s0".to_owned())));
    assert_eq!(state(&board, 0), (State::Down, None));
    assert_eq!(state(&board, 3), (State::Degraded, Some("s3>s1>s2>s0".to_owned())));
}

#[test]
fn a_cycle_that_needs_a_dead_service_blames_that_one() {
    let mut board = board(3, &[(0, 1), (1, 0), (1, 2)]);
    board.set_own(&name(0), failing(1), second(2));
    board.set_own(&name(2), failing(5), second(6));
    assert_eq!(state(&board, 0), (State::Down, Some("s0>s1>s2".to_owned())));
    assert_eq!(state(&board, 1), (State::Degraded, Some("s1>s2".to_owned())));
}

#[test]
fn maintenance_hides_the_state_but_not_from_those_who_need_the_service() {
    let mut board = board(2, &[(0, 1)]);
    let own = Own {
        in_maintenance: true,
        ..failing(3)
    };
    let changes = board.set_own(&name(1), own, second(4));
    assert_eq!(state(&board, 1).0, State::Maintenance);
    assert!(
        changes
            .iter()
            .find(|change| change.after.service == name(1))
            .unwrap()
            .own_down
    );
    assert_eq!(state(&board, 0).0, State::Degraded);
    board.set_own(&name(1), failing(3), second(9));
    assert_eq!(state(&board, 1), (State::Down, None));
}

#[test]
fn a_service_without_a_decided_check_is_unknown_even_above_a_dead_one() {
    let mut board = board(2, &[(0, 1)]);
    board.set_own(&name(0), Own::default(), second(2));
    board.set_own(&name(1), failing(3), second(4));
    assert_eq!(state(&board, 0), (State::Unknown, None));
}

#[test]
fn a_restored_state_keeps_its_age_when_the_checks_agree() {
    let mut board = Board::new(Environment::production(), graph(1, &[]), second(100));
    board.restore(&name(0), State::Down, second(7));
    assert_eq!(board.set_own(&name(0), failing(6), second(101)), []);
    assert_eq!(board.state(&name(0)).unwrap().since, second(7));
}

#[test]
fn a_changed_catalog_keeps_what_is_known_and_reports_what_changed_by_it() {
    let mut board = board(2, &[]);
    board.set_own(&name(1), failing(3), second(4));
    let changes = board.rewire(graph(3, &[(0, 1)]), second(9));
    assert_eq!(changes.len(), 1);
    assert_eq!(state(&board, 0), (State::Degraded, Some("s0>s1".to_owned())));
    assert_eq!(board.state(&name(1)).unwrap().since, second(4));
    assert_eq!(state(&board, 2).0, State::Unknown);
}

/// The definition, worked out the slow way: the state of each service, its root, and how long the shortest way there is.
fn plain(count: usize, edges: &[(usize, usize)], down: &[Option<i64>]) -> Vec<(State, Option<(ServiceName, usize)>)> {
    let mut reach = vec![vec![usize::MAX; count]; count];
    for (from, to) in edges {
        if from != to {
            reach[*from][*to] = 1;
        }
    }
    for through in 0..count {
        for from in 0..count {
            for to in 0..count {
                let length = reach[from][through].saturating_add(reach[through][to]);
                reach[from][to] = reach[from][to].min(length);
            }
        }
    }
    let number = |service: &ServiceName| (0..count).find(|number| name(*number) == *service).unwrap();
    let needs = |service: &ServiceName| -> Vec<ServiceName> {
        let below = &reach[number(service)];
        (0..count)
            .filter(|other| below[*other] != usize::MAX)
            .map(name)
            .collect()
    };
    (0..count)
        .map(|service| {
            let failing_since = |service: &ServiceName| down[number(service)].map(|since| Some(second(since)));
            let root = root_cause(&name(service), needs, failing_since).filter(|root| *root != name(service));
            let cause = root.map(|root| {
                let length = reach[service][number(&root)];
                (root, length)
            });
            match (down[service], cause) {
                (Some(_), cause) => (State::Down, cause),
                (None, Some(cause)) => (State::Degraded, Some(cause)),
                (None, None) => (State::Up, None),
            }
        })
        .collect()
}

proptest! {
    #[test]
    fn after_any_history_the_states_are_those_of_the_definition(
        edges in prop::collection::vec((0_usize..8, 0_usize..8), 0..20),
        // Several begin to fail at the same moment, so that names decide.
        events in prop::collection::vec((0_usize..8, prop::option::of(10_i64..14)), 0..30),
    ) {
        let mut board = board(8, &edges);
        let mut down = vec![None; 8];
        for (at, (service, fails)) in (20_i64..).zip(events) {
            let own = match (fails, down[service]) {
                (Some(_), Some(since)) | (Some(since), None) => failing(since),
                (None, _) => passing(),
            };
            down[service] = own.failing_since.map(Timestamp::as_second);
            for change in board.set_own(&name(service), own, second(at)) {
                prop_assert!(change.before.state != change.after.state || change.before.cause != change.after.cause);
            }
            for (service, (expected, cause)) in plain(8, &edges, &down).into_iter().enumerate() {
                let state = board.state(&name(service)).unwrap();
                prop_assert_eq!(state.state, expected, "service {}", service);
                let shown = state.cause.map(|cause| (cause.service, cause.path.len() - 1));
                prop_assert_eq!(shown, cause, "service {}", service);
            }
        }
    }
}

#[test]
fn ten_thousand_services_over_one_database_turn_in_one_step() {
    let edges: Vec<(usize, usize)> = (1..10_000).map(|service| (service, 0)).collect();
    let needs = [name(0)];
    let none: [ServiceName; 0] = [];
    let graph =
        Graph::new((0..10_000).map(|service| (name(service), if service == 0 { &none[..] } else { &needs[..] })));
    let mut board = Board::new(Environment::production(), graph, second(0));
    for service in 0..10_000 {
        board.set_own(&name(service), passing(), second(1));
    }
    assert_eq!(board.set_own(&name(0), failing(2), second(3)).len(), edges.len() + 1);
    assert_eq!(
        board.set_own(&name(5), failing(2), second(3)).len(),
        1,
        "only what needs it is worked out again"
    );
}
