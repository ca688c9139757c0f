//! Rows by example and by property.

use std::fmt::Write as _;

use super::{Lookup, Names, SpanLimits, SpanStore, names::without_ids};
use crate::{
    source::Origin,
    traces::{
        id::{SpanId, TraceId},
        read::Format,
    },
};

fn content(traces: usize, spans: usize) -> String {
    let mut content = "trace_id,span_id,parent_id,service,name,start_us,end_us\n".to_owned();
    for trace in 0..traces {
        for span in 0..spans {
            let _ = writeln!(
                content,
                "t{trace},s{span},s{},a,b,{trace},{}",
                span.wrapping_sub(1),
                trace + 9
            );
        }
    }
    content
}

fn store(limits: SpanLimits, content: &str) -> SpanStore {
    let mut store = SpanStore::new(limits);
    let origin = Origin::file("a.csv");
    store.read(&origin, content.as_bytes(), Format::Csv).expect("text");
    store
}

#[test]
fn beyond_the_bound_whole_traces_are_kept_and_the_rest_is_counted() {
    let limits = SpanLimits {
        spans: 1_000,
        ..SpanLimits::default()
    };
    let store = store(limits, &content(2_000, 5));
    assert!(store.heap_size() <= 1_024 * 64);
    let traces = store.finish();
    let totals = traces.totals();
    assert_eq!((totals.spans, totals.kept + totals.not_kept), (10_000, 10_000));
    assert!((300..=1_000).contains(&totals.kept), "{totals:?}");
    assert!((totals.share - 1.0 / 16.0).abs() < 1.0 / 15.0, "{totals:?}");
    assert!(traces.groups().all(|group| group.len() == 5));
    let kept = (0..2_000).filter(|trace| {
        let id = TraceId::of(format!("t{trace}").as_bytes()).expect("a trace");
        let found = traces.find(id, SpanId::of(b"s3").expect("a span"));
        assert_ne!(found, Lookup::Unknown);
        found != Lookup::NotKept
    });
    assert_eq!(kept.count(), traces.len());
}

#[test]
fn one_trace_that_fills_all_room_stays() {
    let limits = SpanLimits {
        spans: 100,
        ..SpanLimits::default()
    };
    let traces = store(limits, &content(1, 1_000)).finish();
    assert_eq!((traces.totals().kept, traces.totals().full), (100, true));
}

#[test]
fn spans_that_are_there_twice_count_once() {
    let twice = content(3, 4) + &content(3, 4);
    let traces = store(SpanLimits::default(), &twice).finish();
    assert_eq!((traces.totals().kept, traces.totals().repeated), (12, 12));
    let roots = (0..12).filter(|row| traces.parent(*row).is_none());
    assert_eq!(roots.count(), 3);
}

#[test]
fn both_halves_of_a_call_with_one_identifier_are_kept_one_below_the_other() {
    let content = r#"[{"traceId":"1","id":"a","name":"get","kind":"CLIENT","timestamp":1,"duration":9,"localEndpoint":{"serviceName":"shop"}},
{"traceId":"1","id":"a","name":"get","kind":"SERVER","shared":true,"timestamp":2,"duration":7,"localEndpoint":{"serviceName":"cart"}},
{"traceId":"1","id":"b","parentId":"a","name":"query","timestamp":3,"duration":2,"localEndpoint":{"serviceName":"cart"}},
{"traceId":"1","id":"c","parentId":"d","name":"pick","kind":"SERVER","timestamp":3,"duration":2,"localEndpoint":{"serviceName":"ads"}},
{"traceId":"1","id":"d","name":"call","kind":"CLIENT","timestamp":3,"duration":2,"localEndpoint":{"serviceName":"shop"}}]"#;
    let mut store = SpanStore::new(SpanLimits::default());
    let origin = Origin::file("a.json");
    store.read(&origin, content.as_bytes(), Format::Zipkin).expect("text");
    let traces = store.finish();
    let name = |row: u32| {
        let row = &traces.rows()[row as usize];
        let component = traces.components().name(row.component());
        format!("{component} {}", traces.operations().name(row.operation))
    };
    let mut pairs: Vec<String> = (0..5)
        .map(|row| {
            format!(
                "{} below {}",
                name(row),
                traces.parent(row).map_or("-".to_owned(), name)
            )
        })
        .collect();
    pairs.sort();
    assert_eq!(
        pairs,
        [
            "ads pick below shop call",
            "cart get below shop get",
            "cart query below cart get",
            "shop call below -",
            "shop get below -",
        ]
    );
}

#[test]
fn a_path_loses_its_identifiers_and_nothing_else() {
    for (operation, kept) in [
        ("GET /users/123", Some("GET /users/<*>")),
        (
            "/orders/4bf92f35-77b3-4da6-a3ce-929d0e0e4736/items?x=1",
            Some("/orders/<*>/items?x=1"),
        ),
        ("/api/v1/items", None),
        ("shop.Cart/AddItem", None),
        ("SELECT ts.orders", None),
        ("/addfeedbeef", None),
    ] {
        assert_eq!(without_ids(operation).as_deref(), kept, "{operation}");
    }
}

#[test]
fn names_beyond_the_bound_share_one_number() {
    let mut names = Names::new(10);
    for name in 0..1_000_000 {
        names.number(format!("host{name}").as_bytes(), |_| None);
    }
    assert_eq!((names.len(), names.folded()), (12, 999_990));
    let known = names.number(b"host3", |_| None);
    assert_eq!(names.name(known), "host3");
    assert_eq!(names.iter().count(), 10);
}
