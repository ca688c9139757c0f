//! Facts by example.

use std::fmt::Write as _;

use jiff::Timestamp;
use proptest::prelude::*;

use super::{
    AnalysisOptions, ChangeKind, Exposure, LogAnalyzer, LogFacts, Part, Window, change::judge, counts::Counts,
};
use crate::{
    logs::{correlate::IdentifierKind, severity::Severity, time::TimeContext},
    source::Origin,
};

const MINUTE: i64 = 60_000_000;

fn micros(text: &str) -> i64 {
    text.parse::<Timestamp>().expect("a time").as_microsecond()
}

fn options() -> AnalysisOptions {
    AnalysisOptions::new(TimeContext {
        reference: micros("2024-03-10T12:00:00Z"),
        zone: 0,
    })
}

/// An hour of a shop; from minute 50 on the database is away.
fn shop() -> String {
    let mut log = String::new();
    for minute in 0..60 {
        for request in 0..20 {
            let _ = writeln!(
                log,
                "2024-03-01T10:{minute:02}:{:02}Z INFO shop: served request {request} in {}ms",
                request * 2,
                10 + request
            );
        }
        if minute < 50 {
            let _ = writeln!(
                log,
                "2024-03-01T10:{minute:02}:50Z INFO shop: cache refreshed, {minute} entries"
            );
        } else {
            for try_number in 0..10 {
                let _ = writeln!(
                    log,
                    "2024-03-01T10:{minute:02}:{:02}Z ERROR shop: connection to 10.0.0.7:5432 refused, trace_id=abc{minute} try {try_number}",
                    45 + try_number
                );
            }
        }
        let slow = if minute < 50 { 1 } else { 12 };
        for number in 0..slow {
            let _ = writeln!(
                log,
                "2024-03-01T10:{minute:02}:{:02}Z WARN shop: queue is long: {number}",
                40 + number
            );
        }
    }
    log.push_str("2024-03-01T10:59:59Z CRITICAL shop: giving up\n");
    log
}

fn facts() -> (LogFacts, String) {
    let log = shop();
    let from = micros("2024-03-01T10:50:00Z");
    let mut analyzer = LogAnalyzer::new(AnalysisOptions {
        subject: Some(Window {
            from,
            to: from + 10 * MINUTE,
        }),
        ..options()
    });
    analyzer
        .read(&Origin::file("shop.log"), log.as_bytes(), Part::ByTime)
        .expect("text");
    (analyzer.finish(), log)
}

#[test]
fn what_is_new_gone_and_more_is_found_with_its_quote() {
    let (facts, log) = facts();
    let found = |kind: ChangeKind| {
        let change = facts
            .changes
            .iter()
            .find(|change| change.kind == kind)
            .expect("a change");
        (facts.templates[change.template].text.as_str(), change)
    };
    let (text, new) = found(ChangeKind::New);
    assert_eq!(text, "ERROR shop: connection to <*> refused, trace_id=<*> try <*>");
    let occurrence = new.occurrence.as_ref().expect("an occurrence");
    assert!(occurrence.quote.holds(log.as_bytes()) && occurrence.at == Some(micros("2024-03-01T10:50:45Z")));
    assert!(new.certainty > 0.99 && new.ratio.is_none());
    let (text, gone) = found(ChangeKind::Vanished);
    assert_eq!(text, "INFO shop: cache refreshed, <*> entries");
    assert!(gone.certainty > 0.99);
    let (text, burst) = found(ChangeKind::Burst);
    assert_eq!(text, "WARN shop: queue is long: <*>");
    assert!((burst.ratio.expect("a ratio") - 12.0).abs() < 0.1 && burst.certainty > 0.99);
    assert!(
        !facts
            .changes
            .iter()
            .any(|change| facts.templates[change.template].text.contains("served"))
    );
}

#[test]
fn rare_and_severe_messages_are_found() {
    let (facts, log) = facts();
    assert_eq!(facts.rare.len(), 1);
    assert_eq!((facts.rare[0].severity, facts.rare[0].count), (Severity::Critical, 1));
    assert!(facts.rare[0].occurrence.quote.holds(log.as_bytes()));
    assert_eq!(
        facts.rare[0].occurrence.quote.text,
        "2024-03-01T10:59:59Z CRITICAL shop: giving up"
    );
}

#[test]
fn templates_carry_rates_severities_and_values() {
    let (facts, _) = facts();
    let served = &facts.templates[0];
    assert_eq!(
        (served.text.as_str(), served.count),
        ("INFO shop: served request <*> in <*>", 1_200)
    );
    assert_eq!(
        served
            .severities
            .iter()
            .map(|(severity, count)| (*severity, *count))
            .collect::<Vec<_>>(),
        [(Severity::Info, 1_200)]
    );
    let series = served.series.as_ref().expect("times");
    assert_eq!(series.counts.iter().sum::<u32>(), 1_200);
    let range = served.parameters[1].range.expect("durations");
    assert!((range.0 - 0.010).abs() < 1e-9 && (range.2 - 0.029).abs() < 1e-9);
    assert!(
        serde_json::to_string(&facts)
            .expect("JSON")
            .contains("\"encoding\":\"utf-8\"")
    );
}

