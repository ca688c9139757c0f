//! The import of a real platform's files against a list of findings that was checked by hand.
//!
//! The files are not part of this repository; without them the tests say so and pass.

#![expect(clippy::unwrap_used, reason = "a test that cannot read its list has to fail there")]

use std::{
    collections::{BTreeMap, BTreeSet},
    path::{Path, PathBuf},
};

use mainstay_catalog::import::{Analysis, Finding, ImportOptions, InputFile, analyse, read_paths};

/// Codes of which the list does not hold every finding.
const NOT_EXHAUSTIVE: &[&str] = &["proposed-alias"];

fn data() -> Option<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/data/fks");
    if folder.is_dir() {
        return Some(folder);
    }
    eprintln!(
        "SKIPPED: {} is not here, so the import of real files was not compared",
        folder.display()
    );
    None
}

/// The files under their paths without the folder that was given, as the lists name them.
fn read(folder: &Path) -> Vec<InputFile> {
    let found = read_paths(&[folder.to_owned()]).unwrap();
    assert!(found.left_out.is_empty(), "{:?}", found.left_out);
    let prefix = format!("{}/", folder.display());
    let mut files = found.files;
    for file in &mut files {
        file.path = file.path.strip_prefix(&prefix).unwrap().to_owned();
    }
    files
}

fn analysis(folder: &Path) -> Analysis {
    let files = read(folder);
    assert!(files.len() > 200, "only {} files were read", files.len());
    analyse(files, &ImportOptions::default())
}

/// A row of one of the lists, by column name.
type Row = BTreeMap<String, String>;

fn rows(name: &str) -> Vec<Row> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden").join(name);
    let text = std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    let mut lines = text
        .lines()
        .filter(|line| !line.starts_with('#') && !line.trim().is_empty());
    let header: Vec<&str> = lines.next().unwrap().split('\t').collect();
    lines
        .map(|line| {
            header
                .iter()
                .zip(line.split('\t'))
                .map(|(key, value)| ((*key).to_owned(), value.to_owned()))
                .collect()
        })
        .collect()
}

fn shown(value: &serde_json::Value) -> String {
    match value {
        serde_json::Value::String(text) => text.clone(),
        serde_json::Value::Array(items) => items.iter().map(shown).collect::<Vec<_>>().join(","),
        other => other.to_string(),
    }
}

/// Equal as texts or as numbers (`1` and `1.0`).
fn same(expected: &str, found: &str) -> bool {
    let numbers = expected.parse::<f64>().ok().zip(found.parse::<f64>().ok());
    expected == found || numbers.is_some_and(|(a, b)| (a - b).abs() < 1e-9)
}

fn matches(row: &Row, finding: &Finding) -> bool {
    let values = row["values"].split("; ").filter(|pair| !pair.is_empty());
    finding.code == row["code"]
        && finding.severity.as_str() == row["severity"]
        && finding.file == row["file"]
        && finding.line.to_string() == row["line"]
        && values.into_iter().all(|pair| {
            let (key, expected) = pair.split_once('=').unwrap();
            finding
                .values
                .get(key)
                .is_some_and(|found| same(expected, &shown(found)))
        })
}

fn line_of(finding: &Finding) -> String {
    let values: Vec<String> = finding
        .values
        .iter()
        .map(|(key, value)| format!("{key}={}", shown(value)))
        .collect();
    format!(
        "{}\t{}\t{}\t{}\t{}",
        finding.code,
        finding.severity.as_str(),
        finding.file,
        finding.line,
        values.join("; ")
    )
}

#[test]
fn every_finding_of_the_golden_list_is_reported_and_nothing_else() {
    let Some(folder) = data() else { return };
    let analysis = analysis(&folder);
    let rows = rows("fks-findings.tsv");
    assert!(rows.len() >= 40, "the list holds {} findings", rows.len());
    let mut problems = Vec::new();
    for row in &rows {
        if !analysis.findings.iter().any(|finding| matches(row, finding)) {
            let near = analysis
                .findings
                .iter()
                .filter(|finding| finding.code == row["code"] && finding.file == row["file"])
                .map(|finding| format!("\n      near: {}", line_of(finding)));
            problems.push(format!(
                "missing: {}\t{}\t{}\t{}\t{}{}",
                row["code"],
                row["severity"],
                row["file"],
                row["line"],
                row["values"],
                near.collect::<String>()
            ));
        }
    }
    for finding in &analysis.findings {
        let listed = rows.iter().any(|row| matches(row, finding));
        if !listed && !NOT_EXHAUSTIVE.contains(&finding.code) {
            problems.push(format!("not listed: {}\n      {}", line_of(finding), finding.message));
        }
    }
    assert!(
        problems.is_empty(),
        "{} problems:\n{}",
        problems.len(),
        problems.join("\n")
    );
}

#[test]
fn nothing_that_only_looks_wrong_is_reported() {
    let Some(folder) = data() else { return };
    let analysis = analysis(&folder);
    for row in rows("fks-not-findings.tsv") {
        let wrong = analysis.findings.iter().find(|finding| {
            finding.code == row["code"]
                && (row["file"] == "*" || finding.file == row["file"])
                && (row["line"].is_empty() || finding.line.to_string() == row["line"])
        });
        assert!(wrong.is_none(), "{}\n  but {}", line_of(wrong.unwrap()), row["why"]);
    }
}

