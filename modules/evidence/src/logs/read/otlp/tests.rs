//! Log records of OTLP by example and by property: what is read, where it is quoted from, and what damage costs.

use proptest::prelude::*;

use super::{
    super::{RecordLimits, read_records, tests::read},
    begins,
};
use crate::{
    logs::time::TimeContext,
    source::{LineLimits, Origin},
};

/// How many records could not be read, of how many.
fn unread(text: &str) -> (u64, u64) {
    let limits = RecordLimits {
        lines: LineLimits { line: 1_000 },
        ..RecordLimits::default()
    };
    let context = TimeContext { reference: 0, zone: 0 };
    let summary = read_records(text.as_bytes(), &Origin::file("a"), limits, &context, |_| {}).expect("text");
    (summary.unread, summary.unread + summary.records)
}

/// A document as a collector writes it into a line.
fn document(records: &str) -> String {
    format!(
        r#"{{"resourceLogs":[{{"resource":{{"attributes":[{{"key":"service.name","value":{{"stringValue":"cart"}}}},{{"key":"host.name","value":{{"stringValue":"vm-7"}}}}]}},"scopeLogs":[{{"scope":{{"name":"x"}},"logRecords":[{records}]}}]}}]}}"#
    )
}

const FAILED: &str = r#"{"timeUnixNano":"1709287872123456789","severityNumber":17,"severityText":"ERROR","body":{"stringValue":"cannot reach \"db\": timed out"},"traceId":"4bf92f3577b34da6a3ce929d0e0e4736","spanId":"00f067aa0ba902b7"}"#;
const FAILED_IS: &str = "2024-03-01T10:11:12.123456Z Error <cart> Trace:4bf92f3577b34da6a3ce929d0e0e4736 Span:00f067aa0ba902b7 Host:vm-7\n    cannot reach \"db\": timed out\n";

#[test]
fn each_record_is_read_with_its_resource_and_quoted_where_it_stands() {
    let lines = format!("{}\n{}\n", document(FAILED), document(&format!("{FAILED},{FAILED}")));
    assert_eq!(
        read(lines.as_bytes()),
        format!("1+1 {FAILED_IS}2+1 {FAILED_IS}2+1 {FAILED_IS}2 lines, 3 records, {{Otlp: 3}}")
    );
}

#[test]
fn a_document_may_be_broken_into_lines_and_begin_with_a_mark() {
    let broken = document(FAILED).replace(":[", ":[\n  ").replace(",\"", ",\n    \"");
    let text = format!("\u{feff}{broken}\n");
    let found = read(text.as_bytes());
    assert!(found.starts_with(&format!("9+6 {FAILED_IS}")), "{found}");
}

