//! Columns of a CSV file of spans, recognised by the usual spellings of their names. Knows no row.
//!
//! The spellings are those of OpenTelemetry's, Jaeger's and Zipkin's field names and of published trace data sets, compared
//! in small letters and without anything but letters and digits. Where two columns could serve, the earlier spelling wins.

use super::number::{MICROS, MILLIS, NANOS, SECONDS};

const TRACE: &[&str] = &["traceid", "trace", "traceidhex", "contexttraceid"];
const SPAN: &[&str] = &["spanid", "span", "contextspanid", "spanidhex", "id"];
const PARENT: &[&str] = &[
    "parentspanid",
    "parentid",
    "parentspan",
    "parent",
    "pspanid",
    "parentspanidhex",
];
const OWNER: &[&str] = &[
    "servicename",
    "service",
    "resourceservicename",
    "processservicename",
    "localendpointservicename",
    "localservice",
    "appname",
    "application",
    "app",
    "microservice",
    "component",
    "podname",
    "pod",
    "cmdbid",
    "instance",
    "containername",
    "container",
    "process",
    "hostname",
    "host",
];
const OPERATION: &[&str] = &[
    "operationname",
    "operation",
    "spanname",
    "name",
    "methodname",
    "endpointname",
    "endpoint",
    "route",
    "method",
    "interface",
    "url",
    "api",
];
const PEER: &[&str] = &[
    "peerservice",
    "remoteendpointservicename",
    "remoteservice",
    "peer",
    "dsname",
];
const KIND: &[&str] = &["spankind", "kind", "calltype", "spantype"];
const ERROR: &[&str] = &["error", "iserror", "haserror", "failed"];
const SUCCESS: &[&str] = &["success", "issuccess", "ok"];
const STATUS: &[&str] = &[
    "statuscode",
    "status",
    "httpstatuscode",
    "httpstatus",
    "resultcode",
    "responsecode",
    "otelstatuscode",
];
const START: &[&str] = &[
    "starttime",
    "start",
    "startedat",
    "begintime",
    "begin",
    "startts",
    "starttimestamp",
    "timestamp",
    "time",
    "ts",
];
const END: &[&str] = &[
    "endtime",
    "end",
    "endedat",
    "finishtime",
    "finish",
    "endts",
    "endtimestamp",
];
const DURATION: &[&str] = &[
    "duration",
    "elapsedtime",
    "elapsed",
    "latency",
    "responsetime",
    "spanduration",
    "dur",
];
/// Endings that name a unit, longest first.
const UNITS: &[(&str, i32)] = &[
    ("unixnanoseconds", NANOS),
    ("nanoseconds", NANOS),
    ("microseconds", MICROS),
    ("milliseconds", MILLIS),
    ("unixnano", NANOS),
    ("unixmicro", MICROS),
    ("unixmilli", MILLIS),
    ("seconds", SECONDS),
    ("micros", MICROS),
    ("millis", MILLIS),
    ("nanos", NANOS),
    ("nano", NANOS),
    ("micro", MICROS),
    ("milli", MILLIS),
    ("unix", SECONDS),
    ("sec", SECONDS),
    ("ns", NANOS),
    ("us", MICROS),
    ("ms", MILLIS),
    ("s", SECONDS),
];

/// A column of time, and its unit where the name says it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Time {
    pub column: usize,
    pub unit: Option<i32>,
}

/// Where each thing stands in a row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Columns {
    pub trace: usize,
    pub span: usize,
    pub parent: Option<usize>,
    pub owner: Option<usize>,
    pub operation: Option<usize>,
    pub peer: Option<usize>,
    pub kind: Option<usize>,
    pub error: Option<usize>,
    pub success: Option<usize>,
    pub status: Option<usize>,
    pub start: Time,
    pub end: Option<Time>,
    pub duration: Option<Time>,
}

impl Columns {
    /// Of the names of a header. None when they do not describe spans: a trace, a span, a beginning, a length, and who or what
    /// are needed.
    pub fn of(names: &[&[u8]]) -> Option<Self> {
        let names: Vec<String> = names.iter().map(|name| bare(name)).collect();
        let one = |spellings: &[&str]| {
            spellings
                .iter()
                .find_map(|spelling| names.iter().position(|name| name == spelling))
        };
        let found = Self {
            trace: one(TRACE)?,
            span: one(SPAN)?,
            parent: one(PARENT),
            owner: one(OWNER),
            operation: one(OPERATION),
            peer: one(PEER),
            kind: one(KIND),
            error: one(ERROR),
            success: one(SUCCESS),
            status: one(STATUS),
            start: time(&names, START, false)?,
            end: time(&names, END, false),
            duration: time(&names, DURATION, true),
        };
        let useful = (found.end.is_some() || found.duration.is_some())
            && (found.owner.is_some() || found.operation.is_some())
            && found.trace != found.span;
        useful.then_some(found)
    }
}

/// Of one spelling, a beginning or an end without a unit is preferred, because its size tells the unit and it is often the
/// finer one; a duration with a unit is, because its size tells nothing.
fn time(names: &[String], spellings: &[&str], unit_first: bool) -> Option<Time> {
    let known = |spelling: &str, with_unit: bool| {
        names.iter().enumerate().find_map(|(column, name)| {
            let rest = name.strip_prefix(spelling)?;
            let unit = UNITS.iter().find(|(ending, _)| rest == *ending).map(|(_, unit)| *unit);
            let fits = if with_unit { unit.is_some() } else { rest.is_empty() };
            fits.then_some(Time { column, unit })
        })
    };
    spellings
        .iter()
        .find_map(|spelling| known(spelling, unit_first).or_else(|| known(spelling, !unit_first)))
}

fn bare(name: &[u8]) -> String {
    name.iter()
        .filter(|byte| byte.is_ascii_alphanumeric())
        .map(|byte| char::from(byte.to_ascii_lowercase()))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(header: &str) -> Option<Columns> {
        let names: Vec<&[u8]> = header.split(',').map(str::as_bytes).collect();
        Columns::of(&names)
    }

    #[test]
    fn columns_are_known_by_their_usual_spellings() {
        let nezha = of(
            "Timestamp,TraceID,SpanID,ParentID,PodName,OperationName,SpanKind,StartTimeUnixNano,EndTimeUnixNano,Duration",
        )
        .expect("spans");
        assert_eq!(
            (nezha.trace, nezha.span, nezha.parent, nezha.owner),
            (1, 2, Some(3), Some(4))
        );
        let start = Time {
            column: 7,
            unit: Some(NANOS),
        };
        assert_eq!((nezha.start, nezha.end.map(|end| end.column)), (start, Some(8)));
        let jaeger = of(
            "time,traceID,spanID,serviceName,methodName,operationName,startTimeMillis,startTime,duration,statusCode,parentSpanID",
        )
        .expect("spans");
        assert_eq!((jaeger.start.column, jaeger.start.unit), (7, None));
        assert_eq!(
            (jaeger.operation, jaeger.status, jaeger.parent),
            (Some(5), Some(9), Some(10))
        );
        let plain = of("trace_id,span_id,parent_id,service,name,start,duration_ms").expect("spans");
        assert_eq!(plain.duration.and_then(|duration| duration.unit), Some(MILLIS));
        assert_eq!(plain.start.unit, None);
    }

    #[test]
    fn a_header_without_spans_is_none() {
        for header in [
            "Timestamp,TimeUnixNano,Node,PodName,Container,TraceID,SpanID,Log",
            "time,cpu,memory",
            "trace,start,end,service",
            "",
        ] {
            assert_eq!(of(header), None, "{header}");
        }
    }
}
