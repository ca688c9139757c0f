//! Formats by example: what is read of each, and that every quote stands where it says.

use std::fmt::Write as _;

use jiff::Timestamp;
use proptest::prelude::*;

use super::{RecordLimits, read_records};
use crate::{logs::time::TimeContext, source::Origin};

fn context() -> TimeContext {
    let reference: Timestamp = "2024-03-10T12:00:00Z".parse().expect("a time");
    TimeContext {
        reference: reference.as_microsecond(),
        zone: 0,
    }
}

/// One line for each record, and a summary.
pub(super) fn read(content: &[u8]) -> String {
    let mut text = String::new();
    let summary = read_records(
        content,
        &Origin::file("a.log"),
        RecordLimits::default(),
        &context(),
        |record| {
            assert!(record.quote().holds(content), "{:?}", record.quote());
            let at = record.head.stamp.map_or("-".to_owned(), |stamp| {
                Timestamp::from_microsecond(stamp.micros).expect("in range").to_string()
            });
            let severity = record
                .severity
                .map_or("-".to_owned(), |severity| format!("{severity:?}"));
            let _ = write!(
                text,
                "{}+{} {at} {severity} <{}>",
                record.line,
                record.lines,
                String::from_utf8_lossy(&record.head.service)
            );
            for (kind, value) in record.head.identifiers.iter() {
                let _ = write!(text, " {kind:?}:{}", String::from_utf8_lossy(value));
            }
            if let Some(runtime) = record.stack {
                let _ = write!(text, " {runtime:?} stack: {}", String::from_utf8_lossy(record.cause));
            }
            let _ = writeln!(text, "\n    {}", String::from_utf8_lossy(record.subject()));
        },
    )
    .expect("text");
    let _ = write!(
        text,
        "{} lines, {} records, {:?}",
        summary.lines, summary.records, summary.formats
    );
    text
}

#[test]
fn plain_files() {
    insta::assert_snapshot!(read(
        b"2024-03-01 10:11:12,345 INFO  [main] shop.Cart - added 3 items, trace_id=4bf92f3577b34da6a3ce929d0e0e4736\n\
          2024-03-01 10:11:11,900 WARN  [pool-2] shop.Stock - low on tea\n\
          E0301 10:11:13.000001       7 controller.go:114] failed to sync: not found\n\
          2024/03/01 10:11:14 [error] 29#29: *7 connect() failed, request_id: req-77f1\n\
          10.0.0.1 - - [01/Mar/2024:10:11:15 +0000] \"GET / HTTP/1.1\" 500 12\n\
          \x1b[2m2024-03-01T10:11:16.5Z\x1b[0m \x1b[31mERROR\x1b[0m app: no route\n\
          03-01 10:11:17.123  1702  2395 W ActivityManager: slow\n\
          no time at all: disk is full\n"
    ));
}

#[test]
fn container_output() {
    insta::assert_snapshot!("docker", read(
        br#"{"log":"2024-03-01 10:11:12 ERROR cannot reach db\n","stream":"stderr","time":"2024-03-01T10:11:12.5Z"}
{"log":"\tat shop.Db.open(Db.java:10)\n","stream":"stderr","time":"2024-03-01T10:11:12.6Z"}
{"log":"{\"level\":\"warn\",\"msg\":\"half a \\\"cup\\\"\",\"traceId\":\"abc123\"}\n","stream":"stdout","time":"2024-03-01T10:11:13Z"}
{"log":"first part, ","stream":"stdout","time":"2024-03-01T10:11:14Z"}
{"log":"second part\n","stream":"stdout","time":"2024-03-01T10:11:14Z"}
"#
    ));
    insta::assert_snapshot!(
        "cri",
        read(
            b"2024-03-01T10:11:12.345678901Z stderr F panic: runtime error: index out of range\n\
          2024-03-01T10:11:12.345678902Z stderr F \n\
          2024-03-01T10:11:12.345678903Z stderr F goroutine 1 [running]:\n\
          2024-03-01T10:11:12.345678904Z stderr F main.main()\n\
          2024-03-01T10:11:12.345678905Z stderr F \t/src/main.go:7 +0x1d\n\
          2024-03-01T10:11:13.000000000Z stdout P a long \n\
          2024-03-01T10:11:13.000000001Z stdout F line\n\
          2024-03-01T10:11:14.000000000Z stdout F level=info msg=\"ready to serve\" ts=2024-03-01T10:11:14Z\n"
        )
    );
}

