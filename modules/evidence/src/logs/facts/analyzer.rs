//! The analyzer: reads sources one after another and keeps what the facts need, within bounds.

use std::io::Read;

use super::{
    identifiers::IdentifierTable,
    observed::{Observed, Side},
    report::{Heard, LogFacts, SourceFact, report},
};
use crate::{
    component,
    logs::{
        read::{ReadSummary, Record, RecordLimits, read_records},
        statements::{StatementId, StatementTable},
        template::{Miner, MinerLimits},
        time::TimeContext,
    },
    source::{Origin, ReadError},
};

/// A span of time, in microseconds since 1970, the end excluded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Window {
    /// First microsecond.
    pub from: i64,
    /// The one after the last.
    pub to: i64,
}

impl Window {
    /// Whether a point in time is in it.
    pub fn holds(&self, at: i64) -> bool {
        (self.from..self.to).contains(&at)
    }

    #[expect(clippy::cast_precision_loss, reason = "seconds to be divided by")]
    fn seconds(&self, within: Option<(i64, i64)>) -> f64 {
        let (first, last) = within.unwrap_or((self.from, self.to));
        let (from, to) = (self.from.max(first), self.to.min(last + 1));
        (to - from).max(0) as f64 / 1e6
    }
}

/// What a source is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Part {
    /// Its records fall where their time says.
    ByTime,
    /// All of it is for comparison.
    Baseline,
    /// All of it is looked into.
    Subject,
}

/// Settings of an analysis.
#[derive(Debug, Clone, Copy)]
pub struct AnalysisOptions {
    /// How times are completed.
    pub time: TimeContext,
    /// Bounds of reading.
    pub records: RecordLimits,
    /// Bounds of mining.
    pub miner: MinerLimits,
    /// What is looked into.
    pub subject: Option<Window>,
    /// What it is compared with; without it, all before `subject`.
    pub baseline: Option<Window>,
    /// Identifiers that are reported.
    pub identifiers: usize,
}

impl AnalysisOptions {
    /// The usual bounds, and no window.
    pub fn new(time: TimeContext) -> Self {
        Self {
            time,
            records: RecordLimits::default(),
            miner: MinerLimits::default(),
            subject: None,
            baseline: None,
            identifiers: 100,
        }
    }

    fn side(&self, part: Part, at: Option<i64>) -> Side {
        match (part, at, self.subject) {
            (Part::Baseline, _, _) => Side::Comparison,
            (Part::Subject, _, _) => Side::Subject,
            (Part::ByTime, Some(at), Some(subject)) => {
                if subject.holds(at) {
                    Side::Subject
                } else if self.baseline.map_or(at < subject.from, |baseline| baseline.holds(at)) {
                    Side::Baseline
                } else {
                    Side::Outside
                }
            }
            (Part::ByTime, _, _) => Side::Outside,
        }
    }
}

/// How much was looked at on each side: seconds, and messages.
#[derive(Debug, Default, Clone, Copy)]
pub struct Sides {
    pub baseline: f64,
    pub subject: f64,
    pub baseline_records: u64,
    pub subject_records: u64,
}

/// Reads logs and finds facts.
#[derive(Debug)]
pub struct LogAnalyzer {
    options: AnalysisOptions,
    miner: Miner<Observed>,
    statements: StatementTable,
    identifiers: IdentifierTable,
    sources: Vec<(SourceFact, Part)>,
    sides: Sides,
    /// Whether the window became known after reading.
    late: bool,
    /// Names of components, once the statements are taken out.
    components: Vec<String>,
}

impl LogAnalyzer {
    /// Nothing is read yet.
    pub fn new(options: AnalysisOptions) -> Self {
        Self {
            options,
            miner: Miner::new(options.miner),
            statements: StatementTable::default(),
            identifiers: IdentifierTable::default(),
            sources: Vec::new(),
            sides: Sides::default(),
            late: false,
            components: Vec::new(),
        }
    }

    /// Reads a source to its end. What was read before an error counts, and the source is listed with the error.
    pub fn read(&mut self, origin: &Origin, stream: impl Read, part: Part) -> Result<(), ReadError> {
        self.read_each(origin, stream, part, |_, _| {}).map(drop)
    }

