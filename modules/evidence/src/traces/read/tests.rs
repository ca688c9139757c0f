//! Formats by example, and any bytes.

use std::fmt::Write as _;

use proptest::prelude::*;

use super::{Format, SpanReadLimits, SpanSummary, read_spans, recognise};
use crate::traces::{
    id::{SpanId, TraceId},
    span::Outcome,
};

/// One line for each span, and a summary. Every place must hold the bytes of its span.
fn read_within(content: &[u8], format: Format, limits: SpanReadLimits) -> (String, SpanSummary) {
    let mut text = String::new();
    let summary = read_spans(content, format, limits, |span| {
        let place = usize::try_from(span.place.start).expect("small");
        let raw = &content[place..place + span.place.length as usize];
        let field = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        let parent = if span.parent.is_some() { "below" } else { "first" };
        let error = match span.outcome {
            Outcome::Well => "",
            Outcome::Refused => " refused",
            Outcome::Failed => " error",
            Outcome::Abandoned => " abandoned",
        };
        let _ = writeln!(
            text,
            "<{}> {} {:?} {parent} {}+{}{error} to <{}> at {}",
            field(span.instance),
            field(span.operation),
            span.kind,
            span.start,
            span.duration,
            field(span.peer),
            field(&raw[..raw.len().min(24)]),
        );
    })
    .expect("text");
    (text, summary)
}

fn read(content: &str) -> String {
    let (format, reason) = recognise(content.as_bytes()).expect("spans");
    let (text, summary) = read_within(content.as_bytes(), format, SpanReadLimits::default());
    assert_eq!(summary.bytes, content.len() as u64);
    let SpanSummary {
        spans,
        faulty,
        oversized,
        ownerless,
        assumed,
        ..
    } = summary;
    format!(
        "{format:?}: {reason}\n{text}{spans} spans, {faulty} faulty, {oversized} oversized, {ownerless} ownerless, {assumed} assumed"
    )
}

const OTLP: &str = r#"{
  "resourceSpans": [{
    "resource": {"attributes": [{"key": "service.name", "value": {"stringValue": "shop"}},
                                {"key": "k8s.pod.name", "value": {"stringValue": "shop-675f68bb96-2kq8z"}}]},
    "scopeSpans": [{"scope": {"name": "http"}, "spans": [
      {"traceId": "5b8efff798038103d269b633813fc60c", "spanId": "eee19b7ec3c1b174", "name": "GET /cart", "kind": 2,
       "startTimeUnixNano": "1544712660000000000", "endTimeUnixNano": "1544712661000000999",
       "attributes": [{"key": "http.response.status_code", "value": {"intValue": "503"}}], "status": {}},
      {"traceId": "W47/95gDgQPSabYzgT/GDA==", "spanId": "7uGbfsPBsXU=", "parentSpanId": "7uGbfsPBsXQ=", "name": "call \"cart\" {",
       "kind": "SPAN_KIND_CLIENT", "startTimeUnixNano": 1544712660100000000, "endTimeUnixNano": 1544712660200000000,
       "attributes": [{"key": "peer.service", "value": {"stringValue": "cart"}}], "status": {"code": "STATUS_CODE_ERROR"}}
    ]}]
  }, {
    "scopeSpans": [{"spans": [{"traceId": "5b8e", "spanId": "01", "name": "late", "startTimeUnixNano": "1", "endTimeUnixNano": "2000"}, {"name": "no ids"}]}],
    "resource": {"attributes": [{"key": "k8s.pod.name", "value": {"stringValue": "cart-675f68bb96-2kq8z"}}]}
  }]
}"#;

#[test]
fn otlp() {
    insta::assert_snapshot!(read(OTLP));
}

