//! Readers by example and by property.

use std::fmt::Write;

use proptest::prelude::*;

use super::*;
use crate::metrics::{Role, SeriesLimits};

const CONTEXT: TimeContext = TimeContext {
    reference: 1_661_140_279_000_000,
    zone: 0,
};

fn read_text(text: &[u8], name: &str, format: Format) -> (SeriesSet, ReadSummary) {
    let mut set = SeriesSet::new(SeriesLimits::default());
    let summary = read(text, &Origin::file(name), format, &ReadOptions::new(CONTEXT), &mut set).expect("readable");
    for series in set.series() {
        for &row in &series.points.rows {
            assert!(set.quote(row).expect("a quote").holds(text));
        }
    }
    (set, summary)
}

/// Series with their first points, one a line.
fn shown(set: &SeriesSet) -> String {
    let mut text = String::new();
    for series in set.series() {
        let points: Vec<String> = (series
            .points
            .times
            .iter()
            .zip(&series.points.values)
            .zip(&series.points.rows))
        .take(3)
        .map(|((time, value), row)| {
            let line = set.quote(*row).expect("a quote").line;
            format!("{}={value}@{line}", (time - CONTEXT.reference) / 1_000_000)
        })
        .collect();
        let _ = writeln!(
            text,
            "{:?} | {} {} | {:?} {} {:?} | {:?} | {}",
            series.owner,
            series.name,
            series.statistic.as_deref().unwrap_or("-"),
            series.kind,
            series.unit.as_deref().unwrap_or("-"),
            series.role,
            series.labels,
            points.join(" ")
        );
    }
    text
}

#[test]
fn a_wide_table_has_its_component_in_a_column() {
    let text = b"Time,TimeStamp,PodName,CpuUsage(m),PodServerLatencyP95(s)\n\
        2022-08-22 03:51:19.607158889 +0000 UTC m=+0.11,1861140279,ad-5f6585d649-fnmft,1.76,0.0188\n\
        2022-08-22 03:52:19.589328775 +0000 UTC m=+60.1,1861140339,ad-5f6585d649-fnmft,broken,0.02\n";
    let (set, summary) = read_text(text, "ad-5f6585d649-fnmft_metric.csv", Format::Separated);
    insta::assert_snapshot!(shown(&set));
    let time = summary.time.expect("a time");
    assert_eq!(time.name, "Time");
    assert_eq!(time.disagreeing.len(), 1, "{time:?}");
    assert_eq!(summary.first_text, Some((3, "broken".into())));
    assert_eq!((summary.values, summary.text, summary.missing), (3, 1, 0));
}

#[test]
fn several_header_rows_say_component_metric_and_statistic() {
    let text = b"service,cart,cart,db\nmetric,latency,latency,requests\nstatistic,Average,p90,Sum\nunix_timestamp,,,\n\
        1661140279.0,0.5,,12\n1661140579.0,0.6,0.7,NaN\n";
    let (set, summary) = read_text(text, "metrics.csv", Format::Separated);
    insta::assert_snapshot!(shown(&set));
    assert_eq!((summary.values, summary.missing), (4, 2));
}

#[test]
fn a_long_table_names_its_metric_in_a_column() {
    let text = b"timestamp;pod;metric;value;zone\n2022-08-22T03:51:19Z;cart-675f68bb96-2kq8z;cpu_percent;1,5;a\n\
        2022-08-22T03:51:19Z;cart-675f68bb96-2kq8z;memory;10;a\n2022-08-22T03:52:19Z;cart-675f68bb96-2kq8z;cpu_percent;2,5;a\n";
    let (set, _) = read_text(text, "long.csv", Format::Separated);
    insta::assert_snapshot!(shown(&set));
}

