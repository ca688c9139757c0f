//! The files a user starts from are clean: an import of them finds nothing to complain about. A file with an objective in it
//! is judged without a server.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::{path::Path, process::Command};

use serde_json::Value;

fn import(path: &str) -> Value {
    let examples = Path::new(env!("CARGO_MANIFEST_DIR")).join("../examples");
    let output = Command::new(env!("CARGO_BIN_EXE_mainstay"))
        .args(["import", "--dry-run", "--strict", "--output", "json"])
        .arg(examples.join(path))
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).unwrap()
}

#[test]
fn the_demo_fleet_is_imported_without_a_finding() {
    let report = import("demo");
    assert_eq!(report["findings"], Value::Array(Vec::new()));
    assert_eq!(report["summary"]["services"], 10);
}

#[test]
fn the_fleet_to_start_from_is_imported_without_a_finding() {
    let report = import("fleet.yaml");
    assert_eq!(report["findings"], Value::Array(Vec::new()));
    assert_eq!(report["summary"]["services"], 2);
}

/// What `slo validate` says of a file with this content, and whether it is content.
fn validate(content: &str) -> (bool, String) {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("slos.yaml");
    std::fs::write(&file, content).unwrap();
    let output = Command::new(env!("CARGO_BIN_EXE_mainstay"))
        .args(["slo", "validate"])
        .arg(&file)
        .output()
        .unwrap();
    (output.status.success(), String::from_utf8(output.stdout).unwrap())
}

const OBJECTIVE: &str =
    "apiVersion: mainstay/v1\nkind: Slo\nmetadata: { name: up }\nspec: { service: apii, objective: 99.9 }\n";

#[test]
fn an_objective_that_is_validated_alone_may_be_about_any_service() {
    let (good, said) = validate(OBJECTIVE);
    assert!(good && !said.contains("warning"), "{said}");
}

#[test]
fn an_objective_beside_services_that_do_not_include_its_own_is_warned_about() {
    let service = "apiVersion: mainstay/v1\nkind: Service\nmetadata: { name: api }\nspec: {}\n---\n";
    let (good, said) = validate(&format!("{service}{OBJECTIVE}"));
    assert!(good, "{said}");
    assert!(
        said.contains("warning: The SLO `up` is for apii") && said.contains("Did you mean `api`?"),
        "{said}"
    );
}

#[test]
fn a_misspelt_kind_is_told_with_the_kinds_there_are() {
    let (good, said) = validate(&OBJECTIVE.replace("kind: Slo", "kind: SLO"));
    assert!(!good, "{said}");
    assert!(
        said.contains("`SLO` is not a kind Mainstay knows; use ") && said.contains("Slo"),
        "{said}"
    );
}
