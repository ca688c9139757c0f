//! Reads trace files to the end, finds the visits, and prints counts and speed as JSON: `trace_visits FILE...`. With `--list`
//! in front it prints every visit as one line of tab-separated values instead.

use std::{
    env::args,
    error::Error,
    fs::File,
    io::{BufWriter, Read, Write, stdout},
    time::Instant,
};

use mainstay_evidence::{
    source::Origin,
    traces::{SpanLimits, SpanStore, Traces, Visits, read::recognise},
};

fn main() -> Result<(), Box<dyn Error>> {
    let list = args().nth(1).as_deref() == Some("--list");
    let mut store = SpanStore::new(SpanLimits::default());
    let started = Instant::now();
    for path in args().skip(if list { 2 } else { 1 }) {
        let mut head = Vec::new();
        File::open(&path)?.take(8_192).read_to_end(&mut head)?;
        let (format, _) = recognise(&head).ok_or_else(|| format!("{path} holds no spans of a known form"))?;
        store.read(&Origin::file(&path), File::open(&path)?, format)?;
    }
    let read = started.elapsed().as_secs_f64();
    let heap = store.heap_size();
    let traces = store.finish();
    let sorted = started.elapsed().as_secs_f64() - read;
    let visits = Visits::of(&traces);
    let visited = started.elapsed().as_secs_f64() - read - sorted;
    if list {
        return print_all(&traces, &visits);
    }
    let report = serde_json::json!({
        "read_seconds": read, "sort_seconds": sorted, "visit_seconds": visited, "heap_bytes": heap,
        "totals": traces.totals(), "traces": traces.len(), "components": traces.components().len(),
        "visits": visits.all().len(), "events": visits.events().count(),
    });
    println!("{report}");
    Ok(())
}

fn print_all(traces: &Traces, visits: &Visits) -> Result<(), Box<dyn Error>> {
    let mut out = BufWriter::new(stdout().lock());
    let row = |row: u32| &traces.rows()[row as usize];
    let mut events = vec![0_u32; visits.all().len()];
    for (visit, _) in visits.events() {
        events[visit as usize] += 1;
    }
    for (visit, events) in visits.all().iter().zip(events) {
        let entry = row(visit.row);
        let caller = visit
            .calling
            .map_or("", |calling| traces.components().name(row(calling).component()));
        writeln!(
            out,
            "{}\t{}\t{}\t{}\t{}\t{caller}\t{events}",
            traces.components().name(entry.component()),
            traces.operations().name(entry.operation),
            visit.start,
            visit.self_time,
            visit.wire,
        )?;
    }
    Ok(())
}
