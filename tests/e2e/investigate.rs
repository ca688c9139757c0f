//! `mainstay investigate` as a person runs it: files in, a report out, every quote where it says, and bad input told apart.

use std::{
    fmt::Write as _,
    fs,
    io::Write as _,
    path::{Path, PathBuf},
    process::{Command, Output, Stdio},
};

use serde_json::Value;
use tempfile::TempDir;

/// Seconds of a recording, and the one in which something breaks.
const SECONDS: u64 = 600;
const BROKEN: u64 = 420;

/// A shop of three services: `web` calls `cart`, `cart` calls `stock`. From 10:07:00 on `stock` has no connection left, and the
/// others are slow and fail because of it.
fn shop() -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    let write = |name: &str, content: &str| {
        let path = folder.path().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, content).unwrap();
    };
    for (place, name) in ["web", "cart", "stock"].into_iter().enumerate() {
        let (mut log, mut metrics) = (
            String::new(),
            "time,cpu_percent,latency_seconds,error_rate\n".to_owned(),
        );
        for second in 0..SECONDS {
            let broken = second >= BROKEN;
            let wobble = (second * 7 + place as u64 * 3) % 10;
            let at = format!("2026-11-21T10:{:02}:{:02}Z", second / 60, second % 60);
            let _ = writeln!(log, "{at} INFO request {} answered in {} ms", second * 31, 20 + wobble);
            if broken {
                let _ = match name {
                    "stock" => writeln!(
                        log,
                        "{at} ERROR \u{1b}[31mpool exhausted\u{1b}[0m: 8 of 8 connections are in use"
                    ),
                    "cart" => writeln!(log, "{at} WARN stock did not answer within 2 s"),
                    _ => Ok(()),
                };
            }
            let (cpu, latency, errors) = match (name, broken) {
                ("stock", true) => (91 + wobble / 2, 2_000 + wobble * 10, 60 + wobble),
                (_, true) => (20 + wobble, 2_050 + wobble * 10, 30 + wobble),
                _ => (20 + wobble, 30 + wobble, wobble / 5),
            };
            let _ = writeln!(
                metrics,
                "{at},{cpu},{}.{:03},{errors}",
                latency / 1_000,
                latency % 1_000
            );
        }
        write(&format!("logs/{name}.log"), &log);
        write(&format!("metrics/{name}.csv"), &metrics);
    }
    write("graph.csv", "source,target\nweb,cart\ncart,stock\n");
    folder
}

fn investigate(arguments: &[&str], paths: &[PathBuf]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_mainstay"))
        .arg("investigate")
        .args(arguments)
        .args(paths)
        .output()
        .unwrap()
}

fn report(arguments: &[&str], paths: &[PathBuf]) -> Value {
    let output = investigate(&[arguments, &["--output", "json"]].concat(), paths);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).unwrap()
}

/// Every quote, wherever it stands in the report.
fn quotes<'r>(value: &'r Value, found: &mut Vec<&'r Value>) {
    match value {
        Value::Object(fields) => {
            if fields.contains_key("bytes") && fields.contains_key("encoding") {
                found.push(value);
            }
            fields.values().for_each(|field| quotes(field, found));
        }
        Value::Array(items) => items.iter().for_each(|item| quotes(item, found)),
        _ => {}
    }
}

#[test]
fn the_cause_is_named_with_lines_that_stand_where_the_report_says() {
    let shop = shop();
    let topology = shop.path().join("graph.csv").display().to_string();
    let asked = [
        "--at",
        "10:07:30",
        "--topology",
        &topology,
        "--question",
        "why is web slow?",
    ];
    let report = report(&asked, &[shop.path().join("logs"), shop.path().join("metrics")]);
    assert_eq!(report["verdict"], "cause", "{report:#}");
    assert_eq!(report["causes"][0]["component"], "stock", "{:#}", report["causes"]);
    assert!(
        report["causes"][0]["likelihood"].as_f64().unwrap() > 0.6,
        "{:#}",
        report["causes"]
    );
    let used: Vec<&str> = report["asked"]["question"]["used"]
        .as_array()
        .unwrap()
        .iter()
        .map(|used| used["word"].as_str().unwrap())
        .collect();
    assert_eq!(used, ["web", "slow"]);
    let mut all = Vec::new();
    quotes(&report, &mut all);
    assert!(all.len() >= 3, "{}", all.len());
    for quote in &all {
        let content = fs::read(quote["file"].as_str().unwrap()).unwrap();
        let place = |at: usize| usize::try_from(quote["bytes"][at].as_u64().unwrap()).unwrap();
        let text = std::str::from_utf8(&content[place(0)..place(1)]).unwrap();
        assert_eq!(text, quote["text"].as_str().unwrap());
        let line = content[..place(0)].split(|byte| *byte == b'\n').count();
        assert_eq!(line as u64, quote["line"].as_u64().unwrap(), "{quote:#}");
    }
    let exhausted = all
        .iter()
        .any(|quote| quote["text"].as_str().unwrap().contains("\u{1b}[31mpool exhausted"));
    assert!(exhausted, "the message that tells of it is quoted with its colours");
    for kind in ["logs", "metrics"] {
        let of_kind = report["inputs"]
            .as_array()
            .unwrap()
            .iter()
            .filter(|input| input["kind"] == kind);
        assert_eq!(of_kind.count(), 3, "{kind}");
    }
}

