//! Whatever bytes the files hold, an investigation ends, and what it quotes stands where it says.

#![expect(clippy::unwrap_used, reason = "helpers of tests")]

use std::{fmt::Write as _, fs, path::Path};

use mainstay_investigation::{Request, investigate};
use proptest::prelude::*;
use serde_json::Value;

/// One file of every kind, with something going wrong halfway.
fn samples() -> Vec<(&'static str, Vec<u8>)> {
    let mut log = String::new();
    let mut metrics = String::from("time,cart_cpu,cart_latency_ms\n");
    let mut spans = Vec::new();
    for second in 0..240_u64 {
        let broken = second > 160;
        let time = format!("2026-03-01T10:{:02}:{:02}Z", second / 60, second % 60);
        writeln!(log, "{time} INFO cart served order {second} in {} ms", second % 9).unwrap();
        if broken {
            writeln!(
                log,
                "{time} ERROR cart \u{1b}[31mconnection to db refused\u{1b}[0m, attempt {second}"
            )
            .unwrap();
        }
        let latency = if broken { 900 } else { 40 + second % 7 };
        writeln!(metrics, "{time},{},{latency}", 20 + second % 5).unwrap();
        let start = 1_772_359_200_000_000 + second * 1_000_000;
        let mut span = |id: &str, parent: Option<&str>, service: &str, micros: u64| {
            spans.push(serde_json::json!({
                "traceId": format!("{second:032x}"), "id": format!("{second:08x}{id}"),
                "parentId": parent.map(|parent| format!("{second:08x}{parent}")), "name": "get",
                "kind": "SERVER", "timestamp": start, "duration": micros, "localEndpoint": { "serviceName": service },
            }));
        };
        span("00000001", None, "front", if broken { 950_000 } else { 45_000 });
        span(
            "00000002",
            Some("00000001"),
            "cart",
            if broken { 900_000 } else { 40_000 },
        );
    }
    let told = |second: u64| {
        let nanos = (1_772_359_200 + second) * 1_000_000_000;
        serde_json::json!({
            "timeUnixNano": nanos.to_string(), "severityNumber": 17, "body": { "stringValue": format!("order {second} is lost") },
            "traceId": format!("{second:032x}"), "spanId": format!("{second:08x}00000001"),
        })
    };
    let otlp = serde_json::json!({ "resourceLogs": [{
        "resource": { "attributes": [{ "key": "service.name", "value": { "stringValue": "front" } }] },
        "scopeLogs": [{ "logRecords": (161..240).map(told).collect::<Vec<_>>() }],
    }]});
    let diff = "diff --git a/cart.yaml b/cart.yaml\n--- a/cart.yaml\n+++ b/cart.yaml\n@@ -1,2 +1,2 @@\n service: cart\n-pool: 20\n+pool: 1\n";
    vec![
        ("cart.log", log.into_bytes()),
        ("metrics.csv", metrics.into_bytes()),
        ("spans.json", serde_json::to_vec(&spans).unwrap()),
        ("cart.yaml", b"service: cart\npool: 1\ntimeout: 0s\n".to_vec()),
        ("change.diff", diff.as_bytes().to_vec()),
        ("records.json", serde_json::to_vec_pretty(&otlp).unwrap()),
    ]
}

/// What happens to a file.
#[derive(Debug, Clone)]
enum Damage {
    Flip(prop::sample::Index, u8),
    Cut(prop::sample::Index),
    Insert(prop::sample::Index, Vec<u8>),
    Twice(prop::sample::Index, prop::sample::Index),
}

fn damage() -> impl Strategy<Value = Damage> {
    let place = any::<prop::sample::Index>;
    prop_oneof![
        4 => (place(), any::<u8>()).prop_map(|(at, bits)| Damage::Flip(at, bits)),
        1 => place().prop_map(Damage::Cut),
        2 => (place(), proptest::collection::vec(any::<u8>(), 1..40)).prop_map(|(at, bytes)| Damage::Insert(at, bytes)),
        1 => (place(), place()).prop_map(|(from, to)| Damage::Twice(from, to)),
    ]
}

fn harm(content: &mut Vec<u8>, damage: &Damage) {
    if content.is_empty() {
        return;
    }
    match damage {
        Damage::Flip(at, bits) => *at.get_mut(content) ^= bits,
        Damage::Cut(at) => content.truncate(at.index(content.len())),
        Damage::Insert(at, bytes) => {
            let at = at.index(content.len());
            content.splice(at..at, bytes.iter().copied());
        }
        Damage::Twice(from, to) => {
            let (from, to) = (from.index(content.len()), to.index(content.len()));
            let again = content[from.min(to)..from.max(to)].to_vec();
            content.extend(again);
        }
    }
}

/// Every quote of a report, wherever it stands.
fn quotes<'v>(value: &'v Value, found: &mut Vec<&'v Value>) {
    match value {
        Value::Object(fields) => {
            if fields.contains_key("bytes") && fields.contains_key("line") && fields.contains_key("encoding") {
                found.push(value);
            }
            fields.values().for_each(|field| quotes(field, found));
        }
        Value::Array(items) => items.iter().for_each(|item| quotes(item, found)),
        _ => {}
    }
}

/// Investigates the files of a folder; answers how many quotes there were. Panics when one does not stand where it says.
fn checked(folder: &Path, now: i64) -> usize {
    let request = Request {
        paths: vec![folder.to_owned()],
        now,
        ..Request::default()
    };
    let report = serde_json::to_value(investigate(&request, &|_| ())).unwrap();
    let mut found = Vec::new();
    quotes(&report, &mut found);
    for quote in &found {
        let content = fs::read(quote["file"].as_str().unwrap()).unwrap();
        let place = |at: usize| usize::try_from(quote["bytes"][at].as_u64().unwrap()).unwrap();
        let (from, to) = (place(0), place(1));
        if ["utf-8", "utf-8-lossy"].contains(&quote["encoding"].as_str().unwrap()) {
            assert_eq!(
                quote["text"],
                String::from_utf8_lossy(&content[from..to]).as_ref(),
                "{quote}"
            );
            let line = 1 + memchr::memchr_iter(b'\n', &content[..from]).count();
            assert_eq!(quote["line"], line, "{quote}");
        }
    }
    found.len()
}

const NOW: i64 = 1_772_400_000_000_000;

#[test]
fn what_is_whole_is_quoted() {
    let folder = tempfile::tempdir().unwrap();
    for (name, content) in samples() {
        fs::write(folder.path().join(name), content).unwrap();
    }
    assert!(checked(folder.path(), NOW) > 3);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn damaged_files_end_without_a_failure_and_quotes_stand_where_they_say(
        damages in proptest::collection::vec((0..6_usize, damage()), 0..12),
        gone in proptest::collection::vec(any::<bool>(), 6),
    ) {
        let folder = tempfile::tempdir().unwrap();
        for (number, (name, mut content)) in samples().into_iter().enumerate() {
            if gone[number] {
                continue;
            }
            for (_, damage) in damages.iter().filter(|(file, _)| *file == number) {
                harm(&mut content, damage);
            }
            fs::write(folder.path().join(name), content).unwrap();
        }
        checked(folder.path(), NOW);
    }
}
