//! Which statements become one, and what is kept of them.

use std::fmt::Write as _;

use super::*;
use crate::{
    logs::{
        facts::{AnalysisOptions, LogAnalyzer, Part},
        severity::Severity,
        time::TimeContext,
    },
    source::Origin,
};

const SYMBOLS: [&str; 8] = ["ACME", "ORCL", "IBM", "TSLA", "NVDA", "SAP", "ABB", "UBS"];

/// A table of these messages, one a second, and the statement of each.
fn read(messages: &[String]) -> (StatementTable, Vec<StatementId>) {
    let mut lines = String::new();
    for (second, message) in messages.iter().enumerate() {
        writeln!(lines, "2026-11-21T10:{:02}:{:02}Z {message}", second / 60, second % 60).unwrap();
    }
    let mut analyzer = LogAnalyzer::new(AnalysisOptions::new(TimeContext { reference: 0, zone: 0 }));
    let mut ids = Vec::new();
    analyzer
        .read_each(&Origin::file("desk.log"), lines.as_bytes(), Part::ByTime, |_, id| {
            ids.push(id);
        })
        .unwrap();
    (analyzer.take_statements(), ids)
}

fn each(words: &[&str], say: impl Fn(&str) -> String) -> Vec<String> {
    words.iter().map(|word| say(word)).collect()
}

fn keys(table: &StatementTable) -> Vec<&str> {
    table
        .statements()
        .iter()
        .map(|statement| statement.key.as_str())
        .collect()
}

/// Every message in a visit of its own.
fn apart(ids: &[StatementId]) -> impl Iterator<Item = (u32, StatementId)> + '_ {
    (0_u32..).zip(ids.iter().copied())
}

#[test]
fn statements_that_differ_in_a_name_are_one_with_all_their_messages() {
    let mut messages = vec!["INFO the desk is open now".to_owned()];
    messages.extend(each(&SYMBOLS, |symbol| format!("ERROR no price of {symbol} today")));
    messages.push("INFO the desk is closed now".to_owned());
    messages.push("ERROR no price of IBM today".to_owned());
    let (mut table, ids) = read(&messages);
    let (before, first) = (table.statements().len(), table.statements()[1].spots.first().copied());
    let became = table.merge_values(apart(&ids));
    assert_eq!((before, became.len()), (10, 10));
    assert_eq!(
        keys(&table),
        [
            "INFO the desk is open now",
            "ERROR no price of <*> today",
            "INFO the desk is closed now"
        ]
    );
    let merged = &table.statements()[1];
    assert_eq!(
        (merged.words.as_str(), merged.count),
        ("ERROR no price of <*> today", 9)
    );
    assert_eq!(
        (merged.severity, merged.spots.first().copied()),
        (Some(Severity::Error), first)
    );
    let hour = 3_600_000_000;
    let noted = first.unwrap().at;
    assert!((merged.counts.between(noted - hour, noted + hour) - 9.0).abs() < 1e-9);
    assert!(ids[1..9].iter().all(|id| became[id.0 as usize] == StatementId(1)));
    assert_eq!(became[ids[9].0 as usize], StatementId(2));
}

#[test]
fn places_in_the_code_stay_as_they_are() {
    let messages = each(&SYMBOLS, |symbol| format!("Desk{symbol}#12 no price of it today"));
    let (mut table, ids) = read(&messages);
    table.merge_values(apart(&ids));
    assert_eq!(table.statements().len(), SYMBOLS.len());
}

#[test]
fn steps_that_follow_one_another_in_a_visit_stay_statements() {
    let messages = each(&SYMBOLS, |step| format!("INFO the step {step} of the order went well"));
    let (mut table, ids) = read(&messages);
    let visits = (0..20).flat_map(|visit| ids.iter().map(move |id| (visit, *id)));
    table.merge_values(visits);
    assert_eq!(table.statements().len(), SYMBOLS.len());
}

#[test]
fn what_most_visits_say_is_no_value() {
    let messages = each(&SYMBOLS, |answer| {
        format!("INFO the other side gave {answer} as its answer")
    });
    let (mut table, ids) = read(&messages);
    // The first in 30 visits, each of the others in one.
    let visits = (0..37).map(|visit| (visit, ids[(visit as usize).saturating_sub(29)]));
    let became = table.merge_values(visits);
    assert_eq!(
        keys(&table),
        [
            "INFO the other side gave ACME as its answer",
            "INFO the other side gave <*> as its answer"
        ]
    );
    assert_eq!(
        (became[0], became[1], became[7]),
        (StatementId(0), StatementId(1), StatementId(1))
    );
}

#[test]
fn without_visits_messages_are_counted() {
    let mut messages = each(&SYMBOLS, |answer| {
        format!("INFO the other side gave {answer} as its answer")
    });
    messages.extend(vec![messages[3].clone(); 20]);
    let (mut table, _) = read(&messages);
    table.merge_values(std::iter::empty());
    let counts: Vec<u64> = table.statements().iter().map(|statement| statement.count).collect();
    assert_eq!(counts, [7, 21]);
}

#[test]
fn a_value_that_mostly_has_a_digit_is_one_all_the_same() {
    let mut messages = each(&SYMBOLS, |symbol| format!("INFO no price of {symbol} today"));
    messages.extend((0..30).map(|number| format!("INFO no price of X{number} today")));
    let (mut table, ids) = read(&messages);
    table.merge_values(apart(&ids));
    assert_eq!(keys(&table), ["INFO no price of <*> today"]);
    assert_eq!(table.statements()[0].count, 38);
}

#[test]
fn what_is_read_after_merging_finds_what_was_merged() {
    let messages = each(&SYMBOLS, |symbol| format!("INFO no price of {symbol} today"));
    let (mut table, ids) = read(&messages);
    table.merge_values(apart(&ids));
    let hash = |key: &str| table.by_key.get(&hash_of(0, key.as_bytes())).copied();
    assert_eq!(
        (hash("INFO no price of ABB today"), hash("INFO no price of <*> today")),
        (Some(0), Some(0))
    );
}