#[test]
fn a_record_says_what_it_says_in_many_ways() {
    for (record, expected) in [
        // Without a time of its own, that of who saw it.
        (
            r#"{"observedTimeUnixNano":1709287872000000000,"timeUnixNano":"0","severityNumber":"SEVERITY_NUMBER_WARN2","body":{"stringValue":"low on tea"}}"#,
            "2024-03-01T10:11:12Z Warning <cart> Host:vm-7\n    low on tea\n",
        ),
        (
            r#"{"time_unix_nano":"1709287872000000000","severity_text":"Information","body":{"kvlistValue":{"values":[{"key":"msg","value":{"stringValue":"sold\tout"}},{"key":"request_id","value":{"stringValue":"r-1"}}]}}}"#,
            "2024-03-01T10:11:12Z Info <cart> Host:vm-7 Request:r-1\n    sold\tout\n",
        ),
        (
            r#"{"body":{"kvlistValue":{"values":[{"key":"stock","value":{"intValue":"3"}},{"key":"of","value":{"arrayValue":{"values":[{"stringValue":"tea"},{"boolValue":true}]}}}]}}}"#,
            "- - <cart> Host:vm-7\n    stock=3 of=tea, true\n",
        ),
        // What a collector took from a file is a whole line.
        (
            r#"{"body":{"stringValue":"2024-03-01 10:11:12 \u001b[31mWARN\u001b[0m slow, trace_id=4bf92f3577b34da6a3ce929d0e0e4736"},"attributes":[{"key":"log.file.name","value":{"stringValue":"a.log"}}]}"#,
            "2024-03-01T10:11:12Z Warning <cart> Host:vm-7 Trace:4bf92f3577b34da6a3ce929d0e0e4736\n    WARN slow, trace_id=4bf92f3577b34da6a3ce929d0e0e4736\n",
        ),
        (
            r#"{"body":{"stringValue":"{\"level\":\"error\",\"msg\":\"no route\"}"}}"#,
            "- Error <cart> Host:vm-7\n    no route\n",
        ),
        (
            r#"{"severityNumber":17,"attributes":[{"key":"exception.type","value":{"stringValue":"shop.NoStock"}},{"key":"exception.message","value":{"stringValue":"no tea"}},{"key":"session.id","value":{"stringValue":"s-1"}}]}"#,
            "- Error <cart> Host:vm-7\n    shop.NoStock: no tea\n",
        ),
        (
            r#"{"eventName":"cart.opened"}"#,
            "- - <cart> Host:vm-7\n    cart.opened\n",
        ),
        (r#"{"flags":1}"#, "- - <cart> Host:vm-7\n    {\"flags\":1}\n"),
    ] {
        let found = read(document(record).as_bytes());
        assert_eq!(
            found,
            format!("1+1 {expected}1 lines, 1 records, {{Otlp: 1}}"),
            "{record}"
        );
    }
}

#[test]
fn a_stack_trace_beside_the_body_belongs_to_it() {
    let record = r#"{"body":{"stringValue":"checkout failed"},"attributes":[{"key":"exception.stacktrace","value":{"stringValue":"java.lang.IllegalStateException: no tea\n\tat shop.Cart.buy(Cart.java:10)\nCaused by: java.io.IOException: gone\n"}}]}"#;
    assert_eq!(
        read(document(record).as_bytes()),
        "1+1 - Error <cart> Host:vm-7 Java stack: Caused by: java.io.IOException: gone\n    checkout failed\n1 lines, 1 records, {Otlp: 1}"
    );
}

#[test]
fn a_resource_may_come_last_be_a_pod_or_be_missing() {
    let late = |resource: &str| {
        format!(
            r#"{{"resourceLogs":[{{"scopeLogs":[{{"logRecords":[{{"body":{{"stringValue":"x"}}}}]}}]{resource}}}]}}"#
        )
    };
    let pod = r#","resource":{"attributes":[{"key":"k8s.pod.name","value":{"stringValue":"cart-675f68bb96-2kq8z"}}]}"#;
    for (text, who) in [
        (late(pod), "<cart> Host:cart-675f68bb96-2kq8z"),
        (late(""), "<>"),
        (
            late(pod).replace("resourceLogs", "resource_logs"),
            "<cart> Host:cart-675f68bb96-2kq8z",
        ),
        // Each resource stands for its own records.
        (
            format!("{}\n{}", late(pod), late("")),
            "<cart> Host:cart-675f68bb96-2kq8z\n    x\n2+1 - - <>",
        ),
    ] {
        let found = read(text.as_bytes());
        assert!(found.starts_with(&format!("1+1 - - {who}\n    x\n")), "{found}");
    }
}

#[test]
fn a_document_is_told_by_its_keys_and_a_line_of_a_log_is_not() {
    for (text, expected) in [
        (r#"{"resourceLogs":[]}"#, true),
        ("\n [ {\n \"resource_logs\" : [] } ]", true),
        (r#"{"resource":{},"scopeLogs":[]}"#, true),
        (r#"{"level":"info","msg":"got {\"resourceLogs\":[]}"}"#, false),
        (r#"{"level":"info","msg":"resourceLogs"}"#, false),
        ("{\"msg\":\"x\"}\n{\"resourceLogs\":[]}\n", false),
        ("resourceLogs: 3", false),
        ("", false),
    ] {
        assert_eq!(begins(text.as_bytes()), expected, "{text}");
    }
}

#[test]
fn damage_costs_what_is_damaged() {
    let whole = document(FAILED);
    let torn = &whole[..whole.len() - 40];
    let lines = format!("{whole}\n{torn}\n{whole}\n");
    let found = read(lines.as_bytes());
    assert_eq!(found.matches(FAILED_IS).count(), 2, "{found}");
    assert!(found.contains(&format!("3+1 {FAILED_IS}")), "{found}");
    assert_eq!(unread(&lines), (1, 3));
    let long = FAILED.replace("timed out", &"timed out ".repeat(100));
    assert_eq!(unread(&document(&format!("{FAILED},{long},{FAILED}"))), (1, 3));
    // A file that was cut: what came before it counts.
    let cut = document(&format!("{FAILED},{FAILED}"));
    let found = read(&cut.as_bytes()[..cut.len() - 60]);
    assert_eq!(found.matches(FAILED_IS).count(), 1, "{found}");
    let found = read(document(&format!("7,null,{{\"body\"}},{FAILED}")).as_bytes());
    assert_eq!(found.matches(FAILED_IS).count(), 1, "{found}");
}

proptest! {
    #[test]
    fn no_damage_makes_it_fail(
        at in any::<prop::sample::Index>(),
        bytes in proptest::collection::vec(any::<u8>(), 0..8),
        cut in any::<prop::sample::Index>(),
    ) {
        let mut content = format!("{}\n{}\n", document(FAILED), document(FAILED)).into_bytes();
        let at = at.index(content.len() - 40) + 40;
        content.splice(at..at, bytes);
        content.truncate(40 + cut.index(content.len() - 40));
        // Quotes are compared with the content while it is read.
        read(&content);
    }
}
