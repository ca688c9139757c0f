//! What a statement is called, and what is remembered of it.

use super::*;
use crate::{
    logs::{
        facts::{AnalysisOptions, LogAnalyzer, Part},
        severity::Severity,
        time::TimeContext,
    },
    source::Origin,
};

fn key(message: &str) -> String {
    let mut key = Vec::new();
    statement(message.as_bytes(), &mut key);
    String::from_utf8(key).unwrap()
}

#[test]
fn a_place_in_the_code_is_the_key_where_a_message_names_it() {
    for (message, expected) in [
        (
            "t.s.TravelServiceImpl#532 TraceID: ffc8 [getRoute]",
            "t.s.TravelServiceImpl#532",
        ),
        ("[cart/store.go:31] add 7 items", "cart/store.go#31"),
        ("main.py:12: slow", "main.py#12"),
    ] {
        assert_eq!(key(message), expected, "{message}");
    }
}

#[test]
fn numbers_after_a_colon_are_no_places() {
    for message in [
        "units:15 nanos:3",
        "connect db.internal:5432 refused",
        "at 10.0.0.1:80",
        "took:30ms",
        "a.b:7.5",
    ] {
        assert!(!key(message).contains('#'), "{message}: {}", key(message));
    }
}

#[test]
fn words_without_values_are_the_key_of_the_rest() {
    for (message, expected) in [
        (
            "List Recommendations product_ids=['9SIQ', 'L9EC']",
            "List Recommendations product_ids=<*>",
        ),
        ("order 17 of user 4b825dc6 took 12ms", "order <*> of user <*> took <*>"),
        (
            "can't reach \"cart\": it isn't there",
            "can't reach <*>: it isn't there",
        ),
        ("reply {\"a\": {\"b\": 1}} end", "reply <*> end"),
        ("", ""),
    ] {
        assert_eq!(key(message), expected, "{message}");
    }
}

#[test]
fn what_is_shown_keeps_the_place_and_what_stands_in_brackets() {
    let said = key::said(
        b"INFO t.s.TravelServiceImpl#532 TraceID: ffc8 [getRoute][Route is: Route(id=f3d4, stations=[nan jing])]",
    );
    assert_eq!(
        said,
        "t.s.TravelServiceImpl#532 TraceID: <*> [getRoute][Route is: Route<*> stations=[nan jing])]"
    );
}

#[test]
fn a_long_message_has_a_short_key() {
    assert!(key(&"word ".repeat(1_000)).len() <= 160);
}

fn read(lines: &str) -> StatementTable {
    let mut analyzer = LogAnalyzer::new(AnalysisOptions::new(TimeContext { reference: 0, zone: 0 }));
    analyzer
        .read(&Origin::file("cart.log"), lines.as_bytes(), Part::ByTime)
        .unwrap();
    analyzer.statements().clone()
}

#[test]
fn a_statement_counts_its_messages_and_remembers_where_they_stand() {
    let minutes = (0..60).map(|minute| format!("2026-11-21 10:{minute:02}:00 INFO order {minute} placed\n"));
    let mut lines: String = minutes.collect();
    lines.push_str("2026-11-21 10:30:30 ERROR no connection is free\n");
    let table = read(&lines);
    assert_eq!(table.components(), ["cart"]);
    let [placed, refused] = table.statements() else {
        panic!("{:?}", table.statements())
    };
    assert_eq!((placed.key.as_str(), placed.count), ("INFO order <*> placed", 60));
    assert_eq!((refused.severity, refused.count), (Some(Severity::Error), 1));
    let half_past = refused.spots.first().unwrap().at;
    let before = placed.counts.between(half_past - 1_800_000_000, half_past);
    assert!((29.0..=31.0).contains(&before), "{before}");
    let after = placed.spots.near(half_past).unwrap();
    let raw = &lines.as_bytes()[usize::try_from(after.start).unwrap()..][..after.length as usize];
    assert!(raw.starts_with(b"2026-11-21 10:3"), "{}", String::from_utf8_lossy(raw));
    assert!(after.at >= half_past && placed.spots.before(half_past).unwrap().at < half_past);
}
