//! Recognition by example, and that no bytes make it fail.

use proptest::prelude::*;

use super::{Kind, recognise};

fn kind(name: &str, text: &str) -> (Kind, &'static str) {
    let found = recognise(name, text.as_bytes());
    assert!((0.0..=1.0).contains(&found.certainty) && !found.reason.is_empty());
    (found.kind, found.format)
}

#[test]
fn telemetry_is_told_by_its_names() {
    for (text, expected) in [
        (r#"{"resourceSpans":[{"scopeSpans":[]}]}"#, (Kind::Traces, "OTLP JSON")),
        (
            r#"{"data":[{"traceID":"1","spans":[{"traceID":"1"}],"processes":{}}]}"#,
            (Kind::Traces, "Jaeger JSON"),
        ),
        (
            r#"[{"traceId":"1","id":"2","name":"get","timestamp":1,"duration":2}]"#,
            (Kind::Traces, "Zipkin JSON"),
        ),
        (
            "TraceID,SpanID,ParentID,PodName,OperationName,StartTimeUnixNano,EndTimeUnixNano,Duration\na,b,root,p,o,1,2,1\n",
            (Kind::Traces, "CSV of spans"),
        ),
        (r#"{"resourceMetrics":[]}"#, (Kind::Metrics, "OTLP JSON")),
        (
            r#"{"resourceLogs":[{"resource":{},"scopeLogs":[{"scope":{"name":"x"},"logRecords":[{"body":{},"traceId":"1","spanId":"2"}]}]}]}"#,
            (Kind::Logs, "OTLP JSON"),
        ),
        (
            r#"{"resource":{"attributes":[{"key":"args","value":{"arrayValue":{"values":[]}}}]},"scopeLogs":[{"scope":{"name":"x"}}]}"#,
            (Kind::Logs, "OTLP JSON"),
        ),
        (
            r#"{"status":"success","data":{"resultType":"matrix","result":[]}}"#,
            (Kind::Metrics, "Prometheus query result"),
        ),
        (
            "# HELP up Up.\n# TYPE up gauge\nup{job=\"a b\"} 1\nup 0 1709287872000\n",
            (Kind::Metrics, "Prometheus text"),
        ),
        (
            "Time,PodName,CpuUsage(m)\n2023-01-29 08:41:09,cart-0,2.3\n2023-01-29 08:42:09,cart-0,error\n2023-01-29 08:43:09,cart-0,1\n",
            (Kind::Metrics, "CSV of samples"),
        ),
        (
            "microservice,a,b\nmetric,latency,latency\nunix_timestamp,,\n1681866420.0,,0.02\n1681866720.0,1,0.03\n1681867020.0,1,0.03\n1681867320.0,1,2\n",
            (Kind::Metrics, "CSV of samples"),
        ),
    ] {
        assert_eq!(kind("x", text), expected, "{text}");
    }
}

#[test]
fn logs_are_told_by_their_times_and_messages() {
    for (name, text, expected) in [
        (
            "a.log",
            "2024-03-01 10:11:12 ERROR x\nat y\n",
            (Kind::Logs, "lines of text"),
        ),
        ("a", "[2024-03-01 10:11:12] {\"a\":1}\n", (Kind::Logs, "lines of text")),
        (
            "a",
            "{\"ts\":1709287872,\"level\":\"error\",\"msg\":\"x\"}\n{\"ts\":1}\n",
            (Kind::Logs, "JSON lines"),
        ),
        (
            "a.csv",
            "Timestamp,TimeUnixNano,Node,PodName,Container,TraceID,SpanID,Log\n2022-08-22T05:18:42Z,1,n,p,c,t,s,\"a, b\"\n",
            (Kind::Logs, "CSV of log lines"),
        ),
        (
            "export.csv",
            "time;level;message\n2022-08-22T05:18:42Z;info;hello\n",
            (Kind::Logs, "CSV of log lines"),
        ),
        (
            "a.txt",
            "key: value\nother: value\nthird: 3\n",
            (Kind::Logs, "lines of text"),
        ),
    ] {
        assert_eq!(kind(name, text), expected, "{text}");
    }
}

#[test]
fn settings_changes_and_topology_are_told() {
    for (name, text, expected) in [
        ("a.yaml", "replicas: 2\n", (Kind::Configuration, "YAML")),
        (
            "x",
            "apiVersion: apps/v1\nkind: Deployment\nmetadata:\n  name: cart\n",
            (Kind::Configuration, "Kubernetes manifest"),
        ),
        (
            "x",
            "apiVersion: mainstay/v1\nkind: Service\n",
            (Kind::Topology, "catalog"),
        ),
        (".env", "A=1\n", (Kind::Configuration, "properties")),
        ("app.toml", "[a]\nb = 1\n", (Kind::Configuration, "TOML")),
        ("settings.json", "{\"pool\":{\"max\":5}}", (Kind::Configuration, "JSON")),
        (
            "Dockerfile",
            "FROM debian:12\nRUN true\n",
            (Kind::Configuration, "Dockerfile"),
        ),
        (
            "x",
            "diff --git a/x b/x\n--- a/x\n+++ b/x\n@@ -1 +1 @@\n-a\n+b\n",
            (Kind::Changes, "unified diff"),
        ),
        (
            "x.patch",
            "--- a/x\n+++ b/x\n@@ -1 +1 @@\n-a\n+b\n",
            (Kind::Changes, "unified diff"),
        ),
        (
            "x",
            "{\"time\":\"2024-03-01T10:11:12Z\",\"service\":\"cart\",\"version\":\"1.2\"}\n{\"time\":\"2024-03-01T10:11:13Z\"}\n",
            (Kind::Changes, "deploy events"),
        ),
        (
            "x.csv",
            "time,service,version\n2024-03-01T10:11:12Z,cart,1.2\n",
            (Kind::Changes, "deploy events"),
        ),
        ("x.csv", "source,target\na,b\n", (Kind::Topology, "CSV of edges")),
        ("x.csv", ",a,b\na,0,1\nb,0,0\n", (Kind::Topology, "adjacency matrix")),
        ("x.json", "{\"nodes\":[],\"edges\":[]}", (Kind::Topology, "JSON graph")),
        ("README.md", "# About\nwords\n", (Kind::Junk, "prose")),
        ("a.log", "", (Kind::Junk, "empty")),
    ] {
        assert_eq!(kind(name, text), expected, "{name} {text}");
    }
}

#[test]
fn binary_junk_is_refused_whatever_its_name() {
    let junk: Vec<u8> = (0..4_096_u32)
        .map(|at| u8::try_from(at * 7 % 29).unwrap_or(0))
        .collect();
    assert_eq!(recognise("app.log", &junk).kind, Kind::Junk);
    assert_eq!(recognise("app.log", b"\x7fELF\x02\x01\x01").kind, Kind::Junk);
}

#[test]
fn text_in_two_bytes_a_character_is_read_as_text() {
    let wide: Vec<u8> = "\u{feff}2024-03-01 10:11:12 ERROR x\r\n"
        .encode_utf16()
        .flat_map(u16::to_le_bytes)
        .collect();
    let found = recognise("app.log", &wide);
    assert_eq!((found.kind, found.certainty), (Kind::Logs, super::FORMED));
}

#[test]
fn a_number_of_any_length_is_no_time() {
    assert_eq!(
        kind("x", "9999999999999999999 a\n99999999999999999999999999999999 b\n").0,
        Kind::Logs
    );
}

proptest! {
    #[test]
    fn any_bytes_are_taken_for_something(
        name in "[a-z.]{0,12}",
        start in prop_oneof![Just(""), Just("{\""), Just("[{"), Just("a,b\n"), Just("FROM "), Just("diff --git "), Just("# TYPE ")],
        rest in prop_oneof![proptest::collection::vec(any::<u8>(), 0..200), "[a-z{}\\[\\]\":,=\\-\n 0-9ä\\\\]{0,200}".prop_map(String::into_bytes)],
    ) {
        let mut bytes = start.as_bytes().to_vec();
        bytes.extend(rest);
        let found = recognise(&name, &bytes);
        prop_assert!((0.0..=1.0).contains(&found.certainty));
    }
}
