//! Runs many seeds of the simulation on all cores. `bench/simulation/run.py` is how to use it.

#[path = "../../tests/simulation/check/mod.rs"]
mod check;
#[path = "../../tests/simulation/fleet/mod.rs"]
mod fleet;
#[path = "../../tests/simulation/seed.rs"]
mod seed;

use std::{
    io::{IsTerminal, Write},
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use serde_json::json;

use crate::seed::Scenario;

fn scenario(name: &str) -> Scenario {
    match name {
        "server" => Scenario::server(),
        "file" => Scenario::file(),
        other => panic!("there is no scenario {other}; there are server and file"),
    }
}

/// What all seeds came to.
#[derive(Default)]
struct Sum {
    seeds: u64,
    simulated: Duration,
    acknowledged: u64,
    faults: std::collections::BTreeMap<&'static str, u64>,
    failed: Vec<(u64, Vec<String>)>,
}

fn many(name: &str, from: u64, count: u64) -> Sum {
    let scenario = scenario(name);
    let (next, sum, began) = (AtomicU64::new(from), Mutex::new(Sum::default()), Instant::now());
    let shows = std::io::stderr().is_terminal();
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    std::thread::scope(|threads| {
        for _ in 0..cores {
            threads.spawn(|| {
                let ground = Scenario::ground();
                loop {
                    let seed = next.fetch_add(1, Ordering::SeqCst);
                    if seed >= from + count {
                        return;
                    }
                    let outcome = scenario.run(&ground, seed, &[], false);
                    let mut sum = sum.lock().unwrap_or_else(PoisonError::into_inner);
                    sum.seeds += 1;
                    sum.simulated += outcome.simulated;
                    sum.acknowledged += outcome.acknowledged as u64;
                    for (kind, times) in outcome.faults {
                        *sum.faults.entry(kind).or_default() += times;
                    }
                    if !outcome.violations.is_empty() {
                        let said: Vec<String> = outcome.violations.iter().map(ToString::to_string).collect();
                        eprintln!("\rseed {seed} of {name}: {}", said.join("; "));
                        sum.failed.push((seed, said));
                    }
                    if shows {
                        bar(sum.seeds, count, began);
                    }
                }
            });
        }
    });
    if shows {
        eprintln!();
    }
    sum.into_inner().unwrap_or_else(PoisonError::into_inner)
}

fn bar(done: u64, count: u64, began: Instant) {
    let filled = usize::try_from(done * 40 / count.max(1)).unwrap_or_default();
    let left = began.elapsed().as_secs() * (count - done) / done.max(1);
    eprint!("\r[{:<40}] {done} of {count} seeds, {left} s left ", "#".repeat(filled));
    drop(std::io::stderr().flush());
}

fn replay(name: &str, seed: u64) {
    let outcome = scenario(name).run(&Scenario::ground(), seed, &[], true);
    print!("{}", outcome.log);
    for violation in &outcome.violations {
        println!("{violation}");
    }
    std::process::exit(i32::from(!outcome.violations.is_empty()));
}

fn main() {
    let arguments: Vec<String> = std::env::args()
        .skip(1)
        .filter(|argument| argument != "--bench")
        .collect();
    let number = |text: &String| text.parse::<u64>().unwrap_or_else(|_| panic!("{text} is no number"));
    match arguments.iter().map(String::as_str).collect::<Vec<_>>().as_slice() {
        ["replay", name, _] => replay(name, number(&arguments[2])),
        ["many", name, _, _] => {
            let began = Instant::now();
            let sum = many(name, number(&arguments[2]), number(&arguments[3]));
            let took = began.elapsed().as_secs_f64();
            println!(
                "{}",
                json!({
                    "scenario": name, "seeds": sum.seeds, "seconds": took, "simulated_hours": sum.simulated.as_secs_f64() / 3600.0, "acknowledged": sum.acknowledged,
                    "faults": sum.faults, "violations": sum.failed.iter().map(|(_, said)| said.len()).sum::<usize>(),
                    "failed": sum.failed,
                })
            );
        }
        // What `cargo test --benches` and curious people get.
        _ => eprintln!("simulation many SCENARIO FROM COUNT | replay SCENARIO SEED; scenarios: server, file"),
    }
}
