//! The crate graph: which crate may depend on which. The table here is the one in ARCHITECTURE.md; a crate without a row
//! is refused, so that a new one is thought about.

use std::collections::BTreeMap;

use toml_edit::{DocumentMut, Item};

use super::Finding;
use crate::tree::Tree;

const PLATFORM: [&str; 5] = [
    "platform/kernel",
    "platform/runtime",
    "platform/store",
    "platform/work",
    "platform/http",
];
const TESTKIT: &str = "platform/testkit";
const TELEMETRY: &str = "platform/telemetry";
const PROVIDERS: &str = "providers/api";
const BACKENDS: &str = "providers/backends";
/// Simulated fleets of every module.
const SIMULATION: &str = "tests/simulation";
const AUTH: &str = "modules/auth";

/// Module to the modules whose facade it may call, for those that are built. `auth` may be asked by every module.
const MODULES: &[(&str, &[&str])] = &[
    ("catalog", &[]),
    ("evidence", &[]),
    ("knowledge", &[]),
    ("session", &[]),
    ("auth", &[]),
    ("readiness", &["catalog"]),
    ("watch", &["catalog"]),
    ("trace", &["catalog"]),
    ("traffic", &["catalog"]),
    ("diagnosis", &[]),
    ("investigation", &["evidence", "diagnosis"]),
    ("slo", &["watch", "trace", "traffic", "catalog"]),
    ("oncall", &["slo", "catalog", "investigation", "knowledge"]),
    ("ops", &["slo", "catalog"]),
    (
        "incident",
        &["oncall", "slo", "ops", "catalog", "investigation", "knowledge"],
    ),
    ("chaos", &["traffic", "slo", "incident", "catalog"]),
    ("case", &["session", "evidence", "investigation", "knowledge"]),
    (
        "agent",
        &[
            "case",
            "session",
            "evidence",
            "investigation",
            "knowledge",
            "incident",
            "slo",
            "watch",
            "trace",
            "ops",
            "catalog",
        ],
    ),
];

/// A crate of the workspace.
struct Crate<'t> {
    folder: &'t str,
    manifest: &'t str,
    dependencies: Vec<Dependency>,
}

struct Dependency {
    name: String,
    line: usize,
    for_tests: bool,
}

/// Every dependency between our own crates is an arrow of the table.
pub fn graph(tree: &Tree) -> Vec<Finding> {
    let mut findings = Vec::new();
    let crates = crates(tree, &mut findings);
    let folders: BTreeMap<String, &str> = crates
        .iter()
        .map(|found| (package(found.manifest), found.folder))
        .collect();
    for found in &crates {
        let path = format!("{}/Cargo.toml", found.folder);
        if !is_known(found.folder) {
            findings.push(Finding::new(
                &path,
                0,
                "this crate has no row in the table of ARCHITECTURE.md and xtask/src/tidy/crates.rs: give it one",
            ));
            continue;
        }
        for dependency in &found.dependencies {
            let Some(target) = folders.get(&dependency.name) else {
                continue;
            };
            // That arrow has a rule of its own.
            if *target == BACKENDS || allowed(found.folder, target, dependency.for_tests) {
                continue;
            }
            findings.push(Finding::new(
                &path,
                dependency.line,
                format!(
                    "{} must not depend on {target}. What it needs from there comes as an event, or through a trait of its \
                     own that is implemented above and wired in the app",
                    found.folder
                ),
            ));
        }
    }
    findings
}

/// The backends are named by the app alone.
pub fn backends(tree: &Tree) -> Vec<Finding> {
    let mut findings = Vec::new();
    for found in crates(tree, &mut Vec::new()) {
        if found.folder == "app" || found.folder == BACKENDS {
            continue;
        }
        for dependency in found.dependencies {
            if dependency.name == "mainstay-backends" {
                findings.push(Finding::new(
                    &format!("{}/Cargo.toml", found.folder),
                    dependency.line,
                    "a backend is chosen by configuration in the app; depend on mainstay-providers and take the trait",
                ));
            }
        }
    }
    for file in &tree.rust {
        if file.path.starts_with("app/") || file.path.starts_with(BACKENDS) {
            continue;
        }
        findings.extend(file.source.lines_with("mainstay_backends").into_iter().map(|line| {
            Finding::new(
                &file.path,
                line,
                "a backend is named outside the app; take the trait from mainstay-providers",
            )
        }));
    }
    findings
}

fn is_known(folder: &str) -> bool {
    match folder.strip_prefix("modules/") {
        Some(module) => MODULES.iter().any(|(name, _)| *name == module),
        None => {
            PLATFORM.contains(&folder)
                || matches!(
                    folder,
                    TESTKIT | TELEMETRY | PROVIDERS | BACKENDS | SIMULATION | "app" | "xtask"
                )
        }
    }
}

