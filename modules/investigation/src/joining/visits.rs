//! Visits: what components did for each call, with the events that happened in it.

use std::collections::{HashMap, HashSet};

use mainstay_diagnosis::{Answer, Attempt, Event, Operation, System, Visit, VisitEvent};
use mainstay_evidence::traces::{
    Outcome, SpanKind,
    visits::{self, EventId},
};

use super::Names;
use crate::reading::Evidence;

const MINUTE: i64 = 60_000_000;
/// The name of the event that the entry span of a visit says that it failed.
pub const FAILURE: &str = "failure";
/// The name of the event that a request from outside was refused.
pub const REFUSAL: &str = "refusal";
/// The name of the event that the caller went away before a visit was done.
pub const ABANDONED: &str = "abandoned";
/// How the name of an event begins that a call was refused.
pub const REFUSED_CALL: &str = "refused call";

/// Adds all visits, their operations and their events. Answers the row of the span that each visit stands for, by its witness.
pub fn join(evidence: &Evidence, names: &mut Names, system: &mut System) -> Vec<u32> {
    let (found, traces) = (&evidence.visits, &evidence.traces);
    let mut operations: HashMap<(u32, u32, bool), u32> = HashMap::new();
    let corrections = found.corrections(traces);
    let logged = minutes_with_logs(evidence);
    for (place, visit) in found.all().iter().enumerate() {
        let row = &traces.rows()[visit.row as usize];
        let component = traces.components().name(row.component());
        // A visit of nobody keeps its place, so that callers are found by their numbers; nothing is concluded from it.
        let component = names.add(component).unwrap_or(u32::MAX);
        let operation = (component, row.operation, visit.refused);
        let operation = *operations.entry(operation).or_insert_with(|| {
            system.operations.push(Operation {
                component,
                name: traces.operations().name(row.operation).to_owned(),
                refused: visit.refused,
            });
            u32::try_from(system.operations.len() - 1).unwrap_or(u32::MAX)
        });
        let number = u32::try_from(place).unwrap_or(u32::MAX);
        system.visits.push(Visit {
            operation,
            start: visit.start + corrections.get(&number).copied().unwrap_or(0),
            self_time: seconds(visit.self_time),
            wire_time: seconds(visit.wire),
            duration: seconds(row.duration),
            ahead: seconds(visit.ahead),
            is_abandoned: visit.abandoned,
            caller: visit.caller,
            has_logs: logged.contains(&visit.start.div_euclid(MINUTE)),
            is_baseline: evidence.normal_traces.get(row.source()).copied().unwrap_or(false),
            witness: number,
        });
    }
    let mut numbers: HashMap<EventId, u32> = HashMap::new();
    for (visit, id) in found.events() {
        let event = *numbers.entry(id).or_insert_with(|| {
            system.events.push(event(evidence, found.event(id)));
            u32::try_from(system.events.len() - 1).unwrap_or(u32::MAX)
        });
        system.visit_events.push(VisitEvent { visit, event });
    }
    let mut rows: Vec<u32> = found.all().iter().map(|visit| visit.row).collect();
    calls(evidence, names, system, &corrections, &mut rows);
    rows
}

/// Adds every call as its caller saw it: one that has stopped leaves no visit of its own, but those who call it say that nobody
/// answered.
fn calls(
    evidence: &Evidence,
    names: &mut Names,
    system: &mut System,
    corrections: &HashMap<u32, i64>,
    rows: &mut Vec<u32>,
) {
    let (found, traces) = (&evidence.visits, &evidence.traces);
    let answers = found.all().iter().filter_map(|visit| {
        let answer = if visit.refused { Answer::Refused } else { Answer::Given };
        Some((visit.calling?, answer))
    });
    let answers: HashMap<u32, Answer> = answers.collect();
    let speaks: HashSet<u32> = system.operations.iter().map(|operation| operation.component).collect();
    for (place, row) in (0_u32..).zip(traces.rows()) {
        if row.kind != SpanKind::Client {
            continue;
        }
        let ends = [row.component(), row.peer()].map(|name| names.add(traces.components().name(name)));
        let [Some(caller), Some(peer)] = ends else {
            continue;
        };
        // Of one that leaves no spans, no more is known than what the caller says.
        let answer = match (speaks.contains(&peer), row.outcome) {
            (true, _) => answers.get(&place).copied().unwrap_or(Answer::None),
            (false, Outcome::Well | Outcome::Abandoned) => Answer::Given,
            (false, Outcome::Refused) => Answer::Refused,
            (false, Outcome::Failed) => Answer::None,
        };
        let correction = found.of_row(place).and_then(|visit| corrections.get(&visit));
        system.attempts.push(Attempt {
            caller,
            callee: peer,
            start: row.start + correction.copied().unwrap_or(0),
            answer,
            duration: seconds(row.duration),
            is_baseline: evidence.normal_traces.get(row.source()).copied().unwrap_or(false),
            witness: number(rows.len()),
        });
        rows.push(place);
    }
}

fn number(place: usize) -> u32 {
    u32::try_from(place).unwrap_or(u32::MAX)
}

/// Minutes in which any message of a visit was written: elsewhere a missing one tells nothing.
fn minutes_with_logs(evidence: &Evidence) -> HashSet<i64> {
    let visits = evidence.visits.all();
    evidence
        .visits
        .events()
        .filter(|(_, id)| matches!(evidence.visits.event(*id), visits::Event::Log { .. }))
        .map(|(visit, _)| visits[visit as usize].start.div_euclid(MINUTE))
        .collect()
}

fn event(evidence: &Evidence, event: visits::Event) -> Event {
    let operation = |number| evidence.traces.operations().name(number);
    match event {
        visits::Event::Failure => Event {
            name: FAILURE.to_owned(),
            is_log: false,
            is_error: true,
            is_failure: true,
        },
        visits::Event::Abandoned => Event {
            name: ABANDONED.to_owned(),
            is_log: false,
            is_error: true,
            is_failure: true,
        },
        visits::Event::Refusal => Event {
            name: REFUSAL.to_owned(),
            is_log: false,
            is_error: true,
            is_failure: false,
        },
        visits::Event::Log { key, error } => Event {
            name: evidence
                .statements
                .statements()
                .get(key as usize)
                .map_or_else(String::new, |statement| statement.words.clone()),
            is_log: true,
            is_error: error,
            is_failure: false,
        },
        visits::Event::Span { operation: number } => Event {
            name: format!("span {}", operation(number)),
            is_log: false,
            is_error: false,
            is_failure: false,
        },
        visits::Event::Call {
            component,
            operation: number,
            refused,
        } => Event {
            name: format!(
                "{} {} {}",
                if refused { REFUSED_CALL } else { "call" },
                evidence.traces.components().name(component),
                operation(number)
            ),
            is_log: false,
            is_error: false,
            is_failure: false,
        },
    }
}

#[expect(clippy::cast_precision_loss, reason = "durations of calls in microseconds")]
fn seconds(micros: i64) -> f64 {
    micros as f64 / 1e6
}
