//! Spans and processes of Jaeger's JSON (jaeger `model/json/model.go`): times in microseconds, services named in `processes`,
//! which mostly stand behind the spans.

use std::{borrow::Cow, collections::HashMap};

use serde::Deserialize;

use super::{
    super::marks::Scalar,
    Owners, Parsed,
    value::{Attribute, Listed, Text, Whole},
};
use crate::traces::id::{SpanId, TraceId};

#[derive(Deserialize)]
struct Wire<'t> {
    #[serde(borrow, default, rename = "traceID")]
    trace_id: Text<'t>,
    #[serde(borrow, default, rename = "spanID")]
    span_id: Text<'t>,
    #[serde(borrow, default, rename = "parentSpanID")]
    parent_span_id: Text<'t>,
    #[serde(borrow, default)]
    references: Option<Vec<Reference<'t>>>,
    #[serde(borrow, default, rename = "operationName")]
    operation_name: Text<'t>,
    #[serde(default, rename = "startTime")]
    start_time: Whole,
    #[serde(default)]
    duration: Whole,
    #[serde(borrow, default)]
    tags: Listed<'t, Tag<'t>>,
    #[serde(borrow, default, rename = "processID")]
    process_id: Text<'t>,
    #[serde(borrow, default)]
    process: Option<Process<'t>>,
}

#[derive(Deserialize)]
struct Reference<'t> {
    #[serde(borrow, default, rename = "refType")]
    kind: Text<'t>,
    #[serde(borrow, default, rename = "traceID")]
    trace_id: Text<'t>,
    #[serde(borrow, default, rename = "spanID")]
    span_id: Text<'t>,
}

#[derive(Deserialize)]
struct Process<'t> {
    #[serde(borrow, default, rename = "serviceName")]
    service_name: Text<'t>,
}

#[derive(Deserialize)]
struct Tag<'t> {
    #[serde(borrow, default)]
    key: Text<'t>,
    #[serde(borrow)]
    value: Scalar<'t>,
}

impl<'t> Attribute<'t> for Tag<'t> {
    fn take(self) -> (Cow<'t, str>, Scalar<'t>) {
        (self.key.0, self.value)
    }
}

pub fn span(raw: &[u8]) -> Option<Parsed<'_>> {
    let wire: Wire<'_> = serde_json::from_slice(raw).ok()?;
    let marks = &wire.tags.marks;
    let trace = TraceId::of(wire.trace_id.0.as_bytes())?;
    let peer = if marks.kind.calls() { marks.peer() } else { "" };
    let (owner, direct) = match wire.process {
        Some(process) => (process.service_name.0, true),
        None => (wire.process_id.0, false),
    };
    Some(Parsed {
        trace,
        id: SpanId::of(wire.span_id.0.as_bytes())?,
        parent: SpanId::of(wire.parent_span_id.0.as_bytes())
            .or_else(|| parent(wire.references.as_deref().unwrap_or_default(), trace)),
        peer: Cow::Owned(peer.to_owned()),
        operation: wire.operation_name.0,
        owner,
        direct,
        kind: marks.kind,
        start: wire.start_time.0?,
        duration: wire.duration.0?,
        outcome: marks.outcome(false),
    })
}

/// The span that this one is a child of, or else follows from, in the same trace.
fn parent(references: &[Reference<'_>], trace: TraceId) -> Option<SpanId> {
    let own = |reference: &&Reference<'_>| TraceId::of(reference.trace_id.0.as_bytes()).is_none_or(|id| id == trace);
    references
        .iter()
        .filter(own)
        .find(|reference| reference.kind.0 == "CHILD_OF")
        .or_else(|| references.iter().find(own))
        .and_then(|reference| SpanId::of(reference.span_id.0.as_bytes()))
}

pub fn processes(raw: &[u8]) -> Option<Owners> {
    let found: HashMap<String, Process<'_>> = serde_json::from_slice(raw).ok()?;
    Some(
        found
            .into_iter()
            .map(|(key, process)| (key, process.service_name.0.into_owned()))
            .collect(),
    )
}