    /// The same, and tells of each record with the statement that wrote it. Answers what was read.
    pub fn read_each(
        &mut self,
        origin: &Origin,
        stream: impl Read,
        part: Part,
        mut tell: impl FnMut(&Record<'_>, StatementId),
    ) -> Result<ReadSummary, ReadError> {
        let Self {
            options,
            miner,
            statements,
            identifiers,
            sources,
            sides,
            ..
        } = self;
        let source = sources.len();
        let source_number = u32::try_from(source).unwrap_or(u32::MAX);
        let fallback = component::of_file(origin.member.as_deref().unwrap_or(&origin.file));
        let outcome = read_records(stream, origin, options.records, &options.time, |record| {
            let side = options.side(part, record.head.stamp.map(|stamp| stamp.micros));
            let (_, observed) = miner.add(record.subject());
            identifiers.note(record, source);
            let (statement, component) = statements.note(record, source_number, fallback);
            observed.note(record, (source, component), side);
            tell(record, statement);
            match side {
                Side::Baseline | Side::Comparison => sides.baseline_records += 1,
                Side::Subject => sides.subject_records += 1,
                Side::Outside => {}
            }
        });
        let (summary, failure) = match outcome {
            Ok(summary) => (summary, None),
            Err(error) => (ReadSummary::default(), Some(error)),
        };
        let error = failure.as_ref().map(ToString::to_string);
        sources.push((
            SourceFact {
                origin: origin.clone(),
                summary: summary.clone(),
                error,
            },
            part,
        ));
        failure.map_or(Ok(summary), Err)
    }

    /// Bytes on the heap for templates and their values.
    pub fn heap_size(&self) -> usize {
        self.miner.heap_size()
    }

    /// Who said what from where, of all that was read.
    pub fn statements(&self) -> &StatementTable {
        &self.statements
    }

    /// Takes the statements out, to be kept beside the facts. What is read later begins a new table.
    pub fn take_statements(&mut self) -> StatementTable {
        self.components = self.statements.components().to_vec();
        std::mem::take(&mut self.statements)
    }

    /// The facts, when what is looked into is known only now. Counts of steps that lie on both sides are divided.
    pub fn finish_within(mut self, subject: Window) -> LogFacts {
        self.options.subject = Some(subject);
        self.late = true;
        self.finish()
    }

    /// The facts.
    pub fn finish(self) -> LogFacts {
        let mut sides = self.sides;
        let overall = self.span(Part::ByTime);
        let seconds = |span: Option<(i64, i64)>| {
            span.map_or(0.0, |(first, last)| {
                Window {
                    from: first,
                    to: last.saturating_add(1),
                }
                .seconds(None)
            })
        };
        sides.baseline = seconds(self.span(Part::Baseline));
        sides.subject = seconds(self.span(Part::Subject));
        if let (Some(subject), Some(overall)) = (self.options.subject, overall) {
            let baseline = self.options.baseline.unwrap_or(Window {
                from: overall.0,
                to: subject.from,
            });
            sides.subject += subject.seconds(Some(overall));
            sides.baseline += baseline.seconds(Some(overall));
        }
        let sources = self.sources.into_iter().map(|(source, _)| source).collect();
        let mut found = self.miner.finish();
        if let (true, Some(subject)) = (self.late, self.options.subject) {
            for template in &mut found.templates {
                let counted = template.data.divide(subject);
                sides.baseline_records += counted.0;
                sides.subject_records += counted.1;
            }
        }
        let components = if self.components.is_empty() {
            self.statements.components().to_vec()
        } else {
            self.components
        };
        let heard = Heard {
            identifiers: self.identifiers,
            sources,
            components,
            sides,
            begins: self.options.subject.map(|subject| subject.from),
        };
        report(&found, heard, self.options.identifiers)
    }

    fn span(&self, part: Part) -> Option<(i64, i64)> {
        self.sources
            .iter()
            .filter(|(_, known)| *known == part)
            .filter_map(|(source, _)| source.summary.span)
            .reduce(|left, right| (left.0.min(right.0), left.1.max(right.1)))
    }
}
