//! A fault whose message names something else each time is one statement, however many names there are.

#![expect(clippy::unwrap_used, reason = "helpers of tests")]

use std::{fmt::Write as _, fs, path::Path};

use mainstay_investigation::{Request, investigate, report::Report};

/// Microseconds of 2026-11-21T10:00:00Z.
const TEN: u64 = 1_795_255_200_000_000;
const MINUTE: u64 = 60_000_000;
const SYMBOLS: [&str; 12] = [
    "ACME", "ORCL", "IBM", "TSLA", "NVDA", "NESN", "SAP", "ABB", "UBS", "MSFT", "AAPL", "KO",
];

/// Twenty minutes of a shop that asks `quotes` for a price 25 times a minute. In the last two, 15 of 50 fail, each with the symbol
/// that was asked for.
fn write(folder: &Path) {
    let mut spans = String::from("trace_id,span_id,parent_id,service,operation,start_us,end_us\n");
    let mut log = String::new();
    for call in 0..500_u64 {
        let at = TEN + call * 2_400_000;
        let fails = call >= 450 && call % 10 < 3;
        let symbol = SYMBOLS[usize::try_from(call).unwrap() * 5 % SYMBOLS.len()];
        writeln!(spans, "t{call},a{call},,shop,GET /basket,{at},{}", at + 9_000).unwrap();
        writeln!(
            spans,
            "t{call},b{call},a{call},quotes,GET /price,{},{}",
            at + 1_000,
            at + 8_000
        )
        .unwrap();
        let mut line = |level: &str, message: &str| {
            let ids = format!(r#""service":"quotes","trace_id":"t{call}","span_id":"b{call}""#);
            let time = at / 1_000;
            writeln!(
                log,
                r#"{{"time":{time},"level":"{level}",{ids},"message":"{message}"}}"#
            )
            .unwrap();
        };
        line("info", &format!("price of {symbol} was asked for"));
        if fails {
            line(
                "error",
                &format!("cannot divide {call} cents of {symbol} by its lot of 0"),
            );
        }
    }
    fs::write(folder.join("spans.csv"), spans).unwrap();
    fs::write(folder.join("quotes.jsonl"), log).unwrap();
}

fn report() -> Report {
    let folder = tempfile::tempdir().unwrap();
    write(folder.path());
    let at = i64::try_from(TEN + 18 * MINUTE).unwrap();
    let request = Request {
        paths: vec![folder.path().to_owned()],
        at: Some(at),
        now: at,
        ..Request::default()
    };
    investigate(&request, &|_| ())
}

#[test]
fn a_fault_that_names_another_thing_each_time_is_one_new_statement() {
    let report = report();
    let cause = report.causes.first().unwrap();
    let facts: Vec<&str> = cause.supporting.iter().map(|fact| fact.text.as_str()).collect();
    let said = "In 15 of 50 calls of GET /price the message `cannot divide <*> cents of <*> by its lot of <*>` appears; normally in 0 of";
    assert!(facts.iter().any(|fact| fact.starts_with(said)), "{facts:#?}");
    assert_eq!(cause.component, "quotes");
    let quoted = cause.supporting.iter().flat_map(|fact| &fact.quotes);
    assert!(
        quoted
            .clone()
            .any(|quote| quote.text.contains("cannot divide 450 cents of")),
        "{quoted:?}"
    );
}
