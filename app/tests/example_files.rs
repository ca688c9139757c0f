//! The files a user starts from are clean: an import of them finds nothing to complain about.

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