#[test]
fn packed_evidence_tells_the_same_and_quotes_count_in_the_member() {
    let shop = shop();
    let packed = shop.path().join("evidence.tar.gz");
    let tar = Command::new("tar")
        .args([
            "-czf",
            packed.to_str().unwrap(),
            "-C",
            shop.path().to_str().unwrap(),
            "logs",
            "metrics",
        ])
        .status();
    assert!(tar.unwrap().success());
    let topology = shop.path().join("graph.csv").display().to_string();
    let report = report(&["--at", "2026-11-21T10:07:30Z", "--topology", &topology], &[packed]);
    assert_eq!(report["causes"][0]["component"], "stock", "{:#}", report["causes"]);
    let mut all = Vec::new();
    quotes(&report, &mut all);
    for quote in all {
        let member = quote["member"].as_str().unwrap();
        let content = fs::read(shop.path().join(member)).unwrap();
        let place = |at: usize| usize::try_from(quote["bytes"][at].as_u64().unwrap()).unwrap();
        assert_eq!(&content[place(0)..place(1)], quote["text"].as_str().unwrap().as_bytes());
    }
}

#[test]
fn what_is_pasted_is_quoted_as_a_file_is() {
    let shop = shop();
    let mut lines = Vec::new();
    for name in ["web", "cart", "stock"] {
        let log = fs::read_to_string(shop.path().join(format!("logs/{name}.log"))).unwrap();
        lines.extend(log.lines().map(|line| {
            let (at, rest) = line.split_once(' ').unwrap();
            let (level, message) = rest.split_once(' ').unwrap();
            let record = serde_json::json!({"time": at, "level": level, "service": name, "message": message});
            format!("{record}\n")
        }));
    }
    lines.sort();
    let path = shop.path().join("all.jsonl");
    fs::write(&path, lines.concat()).unwrap();
    let metrics = shop.path().join("metrics");
    let places = |stdin: Stdio, path: PathBuf| -> Vec<Value> {
        let output = Command::new(env!("CARGO_BIN_EXE_mainstay"))
            .args(["investigate", "--at", "10:07:30", "--output", "json"])
            .args([&path, &metrics])
            .stdin(stdin)
            .output()
            .unwrap();
        let report: Value = serde_json::from_slice(&output.stdout).unwrap();
        let mut all = Vec::new();
        quotes(&report, &mut all);
        let name = path.display().to_string();
        let of_log = all.into_iter().filter(|quote| quote["file"] == name.as_str());
        of_log
            .map(|quote| serde_json::json!([quote["line"], quote["bytes"], quote["encoding"], quote["text"]]))
            .collect()
    };
    let of_file = places(Stdio::null(), path.clone());
    let of_paste = places(Stdio::from(fs::File::open(path).unwrap()), PathBuf::from("-"));
    assert!(
        of_file
            .iter()
            .any(|quote| quote[3].as_str().unwrap().contains("pool exhausted"))
    );
    assert_eq!(of_paste, of_file);
}

#[test]
fn a_quiet_time_has_no_cause_and_the_report_says_what_would_help() {
    let shop = shop();
    for kind in ["logs", "metrics"] {
        for name in ["web", "cart", "stock"] {
            let path = shop
                .path()
                .join(kind)
                .join(format!("{name}.{}", if kind == "logs" { "log" } else { "csv" }));
            let quiet: Vec<String> = fs::read_to_string(&path)
                .unwrap()
                .lines()
                .filter(|line| !line.contains("T10:07") && !line.contains("T10:08") && !line.contains("T10:09"))
                .map(|line| format!("{line}\n"))
                .collect();
            fs::write(&path, quiet.concat()).unwrap();
        }
    }
    let report = report(
        &["--at", "10:05:00"],
        &[shop.path().join("logs"), shop.path().join("metrics")],
    );
    assert_eq!(report["verdict"], "none", "{:#}", report["causes"]);
    assert!(!report["none"]["would_help"].as_array().unwrap().is_empty());
}

