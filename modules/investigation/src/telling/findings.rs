//! Findings: what the model saw, in sentences with their numbers and passages.

use std::collections::HashMap;

use mainstay_diagnosis::{
    features::{Rate, Witness},
    model::Channel,
};
use mainstay_evidence::{
    logs::statements::Spot,
    source::Encoding,
    traces::facts::{Of, chance::of_shares},
};

use super::{
    changes::{distance, said_of_event, said_of_setting},
    draft::Draft,
    words::{calls, duration, kind, part, quantity, times},
};
use crate::{
    joining::{ABANDONED, Changed, FAILURE, Joined, REFUSAL},
    quoting::{Quotes, Ticket, Wanted},
    reading::Evidence,
    report::InputKind,
};

/// A time that is told may be so late, in microseconds (ADR 13, fusion).
const LATE: i64 = 60_000_000;

/// Turns witnesses into findings.
pub struct Findings<'f> {
    pub evidence: &'f Evidence,
    pub joined: &'f Joined,
    pub quotes: &'f mut Quotes,
    /// The likeliest onset.
    pub onset: i64,
    /// Places of statements by what they say, for events.
    pub statements: HashMap<&'f str, u32>,
}

impl<'f> Findings<'f> {
    pub fn new(evidence: &'f Evidence, joined: &'f Joined, quotes: &'f mut Quotes, onset: i64) -> Self {
        let statements = evidence.statements.statements();
        Self {
            evidence,
            joined,
            quotes,
            onset,
            statements: (0_u32..)
                .zip(statements)
                .map(|(place, statement)| (statement.words.as_str(), place))
                .collect(),
        }
    }

