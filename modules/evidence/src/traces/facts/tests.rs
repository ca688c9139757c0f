//! Facts by example: one system in normal time and then with faults.

use std::fmt::Write as _;

use proptest::prelude::*;

use super::{Happening, TraceFacts, TraceWindows};
use crate::{
    logs::facts::Window,
    source::Origin,
    traces::{
        read::Format,
        store::{SpanLimits, SpanStore, Traces},
        visits::Visits,
    },
};

const HEADER: &str = "trace_id,span_id,parent_id,service,operation,start_us,end_us,kind,error\n";
/// When what is looked into begins.
const FAULT: i64 = 100_000_000;

/// A request to `shop`, which asks `cart`, which asks its data base, and then `ads`. After the fault `cart` is slow by itself and
/// asks `stock` too, its data base fails, and `ads` is not asked.
fn request(number: i64, content: &mut String) {
    let start = number * 1_000_000;
    let fault = start >= FAULT;
    let slow = if fault {
        200_000 + number % 7 * 1_000
    } else {
        number % 7 * 100
    };
    let at = |offset: i64| start + offset;
    let mut span = |id: &str, parent: &str, service: &str, operation: &str, from: i64, to: i64, rest: &str| {
        let _ = writeln!(
            content,
            "{number},{id},{parent},{service},{operation},{},{},{rest}",
            at(from),
            at(to)
        );
    };
    let failed = if fault { "true" } else { "false" };
    span(
        "1",
        "",
        "shop",
        "GET /cart",
        0,
        20_000 + slow,
        &format!("server,{failed}"),
    );
    span(
        "2",
        "1",
        "cart",
        "get",
        1_000,
        10_000 + slow,
        &format!("server,{failed}"),
    );
    span("3", "2", "cart", "query", 2_000, 4_000, &format!("client,{failed}"));
    if fault {
        span("4", "2", "stock", "count", 4_000, 5_000, "server,");
    } else {
        span("5", "1", "ads", "pick", 11_000, 15_000, "server,");
    }
}

fn content(requests: i64) -> String {
    let mut content = HEADER.to_owned();
    (0..requests).for_each(|number| request(number, &mut content));
    content
}

fn read(content: &str) -> (Traces, Visits) {
    let mut store = SpanStore::new(SpanLimits::default());
    let origin = Origin::file("a.csv");
    store.read(&origin, content.as_bytes(), Format::Csv).expect("text");
    let traces = store.finish();
    let visits = Visits::of(&traces);
    (traces, visits)
}

fn windows(to: i64) -> TraceWindows {
    TraceWindows {
        subject: Window { from: FAULT, to },
        baseline: None,
    }
}

#[test]
fn what_came_went_slowed_and_failed_is_told_with_a_witness() {
    let content = content(150);
    let (traces, visits) = read(&content);
    let mut facts = TraceFacts::of(&traces, &visits, &windows(i64::MAX));
    assert!(facts.quote(0, content.as_bytes()).expect("text") > 0);
    for witness in facts.witnesses() {
        let quote = witness.quote.as_ref().expect("quoted");
        assert!(quote.holds(content.as_bytes()));
        let before = &content.as_bytes()[..usize::try_from(quote.bytes.start).expect("small")];
        assert_eq!(quote.line, memchr::memchr_iter(b'\n', before).count() as u64 + 1);
    }
    facts.sources.clear();
    insta::assert_json_snapshot!(facts);
}

#[test]
fn nothing_is_told_of_a_system_that_stays_the_same() {
    let mut content = HEADER.to_owned();
    let fault = FAULT / 1_000_000;
    (0..fault).for_each(|number| request(number, &mut content));
    let again = content.replace(HEADER, "");
    // The same requests once more, as other traces and after the fault's time.
    for line in again.lines() {
        let mut fields: Vec<String> = line.split(',').map(str::to_owned).collect();
        fields[0].push_str("-again");
        for field in &mut fields[5..7] {
            *field = (field.parse::<i64>().expect("a time") + FAULT).to_string();
        }
        content += &(fields.join(",") + "\n");
    }
    let (traces, visits) = read(&content);
    let mut facts = TraceFacts::of(&traces, &visits, &windows(i64::MAX));
    assert_eq!(facts.witnesses().count(), 0, "{facts:?}");
}

#[test]
fn a_request_waits_for_the_span_that_ends_last() {
    let (traces, visits) = read(&content(150));
    let facts = TraceFacts::of(&traces, &visits, &windows(i64::MAX));
    let path = facts.paths.first().expect("slow requests");
    assert_eq!((path.component.as_str(), path.subject.count), ("shop", 50));
    assert_eq!(path.parts.first().map(|part| part.component.as_str()), Some("cart"));
    let slowest: i64 = path.slowest.iter().map(|step| step.own).sum();
    assert_eq!(slowest, 20_000 + 206_000, "the parts are the whole duration");
    let calls = facts.visits.iter().filter(|fact| fact.edge);
    let called: Vec<&Happening> = calls.map(|fact| &fact.happening).collect();
    assert_eq!(called.len(), 2, "{called:?}");
}

proptest! {
    #[test]
    fn any_spans_give_facts_that_are_sure_between_0_and_1(
        spans in prop::collection::vec((0_u8..20, 0_u8..8, 0_u8..8, 0_u8..3, 0_i64..200, -9_i64..90, any::<bool>()), 1..200)
    ) {
        let mut content = HEADER.to_owned();
        for (trace, span, parent, service, start, length, error) in spans {
            let start = start * 1_000_000;
            let end = start + length * 100_000;
            let _ = writeln!(content, "t{trace},s{span},s{parent},v{service},o{span},{start},{end},,{error}");
        }
        let (traces, visits) = read(&content);
        let mut facts = TraceFacts::of(&traces, &visits, &windows(150_000_000));
        facts.quote(0, content.as_bytes()).expect("text");
        for witness in facts.witnesses() {
            prop_assert!(witness.quote.as_ref().is_some_and(|quote| quote.holds(content.as_bytes())));
        }
        let certainties = facts.visits.iter().map(|fact| fact.certainty)
            .chain(facts.operations.iter().map(|fact| fact.certainty))
            .chain(facts.latencies.iter().map(|fact| fact.certainty))
            .chain(facts.errors.iter().map(|fact| fact.certainty))
            .chain(facts.paths.iter().map(|fact| fact.certainty));
        for certainty in certainties {
            prop_assert!((0.0..=1.0).contains(&certainty));
        }
        for path in &facts.paths {
            prop_assert!(path.slowest.iter().all(|step| step.own > 0));
        }
    }
}
