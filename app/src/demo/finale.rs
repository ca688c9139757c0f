//! The end of the story: what the fleet left behind is investigated, as anybody could with `mainstay investigate`.
//!
//! **Invariant:** the investigation is given files and the time of the alert, and nothing of what was broken.

use std::{
    fs,
    path::{Path, PathBuf},
};

use anyhow::{Context, Result};
use jiff::Timestamp;
use mainstay_investigation::{
    Request, investigate,
    report::{Report, Verdict, page},
};
use mainstay_kernel::World;
use serde_json::{Value, json};

/// Passages that are told; the report has all.
const MOST_QUOTES: usize = 2;
/// Letters of a passage that are told.
const QUOTED: usize = 160;

/// Investigates the files of a recording. `noticed` is when the alert opened. Answers what was found, with the report beside
/// it as a page.
///
/// # Errors
/// When the report cannot be written.
pub async fn find(evidence: PathBuf, noticed: Option<Timestamp>, page_file: PathBuf, world: &World) -> Result<Value> {
    let request = Request {
        paths: ["logs", "metrics", "traces", "checks.csv", "config/after"]
            .map(|part| evidence.join(part))
            .to_vec(),
        baseline: vec![evidence.join("config/before")],
        topology: Some(evidence.join("topology.json")),
        at: noticed.map(Timestamp::as_microsecond),
        now: world.now_micros(),
        ..Request::default()
    };
    let report = tokio::task::spawn_blocking(move || investigate(&request, &|_| ())).await?;
    fs::write(&page_file, page(&report)).with_context(|| format!("cannot write {}", page_file.display()))?;
    Ok(told(&report, &page_file))
}

fn told(report: &Report, page_file: &Path) -> Value {
    let cause = report.causes.first().filter(|_| report.verdict == Verdict::Cause);
    let quotes = cause
        .into_iter()
        .flat_map(|cause| &cause.supporting)
        .flat_map(|finding| &finding.quotes);
    let quotes = quotes.take(MOST_QUOTES).map(|quote| {
        let text: String = quote.text.trim().chars().take(QUOTED).collect();
        let file = Path::new(&quote.file)
            .file_name()
            .map(|name| name.to_string_lossy().into_owned());
        json!({ "file": file, "line": quote.line, "text": text })
    });
    json!({
        "service": cause.map(|cause| &cause.component),
        "likelihood": cause.map(|cause| cause.likelihood),
        "summary": cause.map(|cause| &cause.summary),
        "none": report.none.likelihood,
        "inputs": report.inputs.len(),
        "quotes": quotes.collect::<Vec<_>>(),
        "report": page_file.display().to_string(),
    })
}
