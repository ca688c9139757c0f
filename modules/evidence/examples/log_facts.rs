//! Reads log files to the end and prints what was found and the speed as JSON: `log_facts FILE...`. With `-` for a file
//! it reads standard input.

use std::{env::args, error::Error, fs::File, io, time::Instant};

use mainstay_evidence::{
    logs::{
        facts::{AnalysisOptions, LogAnalyzer, Part},
        time::TimeContext,
    },
    source::Origin,
};

fn main() -> Result<(), Box<dyn Error>> {
    let reference = args().nth(1).and_then(|path| modified(&path)).unwrap_or(0);
    let mut analyzer = LogAnalyzer::new(AnalysisOptions::new(TimeContext { reference, zone: 0 }));
    let started = Instant::now();
    for path in args().skip(1) {
        let origin = Origin::file(&path);
        if path == "-" {
            analyzer.read(&origin, io::stdin().lock(), Part::ByTime)?;
        } else {
            analyzer.read(&origin, File::open(&path)?, Part::ByTime)?;
        }
    }
    let read = started.elapsed().as_secs_f64();
    let heap = analyzer.heap_size();
    let facts = analyzer.finish();
    let report = serde_json::json!({ "seconds": read, "heap_bytes": heap, "facts": facts });
    println!("{report}");
    Ok(())
}

/// When a file was last written, in microseconds since 1970: a log without years lies before it.
fn modified(path: &str) -> Option<i64> {
    let since = std::fs::metadata(path)
        .ok()?
        .modified()
        .ok()?
        .duration_since(std::time::UNIX_EPOCH)
        .ok()?;
    i64::try_from(since.as_micros()).ok()
}
