//! The answer by example and by property, on systems made of a few components.

mod answers;
mod calls;
mod causes;
mod properties;

use super::*;
use crate::{
    model::WEIGHTS,
    question::When,
    system::{Component, Operation, Role, Samples, Series, Subject, Visit, VisitEvent},
    windows::SECOND,
};

/// When the fault begins, in seconds.
pub const ONSET: i64 = 7_200;

pub fn named(names: &[&str]) -> System {
    let component = |name: &&str| Component {
        name: (*name).to_owned(),
        is_address: false,
    };
    System {
        components: names.iter().map(component).collect(),
        ..System::default()
    }
}

/// A series of three hours at one step whose values are those of their second, with a little noise.
pub fn series(subject: Subject, role: Role, step: i64, value: impl Fn(i64) -> f64) -> Series {
    let times: Vec<i64> = (0..10_800 / step).map(|at| at * step).collect();
    let noise = |at: i64| f64::from(i32::try_from(at / step % 7).unwrap_or(0)) / 100.0;
    let values = times.iter().map(|at| value(*at) * (1.0 + noise(*at))).collect();
    Series {
        subject,
        role,
        samples: Samples::new(times.iter().map(|at| at * SECOND).collect(), values),
        baseline: Samples::default(),
        witness: 40,
    }
}

pub fn after(onset: i64, before: f64, during: f64) -> impl Fn(i64) -> f64 {
    move |at| {
        if at >= onset && at < onset + 300 {
            during
        } else {
            before
        }
    }
}

pub fn at(seconds: i64) -> Question {
    Question {
        when: When::Began(seconds * SECOND),
        ..Question::default()
    }
}

pub fn ask(system: &System) -> Ranking {
    rank(system, &at(ONSET), &WEIGHTS)
}

pub fn first(ranking: &Ranking) -> (u32, f64) {
    (ranking.causes[0].component, ranking.causes[0].probability)
}

/// One visit of the operation every ten seconds; those it is chosen for have the event.
pub fn visits(system: &mut System, operation: u32, event: u32, has: impl Fn(i64) -> bool) {
    for start in (0..10_800).step_by(10) {
        let visit = u32::try_from(system.visits.len()).unwrap();
        system.visits.push(Visit {
            operation,
            start: start * SECOND,
            self_time: 0.010,
            wire_time: 0.0,
            duration: 0.01,
            ahead: 0.0,
            is_abandoned: false,
            caller: None,
            has_logs: true,
            is_baseline: false,
            witness: visit,
        });
        if has(start) {
            system.visit_events.push(VisitEvent { visit, event });
        }
    }
}

pub fn with_operations(mut system: System) -> System {
    system.operations = (0..u32::try_from(system.components.len()).unwrap())
        .map(|component| Operation {
            component,
            name: "handle".to_owned(),
            refused: false,
        })
        .collect();
    system
}
