//! One reader for each kind of input: what it gives to those who keep it, and what it says of the input.

use std::io::Read;

use mainstay_evidence::{
    changes::{Form, Side},
    input::Input as Stream,
    logs::facts::Part,
    source::Origin,
    topology::{read_declared, read_graph, recognise_declared, recognise_graph},
    traces::read as span_read,
};

use super::{Reading, ahead::Ahead};
use crate::report::words::count;

/// What a reader says of one input.
#[derive(Default)]
pub(super) struct Outcome {
    pub items: u64,
    pub bytes: u64,
    pub span: Option<(i64, i64)>,
    pub problems: Vec<String>,
}

impl Reading {
    pub(super) fn read_traces(
        &mut self,
        origin: &Origin,
        stream: &mut impl Read,
        format: span_read::Format,
        baseline: bool,
    ) -> Outcome {
        let outcome = self.spans.read(origin, self.pastes.keep(origin, stream), format);
        self.normal_traces.push(baseline);
        let mut found = Outcome::default();
        if let Err(error) = outcome {
            found.problems.push(error.to_string());
        }
        if let Some(summary) = self.spans.sources().last().and_then(|source| source.summary.as_ref()) {
            (found.items, found.bytes, found.span) = (summary.spans, summary.bytes, summary.span);
            if summary.faulty > 0 {
                let rows = left_out(summary.faulty, ("row is no span", "rows are no spans"));
                found.problems.push(rows);
            }
            if summary.oversized > 0 {
                let spans = left_out(summary.oversized, ("span is too long", "spans are too long"));
                found.problems.push(spans);
            }
        }
        found
    }

    pub(super) fn read_metrics(
        &mut self,
        origin: &Origin,
        stream: &mut impl Read,
        ahead: Ahead<'_>,
        baseline: bool,
    ) -> Outcome {
        let set = if baseline { &mut self.normal } else { &mut self.metrics };
        match ahead.add_to(set, stream, origin, &self.options) {
            Ok(summary) => {
                let mut problems = Vec::new();
                if let Some((line, words)) = &summary.first_text {
                    problems.push(if summary.text == 1 {
                        format!("a field of a column of numbers holds text and was left out: `{words}` in line {line}")
                    } else {
                        format!(
                            "{} fields of columns of numbers hold text and were left out, the first is `{words}` in line {line}",
                            count(summary.text)
                        )
                    });
                }
                for (times, what) in [
                    (summary.faulty, ("row cannot be read", "rows cannot be read")),
                    (summary.untimed, ("row has no time", "rows have no time")),
                    (summary.infinite, ("value is infinite", "values are infinite")),
                ] {
                    if times > 0 {
                        problems.push(left_out(times, what));
                    }
                }
                if summary.skipped > 0 {
                    problems.push(format!(
                        "{}, because a line or a document is too long",
                        said(summary.skipped, ("byte was skipped", "bytes were skipped"))
                    ));
                }
                Outcome {
                    items: summary.values,
                    bytes: summary.bytes,
                    span: summary.span,
                    problems,
                }
            }
            Err(error) => failed(&error),
        }
    }

    pub(super) fn read_logs(&mut self, origin: &Origin, stream: &mut impl Read, baseline: bool) -> Outcome {
        let part = if baseline { Part::Baseline } else { Part::ByTime };
        self.log_sources.push(origin.clone());
        let Self {
            logs, links, pastes, ..
        } = self;
        match logs.read_each(origin, pastes.keep(origin, stream), part, |record, statement| {
            links.note(record, statement);
        }) {
            Ok(summary) => Outcome {
                items: summary.records,
                bytes: summary.bytes,
                span: summary.span,
                problems: (summary.unread > 0)
                    .then(|| format!("{} log records cannot be read and were left out", summary.unread))
                    .into_iter()
                    .collect(),
            },
            Err(error) => failed(&error),
        }
    }

    pub(super) fn read_changes(&mut self, origin: &Origin, stream: &mut Stream<'_>, baseline: bool) -> Outcome {
        let Some(form) = Form::of(&stream.recognised) else {
            return unknown("settings");
        };
        self.looked_for_changes = true;
        let side = if baseline { Side::Baseline } else { Side::Subject };
        let relative = stream.relative.clone();
        let bytes = stream.known.unwrap_or(0);
        match self.changes.read(side, origin, &relative, form, stream) {
            Ok(()) => Outcome {
                items: 1,
                bytes,
                ..Outcome::default()
            },
            Err(failure) => failed(&failure),
        }
    }

    pub(super) fn read_topology(&mut self, origin: &Origin, stream: &mut Stream<'_>) -> Outcome {
        let bytes = stream.known.unwrap_or(0);
        let read = if recognise_graph(stream.prefix()).is_some() {
            read_graph(stream, origin)
        } else if recognise_declared(stream.prefix()).is_some() {
            read_declared(stream, origin)
        } else {
            return unknown("dependencies");
        };
        match read {
            Ok(Some(found)) => {
                self.topology.merge(&found);
                Outcome {
                    items: found.edges().len() as u64,
                    bytes,
                    ..Outcome::default()
                }
            }
            Ok(None) => unknown("dependencies"),
            Err(error) => failed(&error),
        }
    }
}

/// "1 row has no time and was left out".
fn left_out(times: u64, what: (&str, &str)) -> String {
    let verb = if times == 1 { "was" } else { "were" };
    format!("{} and {verb} left out", said(times, what))
}

/// How often, and what, for one and for many.
pub(super) fn said(times: u64, (one, many): (&str, &str)) -> String {
    format!("{} {}", count(times), if times == 1 { one } else { many })
}

pub(super) fn unknown(what: &str) -> Outcome {
    Outcome {
        problems: vec![format!(
            "it looks like {what}, but their columns or fields cannot be told"
        )],
        ..Outcome::default()
    }
}

fn failed(error: &dyn std::error::Error) -> Outcome {
    Outcome {
        problems: vec![error.to_string()],
        ..Outcome::default()
    }
}

#[cfg(test)]
mod tests;
