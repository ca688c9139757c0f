//! The facts as they are given out, and where their words come from.

use std::io::Read;

use serde::Serialize;

use super::{
    changes::{self, OperationFact, VisitFact},
    errors::{self, ErrorFact},
    latency::{self, LatencyFact},
    paths::{self, PathFact},
    quoting::{self, Witness},
    sides::TraceWindows,
};
use crate::{
    source::ReadError,
    traces::{
        store::{Source, Totals, Traces},
        visits::{Attached, Visits},
    },
};

/// Facts of one kind that are given out, the surest. What a reader looks at is far less.
const MOST: usize = 500;

/// All facts of traces.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct TraceFacts {
    /// Calls and inner spans that visits have more or less often; surest first.
    pub visits: Vec<VisitFact>,
    /// Operations that are new or vanished; surest first.
    pub operations: Vec<OperationFact>,
    /// Operations that take another time; surest first.
    pub latencies: Vec<LatencyFact>,
    /// Where errors begin; in most traces first.
    pub errors: Vec<ErrorFact>,
    /// Slow requests and whom they wait for; surest first.
    pub paths: Vec<PathFact>,
    /// Facts that were left out of the lists above.
    pub unlisted: usize,
    /// How many spans there were and how many are kept: facts are counted on those.
    pub totals: Totals,
    /// What became of lines of logs.
    pub attached: Attached,
    /// In the order they were read.
    pub sources: Vec<Source>,
}

impl TraceFacts {
    /// Finds the facts. Their witnesses have no words before `quote`.
    pub fn of(traces: &Traces, visits: &Visits, windows: &TraceWindows) -> Self {
        let mut unlisted = 0;
        let (of_visits, operations) = changes::find(traces, visits, windows);
        Self {
            visits: listed(of_visits, &mut unlisted),
            operations: listed(operations, &mut unlisted),
            latencies: listed(latency::find(traces, visits, windows), &mut unlisted),
            errors: listed(errors::find(traces, windows), &mut unlisted),
            paths: listed(paths::find(traces, windows), &mut unlisted),
            unlisted,
            totals: traces.totals(),
            attached: visits.attached(),
            sources: traces.sources().to_vec(),
        }
    }

    /// All witnesses.
    pub fn witnesses(&mut self) -> impl Iterator<Item = &mut Witness> {
        let visits = self.visits.iter_mut().map(|fact| &mut fact.witness);
        let operations = self.operations.iter_mut().map(|fact| &mut fact.witness);
        let latencies = self.latencies.iter_mut().map(|fact| &mut fact.witness);
        let errors = self.errors.iter_mut().map(|fact| &mut fact.witness);
        let paths = self.paths.iter_mut().map(|fact| &mut fact.witness);
        visits.chain(operations).chain(latencies).chain(errors).chain(paths)
    }

    /// Reads a source once more, by its number in `sources`, and fills in the words of its witnesses. Gives how many.
    pub fn quote(&mut self, source: usize, stream: impl Read) -> Result<usize, ReadError> {
        let Some(origin) = self.sources.get(source).map(|source| source.origin.clone()) else {
            return Ok(0);
        };
        let witnesses = self.witnesses().filter(|witness| witness.source == source).collect();
        quoting::fill(&origin, stream, witnesses)
    }
}

fn listed<T>(mut facts: Vec<T>, unlisted: &mut usize) -> Vec<T> {
    *unlisted += facts.len().saturating_sub(MOST);
    facts.truncate(MOST);
    facts
}
