//! Reading: every input goes to the reader of its kind, and what was read is kept together. Judges nothing.

mod ahead;
mod links;
mod pastes;
mod readers;
mod turns;

use std::{
    collections::{BTreeSet, HashSet},
    path::PathBuf,
    sync::{OnceLock, atomic::AtomicBool},
};

use mainstay_evidence::{
    changes::{ChangeLimits, Changes},
    input::{Input as Stream, InputLimits, Inputs, Kind, Progress},
    logs::{
        facts::{AnalysisOptions, LogAnalyzer},
        statements::{StatementId, StatementTable},
        time::TimeContext,
    },
    metrics::{
        SeriesLimits, SeriesSet,
        facts::{FactOptions, ShiftFact, shifts},
        read::ReadOptions,
    },
    source::Origin,
    topology::Topology,
    traces::{SpanLimits, SpanStore, Traces, Visits, read as span_read},
};

use crate::{
    report::{Input, InputKind, Span},
    request::Request,
};
use ahead::Ahead;
use links::Links;
pub use pastes::Pastes;
use readers::{Outcome, said, unknown};
use turns::in_turns;

/// All that was read.
#[derive(Debug)]
pub struct Evidence {
    /// Every input, in the order of reading.
    pub inputs: Vec<Input>,
    /// Measurements of the time in question.
    pub metrics: SeriesSet,
    /// Measurements of a time that is said to be normal.
    pub normal: SeriesSet,
    /// Spans of both.
    pub traces: Traces,
    /// Whether a source of spans, by its place, is said to be normal.
    pub normal_traces: Vec<bool>,
    /// Visits, with the messages of their spans.
    pub visits: Visits,
    /// Who wrote which messages.
    pub statements: StatementTable,
    /// Statements that wrote any message that names no span.
    pub free_statements: HashSet<StatementId>,
    /// Sources of messages, by their places.
    pub log_sources: Vec<Origin>,
    /// What was pasted, to be quoted from.
    pub pastes: Pastes,
    /// Settings and events, of both.
    pub changes: Changes,
    /// Whether any settings or events were there.
    pub looked_for_changes: bool,
    /// Who calls whom, by files and by spans.
    pub topology: Topology,
    /// First and last time of what is not said to be normal.
    pub covered: Option<(i64, i64)>,
    /// The same of messages and spans alone: people collect those of the time that matters.
    pub narrow: Option<(i64, i64)>,
    /// See [`Evidence::shifts`].
    shifts: OnceLock<Vec<ShiftFact>>,
}

impl Evidence {
    /// Which series left what is normal, judged when it is first asked for: it takes long and not every question needs it.
    pub fn shifts(&self) -> &[ShiftFact] {
        self.shifts
            .get_or_init(|| shifts(&self.metrics, FactOptions::default()).shifts)
    }

    /// Whether anything of a kind was read.
    pub fn has(&self, kind: InputKind) -> bool {
        self.inputs.iter().any(|input| input.kind == kind && input.items > 0)
    }

    /// Whether a time can have been noticed in this evidence: it lies in it, or so soon after that the last minutes tell of it.
    pub fn holds(&self, at: i64) -> bool {
        const SOON: i64 = 600_000_000;
        self.covered
            .is_some_and(|(first, last)| (first..=last.saturating_add(SOON)).contains(&at))
    }
}

