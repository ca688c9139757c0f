//! What is said of one thing that was left out, and of several.

use std::{fmt::Write as _, fs};

use crate::{reading, request::Request};

/// The problems of one file with this content.
fn problems(name: &str, content: &str) -> Vec<String> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join(name);
    fs::write(&path, content).unwrap();
    let request = Request {
        paths: vec![path],
        now: 1_795_257_000_000_000,
        ..Request::default()
    };
    let (evidence, _) = reading::read(&request, &|_| ());
    evidence.inputs.into_iter().flat_map(|input| input.problems).collect()
}

/// A table of spans with so many rows that are none.
fn spans(faulty: usize) -> String {
    let mut rows = String::from("trace_id,span_id,parent_id,service,operation,start_us,end_us\n");
    for second in 0..20_u64 {
        let start = 1_795_257_000_000_000 + second * 1_000_000;
        writeln!(rows, "t{second},s{second},,shop,GET /cart,{start},{}", start + 5_000).unwrap();
    }
    rows + &"t,s,,shop,GET /cart,soon,later\n".repeat(faulty)
}

/// A series with so many rows that have no time, and as many values that are infinite.
fn series(untimed: usize) -> String {
    let mut rows = String::from("time,cart_cpu,cart_latency_ms\n");
    for minute in 0..20_u64 {
        writeln!(rows, "2026-11-21T10:{minute:02}:00Z,20,{}", 40 + minute).unwrap();
    }
    rows += &"soon,20,41\n".repeat(untimed);
    rows + &"2026-11-21T10:20:00Z,20,inf\n".repeat(untimed)
}

#[test]
fn one_row_is_said_as_one_and_many_as_many() {
    assert_eq!(problems("spans.csv", &spans(1)), ["1 row is no span and was left out"]);
    assert_eq!(
        problems("spans.csv", &spans(1_200)),
        ["1,200 rows are no spans and were left out"]
    );
}

#[test]
fn what_is_left_out_of_series_agrees_in_number() {
    let untimed = [
        "1 row has no time and was left out",
        "2 rows have no time and were left out",
    ];
    let infinite = [
        "1 value is infinite and was left out",
        "2 values are infinite and were left out",
    ];
    for (place, count) in [1, 2].into_iter().enumerate() {
        assert_eq!(problems("cart.csv", &series(count)), [untimed[place], infinite[place]]);
    }
}

#[test]
fn one_field_of_text_is_quoted_and_many_are_counted() {
    let with_text = |times: usize| series(0) + &"2026-11-21T10:30:00Z,20,soon\n".repeat(times);
    assert_eq!(
        problems("cart.csv", &with_text(1)),
        ["a field of a column of numbers holds text and was left out: `soon` in line 22"]
    );
    assert_eq!(
        problems("cart.csv", &with_text(2)),
        ["2 fields of columns of numbers hold text and were left out, the first is `soon` in line 22"]
    );
}