#[test]
fn what_checks_found_is_one_series_of_availability_whatever_they_say_of_a_failure() {
    let mut text = String::from("time,service,check,ok,latency_ms,error\n");
    for second in 0..20 {
        let (ok, error) = if second < 12 {
            ("true", "")
        } else {
            ("false", "\"connection refused, port 80\"")
        };
        let _ = writeln!(text, "2022-08-22T03:51:{second:02}Z,cart,health,{ok},5.0,{error}");
    }
    let (set, summary) = read_text(text.as_bytes(), "checks.csv", Format::Separated);
    let told: Vec<(&str, Role, usize)> = set
        .series()
        .iter()
        .map(|series| (series.name.as_str(), series.role, series.points.values.len()))
        .collect();
    assert_eq!(
        told,
        [("ok", Role::Availability, 20), ("latency_ms", Role::Latency, 20)]
    );
    assert_eq!(
        set.series()[0].points.values,
        [[1.0; 12].as_slice(), &[0.0; 8]].concat()
    );
    assert_eq!((summary.values, summary.text), (40, 0));
}

#[test]
fn a_flag_beside_the_name_of_a_metric_tells_series_apart() {
    let mut text = String::from("time,metric,canary,value\n");
    for second in 0..20 {
        let _ = writeln!(
            text,
            "2022-08-22T03:51:{second:02}Z,latency_ms,{},{second}",
            second % 2 == 0
        );
    }
    let (set, _) = read_text(text.as_bytes(), "long.csv", Format::Separated);
    let flags: Vec<Option<&str>> = set
        .series()
        .iter()
        .map(|series| series.labels.get("canary").map(String::as_str))
        .collect();
    assert_eq!(flags, [Some("true"), Some("false")]);
}

#[test]
fn names_of_columns_may_hold_the_component() {
    let text = b"time,cart_cpu,cart_latency-90,front-end_cpu,front-end_latency-90,http_requests\n\
        1661140279,1,2,3,4,5\n1661140280,1,2,3,4,5\n";
    let (set, _) = read_text(text, "simple_data.csv", Format::Separated);
    insta::assert_snapshot!(shown(&set));
}

#[test]
fn quotes_may_hold_separators_and_line_ends_and_need_not_be_closed() {
    let text =
        b"time,service,\"cpu, user\"\r\n1661140279,\"a \"\"b\"\",\nc\",1\r\n1661140280,\"x,2\r\n1661140281,y,3\r\n";
    let (set, summary) = read_text(text, "t.csv", Format::Separated);
    insta::assert_snapshot!(shown(&set));
    assert!(
        summary.faulty > 0 || summary.untimed > 0 || summary.missing > 0,
        "{summary:?}"
    );
}

#[test]
fn a_local_time_gives_way_to_a_number_that_tells_its_zone() {
    let text = b"date,ts,cpu\n2022-08-22 11:51:19,1661140279,1\n2022-08-22 11:52:19,1661140339,2\n";
    let (set, summary) = read_text(text, "cart.csv", Format::Separated);
    let time = summary.time.expect("a time");
    assert_eq!(
        (time.name.as_str(), time.disagreeing),
        ("ts", vec![("date".into(), 8 * 3_600)])
    );
    assert_eq!(set.series()[0].points.times[0], CONTEXT.reference);
}

