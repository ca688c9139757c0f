//! Mines the lines of a file, one message per line, and prints templates, the template of each line and the cost as
//! JSON. `templates FILE [REPEAT]` goes over the file so many times in one stream; `templates FILE 1 stream` reads it
//! line by line without keeping it, and leaves the assignment out. CPU seconds are taken around mining alone.

use std::{
    env::args,
    error::Error,
    fs::{self, File},
};

use mainstay_evidence::{
    logs::template::{Miner, MinerLimits},
    source::{LineLimits, LineReader},
};

fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = args().skip(1);
    let path = arguments.next().ok_or("usage: templates FILE [REPEAT [stream]]")?;
    let repeat: usize = arguments.next().map_or(Ok(1), |text| text.parse())?;
    let stream = arguments.next().is_some();

    let mut miner = Miner::<()>::new(MinerLimits::default());
    let mut ids = Vec::new();
    let content = if stream { Vec::new() } else { fs::read(&path)? };
    let lines: Vec<&[u8]> = content
        .strip_suffix(b"\n")
        .unwrap_or(&content)
        .split(|byte| *byte == b'\n')
        .collect();
    let before = cpu_seconds()?;
    if stream {
        let mut reader = LineReader::new(File::open(&path)?, LineLimits::default());
        while let Some(line) = reader.next_line()? {
            miner.add(line.text);
        }
    } else {
        for round in 0..repeat {
            for line in &lines {
                let (id, ()) = miner.add(line);
                if round == 0 {
                    ids.push(id);
                }
            }
        }
    }
    let seconds = cpu_seconds()? - before;
    let heap = miner.heap_size();
    let found = miner.finish();

    let report = serde_json::json!({
        "lines": found.stats.messages,
        "cpu_seconds": seconds,
        "heap_bytes": heap,
        "stats": found.stats,
        "templates": found.templates.iter().map(|template| &template.text).collect::<Vec<_>>(),
        "counts": found.templates.iter().map(|template| template.count).collect::<Vec<_>>(),
        "assignment": ids.iter().map(|id| found.place(*id)).collect::<Vec<_>>(),
    });
    println!("{report}");
    Ok(())
}

/// Time this thread has spent on a processor (Linux, `/proc/thread-self/schedstat`: nanoseconds first).
fn cpu_seconds() -> Result<f64, Box<dyn Error>> {
    let text = fs::read_to_string("/proc/thread-self/schedstat")?;
    let nanoseconds: f64 = text.split_whitespace().next().ok_or("schedstat is empty")?.parse()?;
    Ok(nanoseconds / 1e9)
}
