//! Reads trace files, compares a window of time with all before it, and prints the facts as JSON:
//! `trace_facts FROM TO FILE...`, times in seconds since 1970.

use std::{env::args, error::Error, fs::File, io::Read, time::Instant};

use mainstay_evidence::{
    logs::facts::Window,
    source::Origin,
    topology::Topology,
    traces::{
        SpanLimits, SpanStore, Visits,
        facts::{TraceFacts, TraceWindows},
        read::recognise,
    },
};

fn main() -> Result<(), Box<dyn Error>> {
    let mut words = args().skip(1);
    let mut time = || -> Result<i64, Box<dyn Error>> {
        let seconds: i64 = words.next().ok_or("usage: trace_facts FROM TO FILE...")?.parse()?;
        Ok(seconds * 1_000_000)
    };
    let windows = TraceWindows {
        subject: Window {
            from: time()?,
            to: time()?,
        },
        baseline: None,
    };
    let paths: Vec<String> = words.collect();
    let started = Instant::now();
    let mut store = SpanStore::new(SpanLimits::default());
    for path in &paths {
        let mut head = Vec::new();
        File::open(path)?.take(8_192).read_to_end(&mut head)?;
        let (format, _) = recognise(&head).ok_or_else(|| format!("{path} holds no spans of a known form"))?;
        store.read(&Origin::file(path), File::open(path)?, format)?;
    }
    let traces = store.finish();
    let visits = Visits::of(&traces);
    let read = started.elapsed().as_secs_f64();
    let mut facts = TraceFacts::of(&traces, &visits, &windows);
    let found = started.elapsed().as_secs_f64() - read;
    for (source, path) in paths.iter().enumerate() {
        if facts.witnesses().any(|witness| witness.source == source) {
            facts.quote(source, File::open(path)?)?;
        }
    }
    let quoted = started.elapsed().as_secs_f64() - read - found;
    let topology = Topology::of_traces(&traces, &visits);
    facts.sources.clear();
    let report = serde_json::json!({
        "read_seconds": read, "facts_seconds": found, "quote_seconds": quoted, "facts": facts,
        "components": topology.components(), "edges": topology.edges().len(),
    });
    println!("{report}");
    Ok(())
}