#[test]
fn journal_and_syslog() {
    let mut export = b"__CURSOR=s=1;i=1\n__REALTIME_TIMESTAMP=1709287872345678\n_HOSTNAME=web1\nPRIORITY=3\nSYSLOG_IDENTIFIER=app\nMESSAGE=could not start\n\n\
        __CURSOR=s=1;i=2\n__REALTIME_TIMESTAMP=1709287873000000\n_SYSTEMD_UNIT=app.service\nPRIORITY=6\nMESSAGE\n".to_vec();
    export.extend_from_slice(&10_u64.to_le_bytes());
    export.extend_from_slice(b"two\nlines!\n\n");
    insta::assert_snapshot!("journal", read(&export));
    insta::assert_snapshot!(
        "syslog",
        read(
            b"<34>1 2024-03-01T10:11:12.003Z web1 su - ID47 [ex@1 a=\"b\\]\"] \xef\xbb\xbffailed for ann\n\
          <165>Mar  1 10:11:13 web1 sshd[7]: Failed password for root\n\
          Mar  1 10:11:14 web1 kernel: oom-killer: gfp_mask=0x0\n\
          Mar  1 10:11:15 web1 sshd(pam_unix)[19939]: check pass; user unknown\n"
        )
    );
}

#[test]
fn structured_lines() {
    insta::assert_snapshot!(read(
        br#"{"ts":1709287872.345,"level":"error","logger":"pay","msg":"card declined","request_id":"r-1"}
{"time":1709287872345,"level":50,"msg":"pino","hostname":"web1"}
{"@timestamp":"2024-03-01T10:11:12Z","log":{"level":"warn","logger":"x"},"message":"ecs","trace":{"id":"0af7"},"trace.id":"0af7651916cd43dd8448eb211c80319c"}
{"timestamp":"2024-03-01T10:11:12Z","level":"INFO","fields":{"message":"nested"},"target":"app::web"}
{"timeUnixNano":"1709287872345678901","severityNumber":17,"body":"otel"}
{"answer":42}
{"not": json
level=error ts=2024-03-01T10:11:12Z caller=x.go:1 msg="write failed" err="disk \"full\"" trace_id=abcdef
"#
    ));
}

#[test]
fn tables() {
    insta::assert_snapshot!("csv_of_containers", read(
        br#"Timestamp,TimeUnixNano,Node,PodName,Container,TraceID,SpanID,Log
2023-01-29T08:42:22.383150913Z,1674981742383150913,10.0.0.1,cart-64469b5b48-25zj6,server,ffc8ca7e,439bc949,"{""log"":""16:42:22.382 INFO  t.Cart#5 TraceID: ffc8ca7e got {id=1, \""a\""}\n"",""stream"":""stdout"",""time"":""2023-01-29T08:42:22.38315Z""}"
2023-01-29T08:42:22.39Z,1674981742390000000,10.0.0.1,cart-64469b5b48-25zj6,server,,,"an "irregular" one, with commas
2023-01-29T08:42:22.40Z,1674981742400000000,10.0.0.1,cart-64469b5b48-25zj6,server,,,level=error msg="no tea" ts=2023-01-29T08:42:22Z
Timestamp,TimeUnixNano,Node,PodName,Container,TraceID,SpanID,Log
2023-01-29T08:42:22.41Z,1674981742410000000,10.0.0.2,web-0,server,,,plain
"#
    ));
    insta::assert_snapshot!(
        "csv_of_a_log_tool",
        read(
            b"time;level;service;message;trace_id\r\n\
          2024-03-01T10:11:12Z;error;pay;\"order 7 failed; again\r\n\
          java.lang.IllegalStateException: no \"\"tea\"\"\r\n\
          \tat shop.Order.place(Order.java:10)\r\n\
          Caused by: java.net.ConnectException: refused\";0af7\r\n\
          1709287873.5;warn;pay;\"slow\";0af8\r\n\
          ;info;pay;without a time;\r\n"
        )
    );
    insta::assert_snapshot!(
        "csv_that_is_none",
        read(b"time,message\nwords, and words\n2024-03-01 10:11:12 ERROR x\n")
    );
}

#[test]
fn a_day_and_a_time_of_day_may_stand_in_two_columns() {
    let content =
        b"Line,Date,Time,Level,Content\n1,2024-03-01,17:41:43.5,WARN,a\n2,2024-03-01,17:41:44.747,ERROR,\"a, b\"\n";
    let text = read(content);
    assert!(
        text.starts_with(
            "2+1 2024-03-01T17:41:43.5Z Warning <>\n    a\n3+1 2024-03-01T17:41:44.747Z Error <>\n    a, b\n"
        ),
        "{text}"
    );
}

