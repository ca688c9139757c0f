//! Things that have one home in the tree: the database driver, SQL, axum, and the purity of a module's model.

use super::Finding;
use crate::tree::{RustFile, Tree};

/// The demo's fleet is other people's software: it knows nothing of Mainstay's layers.
const DEMO: &str = "app/src/demo/";

/// What simulations lay their transactions over is called on their own thread, which no driver of `platform/store` can do.
const SIMULATED: &str = "platform/testkit/src/simulation/server/engine/";

/// The database driver stands in `platform/store` alone, and beneath simulations.
pub fn driver(tree: &Tree) -> Vec<Finding> {
    let mut findings = Vec::new();
    for file in tree
        .rust
        .iter()
        .filter(|file| !file.path.starts_with("platform/store/") && !file.path.starts_with(SIMULATED))
    {
        for driver in ["sqlx::", "rusqlite::", "tokio_postgres::", "sea_orm::"] {
            findings.extend(file.source.lines_with(driver).into_iter().map(|line| {
                Finding::new(
                    &file.path,
                    line,
                    "a database driver is named outside platform/store; use mainstay_store",
                )
            }));
        }
    }
    for file in tree
        .named("Cargo.toml")
        .filter(|file| file.path != "Cargo.toml" && file.path != "platform/store/Cargo.toml")
    {
        for (index, line) in file.text.lines().enumerate() {
            if line.starts_with("sqlx") {
                findings.push(Finding::new(
                    &file.path,
                    index + 1,
                    "only platform/store depends on a database driver",
                ));
            }
        }
    }
    findings
}

/// SQL stands in stores and migrations.
pub fn sql(tree: &Tree) -> Vec<Finding> {
    let mut findings = Vec::new();
    for file in tree.rust.iter().filter(|file| !may_hold_sql(&file.path)) {
        for literal in &file.source.literals {
            if !file.source.is_test_line(literal.line) && looks_like_sql(&literal.text) {
                findings.push(Finding::new(
                    &file.path,
                    literal.line,
                    "a statement outside store.rs, store/ and migrations/; move it there behind a function that says what it is for",
                ));
            }
        }
    }
    findings
}

fn may_hold_sql(path: &str) -> bool {
    path.starts_with("platform/store/")
        || ["platform/testkit/", "xtask/", DEMO]
            .iter()
            .any(|home| path.starts_with(home))
        || is_store(path)
        || is_test(path)
}

/// `store.rs`, or anything below a `store` folder.
pub fn is_store(path: &str) -> bool {
    path.ends_with("/store.rs") || path.contains("/store/")
}

fn is_test(path: &str) -> bool {
    path.starts_with("tests/") || path.contains("/tests/") || path.ends_with("/tests.rs") || path.ends_with("_tests.rs")
}

/// Statements are written with key words in capitals, so prose is not taken for one.
pub fn looks_like_sql(text: &str) -> bool {
    let words: Vec<&str> = text
        .split(|character: char| character.is_whitespace() || character == '\\')
        .filter(|word| !word.is_empty())
        .collect();
    match words.as_slice() {
        ["UPDATE", rest @ ..] => rest.contains(&"SET"),
        ["SELECT", _, ..]
        | ["INSERT", "INTO" | "OR", ..]
        | ["DELETE", "FROM", ..]
        | ["VACUUM", ..]
        | [
            "CREATE" | "ALTER" | "DROP",
            "TABLE" | "INDEX" | "UNIQUE" | "SCHEMA" | "VIEW" | "TRIGGER",
            ..,
        ]
        | ["WITH", _, "AS", ..] => true,
        _ => false,
    }
}

/// axum stands where HTTP is.
pub fn axum(tree: &Tree) -> Vec<Finding> {
    let at_the_edge = |path: &str| {
        path.starts_with("platform/http/")
            || path.starts_with("app/")
            || path.starts_with("tests/")
            || path.contains("/api/")
            || path.ends_with("/api.rs")
    };
    let mut findings = Vec::new();
    for file in tree
        .rust
        .iter()
        .filter(|file| !at_the_edge(&file.path) && !is_test(&file.path))
    {
        for line in file.source.lines_with("axum::") {
            if !file.source.is_test_line(line) {
                findings.push(Finding::new(
                    &file.path,
                    line,
                    "axum outside platform/http, api/ and the app; let the handler parse and shape, and hand over plain types",
                ));
            }
        }
    }
    findings
}

/// A model is pure.
pub fn model(tree: &Tree) -> Vec<Finding> {
    let is_model = |file: &&RustFile| {
        file.path.starts_with("modules/") && (file.path.ends_with("/src/model.rs") || file.path.contains("/src/model/"))
    };
    let mut findings = Vec::new();
    for file in tree.rust.iter().filter(is_model) {
        for outside in [
            "mainstay_store",
            "mainstay_http",
            "mainstay_runtime",
            "tokio",
            "reqwest",
            "hyper",
            "std::net::TcpStream",
            "std::fs",
        ] {
            findings.extend(file.source.lines_with(outside).into_iter().filter(|line| !file.source.is_test_line(*line)).map(|line| {
                Finding::new(
                    &file.path,
                    line,
                    format!("the model knows {outside}; keep the decision here and do the work in a service that calls it"),
                )
            }));
        }
    }
    findings
}

#[cfg(test)]
mod tests {
    use super::looks_like_sql;

    #[test]
    fn statements_are_told_from_prose() {
        for statement in [
            "SELECT 1 AS alive",
            "  INSERT INTO watch_check (id) VALUES",
            "UPDATE slo_alert SET state = $1",
            "WITH t AS (SELECT 1)",
            "CREATE UNIQUE INDEX a ON b (c)",
        ] {
            assert!(looks_like_sql(statement), "{statement}");
        }
        for prose in [
            "Update the SET of rules",
            "select a service",
            "UPDATE",
            "WITH care",
            "Delete from here",
        ] {
            assert!(!looks_like_sql(prose), "{prose}");
        }
    }
}