#[test]
fn identifiers_tie_errors_together_over_sources() {
    let mut analyzer = LogAnalyzer::new(options());
    let front = "2024-03-01T10:00:00Z INFO request started request_id=r-77\n2024-03-01T10:00:00Z INFO request started request_id=r-78\n";
    let back = r#"{"time":"2024-03-01T10:00:01Z","level":"error","msg":"no stock","request_id":"r-77"}"#;
    analyzer
        .read(&Origin::file("front.log"), front.as_bytes(), Part::ByTime)
        .expect("text");
    analyzer
        .read(&Origin::member("all.zip", "back.log"), back.as_bytes(), Part::ByTime)
        .expect("text");
    let facts = analyzer.finish();
    let [only] = facts.identifiers.as_slice() else {
        panic!("{:?}", facts.identifiers)
    };
    assert_eq!(
        (only.kind, only.value.as_str(), only.records, only.errors),
        (IdentifierKind::Request, "r-77", 2, 1)
    );
    assert_eq!(only.sources, ["front.log", "all.zip: back.log"]);
    assert!(only.quote.member.as_deref() == Some("back.log") && only.quote.holds(back.as_bytes()));
}

#[test]
fn a_baseline_of_its_own_is_compared_by_its_own_length() {
    let mut analyzer = LogAnalyzer::new(options());
    let lines = |hour: u32, word: &str| {
        (0..60).fold(String::new(), |text, minute| {
            text + &format!(
                "2024-03-01T{hour:02}:{minute:02}:00Z INFO it was {word}
"
            )
        })
    };
    analyzer
        .read(&Origin::file("before"), lines(8, "well").as_bytes(), Part::Baseline)
        .expect("text");
    analyzer
        .read(&Origin::file("now"), lines(10, "odd").as_bytes(), Part::Subject)
        .expect("text");
    let facts = analyzer.finish();
    let kinds: Vec<ChangeKind> = facts.changes.iter().map(|change| change.kind).collect();
    assert!(
        kinds.contains(&ChangeKind::New) && kinds.contains(&ChangeKind::Vanished),
        "{kinds:?}"
    );
}

#[test]
fn a_refused_source_leaves_the_others() {
    let mut analyzer = LogAnalyzer::new(options());
    assert!(
        analyzer
            .read(&Origin::file("a"), &b"\x7fELF\x01\x02"[..], Part::ByTime)
            .is_err()
    );
    analyzer
        .read(&Origin::file("b"), &b"fine\n"[..], Part::ByTime)
        .expect("text");
    let facts = analyzer.finish();
    assert_eq!(
        (facts.templates.len(), facts.templates[0].sources.as_slice()),
        (1, ["b".to_owned()].as_slice())
    );
    assert_eq!(facts.sources[0].error.as_deref(), Some("this is a program (ELF)"));
}

#[test]
fn one_occurrence_more_is_no_certainty() {
    let baseline = Exposure {
        count: 0,
        exposure: 3_600.0,
    };
    let once = judge(
        baseline,
        Exposure {
            count: 1,
            exposure: 600.0,
        },
        1.0,
        1,
    )
    .expect("new");
    let often = judge(
        baseline,
        Exposure {
            count: 9,
            exposure: 600.0,
        },
        1.0,
        1,
    )
    .expect("new");
    assert!(once.2 < 0.9 && often.2 > 0.999);
    let among_many = judge(
        baseline,
        Exposure {
            count: 1,
            exposure: 600.0,
        },
        1.0,
        100,
    )
    .expect("new");
    assert!(among_many.2 < 0.01);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn counts_keep_their_sum_in_any_order(times in proptest::collection::vec(0_i64..4_000_000_000_000_000, 0..200), split in 0_usize..200) {
        let (mut left, mut right) = (Counts::default(), Counts::default());
        for (at, time) in times.iter().enumerate() {
            if at < split { left.note(*time) } else { right.note(*time) }
        }
        left.absorb(&right);
        let series = left.series();
        prop_assert_eq!(series.as_ref().map_or(0, |series| series.counts.iter().sum::<u32>() as usize), times.len());
        prop_assert!(series.is_none_or(|series| series.counts.len() <= 480));
    }

    #[test]
    fn any_bytes_have_facts_and_their_quotes_hold(content in proptest::collection::vec(prop_oneof![4 => 0x20_u8..0x7f, 1 => Just(b'\n'), 1 => any::<u8>()], 0..500)) {
        let mut analyzer = LogAnalyzer::new(options());
        if analyzer.read(&Origin::file("x"), content.as_slice(), Part::ByTime).is_ok() {
            for template in analyzer.finish().templates {
                prop_assert!(template.first.is_none_or(|first| first.quote.holds(&content)));
            }
        }
    }
}

#[test]
fn a_window_that_becomes_known_after_reading_shows_the_same_changes() {
    let lines = (0..600).flat_map(|second| {
        let (minute, second) = (second / 60, second % 60);
        let at = format!("2026-11-21 10:{minute:02}:{second:02}");
        let placed = format!("{at} INFO order {second} placed\n");
        let refused = (minute >= 8).then(|| format!("{at} ERROR no connection is free\n"));
        std::iter::once(placed).chain(refused)
    });
    let log: String = lines.collect();
    let time = TimeContext { reference: 0, zone: 0 };
    let mut late = LogAnalyzer::new(AnalysisOptions::new(time));
    late.read(&Origin::file("shop.log"), log.as_bytes(), Part::ByTime)
        .unwrap();
    let first_error = late.statements().statements()[1].spots.first().unwrap().at;
    let subject = Window {
        from: first_error,
        to: first_error + 120_000_000,
    };
    let facts = late.finish_within(subject);
    let change = &facts.changes[0];
    let template = &facts.templates[change.template];
    assert_eq!(
        (change.kind, template.text.as_str()),
        (ChangeKind::New, "ERROR no connection is free")
    );
    assert_eq!(
        (template.components.as_slice(), change.subject.count),
        (&["shop".to_owned()][..], 120)
    );

    let mut early = LogAnalyzer::new(AnalysisOptions {
        subject: Some(subject),
        ..AnalysisOptions::new(time)
    });
    early
        .read(&Origin::file("shop.log"), log.as_bytes(), Part::ByTime)
        .unwrap();
    assert_eq!(early.finish().changes.len(), facts.changes.len());
}
