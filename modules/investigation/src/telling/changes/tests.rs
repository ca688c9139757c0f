//! What the list of changes says, as a person reads it.

use std::fs;

use super::*;
use crate::{
    reading,
    report::{Style, text},
    request::Request,
};

/// Microseconds of 2026-11-21T10:30:00Z.
const ONSET: i64 = 1_795_257_000_000_000;

#[test]
fn the_list_of_changes_names_each_component_once() {
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
        now: ONSET,
        ..Request::default()
    };
    write("now/cart/application.yaml", "pool:\n  maximum-size: 20\n");
    write("before/cart/application.yaml", "pool:\n  maximum-size: 80\n");
    let (evidence, _) = reading::read(&request, &|_| ());
    let mut said: Vec<(Option<String>, String)> = changes(&evidence, ONSET)
        .into_iter()
        .map(|change| (change.component, change.what))
        .collect();
    said.sort();
    let of = |component: &str, what: &str| (Some(component.to_owned()), what.to_owned());
    assert_eq!(
        said,
        [
            of("cart", "`pool.maximum-size` was `80`, and is `20`"),
            of("web", "was changed from 2.4.1 to 2.4.2 at 10:08:00 UTC, 22 min before"),
        ]
    );

    let mut report = crate::investigate(&request, &|_| ());
    report.changes = changes(&evidence, ONSET);
    let plain = Style {
        colour: false,
        width: 200,
    };
    let printed = text(&report, plain);
    let mut lines = printed
        .lines()
        .skip_while(|line| !line.contains("Changes before the onset"));
    let line = lines.find(|line| line.contains("2.4.2")).unwrap();
    assert_eq!(line.matches("web").count(), 1, "{line}");
    assert!(line.ends_with("before. Another version runs."), "{line}");
}