#[test]
fn otlp_in_lines_loses_a_torn_line_alone() {
    let line = r#"{"resourceSpans":[{"resource":{"attributes":[{"key":"service.name","value":{"stringValue":"a"}}]},"scopeSpans":[{"spans":[{"traceId":"1","spanId":"2","name":"x","startTimeUnixNano":"1000","endTimeUnixNano":"3000"}]}]}]}"#;
    for torn in [40, 100, 150, 170, line.len() - 8] {
        let content = format!("{line}\n{}\n{line}\n{line}\n", &line[..torn]);
        let (text, summary) = read_within(content.as_bytes(), Format::Otlp, SpanReadLimits::default());
        let whole = text.lines().filter(|span| span.starts_with("<a> x")).count();
        assert!(whole >= 3 && summary.spans <= 4, "{torn}: {text} {summary:?}");
    }
}

#[test]
fn jaeger() {
    insta::assert_snapshot!(read(
        r#"{"data":[{"traceID":"ab12","spans":[
 {"traceID":"ab12","spanID":"1","operationName":"HTTP GET","references":[],"startTime":1700000000000000,"duration":1500,"tags":[{"key":"span.kind","type":"string","value":"server"},{"key":"http.status_code","type":"int64","value":200}],"logs":[{"fields":[{"key":"event","value":"}{"}]}],"processID":"p1"},
 {"traceID":"ab12","spanID":"2","operationName":"SELECT","references":[{"refType":"FOLLOWS_FROM","traceID":"ff","spanID":"9"},{"refType":"CHILD_OF","traceID":"ab12","spanID":"1"}],"startTime":1700000000000100,"duration":700,"tags":[{"key":"error","type":"bool","value":true},{"key":"span.kind","value":"client"},{"key":"db.name","value":"orders"}],"processID":"p2","warnings":null}],
 "processes":{"p1":{"serviceName":"frontend","tags":[]},"p2":{"serviceName":"driver"}},"warnings":null},
 {"traceID":"cd","processes":{"p1":{"serviceName":"other"}},"spans":[{"traceID":"cd","spanID":"3","operationName":"after","startTime":"1700000000000000","duration":"5","processID":"p1"}]}],"total":0}"#
    ));
}

#[test]
fn zipkin() {
    insta::assert_snapshot!(read(
        r#"[[{"traceId":"5af7183fb1d4cf5f","id":"352bff9a74ca9ad2","parentId":"6b221d5bc9e6496c","name":"get /api","timestamp":1556604172355737,"duration":1431,"kind":"CLIENT","localEndpoint":{"serviceName":"frontend"},"remoteEndpoint":{"serviceName":"backend","ipv4":"1.2.3.4"},"tags":{"http.path":"/api"}},
{"traceId":"5af7183fb1d4cf5f","id":"352bff9a74ca9ad2","parentId":"6b221d5bc9e6496c","name":"get /api","timestamp":1556604172356000,"duration":900,"kind":"SERVER","shared":true,"localEndpoint":{"serviceName":"backend"},"tags":{"error":"500"}}],
[{"traceId":"1","id":"2","name":null,"timestamp":5,"localEndpoint":null}]]"#
    ));
}

#[test]
fn csv() {
    insta::assert_snapshot!(
        "csv_nanoseconds",
        read(
            "Timestamp,TraceID,SpanID,ParentID,PodName,OperationName,SpanKind,StartTimeUnixNano,EndTimeUnixNano,Duration\n\
             2023-01-29T08:59:25Z,13119136c1d4c39b421d949909df56dc,a5679848d3e0317a,root,ts-gateway-service-6f6cfc45b-h5m2n,/*,server,1674982765161000000,1674982765433315320,272315\n\
             2023-01-29T08:59:25Z,13119136c1d4c39b421d949909df56dc,c2ae8afdc4e3216c,a5679848d3e0317a,ts-gateway-service-6f6cfc45b-h5m2n,\"a, \"\"b\"\"\nc\",,1674982765161788671,1674982765433091642,271302\n\
             Timestamp,TraceID,SpanID,ParentID,PodName,OperationName,SpanKind,StartTimeUnixNano,EndTimeUnixNano,Duration\n\
             x,1,2,3,svc,op,client,soon,later,1\n"
        )
    );
    insta::assert_snapshot!(
        "csv_duration",
        read(
            "time;trace_id;span_id;service;name;duration_ms;parent;status_code\r\n2024-03-01T10:11:12.5Z;t-1;s-1;shop;GET /;1.25;;503\r\n1709287872500;t-1;s-2;shop;GET /;2;s-1;0\r\n"
        )
    );
    insta::assert_snapshot!(
        "csv_without_unit",
        read(
            "traceID,spanID,serviceName,operationName,startTime,duration,statusCode,parentSpanID\n1,2,a,b,1700000000000000,250,200,\n"
        )
    );
}

