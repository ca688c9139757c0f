//! Visits by example and by property.

use std::fmt::Write as _;

use proptest::prelude::*;

use super::{Event, LogEvent, Visits};
use crate::{
    source::Origin,
    traces::{
        id::{SpanId, TraceId},
        read::Format,
        store::{Lookup, SpanLimits, SpanStore, Traces},
    },
};

const HEADER: &str = "trace_id,span_id,parent_id,service,operation,start_us,end_us\n";

fn traces(rows: &str) -> Traces {
    let mut store = SpanStore::new(SpanLimits::default());
    let content = format!("{HEADER}{rows}");
    store
        .read(&Origin::file("a.csv"), content.as_bytes(), Format::Csv)
        .expect("text");
    store.finish()
}

/// One line for each visit, earliest first, and its events.
fn described(traces: &Traces, visits: &Visits) -> String {
    let name = |row: u32| {
        let row = &traces.rows()[row as usize];
        let component = traces.components().name(row.component());
        format!("{component} {}", traces.operations().name(row.operation))
    };
    let mut text = String::new();
    for at in visits.by_start() {
        let visit = visits.all()[at as usize];
        let caller = visit.calling.map_or("-".to_owned(), name);
        let _ = write!(
            text,
            "{} self {} wire {} from {caller}:",
            name(visit.row),
            visit.self_time,
            visit.wire
        );
        let mut events: Vec<String> = visits
            .events()
            .filter(|(visit, _)| *visit == at)
            .map(|(_, event)| match visits.event(event) {
                Event::Failure => "failure".to_owned(),
                Event::Refusal => "refusal".to_owned(),
                Event::Abandoned => "abandoned".to_owned(),
                Event::Log { key, error } => format!("log {key}{}", if error { "!" } else { "" }),
                Event::Span { operation } => format!("span {}", traces.operations().name(operation)),
                Event::Call {
                    component,
                    operation,
                    refused,
                } => format!(
                    "{} {} {}",
                    if refused { "refused call" } else { "call" },
                    traces.components().name(component),
                    traces.operations().name(operation)
                ),
            })
            .collect();
        events.sort();
        let _ = writeln!(text, " [{}]", events.join(", "));
    }
    text
}

#[test]
fn a_visit_has_its_own_time_its_time_on_the_wire_and_each_event_once() {
    let traces = traces(
        "a,1,root,shop,GET /cart,1000,2000\n\
         a,2,1,shop,render,1100,1900\n\
         a,3,2,cart,get,1200,1500\n\
         a,4,2,cart,get,1400,1600\n\
         a,5,3,cart,query,1250,1300\n\
         a,6,3,cart,query,1300,1350\n\
         a,7,1,ads,pick,1900,2500\n",
    );
    insta::assert_snapshot!(described(&traces, &Visits::of(&traces)));
}

#[test]
fn spans_that_are_each_others_parents_end_in_a_visit() {
    let traces = traces(
        "a,1,2,shop,x,0,10\na,2,1,shop,y,1,9\na,3,3,shop,z,2,3\nb,4,5,shop,x,0,10\nb,5,4,cart,y,1,9\nb,6,4,shop,w,1,2\n",
    );
    let visits = Visits::of(&traces);
    assert!((0..6).all(|row| visits.of_row(row).is_some()));
    assert_eq!(visits.all().len(), 4);
}

#[test]
fn a_visit_fails_when_its_entry_says_so_and_not_when_a_span_inside_does() {
    let mut store = SpanStore::new(SpanLimits::default());
    let content = "trace_id,span_id,parent_id,service,operation,start_us,end_us,error\n\
         a,1,,shop,x,1000,2000,false\na,2,1,shop,inner,1100,1900,true\na,3,2,cart,y,1200,1800,true\n";
    let origin = Origin::file("a.csv");
    store.read(&origin, content.as_bytes(), Format::Csv).expect("text");
    let traces = store.finish();
    assert_eq!(
        described(&traces, &Visits::of(&traces)),
        "shop x self 400 wire 0 from -: [call cart y, span inner]\ncart y self 600 wire 200 from shop inner: [failure]\n"
    );
}

const WITH_STATUS: &str = "trace_id,span_id,parent_id,service,operation,kind,start_us,end_us,status_code\n";