#[test]
fn stack_traces_are_one_record() {
    insta::assert_snapshot!(read(
        b"2024-03-01 10:11:12 ERROR order 7 failed\n\
          java.lang.IllegalStateException: no stock\n\
          \tat shop.Order.place(Order.java:10)\n\
          \t... 12 more\n\
          Caused by: java.net.ConnectException: refused\n\
          \tat java.net.Socket.connect(Socket.java:1)\n\
          2024-03-01 10:11:13 ERROR in task\n\
          Traceback (most recent call last):\n\
          \x20 File \"/app/x.py\", line 1, in run\n\
          \x20   go()\n\
          KeyError: 'tea'\n\
          2024-03-01 10:11:14 INFO next\n"
    ));
    insta::assert_snapshot!("unstamped", read(
        b"Traceback (most recent call last):\n  File \"x.py\", line 1, in <module>\n    go()\nValueError: bad tea\n\
          starting again\n\
          thread 'main' panicked at src/main.rs:4:5:\nindex out of bounds\nstack backtrace:\n   0: rust_begin_unwind\n             at /rustc/x.rs:1\nnote: run with `RUST_BACKTRACE=1`\n\
          Error: connect ECONNREFUSED 127.0.0.1:5432\n    at TCPConnectWrap.afterConnect (node:net:1494:16)\n    at Object.<anonymous> (/app/x.js:1:2)\n\
          panic: runtime error: nil map\n\ngoroutine 1 [running]:\nmain.main()\n\t/src/main.go:7 +0x1d\n"
    ));
}

#[test]
fn a_line_of_a_megabyte_is_bounded_and_counted() {
    let mut content = b"2024-03-01 10:11:12 ERROR ".to_vec();
    content.extend(std::iter::repeat_n(b'x', 3 << 20));
    content.extend_from_slice(b"\n2024-03-01 10:11:13 INFO next\n");
    let mut seen = Vec::new();
    let summary = read_records(
        content.as_slice(),
        &Origin::file("a"),
        RecordLimits::default(),
        &context(),
        |record| {
            assert!(record.quote().holds(&content) && record.quote().text.len() <= 4_096);
            seen.push((record.line, record.head.message.len()));
        },
    )
    .expect("text");
    assert_eq!(summary.skipped, (2 << 20) + 26);
    assert_eq!(seen.len(), 2);
    assert!(seen[0].1 <= 1 << 20);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn any_bytes_are_read_and_quotes_stand_where_they_say(
        lines in proptest::collection::vec(prop_oneof![
            3 => "[ -~]{0,60}",
            1 => Just("2024-03-01 10:11:12 ERROR x".to_owned()),
            1 => Just("\tat a.b(C.java:1)".to_owned()),
            1 => Just("Traceback (most recent call last):".to_owned()),
            1 => Just("{\"log\":\"a\\n\",\"stream\":\"stdout\",\"time\":\"2024-03-01T10:11:12Z\"}".to_owned()),
            1 => Just("{\"log\":\"part\",\"stream\":\"stdout\",\"time\":\"2024-03-01T10:11:12Z\"}".to_owned()),
            1 => Just("MESSAGE=x".to_owned()),
            1 => Just("__CURSOR=1".to_owned()),
            1 => Just("<13>Mar 1 10:11:12 h p[1]: x".to_owned()),
            1 => Just("2024-03-01T10:11:12Z,\"x".to_owned()),
            1 => Just("a\",\"b\"\"".to_owned()),
            1 => Just(String::new()),
            1 => "[{}\\[\\]\":,a-z0-9\\\\]{0,40}",
        ], 0..30),
        returns in any::<bool>(),
        table in any::<bool>(),
        fault in proptest::option::of(any::<u8>()),
    ) {
        let end = if returns { "\r\n" } else { "\n" };
        let mut content = if table { format!("time,message{end}") } else { String::new() }.into_bytes();
        content.extend(lines.join(end).into_bytes());
        content.extend(fault);
        let mut faults = Vec::new();
        let _ = read_records(content.as_slice(), &Origin::file("x"), RecordLimits::default(), &context(), |record| {
            if !record.quote().holds(&content) {
                faults.push(record.quote());
            }
        });
        prop_assert!(faults.is_empty(), "{:?}", faults);
    }
}
