//! Messages that tell of errors and belong to no visit.

use mainstay_diagnosis::{LogTemplate, System};
use mainstay_evidence::logs::{
    severity::Severity,
    statements::{Statement, StatementId},
};

use super::Names;
use crate::reading::Evidence;

/// Which statement a kind of line is: its place in the table.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LoggedError {
    /// Place in the table; none stands for a log that was read and tells of no error.
    pub statement: Option<u32>,
}

/// One in so many messages must belong to a visit for those that do to be judged there alone.
const MOSTLY: u64 = 2;

/// Whether messages are joined with visits, so that what belongs to one is judged there. A statement that also wrote messages
/// without a span is judged by itself in any case.
fn of_visits(evidence: &Evidence) -> bool {
    let attached = evidence.visits.attached().lines;
    let all: u64 = evidence
        .statements
        .statements()
        .iter()
        .map(|statement| statement.count)
        .sum();
    attached > 0 && attached >= all / MOSTLY
}

/// Adds the kinds of lines that tell of errors, and for every component whose log was read that it was.
pub fn join(evidence: &Evidence, names: &mut Names, system: &mut System) -> Vec<LoggedError> {
    let table = &evidence.statements;
    let mut by_component: Vec<Vec<(usize, &Statement)>> = vec![Vec::new(); table.components().len()];
    for (number, statement) in table.statements().iter().enumerate() {
        by_component[statement.component as usize].push((number, statement));
    }
    let joined = of_visits(evidence);
    let known = !names.all().is_empty();
    let mut logged = Vec::new();
    for (name, of_it) in table.components().iter().zip(by_component) {
        // Beside measurements and spans, a name that only a log knows may be that of a file.
        let component = if known { names.find(name) } else { names.add(name) };
        let Some(component) = component else { continue };
        let Some(covered) = covered(of_it.iter().map(|(_, statement)| *statement)) else {
            continue;
        };
        let mut tells = false;
        // What belongs to a visit is judged there.
        let is_free = |number: usize| {
            let id = u32::try_from(number).map(StatementId);
            !joined || id.is_ok_and(|id| evidence.free_statements.contains(&id))
        };
        let judged = |(number, statement): &(usize, &Statement)| is_error(statement) && is_free(*number);
        for (number, statement) in of_it.into_iter().filter(judged) {
            let Some(series) = statement.counts.series() else {
                continue;
            };
            tells = true;
            let step = i64::try_from(series.step_seconds)
                .unwrap_or(i64::MAX)
                .saturating_mul(1_000_000);
            let counts = (0_i64..).zip(&series.counts).filter(|(_, count)| **count > 0);
            system.log_templates.push(LogTemplate {
                component,
                counts: counts
                    .map(|(at, count)| (series.start + at * step + step / 2, *count))
                    .collect(),
                covered,
                witness: u32::try_from(logged.len()).unwrap_or(u32::MAX),
            });
            logged.push(LoggedError {
                statement: u32::try_from(number).ok(),
            });
        }
        if !tells {
            system.log_templates.push(LogTemplate {
                component,
                counts: Vec::new(),
                covered,
                witness: u32::try_from(logged.len()).unwrap_or(u32::MAX),
            });
            logged.push(LoggedError { statement: None });
        }
    }
    logged
}

fn is_error(statement: &Statement) -> bool {
    statement.severity >= Some(Severity::Error) || statement.stacks > 0
}

fn covered<'s>(statements: impl Iterator<Item = &'s Statement>) -> Option<(i64, i64)> {
    let spans = statements.filter_map(|statement| {
        let series = statement.counts.series()?;
        let length = i64::try_from(series.counts.len())
            .ok()?
            .saturating_mul(i64::try_from(series.step_seconds).ok()?);
        Some((
            series.start,
            series.start.saturating_add(length.saturating_mul(1_000_000)),
        ))
    });
    spans.reduce(|left, right| (left.0.min(right.0), left.1.max(right.1)))
}
