//! Which visits deviate, against a look at every one of them.

use proptest::prelude::*;

use super::*;
use crate::system::{Event, Operation, System, Visit, VisitEvent};

/// Visits of some operations with some events, a second apart.
fn systems() -> impl Strategy<Value = System> {
    let visit = (0..5_u32, any::<bool>(), prop::collection::vec(0..4_u32, 0..3));
    prop::collection::vec(visit, 0..60).prop_map(|visits| {
        let mut system = System {
            operations: (0..4)
                .map(|component| Operation {
                    component,
                    name: String::new(),
                    refused: false,
                })
                .collect(),
            events: [true, false, true, false]
                .map(|is_log| Event {
                    name: String::new(),
                    is_log,
                    ..Event::default()
                })
                .into(),
            ..System::default()
        };
        for (place, (operation, has_logs, events)) in (0_u32..).zip(visits) {
            system.visits.push(Visit {
                operation,
                start: i64::from(place) * 1_000_000,
                has_logs,
                witness: place,
                ..Visit::default()
            });
            system
                .visit_events
                .extend(events.into_iter().map(|event| VisitEvent { visit: place, event }));
        }
        system
    })
}

proptest! {
    #[test]
    fn the_visits_that_deviate_are_those_of_the_operation_with_or_without_the_event(
        system in systems(),
        first in 0..60_usize,
        length in 0..60_usize,
    ) {
        let behaviour = Behaviour::of(&system);
        let all = behaviour.visits().len();
        let first = first.min(all);
        let windows = VisitWindows {
            judged: first..(first + length).min(all),
            normal: vec![false; all],
        };
        let judged = Judged::of(&behaviour, &windows, |place| place % 7 != 3);
        for (event, of) in behaviour.events().iter().enumerate() {
            for happens in [true, false] {
                let deviation = Deviation { event, happens, certain: 1.0 };
                let expected: Vec<usize> = windows
                    .judged
                    .clone()
                    .filter(|place| {
                        let visit = &behaviour.visits()[*place];
                        visit.operation == of.operation
                            && *place % 7 != 3
                            && (visit.has_logs || !of.is_log)
                            && behaviour.happened_in(*place, event) == happens
                    })
                    .collect();
                prop_assert_eq!(judged.deviating(&behaviour, deviation).collect::<Vec<_>>(), expected);
            }
        }
    }
}
