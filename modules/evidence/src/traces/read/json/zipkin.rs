//! Spans of Zipkin's v2 JSON (zipkin-api, `zipkin2-api.yaml`): times in microseconds, each span with its service.
//!
//! The two sides of a call may share one identifier there. The calling side is given one of its own here, so that the other
//! can stand below it.

use serde::Deserialize;

use super::{
    Parsed,
    value::{Kind, Mapped, Text, Whole},
};
use crate::traces::id::{SpanId, TraceId};

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Wire<'t> {
    #[serde(borrow, default)]
    trace_id: Text<'t>,
    #[serde(borrow, default)]
    id: Text<'t>,
    #[serde(borrow, default)]
    parent_id: Text<'t>,
    #[serde(borrow, default)]
    name: Text<'t>,
    #[serde(default)]
    kind: Kind,
    #[serde(default)]
    timestamp: Whole,
    #[serde(default)]
    duration: Whole,
    #[serde(borrow, default)]
    local_endpoint: Option<Endpoint<'t>>,
    #[serde(borrow, default)]
    remote_endpoint: Option<Endpoint<'t>>,
    #[serde(borrow, default)]
    tags: Mapped<'t>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Endpoint<'t> {
    #[serde(borrow, default)]
    service_name: Text<'t>,
}

pub fn span(raw: &[u8]) -> Option<Parsed<'_>> {
    let wire: Wire<'_> = serde_json::from_slice(raw).ok()?;
    let id = SpanId::of(wire.id.0.as_bytes())?;
    let name = |endpoint: Option<Endpoint<'_>>| {
        endpoint.map_or_else(String::new, |endpoint| endpoint.service_name.0.into_owned())
    };
    let calls = wire.kind.0.calls();
    let peer = name(wire.remote_endpoint);
    Some(Parsed {
        trace: TraceId::of(wire.trace_id.0.as_bytes())?,
        id: if calls { id.calling_half() } else { id },
        parent: SpanId::of(wire.parent_id.0.as_bytes()),
        operation: wire.name.0,
        peer: if calls { peer.into() } else { "".into() },
        owner: name(wire.local_endpoint).into(),
        direct: true,
        kind: wire.kind.0,
        start: wire.timestamp.0?,
        // A span that was never finished has none.
        duration: wire.duration.0.unwrap_or(0),
        outcome: wire.tags.0.outcome(false),
    })
}
