//! Reads files of measurements and prints what was found and how long it took: `metric_facts [--series] [--repeat] FILE...`,
//! as JSON. Files that end in `.gz` are decompressed first, which is not timed. With `--repeat` it is all done twenty times,
//! and the quickest counts.

use std::{collections::BTreeSet, env::args, error::Error, fs, io::Read, path::Path, time::Instant};

use mainstay_evidence::{
    logs::time::TimeContext,
    metrics::{
        SeriesLimits, SeriesSet,
        facts::{FactOptions, facts},
        read::{ReadOptions, read, recognise},
    },
    source::Origin,
};
use serde_json::Value;

fn main() -> Result<(), Box<dyn Error>> {
    let asked = |flag: &str| args().any(|argument| argument == flag);
    let list = asked("--series");
    let mut contents = Vec::new();
    for path in args().skip(1).filter(|argument| !argument.starts_with("--")) {
        let mut content = fs::read(&path)?;
        if Path::new(&path).extension().is_some_and(|ending| ending == "gz") {
            let mut plain = Vec::new();
            flate2::read::MultiGzDecoder::new(content.as_slice()).read_to_end(&mut plain)?;
            content = plain;
        }
        contents.push((path, content));
    }
    let mut report = run(&contents, list);
    for _ in 1..if asked("--repeat") { 20 } else { 1 } {
        let again = run(&contents, list);
        if again["all_ms"].as_f64() < report["all_ms"].as_f64() {
            report = again;
        }
    }
    println!("{report}");
    Ok(())
}

fn run(contents: &[(String, Vec<u8>)], list: bool) -> Value {
    let options = ReadOptions::new(TimeContext { reference: 0, zone: 0 });
    let started = Instant::now();
    let mut set = SeriesSet::new(SeriesLimits::default());
    let mut sources = Vec::new();
    for (path, content) in contents {
        let Some((format, reason)) = recognise(&content[..content.len().min(65_536)], path) else {
            sources.push(serde_json::json!({ "file": path, "format": null }));
            continue;
        };
        let outcome = read(content.as_slice(), &Origin::file(path), format, &options, &mut set);
        let error = outcome.as_ref().err().map(ToString::to_string);
        sources.push(serde_json::json!({
            "file": path, "format": format, "reason": reason, "summary": outcome.ok(), "error": error,
        }));
    }
    let read_ms = started.elapsed().as_secs_f64() * 1e3;
    set.settle(&BTreeSet::new());
    let settled_ms = started.elapsed().as_secs_f64() * 1e3;
    let found = facts(&set, FactOptions::default());
    let all_ms = started.elapsed().as_secs_f64() * 1e3;
    let bytes: usize = contents.iter().map(|(_, content)| content.len()).sum();
    serde_json::json!({
        "bytes": bytes,
        "read_ms": read_ms,
        "settle_ms": settled_ms - read_ms,
        "facts_ms": all_ms - settled_ms,
        "all_ms": all_ms,
        "heap_bytes": set.heap_size(),
        "number_of_series": set.series().len(),
        "set": set.summary(),
        "sources": sources,
        "series": list.then(|| set.series()),
        "facts": found,
    })
}