    pub fn name(&self, component: u32) -> &'f str {
        self.joined.names.name(component)
    }

    /// What a witness of a channel says. `strength` is the evidence of the channel, from 0 to 1.
    pub fn of(&mut self, witness: &Witness, channel: Channel, strength: f64) -> Draft {
        match witness {
            Witness::Series { witness, value, normal } => self.series(*witness, *value, *normal, strength),
            Witness::Event {
                operation,
                event,
                before,
                after,
                example,
            } => self.event(*operation, *event, (*before, *after), *example),
            Witness::Slow {
                operation,
                limit,
                before,
                after,
                example,
            } => {
                let text = format!(
                    "{} of {} {} over {} in {} itself; normally {}.",
                    calls(*after),
                    self.operation(*operation),
                    if after.k == 1 { "takes" } else { "take" },
                    duration(*limit),
                    self.owner(*operation),
                    part(*before)
                );
                self.visited(text, *example, certain(*before, *after))
            }
            Witness::Wire {
                caller,
                callee,
                limit,
                before,
                after,
                example,
            } => {
                let text = format!(
                    "{} from {} to {} {} over {} longer for the caller than for the callee; normally {}.",
                    calls(*after),
                    self.owner(*caller),
                    self.owner(*callee),
                    if after.k == 1 { "takes" } else { "take" },
                    duration(*limit),
                    part(*before)
                );
                self.visited(text, *example, certain(*before, *after))
            }
            Witness::Clock {
                component,
                other,
                ahead,
                before,
                after,
                example,
            } => {
                let text = format!(
                    "In {} between {} and {} the two clocks contradict each other, normally in {}: that of {} is {} {}.",
                    calls(*after),
                    self.name(*component),
                    self.name(*other),
                    part(*before),
                    self.name(*component),
                    duration(ahead.abs()),
                    if *ahead < 0.0 { "behind" } else { "ahead" }
                );
                self.visited(text, *example, certain(*before, *after))
            }
            Witness::Unanswered {
                caller,
                callee,
                refused,
                before,
                after,
                example,
            } => {
                let become_of = match (*refused, after.k) {
                    (true, 1) => "is refused",
                    (true, _) => "are refused",
                    (false, 1) => "gets no answer",
                    (false, _) => "get no answer",
                };
                let text = format!(
                    "{} from {} to {} {become_of}; normally {}.",
                    calls(*after),
                    self.name(*caller),
                    self.name(*callee),
                    part(*before)
                );
                self.visited(text, *example, certain(*before, *after))
            }
            Witness::Change { witness, .. } => self.change(*witness, strength),
            Witness::Log { witness, before, after } => self.log(*witness, *before, *after, channel, strength),
        }
    }

    fn series(&mut self, witness: u32, value: f64, normal: (f64, f64), strength: f64) -> Draft {
        let Some(measured) = self.joined.measured.get(witness as usize) else {
            return Draft::said(
                InputKind::Metrics,
                "A series left its normal range.".to_owned(),
                strength,
            );
        };
        let series = &self.evidence.metrics.series()[measured.place];
        let factor = measured.scale.factor();
        let unit = series.unit.as_deref();
        let show = |value: f64| quantity(value / factor, unit);
        let text = format!(
            "{} is {} in the middle; normally it is between {} and {}.",
            series.title(),
            show(value),
            show(normal.0),
            show(normal.1)
        );
        // The first sample that is out of the normal range.
        let points = &series.points;
        let is_out = |place: usize| {
            let value = points.values[place] * factor;
            value < normal.0 || value > normal.1
        };
        let from = points.times.partition_point(|time| *time < self.onset);
        let shown = (from..points.len())
            .find(|place| is_out(*place))
            .or_else(|| (from < points.len()).then_some(from));
        let quote = shown.and_then(|place| self.evidence.metrics.quote(points.rows[place]));
        Draft {
            at: shown.map(|place| points.times[place]),
            quotes: quote.into_iter().collect(),
            ..Draft::said(InputKind::Metrics, text, strength)
        }
    }

    fn operation(&self, operation: u32) -> &'f str {
        self.joined
            .system
            .operations
            .get(operation as usize)
            .map_or("", |operation| operation.name.as_str())
    }

    fn owner(&self, operation: u32) -> &'f str {
        let operation = self.joined.system.operations.get(operation as usize);
        operation.map_or("", |operation| self.joined.names.name(operation.component))
    }

    fn event(&mut self, operation: u32, event: u32, (before, after): (Rate, Rate), example: Option<u32>) -> Draft {
        let Some(event) = self.joined.system.events.get(event as usize) else {
            return Draft::said(InputKind::Traces, "Its calls differ from before.".to_owned(), 0.5);
        };
        let gone = after.share() < before.share();
        let what = if event.is_log {
            format!("the message `{}`", event.name)
        } else if let Some(span) = event.name.strip_prefix("span ") {
            format!("the step `{span}`")
        } else {
            format!("the {}", event.name)
        };
        let (what, verb) = match gone {
            _ if event.name == FAILURE => ("the answer".to_owned(), "is an error"),
            _ if event.name == ABANDONED => ("the caller".to_owned(), "does not wait for the answer"),
            _ if event.name == REFUSAL => ("the answer".to_owned(), "is a refusal"),
            true => (what, "is missing"),
            false => (what, "appears"),
        };
        let with = |rate: Rate| Rate {
            k: if gone { rate.n - rate.k } else { rate.k },
            n: rate.n,
        };
        let text = format!(
            "In {} of {} {what} {verb}; normally in {}.",
            calls(with(after)),
            self.operation(operation),
            part(with(before))
        );
        let mut draft = self.visited(text, example, certain(before, after));
        if event.is_log
            && let Some(place) = self.statements.get(event.name.as_str())
        {
            draft.kind = InputKind::Logs;
            let statement = &self.evidence.statements.statements()[*place as usize];
            let spot = if gone {
                statement.spots.before(self.onset)
            } else {
                statement.spots.near(self.onset)
            };
            if let Some(spot) = spot {
                draft.tickets.insert(0, self.spot(spot));
            }
            // A time that was told may be late: the first of a new message says when it began.
            let first = statement
                .spots
                .near(self.onset.saturating_sub(LATE))
                .filter(|_| !gone && before.k == 0);
            draft.at = first.map(|first| first.at).or(draft.at);
        }
        draft
    }

    /// A finding with the entry span of a visit.
    fn visited(&mut self, text: String, visit: Option<u32>, certainty: f64) -> Draft {
        let mut draft = Draft::said(InputKind::Traces, text, certainty);
        let row = visit
            .and_then(|visit| self.joined.visited.get(visit as usize))
            .and_then(|row| self.evidence.traces.rows().get(*row as usize))
            .map(|row| (row.start, row));
        if let Some((start, row)) = row {
            draft.at = Some(start);
            if let Some(source) = self.evidence.traces.sources().get(row.source()) {
                let place = row.place();
                draft.tickets.push(
                    self.quotes.want(Wanted {
                        origin: source.origin.clone(),
                        start: place.start,
                        length: u64::from(place.length),
                        encoding: source
                            .summary
                            .as_ref()
                            .map_or(Encoding::Utf8, |summary| summary.encoding),
                        line: None,
                    }),
                );
            }
        }
        draft
    }

    fn log(&mut self, witness: u32, before: (u32, f64), after: (u32, f64), channel: Channel, strength: f64) -> Draft {
        let statement = self
            .joined
            .logged
            .get(witness as usize)
            .and_then(|logged| self.evidence.statements.statements().get(logged.statement? as usize));
        let Some(statement) = statement else {
            return Draft::said(kind(channel), "Its log tells of errors.".to_owned(), strength);
        };
        let per_minute = |(count, seconds): (u32, f64)| f64::from(count) / seconds.max(1.0) * 60.0;
        let text = if before.0 == 0 {
            format!(
                "It logs `{}`, {} in {}; in the {} that are taken for normal, not once.",
                statement.words,
                times(after.0.into()),
                duration(after.1),
                duration(before.1)
            )
        } else {
            format!(
                "It logs `{}` {} a minute; normally {}.",
                statement.words,
                times(per_minute(after)),
                times(per_minute(before))
            )
        };
        let mut draft = Draft::said(InputKind::Logs, text, strength);
        if let Some(spot) = statement.spots.near(self.onset) {
            draft.at = Some(spot.at);
            draft.tickets.push(self.spot(spot));
        }
        draft
    }

    fn change(&self, witness: u32, strength: f64) -> Draft {
        let (text, at, quotes) = match self.joined.changed.get(witness as usize) {
            Some(Changed::Setting(change)) => {
                let when = change.at.map(|at| format!(" That was {}.", distance(at, self.onset)));
                let text = format!("{}.{}", said_of_setting(change), when.unwrap_or_default());
                (text, change.at, change.quotes.clone())
            }
            Some(Changed::Event(event)) => (
                format!("It {}.", said_of_event(event, self.onset)),
                Some(event.at),
                event.quote.clone().into_iter().collect(),
            ),
            None => ("It was changed.".to_owned(), None, Vec::new()),
        };
        Draft {
            at,
            quotes,
            ..Draft::said(InputKind::Changes, text, strength)
        }
    }

    /// Asks for the passage of a message.
    pub fn spot(&mut self, spot: &Spot) -> Ticket {
        let origin = self.evidence.log_sources.get(spot.source as usize).cloned();
        self.quotes.want(Wanted {
            origin: origin.unwrap_or_else(|| mainstay_evidence::source::Origin::file("")),
            start: spot.start,
            length: u64::from(spot.length),
            encoding: spot.encoding,
            line: Some(spot.line),
        })
    }
}

/// How sure a change of a share is: one less the chance of as great a difference by luck.
fn certain(before: Rate, after: Rate) -> f64 {
    let of = |rate: Rate| Of {
        count: rate.k.into(),
        of: rate.n.into(),
    };
    1.0 - of_shares([of(before), of(after)])
}

#[cfg(test)]
mod tests;