#[test]
fn results_of_queries_and_plain_objects_become_series() {
    let matrix = br#"{"status":"success","data":{"resultType":"matrix","result":[
        {"metric":{"__name__":"up","pod":"cart-675f68bb96-2kq8z"},"values":[[1661140279.781,"1"],[1661140294.781,"NaN"]]},
        {"metric":{"service":"db"},"values":[[1661140279.781,"0.5"]]}]}}"#;
    let (set, summary) = read_text(matrix, "query.json", Format::Json);
    insta::assert_snapshot!("matrix", shown(&set));
    assert_eq!((summary.values, summary.missing), (2, 1));
    let vector =
        br#"{"data":{"resultType":"vector","result":[{"metric":{"__name__":"up"},"value":[1661140279,"1"]}]}}"#;
    insta::assert_snapshot!("vector", shown(&read_text(vector, "query.json", Format::Json).0));
    let objects = b"[{\"time\":\"2022-08-22T03:51:19Z\",\"service\":\"cart\",\"cpu\":1.5,\"tags\":{\"zone\":\"a\"}},\n\
        {\"time\":\"2022-08-22T03:52:19Z\",\"service\":\"cart\",\"cpu\":2.5,\"tags\":{\"zone\":\"a\"}}]";
    insta::assert_snapshot!("objects", shown(&read_text(objects, "o.json", Format::Json).0));
    let lines = b"{\"metric\":\"cpu\",\"values\":[[1661140279000,1],[1661140280000,2]]}\n{broken\n\
        {\"metric\":\"mem\",\"values\":[[1661140279000,1]]}\n";
    let (set, summary) = read_text(lines, "cart.json", Format::Json);
    insta::assert_snapshot!("lines", shown(&set));
    assert_eq!(summary.faulty, 1);
}

#[test]
fn a_cut_document_gives_what_comes_before_the_cut() {
    let text = br#"{"data":{"result":[{"metric":{"__name__":"up"},"values":[[1661140279,"1"]]},{"metric":{"__na"#;
    let (set, summary) = read_text(text, "q.json", Format::Json);
    assert_eq!((set.series().len(), summary.faulty), (1, 1));
}

#[test]
fn open_telemetry_sums_gauges_and_histograms_become_series() {
    let text = br#"{"resourceMetrics":[{"resource":{"attributes":[{"key":"service.name","value":{"stringValue":"cart"}},
        {"key":"process.pid","value":{"intValue":"7"}}]},"scopeMetrics":[{"metrics":[
        {"name":"requests","sum":{"isMonotonic":true,"aggregationTemporality":2,"dataPoints":[
          {"timeUnixNano":"1661140279000000000","asInt":"5","attributes":[{"key":"route","value":{"stringValue":"/"}}]}]}},
        {"name":"hits","sum":{"isMonotonic":true,"aggregationTemporality":1,"dataPoints":[
          {"startTimeUnixNano":"1661140269000000000","timeUnixNano":"1661140279000000000","asDouble":5}]}},
        {"name":"queue","gauge":{"dataPoints":[{"timeUnixNano":1661140279000000000,"asDouble":2.5}]}},
        {"name":"latency","unit":"ms","histogram":{"aggregationTemporality":2,"dataPoints":[
          {"timeUnixNano":"1661140279000000000","count":"2","sum":30}]}}]}]}]}"#;
    let (set, summary) = read_text(text, "otlp.json", Format::Json);
    insta::assert_snapshot!(shown(&set));
    assert_eq!((summary.values, summary.faulty), (5, 0), "{summary:?}");
}

#[test]
fn what_a_target_shows_becomes_series_scrape_by_scrape() {
    let text = b"# HELP http_requests_total All.\n# TYPE http_requests_total counter\n\
        http_requests_total{service=\"cart\",path=\"/a\\\"}b\"} 10 1661140279000\n\
        http_requests_total{service=\"cart\",path=\"/a\\\"}b\"} 20 1661140294000\n\
        # TYPE rpc_duration_seconds summary\nrpc_duration_seconds{quantile=\"0.5\"} 4.7\nrpc_duration_seconds_count 2\n\
        rpc_duration_seconds_count 3\nnonsense\n";
    let (set, summary) = read_text(text, "metrics.prom", Format::Exposition);
    insta::assert_snapshot!(shown(&set));
    assert_eq!(
        (summary.values, summary.untimed, summary.faulty),
        (4, 1, 1),
        "{summary:?}"
    );
}

