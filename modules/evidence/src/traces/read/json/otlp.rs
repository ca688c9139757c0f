//! Spans and resources of OTLP in JSON (opentelemetry-proto, `trace/v1/trace.proto`), in the names of protobuf's JSON form or in
//! those of the definition.

use std::borrow::Cow;

use serde::{
    Deserialize, Deserializer,
    de::{MapAccess, Visitor},
};

use super::{
    super::marks::Scalar,
    Owners, Parsed,
    value::{Attribute, Kind, Listed, Text, Whole},
};
use crate::{
    component,
    traces::id::{SpanId, TraceId},
};

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Wire<'t> {
    #[serde(borrow, default, alias = "trace_id")]
    trace_id: Text<'t>,
    #[serde(borrow, default, alias = "span_id")]
    span_id: Text<'t>,
    #[serde(borrow, default, alias = "parent_span_id")]
    parent_span_id: Text<'t>,
    #[serde(borrow, default)]
    name: Text<'t>,
    #[serde(default)]
    kind: Kind,
    #[serde(default, alias = "start_time_unix_nano")]
    start_time_unix_nano: Whole,
    #[serde(default, alias = "end_time_unix_nano")]
    end_time_unix_nano: Whole,
    #[serde(borrow, default)]
    attributes: Listed<'t, KeyValue<'t>>,
    #[serde(borrow, default)]
    status: Option<Status<'t>>,
}

#[derive(Deserialize)]
struct Status<'t> {
    #[serde(borrow, default)]
    code: Text<'t>,
}

#[derive(Deserialize)]
struct Resource<'t> {
    #[serde(borrow, default)]
    attributes: Listed<'t, KeyValue<'t>>,
}

#[derive(Deserialize)]
struct KeyValue<'t> {
    #[serde(borrow, default)]
    key: Text<'t>,
    #[serde(borrow, default)]
    value: AnyValue<'t>,
}

impl<'t> Attribute<'t> for KeyValue<'t> {
    fn take(self) -> (Cow<'t, str>, Scalar<'t>) {
        (self.key.0, self.value.0)
    }
}

/// `{"stringValue": "x"}` and the like: the one value, whatever its type.
struct AnyValue<'t>(Scalar<'t>);

impl Default for AnyValue<'_> {
    fn default() -> Self {
        Self(Scalar::Other)
    }
}

impl<'t, 'de: 't> Deserialize<'de> for AnyValue<'t> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct OneOf;
        impl<'de> Visitor<'de> for OneOf {
            type Value = AnyValue<'de>;

            fn expecting(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                formatter.write_str("a value with its type")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Self::Value, A::Error> {
                let mut value = Scalar::Other;
                while let Some((_, found)) = entries.next_entry::<Text<'de>, Scalar<'de>>()? {
                    value = found;
                }
                Ok(AnyValue(value))
            }

            fn visit_unit<E>(self) -> Result<Self::Value, E> {
                Ok(AnyValue::default())
            }
        }
        deserializer.deserialize_any(OneOf)
    }
}

pub fn span(raw: &[u8]) -> Option<Parsed<'_>> {
    let wire: Wire<'_> = serde_json::from_slice(raw).ok()?;
    let (start, end) = (micros(wire.start_time_unix_nano)?, micros(wire.end_time_unix_nano)?);
    let marks = &wire.attributes.marks;
    let failed = |status: &Status<'_>| matches!(&*status.code.0, "2" | "STATUS_CODE_ERROR");
    Some(Parsed {
        trace: TraceId::of(wire.trace_id.0.as_bytes())?,
        id: SpanId::of(wire.span_id.0.as_bytes())?,
        parent: SpanId::of(wire.parent_span_id.0.as_bytes()),
        peer: if wire.kind.0.calls() {
            Cow::Owned(marks.peer().to_owned())
        } else {
            Cow::Borrowed("")
        },
        operation: wire.name.0,
        owner: Cow::Borrowed(""),
        direct: false,
        kind: wire.kind.0,
        start,
        duration: end.saturating_sub(start),
        outcome: marks.outcome(wire.status.as_ref().is_some_and(failed)),
    })
}

pub fn resource(raw: &[u8]) -> Option<Owners> {
    let resource: Resource<'_> = serde_json::from_slice(raw).ok()?;
    let owner = component::of_instance(resource.attributes.marks.owner()).to_owned();
    Some(Owners::from([(String::new(), owner)]))
}

/// Nanoseconds rounded down; an unset time is zero.
fn micros(nanos: Whole) -> Option<i64> {
    nanos.0.filter(|&nanos| nanos > 0).map(|nanos| nanos / 1_000)
}
