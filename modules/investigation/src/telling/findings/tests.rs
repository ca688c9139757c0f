//! Tests of what findings say and quote.

use std::fs;

use super::*;
use crate::{joining, reading, request::Request};

/// Microseconds of 2026-11-21T10:30:00Z.
const ONSET: i64 = 1_795_257_000_000_000;

#[test]
fn a_change_as_a_witness_says_what_was_changed_and_carries_its_quotes() {
    let folder = tempfile::tempdir().unwrap();
    let write = |name: &str, content: &str| {
        let path = folder.path().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, content).unwrap();
        path
    };
    let deploy = r#"{"time":"2026-11-21T10:08:00Z","service":"web","version":"2.4.2","from":"2.4.1"}"#;
    let request = Request {
        paths: vec![
            write("deploys.jsonl", &format!("{deploy}\n")),
            folder.path().join("now"),
        ],
        baseline: vec![folder.path().join("before")],
        topology: Some(write("graph.csv", "source,target\nweb,cart\n")),
        now: ONSET,
        ..Request::default()
    };
    write("now/cart/application.yaml", "pool:\n  maximum-size: 20\n");
    write("before/cart/application.yaml", "pool:\n  maximum-size: 80\n");
    let (evidence, _) = reading::read(&request, &|_| ());
    let joined = joining::join(&evidence, Some(ONSET));
    let mut quotes = Quotes::default();
    let mut findings = Findings::new(&evidence, &joined, &mut quotes, ONSET);
    let changes = joined.system.changes.as_deref().unwrap();
    let drafts: Vec<Draft> = changes
        .iter()
        .map(|change| {
            let witness = Witness::Change {
                witness: change.witness,
                before: 60.0,
            };
            findings.of(&witness, Channel::Change, 0.9)
        })
        .collect();
    let told: Vec<(&str, String, Option<i64>, Vec<&str>)> = changes
        .iter()
        .zip(&drafts)
        .map(|(change, draft)| {
            let lines = draft.quotes.iter().map(|quote| quote.text.trim());
            (
                joined.names.name(change.component),
                draft.text.clone(),
                draft.at,
                lines.collect(),
            )
        })
        .collect();
    let pool = "`pool.maximum-size` was `80`, and is `20`.".to_owned();
    let version = "It was changed from 2.4.1 to 2.4.2 at 10:08:00 UTC, 22 min before.".to_owned();
    assert_eq!(
        told,
        [
            ("cart", pool, None, vec!["maximum-size: 80", "maximum-size: 20"]),
            ("web", version, Some(ONSET - 22 * 60_000_000), vec![deploy]),
        ]
    );
}