#[test]
fn a_call_that_is_refused_is_told_apart_and_is_the_callers() {
    let mut store = SpanStore::new(SpanLimits::default());
    let content = format!(
        "{WITH_STATUS}a,1,,shop,x,server,1000,2000,502\na,2,1,shop,call,client,1100,1900,\na,3,2,cart,y,server,1200,1800,403\n\
         b,1,,shop,x,server,3000,4000,400\nc,1,,shop,x,server,5000,6000,404\n"
    );
    store
        .read(&Origin::file("a.csv"), content.as_bytes(), Format::Csv)
        .expect("text");
    let traces = store.finish();
    let visits = Visits::of(&traces);
    assert_eq!(
        described(&traces, &visits),
        "shop x self 400 wire 0 from -: [failure, refused call cart y, span call]\n\
         cart y self 600 wire 200 from shop call: []\nshop x self 1000 wire 0 from -: [refusal]\nshop x self 1000 wire 0 from -: []\n"
    );
    let refused: Vec<bool> = visits
        .by_start()
        .iter()
        .map(|at| visits.all()[*at as usize].refused)
        .collect();
    assert_eq!(refused, [false, true, false, false]);
}

/// Seconds that are added to the times of visits, earliest first, and their components.
fn corrected(traces: &Traces, visits: &Visits) -> Vec<(String, i64)> {
    let corrections = visits.corrections(traces);
    let name = |at: &u32| {
        let row = &traces.rows()[visits.all()[*at as usize].row as usize];
        traces.components().name(row.component()).to_owned()
    };
    let order = visits.by_start();
    let all = order
        .iter()
        .filter_map(|at| Some((name(at), (corrections.get(at)? + 500_000) / 1_000_000)));
    all.collect()
}

#[test]
fn a_clock_that_contradicts_its_neighbours_is_set_right_and_theirs_are_not() {
    // The clock of `shop` falls back by 200 s before trace b; c and d are requests of people whom nobody else saw.
    let s = 1_000_000;
    let mut rows = String::new();
    for (trace, at, behind) in [("a", 1_000, 0), ("b", 1_010, 200)] {
        let (web, shop) = (at * s, (at - behind) * s);
        let _ = writeln!(rows, "{trace},1,,web,x,server,{web},{},", web + 900);
        let _ = writeln!(rows, "{trace},2,1,web,call,client,{},{},", web + 100, web + 800);
        let _ = writeln!(rows, "{trace},3,2,shop,y,server,{},{},", shop + 200, shop + 700);
        let _ = writeln!(rows, "{trace},4,3,shop,call,client,{},{},", shop + 300, shop + 600);
        let _ = writeln!(rows, "{trace},5,4,stock,z,server,{},{},", web + 400, web + 500);
    }
    for (trace, at) in [("c", 1_001 * s), ("d", 812 * s)] {
        let _ = writeln!(rows, "{trace},1,,shop,y,server,{at},{},", at + 500);
    }
    let mut store = SpanStore::new(SpanLimits::default());
    let content = format!("{WITH_STATUS}{rows}");
    store
        .read(&Origin::file("a.csv"), content.as_bytes(), Format::Csv)
        .expect("text");
    let traces = store.finish();
    let visits = Visits::of(&traces);
    let shop = |seconds| ("shop".to_owned(), seconds);
    assert_eq!(corrected(&traces, &visits), [shop(200), shop(200), shop(0), shop(0)]);
    // Time that its callee took is not the caller's own, whatever the callee's clock says.
    let own: Vec<i64> = visits.all().iter().map(|visit| visit.self_time).collect();
    assert!(own.iter().all(|own| *own <= 500), "{own:?}");
}

#[test]
fn of_two_clocks_that_contradict_each_other_the_one_that_fell_back_is_set_right() {
    for (wrong, expected) in [("web", "web"), ("mail", "mail")] {
        let s = 1_000_000;
        let mut rows = String::new();
        for (trace, at, behind) in [("a", 1_000, 0), ("b", 1_010, 0), ("c", 1_020, 5)] {
            let by = |name: &str| (at - if name == wrong { behind } else { 0 }) * s;
            let (web, mail) = (by("web"), by("mail"));
            let _ = writeln!(rows, "{trace},1,,web,x,server,{web},{},", web + 900);
            let _ = writeln!(rows, "{trace},2,1,web,call,client,{},{},", web + 100, web + 800);
            let _ = writeln!(rows, "{trace},3,2,mail,y,server,{},{},", mail + 200, mail + 700);
        }
        let mut store = SpanStore::new(SpanLimits::default());
        // The last thing that either did before would be later than what it did after.
        let late = "z,1,,web,w,server,1019000000,1019000100,\nz,2,,mail,w,server,1019000000,1019000100,\n";
        let content = format!(
            "{WITH_STATUS}{}{late}{}",
            &rows[..rows.len() / 3 * 2],
            &rows[rows.len() / 3 * 2..]
        );
        store
            .read(&Origin::file("a.csv"), content.as_bytes(), Format::Csv)
            .expect("text");
        let traces = store.finish();
        let corrected = corrected(&traces, &Visits::of(&traces));
        assert!(
            corrected.iter().all(|(name, _)| name == expected),
            "{wrong}: {corrected:?}"
        );
        assert!(
            corrected.iter().any(|(_, seconds)| *seconds == 5),
            "{wrong}: {corrected:?}"
        );
    }
}

