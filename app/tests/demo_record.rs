//! Recording cases with the real binary: everything an investigation may look at is there, the answer is outside, and no
//! file of a case says that anything was arranged.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
    process::{Command, Output, Stdio},
};

use serde_json::Value;

/// What only somebody who knows how a case came about would write. Whole words that services use are not in it.
const BETRAYS: [&str; 17] = [
    "fault",
    "inject",
    "demo",
    "simulat",
    "herring",
    "neighbour",
    "connection-leak",
    "cpu-spin",
    "memory-leak",
    "slow-disk",
    "bad-configuration",
    "dependency-down",
    "bad-deploy",
    "clock-skew",
    "compact-amounts",
    "single-reads",
    "answer-history",
];

/// The services of the demo's fleet.
const REGISTRY: &str = include_str!("../../examples/demo/service_registry.json");

fn demo(arguments: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_mainstay"));
    command
        .arg("demo")
        .args(arguments)
        .stdin(Stdio::null())
        .output()
        .unwrap()
}

fn files_below(folder: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            files.extend(files_below(&path));
        } else {
            files.push(path);
        }
    }
    files
}

fn lines(file: &Path) -> Vec<Value> {
    let text = fs::read_to_string(file).unwrap();
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

#[test]
fn a_recorded_case_has_every_kind_of_evidence_its_label_outside_and_no_hint_in_it() {
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().to_str().unwrap();
    let arguments = [
        "record",
        "--out",
        out,
        "--seed",
        "5",
        "--cases",
        "1",
        "--only",
        "bad-deploy",
        "--calm",
        "6",
        "--broken",
        "6",
    ];
    let output = demo(&arguments);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));

    let labels = lines(&folder.path().join("labels.jsonl"));
    assert_eq!(labels.len(), 1);
    let label = &labels[0];
    assert_eq!(
        (&label["case"], &label["kind"]),
        (&"case-001".into(), &"bad-deploy".into())
    );
    let broken = label["services"][0].as_str().unwrap();
    assert!(label["began_at"].as_str() > label["recorded_from"].as_str(), "{label}");

    let case = folder.path().join("case-001");
    let registry: Value = serde_json::from_str(REGISTRY).unwrap();
    for service in registry["services"].as_object().unwrap().keys() {
        let log = lines(&case.join("logs").join(format!("{service}.log")));
        assert!(log.iter().all(|line| line["service"] == *service), "{service}");
        let metrics = fs::read_to_string(case.join("metrics").join(format!("{service}.prom"))).unwrap();
        assert!(
            metrics.lines().filter(|line| line.starts_with("up{")).count() > 5,
            "{service}"
        );
        for settings in ["before", "after"] {
            assert!(
                case.join("config")
                    .join(settings)
                    .join(format!("{service}.json"))
                    .exists()
            );
        }
    }
    assert!(case.join("metrics").join("host.prom").exists() && case.join("topology.json").exists());
    let deploys = lines(&case.join("deploys.jsonl"));
    assert_eq!(deploys.last().unwrap()["service"], broken);
    let checks = fs::read_to_string(case.join("checks.csv")).unwrap();
    assert!(
        checks.starts_with("time,service,check,ok,") && checks.contains(",transaction,true,200,"),
        "{checks}"
    );
    spans_of_one_request_join_the_services_it_went_through(&case);

    for file in files_below(&case) {
        let text = fs::read_to_string(&file).unwrap().to_lowercase();
        let said = BETRAYS.iter().find(|word| text.contains(**word));
        assert!(said.is_none(), "{said:?} in {}", file.display());
    }

    // What is recorded already is not recorded again.
    let again = demo(&arguments);
    assert!(String::from_utf8_lossy(&again.stderr).contains("0 cases to record"));
    assert_eq!(lines(&folder.path().join("labels.jsonl")).len(), 1);
}

fn spans_of_one_request_join_the_services_it_went_through(case: &Path) {
    let traces_of = |service: &str| -> BTreeSet<String> {
        let batches = lines(&case.join("traces").join(format!("{service}.jsonl")));
        let spans = batches
            .iter()
            .flat_map(|batch| batch["resourceSpans"][0]["scopeSpans"][0]["spans"].as_array().unwrap());
        spans.map(|span| span["traceId"].as_str().unwrap().to_owned()).collect()
    };
    let (web, data) = (traces_of("web"), traces_of("data"));
    assert!(web.intersection(&data).count() > 3, "{} and {}", web.len(), data.len());
}

#[test]
fn a_plan_is_printed_without_recording_and_is_the_same_every_time() {
    let arguments = ["record", "--plan", "--seed", "9"];
    let (first, second) = (demo(&arguments), demo(&arguments));
    assert!(first.status.success());
    assert_eq!(first.stdout, second.stdout);
    let text = String::from_utf8(first.stdout).unwrap();
    let kinds: BTreeSet<_> = text
        .lines()
        .map(|line| serde_json::from_str::<Value>(line).unwrap()["kind"].to_string())
        .collect();
    assert_eq!(kinds.len(), 13, "{kinds:?}");
}

#[test]
fn a_story_about_something_no_health_check_sees_is_refused_with_what_to_do_instead() {
    let output = demo(&["--headless", "--fault", "data:clock-skew"]);
    let said = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(2), "{said}");
    assert!(
        said.contains("--no-fault") && said.contains("mainstay demo record"),
        "{said}"
    );
}