/// Reads all inputs of a request. `progress` is told how far it is. The messages are still to be judged, once it is known from
/// when on something was wrong.
pub fn read(request: &Request, progress: &(dyn Fn(Progress<'_>) + Sync)) -> (Evidence, LogAnalyzer) {
    let mut reading = Reading::new(request);
    let topology: Vec<PathBuf> = request.topology.iter().cloned().collect();
    reading.read_all(&topology, Purpose::Topology, progress);
    reading.read_all(&request.paths, Purpose::Subject, progress);
    reading.read_all(&request.baseline, Purpose::Baseline, progress);
    reading.finish()
}

/// What inputs are given for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Purpose {
    Subject,
    Baseline,
    /// Who calls whom, whatever it looks like.
    Topology,
}

struct Reading {
    options: ReadOptions,
    inputs: Vec<Input>,
    metrics: SeriesSet,
    normal: SeriesSet,
    spans: SpanStore,
    normal_traces: Vec<bool>,
    logs: LogAnalyzer,
    log_sources: Vec<Origin>,
    links: Links,
    pastes: Pastes,
    changes: Changes,
    looked_for_changes: bool,
    topology: Topology,
    covered: Option<(i64, i64)>,
    narrow: Option<(i64, i64)>,
}

impl Reading {
    fn new(request: &Request) -> Self {
        let time = TimeContext {
            reference: request.at.unwrap_or(request.now),
            zone: request.zone,
        };
        Self {
            options: ReadOptions::new(time),
            inputs: Vec::new(),
            metrics: SeriesSet::new(SeriesLimits::default()),
            normal: SeriesSet::new(SeriesLimits::default()),
            spans: SpanStore::new(SpanLimits::default()),
            normal_traces: Vec::new(),
            logs: LogAnalyzer::new(AnalysisOptions::new(time)),
            log_sources: Vec::new(),
            links: Links::default(),
            pastes: Pastes::default(),
            changes: Changes::new(time, ChangeLimits::default()),
            looked_for_changes: false,
            topology: Topology::new(),
            covered: None,
            narrow: None,
        }
    }

    fn read_all(&mut self, paths: &[PathBuf], purpose: Purpose, progress: &(dyn Fn(Progress<'_>) + Sync)) {
        let inputs = Inputs::gather(paths, InputLimits::default());
        let (options, room) = (self.options, AtomicBool::new(true));
        in_turns(self, inputs.files(), |file, turn| {
            inputs.visit(file, progress, &mut |mut stream| {
                let ahead = if purpose == Purpose::Topology {
                    None
                } else {
                    Ahead::of(&mut stream, &options, &room)
                };
                turn.take(|reading| reading.take(stream, ahead, purpose));
            });
        });
        let (notes, over) = inputs.notes();
        for note in notes {
            let problem = note.trouble.to_string();
            match self
                .inputs
                .iter_mut()
                .find(|input| input.file == note.origin.file && input.member == note.origin.member)
            {
                Some(input) => input.problems.push(problem),
                None => self
                    .inputs
                    .push(unread(&note.origin, purpose == Purpose::Baseline, problem)),
            }
        }
        if over > 0
            && let Some(last) = self.inputs.last_mut()
        {
            last.problems
                .push(said(over, ("more file has such notes", "more files have such notes")));
        }
    }

    fn take(&mut self, mut stream: Stream<'_>, ahead: Option<Ahead<'_>>, purpose: Purpose) {
        let (kind, format, mut outcome) = self.dispatch(&mut stream, ahead, purpose);
        outcome.problems.extend(self.pastes.problem());
        let baseline = purpose == Purpose::Baseline;
        if let (Some(span), false) = (outcome.span, baseline) {
            self.covered = Some(wider(self.covered, span));
            if matches!(kind, InputKind::Logs | InputKind::Traces) {
                self.narrow = Some(wider(self.narrow, span));
            }
        }
        self.inputs.push(Input {
            file: stream.origin.file.clone(),
            member: stream.origin.member.clone(),
            kind,
            format,
            reason: stream.recognised.reason.clone(),
            certainty: stream.recognised.certainty,
            baseline,
            bytes: outcome.bytes,
            items: outcome.items,
            span: outcome.span.map(|(first, last)| Span {
                from: first,
                to: last.saturating_add(1),
            }),
            problems: outcome.problems,
        });
    }

    /// Gives a stream to the reader of what it was taken for.
    fn dispatch(
        &mut self,
        stream: &mut Stream<'_>,
        ahead: Option<Ahead<'_>>,
        purpose: Purpose,
    ) -> (InputKind, String, Outcome) {
        let origin = stream.origin.clone();
        let baseline = purpose == Purpose::Baseline;
        let said = stream.recognised.format.to_owned();
        if purpose == Purpose::Topology {
            return (
                InputKind::Topology,
                "dependencies".to_owned(),
                self.read_topology(&origin, stream),
            );
        }
        match stream.recognised.kind {
            Kind::Traces => match span_read::recognise(stream.prefix()) {
                Some((format, _)) => (
                    InputKind::Traces,
                    said,
                    self.read_traces(&origin, stream, format, baseline),
                ),
                None => (InputKind::Unreadable, said, unknown("spans")),
            },
            Kind::Metrics => match ahead {
                Some(ahead) => (
                    InputKind::Metrics,
                    said,
                    self.read_metrics(&origin, stream, ahead, baseline),
                ),
                None => (InputKind::Unreadable, said, unknown("measurements")),
            },
            Kind::Logs => (InputKind::Logs, said, self.read_logs(&origin, stream, baseline)),
            Kind::Configuration => (
                InputKind::Configuration,
                said,
                self.read_changes(&origin, stream, baseline),
            ),
            Kind::Changes => (InputKind::Changes, said, self.read_changes(&origin, stream, baseline)),
            Kind::Topology => (InputKind::Topology, said, self.read_topology(&origin, stream)),
            Kind::Junk => (InputKind::Unreadable, said, Outcome::default()),
        }
    }

    fn finish(mut self) -> (Evidence, LogAnalyzer) {
        let traces = self.spans.finish();
        let components: BTreeSet<String> = traces.components().iter().map(|(_, name)| name.to_owned()).collect();
        let (mut metrics, mut normal) = (self.metrics, self.normal);
        for set in [&mut metrics, &mut normal] {
            set.settle(&components);
        }
        let mut visits = Visits::of(&traces);
        self.topology.merge(&Topology::of_traces(&traces, &visits));
        let free_statements = self.links.take_free();
        let dropped = self.links.attach(&traces, &mut visits);
        let mut statements = self.logs.take_statements();
        let free_statements = merge_values(&mut statements, &mut visits, &free_statements);
        let mut inputs = self.inputs;
        if dropped > 0
            && let Some(logs) = inputs.iter_mut().rev().find(|input| input.kind == InputKind::Logs)
        {
            let messages = said(dropped, ("message", "messages"));
            logs.problems.push(format!(
                "{messages} could not be joined with their spans for want of room"
            ));
        }
        let evidence = Evidence {
            inputs,
            metrics,
            normal,
            traces,
            normal_traces: self.normal_traces,
            visits,
            statements,
            free_statements,
            log_sources: self.log_sources,
            pastes: self.pastes,
            changes: self.changes,
            looked_for_changes: self.looked_for_changes,
            topology: self.topology,
            covered: self.covered,
            narrow: self.narrow,
            shifts: OnceLock::new(),
        };
        (evidence, self.logs)
    }
}

/// Makes messages one event that differ in names alone; which words are names is known only when all is read. Answers the free
/// statements by their new numbers.
fn merge_values(
    statements: &mut StatementTable,
    visits: &mut Visits,
    free: &HashSet<StatementId>,
) -> HashSet<StatementId> {
    let visited = visits.lines().map(|(visit, key)| (visit, StatementId(key)));
    let became = statements.merge_values(visited);
    let merged = |id: StatementId| became.get(id.0 as usize).copied().unwrap_or(id);
    visits.rename_lines(|key| merged(StatementId(key)).0);
    free.iter().map(|id| merged(*id)).collect()
}

fn wider(known: Option<(i64, i64)>, span: (i64, i64)) -> (i64, i64) {
    known.map_or(span, |(first, last)| (first.min(span.0), last.max(span.1)))
}

fn unread(origin: &Origin, baseline: bool, problem: String) -> Input {
    Input {
        file: origin.file.clone(),
        member: origin.member.clone(),
        kind: InputKind::Unreadable,
        format: String::new(),
        reason: "it was not read".to_owned(),
        certainty: 1.0,
        baseline,
        bytes: 0,
        items: 0,
        span: None,
        problems: vec![problem],
    }
}