#[test]
fn clocks_in_step_are_not_corrected_and_a_message_may_be_handled_later() {
    let rows =
        "a,1,,web,x,server,1000,2000,\na,2,1,web,send,producer,1100,1900,\na,3,2,mail,y,consumer,90001200,90001800,\n";
    let mut store = SpanStore::new(SpanLimits::default());
    let content = format!("{WITH_STATUS}{rows}");
    store
        .read(&Origin::file("a.csv"), content.as_bytes(), Format::Csv)
        .expect("text");
    let traces = store.finish();
    assert_eq!(corrected(&traces, &Visits::of(&traces)), []);
}

#[test]
fn lines_are_attached_to_the_visit_of_their_span() {
    let traces = traces("a,1,,shop,x,1000,2000\na,2,1,shop,inner,1100,1900\n");
    let mut visits = Visits::of(&traces);
    let mut attach = |trace: &str, span: &str, key, error| {
        let trace = TraceId::of(trace.as_bytes()).expect("a trace");
        let span = SpanId::of(span.as_bytes()).expect("a span");
        visits.attach(&traces, trace, span, LogEvent { key, error })
    };
    for (span, key) in [("1", 7), ("2", 7), ("2", 8)] {
        assert!(matches!(attach("a", span, key, key == 8), Lookup::Row(_)));
    }
    assert_eq!(attach("a", "9", 7, false), Lookup::Unknown);
    assert_eq!(attach("c", "1", 7, false), Lookup::Unknown);
    visits.settle();
    assert_eq!((visits.attached().lines, visits.attached().unknown), (3, 2));
    assert_eq!(
        described(&traces, &visits),
        "shop x self 1000 wire 0 from -: [log 7, log 8!, span inner]\n"
    );
}

#[test]
fn lines_that_are_found_to_be_alike_are_one_event_with_their_errors() {
    let traces = traces("a,1,,shop,x,1000,2000\nb,2,,shop,x,3000,4000\n");
    let mut visits = Visits::of(&traces);
    for (trace, span, key, error) in [("a", "1", 3, false), ("a", "1", 7, true), ("b", "2", 8, false)] {
        let (trace, span) = (TraceId::of(trace.as_bytes()), SpanId::of(span.as_bytes()));
        visits.attach(&traces, trace.unwrap(), span.unwrap(), LogEvent { key, error });
    }
    visits.settle();
    let keys = |visits: &Visits| {
        let mut keys: Vec<u32> = visits.lines().map(|(_, key)| key).collect();
        keys.sort_unstable();
        keys
    };
    assert_eq!(keys(&visits), [3, 7, 8]);
    visits.rename_lines(|key| if key == 3 { 5 } else { 6 });
    assert_eq!(keys(&visits), [5, 6, 6]);
    assert_eq!(
        described(&traces, &visits),
        "shop x self 1000 wire 0 from -: [log 5, log 6!]\nshop x self 1000 wire 0 from -: [log 6!]\n"
    );
}

proptest! {
    #[test]
    fn every_span_is_in_one_visit_and_own_time_is_within_the_entry(
        spans in prop::collection::vec((0_u8..3, 0_u8..12, 0_u8..12, 0_u8..3, 0_i64..50, 0_i64..50), 1..40)
    ) {
        let mut rows = String::new();
        for (trace, span, parent, service, start, length) in spans {
            let _ = writeln!(rows, "t{trace},s{span},s{parent},v{service},o,{},{}", start + 1, start + 1 + length);
        }
        let traces = traces(&rows);
        let visits = Visits::of(&traces);
        for (at, row) in traces.rows().iter().enumerate() {
            let visit = visits.of_row(u32::try_from(at).expect("few")).expect("a visit");
            let entry = &traces.rows()[visits.all()[visit as usize].row as usize];
            prop_assert_eq!((entry.trace, entry.component()), (row.trace, row.component()));
        }
        for visit in visits.all() {
            prop_assert!((0..=traces.rows()[visit.row as usize].duration).contains(&visit.self_time));
        }
        let mut events: Vec<_> = visits.events().collect();
        let all = events.len();
        events.sort_unstable();
        events.dedup();
        prop_assert_eq!(events.len(), all);
    }
}