#[test]
fn a_format_is_recognised_by_its_first_bytes() {
    for (text, name, expected) in [
        ("time,cpu\n1661140279,5\n", "a.csv", Some(Format::Separated)),
        (
            "service,cart\nmetric,latency\nunix_timestamp,\n1661140279.0,5\n",
            "a.csv",
            Some(Format::Separated),
        ),
        ("# TYPE up gauge\nup 1\n", "a", Some(Format::Exposition)),
        (
            "up_total{a=\"b\"} 1\nup_total{a=\"c\"} 1\n",
            "a",
            Some(Format::Exposition),
        ),
        ("{\"resourceMetrics\":[]}", "a", Some(Format::Json)),
        ("{\"resourceSpans\":[]}", "a", None),
        ("[{\"time\":1661140279,\"cpu\":1.5}]", "a", Some(Format::Json)),
        ("{\"time\":1661140279,\"level\":\"info\",\"msg\":\"1\"}", "a", None),
        ("2022-08-22 03:51:19 INFO started, 5 workers\n", "a.log", None),
        (
            "TraceID,SpanID,StartTimeUnixNano\na,b,1661140279000000000\n",
            "a.csv",
            None,
        ),
        ("", "a.csv", None),
    ] {
        assert_eq!(
            recognise(text.as_bytes(), name).map(|(format, _)| format),
            expected,
            "{text}"
        );
    }
}

#[test]
fn too_many_points_are_thinned_evenly_and_it_is_said() {
    let limits = SeriesLimits {
        bytes: 200_000,
        ..SeriesLimits::default()
    };
    let mut set = SeriesSet::new(limits);
    let mut text = "time,cpu\n".to_owned();
    for second in 0..20_000 {
        let _ = writeln!(text, "{},{second}", 1_661_140_279 + second);
    }
    let options = ReadOptions::new(CONTEXT);
    read(
        text.as_bytes(),
        &Origin::file("cart.csv"),
        Format::Separated,
        &options,
        &mut set,
    )
    .expect("readable");
    assert!(set.heap_size() <= limits.bytes);
    let (points, summary) = (&set.series()[0].points, set.summary());
    assert_eq!(summary.points + summary.thinned, 20_000);
    let longest = points
        .times
        .windows(2)
        .map(|pair| pair[1] - pair[0])
        .max()
        .expect("points");
    assert!(
        longest <= 20_000_000_000 / i64::try_from(points.len()).expect("few") * 3,
        "{longest}"
    );
    for &row in &points.rows {
        assert!(set.quote(row).expect("a quote").holds(text.as_bytes()));
    }
}

proptest! {
    #[test]
    fn any_bytes_are_read_without_a_panic(
        bytes in proptest::collection::vec(any::<u8>(), 0..600),
        head in proptest::sample::select(vec!["", "time,cpu\n", "{\"resourceMetrics\":[", "[{\"values\":["]),
        wide in any::<bool>(),
    ) {
        let content = [if wide { &b"\xff\xfe"[..] } else { b"" }, head.as_bytes(), &bytes].concat();
        let _ = recognise(&content, "a.csv");
        for format in [Format::Separated, Format::Json, Format::Exposition] {
            let mut set = SeriesSet::new(SeriesLimits::default());
            let options = ReadOptions::new(CONTEXT);
            let _ = read(content.as_slice(), &Origin::file("a"), format, &options, &mut set);
            for series in set.series() {
                for &row in &series.points.rows {
                    prop_assert!(set.quote(row).expect("a quote").holds(&content));
                }
            }
        }
    }

    #[test]
    fn any_fields_of_a_table_are_read_without_a_panic(
        rows in proptest::collection::vec("[0-9a-z,;\"\r\n.:eE+ -]{0,40}", 0..40),
    ) {
        let content = format!("time,service,cpu\n1661140279,cart,1\n{}", rows.join("\n"));
        let mut set = SeriesSet::new(SeriesLimits::default());
        let options = ReadOptions::new(CONTEXT);
        let summary = read(content.as_bytes(), &Origin::file("a"), Format::Separated, &options, &mut set).expect("text");
        prop_assert_eq!(summary.values, set.summary().points + set.summary().thinned + set.summary().unkept);
    }
}