fn allowed(from: &str, to: &str, for_tests: bool) -> bool {
    if for_tests && to == TESTKIT {
        return true;
    }
    // Above the platform everything may use it, except its test kit and the app's own telemetry.
    let platform = PLATFORM.contains(&to);
    if let Some(module) = from.strip_prefix("modules/") {
        let facades = MODULES
            .iter()
            .find(|(name, _)| *name == module)
            .map_or(&[][..], |(_, facades)| *facades);
        return platform
            || to == PROVIDERS
            || to == AUTH
            || to
                .strip_prefix("modules/")
                .is_some_and(|target| facades.contains(&target));
    }
    match from {
        "platform/kernel" | TELEMETRY | "xtask" => false,
        "platform/runtime" => to == "platform/kernel",
        "platform/store" => matches!(to, "platform/kernel" | "platform/runtime"),
        "platform/work" => matches!(to, "platform/kernel" | "platform/runtime" | "platform/store"),
        "platform/http" => matches!(to, "platform/kernel" | "platform/runtime" | "platform/store"),
        TESTKIT | PROVIDERS => platform,
        BACKENDS => platform || to == PROVIDERS,
        "app" => to != TESTKIT,
        SIMULATION => platform || matches!(to, TESTKIT | PROVIDERS) || to.starts_with("modules/"),
        _ => false,
    }
}

fn crates<'t>(tree: &'t Tree, findings: &mut Vec<Finding>) -> Vec<Crate<'t>> {
    let mut crates = Vec::new();
    for file in tree.named("Cargo.toml") {
        let Some(folder) = file.path.strip_suffix("/Cargo.toml") else {
            continue;
        };
        // Fuzz targets are workspaces of their own, beside the crate they try.
        if folder == "fuzz" || folder.ends_with("/fuzz") {
            continue;
        }
        let document: DocumentMut = match file.text.parse() {
            Ok(document) => document,
            Err(error) => {
                findings.push(Finding::new(&file.path, 0, format!("cannot be read: {error}")));
                continue;
            }
        };
        let mut dependencies = Vec::new();
        for (table, for_tests) in [
            ("dependencies", false),
            ("build-dependencies", false),
            ("dev-dependencies", true),
        ] {
            let names = document
                .get(table)
                .and_then(Item::as_table_like)
                .into_iter()
                .flat_map(|table| table.iter());
            dependencies.extend(names.map(|(name, item)| Dependency {
                name: item.get("package").and_then(Item::as_str).unwrap_or(name).to_owned(),
                line: line_of(&file.text, table, name),
                for_tests,
            }));
        }
        crates.push(Crate {
            folder,
            manifest: &file.text,
            dependencies,
        });
    }
    crates
}

fn package(manifest: &str) -> String {
    let document: Option<DocumentMut> = manifest.parse().ok();
    document
        .and_then(|document| Some(document.get("package")?.get("name")?.as_str()?.to_owned()))
        .unwrap_or_default()
}

/// The line of a dependency, counted from 1; 0 when it is written in a way that is not ours.
fn line_of(manifest: &str, table: &str, name: &str) -> usize {
    let mut inside = false;
    for (index, line) in manifest.lines().enumerate() {
        if line.starts_with('[') {
            inside = line == format!("[{table}]");
        } else if inside
            && line
                .strip_prefix(name)
                .is_some_and(|rest| rest.starts_with([' ', '.', '=']))
        {
            return index + 1;
        }
    }
    0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_fleet_half_never_knows_the_copilot_half() {
        let copilot = ["session", "case", "agent"];
        for (module, facades) in MODULES.iter().filter(|(module, _)| !copilot.contains(module)) {
            assert!(
                facades.iter().all(|facade| !copilot.contains(facade)),
                "{module} knows the copilot"
            );
        }
    }

    #[test]
    fn the_arrows_between_modules_have_no_cycle() {
        fn reaches(from: &str, to: &str) -> bool {
            MODULES
                .iter()
                .filter(|(name, _)| *name == from)
                .any(|(_, facades)| facades.iter().any(|facade| *facade == to || reaches(facade, to)))
        }
        for (module, _) in MODULES {
            assert!(!reaches(module, module), "{module} reaches itself");
        }
    }

    #[test]
    fn every_row_of_the_table_stands_in_the_architecture_document() {
        let document = std::fs::read_to_string(crate::root().join("ARCHITECTURE.md")).unwrap();
        for (module, facades) in MODULES {
            let row = document.lines().find(|line| {
                line.starts_with('|')
                    && line
                        .split('|')
                        .nth(1)
                        .is_some_and(|cell| cell.split(',').any(|name| name.trim() == *module))
            });
            let row = row.unwrap_or_else(|| panic!("{module} has no row"));
            let cell = row
                .split('|')
                .nth(2)
                .unwrap_or_default()
                .replace("read only:", "")
                .replace(';', ",");
            let mut listed: Vec<&str> = cell
                .split(',')
                .map(str::trim)
                .filter(|name| !matches!(*name, "" | "none"))
                .collect();
            let mut expected = facades.to_vec();
            listed.sort_unstable();
            expected.sort_unstable();
            assert_eq!(listed, expected, "the row of {module}");
        }
    }
}