#[test]
fn every_finding_points_at_a_line_that_exists() {
    let Some(folder) = data() else { return };
    let analysis = analysis(&folder);
    let mut ids = BTreeSet::new();
    for finding in &analysis.findings {
        let places = finding.also.iter().map(|place| (&place.file, place.line));
        for (file, line) in places.chain([(&finding.file, finding.line)]) {
            let bytes = std::fs::read(folder.join(file)).unwrap_or_else(|error| panic!("{file}: {error}"));
            let lines = String::from_utf8_lossy(&bytes).lines().count();
            assert!(
                (1..=lines).contains(&(line as usize)),
                "{file}:{line} of {}",
                finding.code
            );
        }
        assert!(finding.message.ends_with('.'), "{}", finding.message);
        assert!(ids.insert(&finding.id), "the id of {} is not its own", line_of(finding));
    }
}

#[test]
fn every_file_is_listed_and_the_fleet_is_there() {
    let Some(folder) = data() else { return };
    let given: BTreeSet<String> = read(&folder).iter().map(|file| file.path.clone()).collect();
    let analysis = analysis(&folder);
    let listed: BTreeSet<String> = analysis.files.iter().map(|file| file.path.clone()).collect();
    assert_eq!(given, listed);
    let names: BTreeSet<&str> = analysis.services.iter().map(|service| service.name.as_str()).collect();
    for name in ["fks-api", "fks-execution-main", "fks-ollama", "fks-feature-engineering"] {
        assert!(names.contains(name), "{name} is missing among {names:?}");
    }
    let objectives = analysis.declarations.iter().filter(|declared| declared.kind == "slo");
    assert!(
        objectives
            .clone()
            .all(|declared| declared.body["sli"]["kind"] == "availability")
    );
    assert_eq!(objectives.count(), 8);
    let latencies = analysis
        .facts
        .iter()
        .filter(|fact| fact.field == "objective_latency_p95");
    assert_eq!(
        latencies.count(),
        8,
        "a latency is no objective, and can be seen all the same"
    );
}

#[test]
fn where_the_folder_stands_changes_no_finding() {
    let Some(folder) = data() else { return };
    let found = read_paths(std::slice::from_ref(&folder)).unwrap();
    let moved = analyse(found.files, &ImportOptions::default());
    let prefix = format!("{}/", folder.display());
    let at_home = analysis(&folder);
    let places = |analysis: &Analysis| -> BTreeSet<(&'static str, String, u32)> {
        let places = analysis.findings.iter().map(|finding| {
            let file = finding.file.strip_prefix(&prefix).unwrap_or(&finding.file);
            (finding.code, file.to_owned(), finding.line)
        });
        places.collect()
    };
    assert_eq!(places(&moved), places(&at_home));
    assert_eq!(moved.findings.len(), at_home.findings.len());
}

/// Each file by itself: how many findings of which code and severity (`CODES.md`, "One file alone").
#[test]
fn a_file_alone_is_judged_by_itself_with_the_ordinary_severities() {
    let Some(folder) = data() else { return };
    for (path, expected) in [
        (
            "fks_main@cca8b29/config/service_registry.json",
            vec![
                "dependency-cycle warning 1",
                "invalid-name warning 9",
                "undefined-dependency error 1",
            ],
        ),
        (
            "fks_main@bcab654/config/service_registry.json",
            vec![
                "dependency-cycle warning 1",
                "invalid-name warning 10",
                "undefined-dependency error 1",
            ],
        ),
        (
            "fks_main@02afd04/config/service_registry.json",
            vec!["dependency-cycle warning 1", "invalid-name warning 13"],
        ),
        (
            "fks_main@bd2c618/config/service_registry.json",
            vec!["dependency-cycle warning 1"],
        ),
        (
            "fks_config@HEAD/service_registry.json",
            vec!["dependency-cycle warning 1", "duplicate-port error 1"],
        ),
        ("fks_config@HEAD/slos.json", vec!["contradictory-objective error 8"]),
        ("fks_main@HEAD/docker/k8s/manifests/missing-services.yaml", vec![]),
    ] {
        let found = read_paths(&[folder.join(path)]).unwrap();
        let analysis = analyse(found.files, &ImportOptions::default());
        let mut counts: BTreeMap<(&str, &str), usize> = BTreeMap::new();
        for finding in &analysis.findings {
            *counts.entry((finding.code, finding.severity.as_str())).or_default() += 1;
        }
        let found: Vec<String> = counts
            .iter()
            .map(|((code, severity), count)| format!("{code} {severity} {count}"))
            .collect();
        assert_eq!(found, expected, "{path}: {:#?}", analysis.findings);
    }
}

#[test]
fn malformed_files_are_one_error_each_and_the_good_one_beside_them_is_read() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden/unreadable");
    let analysis = analyse(read(&folder), &ImportOptions::default());
    for row in rows("unreadable/expected.tsv") {
        let findings: Vec<&Finding> = analysis
            .findings
            .iter()
            .filter(|finding| finding.file == row["file"])
            .collect();
        if row["status"] == "read" {
            assert!(findings.is_empty(), "{findings:?}");
            continue;
        }
        let [finding] = findings.as_slice() else {
            panic!("{}: {findings:?}", row["file"]);
        };
        assert_eq!(
            (finding.code, finding.line.to_string()),
            ("unreadable", row["line"].clone()),
            "{}",
            row["why"]
        );
    }
    assert!(!analysis.services.is_empty());
}