#[test]
fn a_stray_quote_spoils_its_row_alone() {
    let mut content = "trace_id,span_id,service,name,start_us,end_us\n1,1,\"a,b,1,2\n".to_owned();
    for span in 2..200 {
        let _ = writeln!(content, "1,{span},a,b,1,2");
    }
    let (_, summary) = read_within(content.as_bytes(), Format::Csv, SpanReadLimits::default());
    assert_eq!((summary.spans, summary.faulty), (198, 1));
}

#[test]
fn a_span_that_is_too_long_is_passed_over_and_counted() {
    let long = OTLP.replace("GET /cart", &"x".repeat(5_000));
    let limits = SpanReadLimits { span: 2_000, held: 10 };
    let (text, summary) = read_within(long.as_bytes(), Format::Otlp, limits);
    assert_eq!((summary.spans, summary.oversized, summary.faulty), (2, 1, 1), "{text}");
    assert_eq!(
        summary.ownerless, 1,
        "what cannot be held is given out without its service"
    );
}

#[test]
fn utf_16_is_refused_as_json_and_read_as_csv() {
    let wide = |text: &str| -> Vec<u8> {
        let units = std::iter::once(0xfeff).chain(text.encode_utf16());
        units.flat_map(u16::to_le_bytes).collect()
    };
    let refused = read_spans(wide(OTLP).as_slice(), Format::Otlp, SpanReadLimits::default(), |_| {});
    assert!(refused.is_err_and(|error| error.to_string().contains("UTF-8")));
    let csv = wide("trace_id,span_id,service,name,start_us,end_us\n1,1,ä,b,1,2\n");
    assert_eq!(recognise(&csv).map(|(format, _)| format), Some(Format::Csv));
    let mut names = Vec::new();
    let limits = SpanReadLimits::default();
    read_spans(csv.as_slice(), Format::Csv, limits, |span| {
        names.push(span.instance.to_vec());
    })
    .expect("text");
    assert_eq!(names, ["ä".as_bytes()]);
}

const FORMATS: [Format; 4] = [Format::Otlp, Format::Jaeger, Format::Zipkin, Format::Csv];

proptest! {
    #[test]
    fn any_bytes_are_read_to_their_end(content in prop::collection::vec(any::<u8>(), 0..400)) {
        recognise(&content);
        TraceId::of(&content);
        SpanId::of(&content);
        for format in FORMATS {
            let _ = read_spans(content.as_slice(), format, SpanReadLimits { span: 64, held: 64 }, |_| {});
        }
    }

    #[test]
    fn any_damage_to_a_document_is_survived(at in 0..OTLP.len(), byte in any::<u8>(), cut in 0..OTLP.len(), span in 16_usize..2_000) {
        let mut content = OTLP.as_bytes().to_vec();
        content[at] = byte;
        let cut = &content[..cut];
        for format in FORMATS {
            for content in [content.as_slice(), cut] {
                let mut spans = 0;
                let outcome = read_spans(content, format, SpanReadLimits { span, held: 500 }, |given| {
                    spans += 1;
                    assert!(given.place.start + u64::from(given.place.length) <= content.len() as u64);
                });
                if let Ok(summary) = outcome {
                    prop_assert_eq!((summary.spans, summary.bytes), (spans, content.len() as u64));
                }
            }
        }
    }
}