#[test]
fn the_page_is_one_file_and_the_text_fits_a_terminal() {
    let shop = shop();
    let page = shop.path().join("report.html");
    let output = investigate(
        &["--at", "10:07:30", "--output", "html", "--to", page.to_str().unwrap()],
        &[shop.path().join("logs"), shop.path().join("metrics")],
    );
    assert!(output.status.success() && output.stdout.is_empty());
    let page = fs::read_to_string(page).unwrap();
    assert!(
        page.starts_with("<!DOCTYPE html>") && page.contains("<svg"),
        "{}",
        &page[..200]
    );
    for outside in ["src=\"http", "href=\"http", "url(http", "@import"] {
        assert!(!page.contains(outside), "{outside}");
    }
    let text = investigate(
        &["--at", "10:07:30"],
        &[shop.path().join("logs"), shop.path().join("metrics")],
    );
    let text = String::from_utf8(text.stdout).unwrap();
    assert!(text.contains("stock"), "{text}");
    assert!(
        !text.contains('\u{1b}'),
        "no colour where nobody sees it, and none of a quote's own"
    );
}

#[test]
fn bad_input_is_told_apart_and_never_ends_in_a_crash() {
    let shop = shop();
    let bad = shop.path().join("bad");
    fs::create_dir(&bad).unwrap();
    fs::write(bad.join("empty.log"), "").unwrap();
    fs::write(
        bad.join("junk.log"),
        (0..200_000_u32).flat_map(u32::to_le_bytes).collect::<Vec<u8>>(),
    )
    .unwrap();
    fs::write(bad.join("long.log"), "x".repeat(2 << 20)).unwrap();
    let rows = (0..60).map(|second| {
        format!(
            "2026-11-21T10:00:{second:02}Z,{}\n",
            if second == 7 { "much" } else { "12" }
        )
    });
    fs::write(
        bad.join("text.csv"),
        format!("time,cpu\n{}", rows.collect::<Vec<_>>().concat()),
    )
    .unwrap();
    fs::write(bad.join("cut.json"), "{\"resourceSpans\":[{\"resource\":{").unwrap();
    fs::write(
        bad.join("mixed.log"),
        b"2026-11-21T10:00:00Z INFO caf\xe9\n2026-11-21T10:00:01Z ERROR ok\n",
    )
    .unwrap();
    bomb(&bad.join("bomb.log.gz"));
    std::os::unix::fs::symlink(&bad, bad.join("loop")).unwrap();
    let found = report(
        &["--at", "10:07:30"],
        &[shop.path().join("logs"), shop.path().join("metrics"), bad],
    );
    assert_eq!(found["verdict"], "cause", "what is readable still counts");
    let told = |name: &str| {
        let inputs = found["inputs"].as_array().unwrap();
        let input = inputs
            .iter()
            .find(|input| input["file"].as_str().unwrap().ends_with(name));
        input
            .unwrap_or_else(|| panic!("{name} is not told of: {inputs:#?}"))
            .clone()
    };
    for (name, kind) in [
        ("empty.log", "unreadable"),
        ("junk.log", "unreadable"),
        ("mixed.log", "logs"),
    ] {
        assert_eq!(told(name)["kind"], kind, "{name}");
    }
    for name in ["text.csv", "bomb.log.gz", "loop"] {
        assert!(
            !told(name)["problems"].as_array().unwrap().is_empty(),
            "{name}: {:#}",
            told(name)
        );
    }
}

/// Two hundred megabytes of one line, packed to some two hundred kilobytes.
fn bomb(path: &Path) {
    let pack = Command::new("sh")
        .args(["-c", "head -c 200000000 /dev/zero | tr '\\0' x | gzip -9"])
        .output()
        .unwrap();
    let mut file = fs::File::create(path).unwrap();
    file.write_all(&pack.stdout).unwrap();
}

#[test]
fn what_cannot_be_read_at_all_is_an_error_with_its_reason() {
    let folder = tempfile::tempdir().unwrap();
    let missing = folder.path().join("missing.log");
    let empty = folder.path().join("empty.log");
    fs::write(&empty, "").unwrap();
    for (path, expected) in [(missing, "there is no "), (empty, "empty.log: it is empty")] {
        let output = investigate(&[], &[path]);
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(
            (output.status.code(), said.contains(expected)),
            (Some(2), true),
            "{said}"
        );
    }
    let output = investigate(&["--at", "soon"], &[folder.path().to_owned()]);
    assert!(String::from_utf8_lossy(&output.stderr).contains("`soon` is no time"));
}
