//! Messages that name a span, kept until all spans are read, within bounds.

use std::collections::HashSet;

use mainstay_evidence::{
    logs::{correlate::IdentifierKind, read::Record, severity::Severity, statements::StatementId},
    traces::{LogEvent, SpanId, TraceId, Traces, Visits},
};

/// Links that are kept: 64 MB. Beyond it they are dropped and counted.
const MOST: usize = 2 << 20;

#[derive(Debug, Clone, Copy)]
struct Link {
    trace: TraceId,
    span: SpanId,
    line: LogEvent,
}

/// Messages and the spans they name.
#[derive(Debug, Default)]
pub struct Links {
    known: Vec<Link>,
    /// Statements that wrote any message without a span.
    free: HashSet<StatementId>,
    dropped: u64,
}

impl Links {
    /// Keeps a record's link, if it has one.
    pub fn note(&mut self, record: &Record<'_>, statement: StatementId) {
        let (mut trace, mut span) = (None, None);
        for (kind, value) in record.head.identifiers.iter() {
            match kind {
                IdentifierKind::Trace if trace.is_none() => trace = TraceId::of(value),
                IdentifierKind::Span if span.is_none() => span = SpanId::of(value),
                _ => {}
            }
        }
        let (Some(trace), Some(span)) = (trace, span) else {
            self.free.insert(statement);
            return;
        };
        if self.known.len() >= MOST {
            self.dropped += 1;
            return;
        }
        let line = LogEvent {
            key: statement.0,
            error: record.severity >= Some(Severity::Error),
        };
        self.known.push(Link { trace, span, line });
    }

    /// Statements that wrote any message without a span.
    pub fn take_free(&mut self) -> HashSet<StatementId> {
        std::mem::take(&mut self.free)
    }

    /// Attaches them to the visits of their spans; answers how many there was no room for.
    pub fn attach(self, traces: &Traces, visits: &mut Visits) -> u64 {
        for link in &self.known {
            visits.attach(traces, link.trace, link.span, link.line);
        }
        visits.settle();
        self.dropped
    }
}
