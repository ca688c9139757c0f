//! Runs seeds of the simulation one after the other. `bench/simulation/run.py` is how to use it: it runs this program on every
//! core, because the real database beneath takes locks of the whole process.

#[path = "../../tests/simulation/check/mod.rs"]
mod check;
#[path = "../../tests/simulation/fleet/mod.rs"]
mod fleet;
#[path = "../../tests/simulation/seed.rs"]
mod seed;

use std::{collections::BTreeMap, ops::Range, time::Duration};

use mainstay_testkit::simulation::obey_arguments;
use serde_json::json;

use crate::seed::Scenario;

const USAGE: &str = "simulation many SCENARIO FIRST COUNT | simulation replay SCENARIO SEED; scenarios: server, file";

fn scenario(name: &str) -> Scenario {
    match name {
        "server" => Scenario::server(),
        "file" => Scenario::file(),
        other => panic!("there is no scenario {other}; {USAGE}"),
    }
}

/// Prints one line of JSON about all of them.
fn many(name: &str, seeds: Range<u64>) {
    let (scenario, ground) = (scenario(name), Scenario::ground());
    let (mut simulated, mut acknowledged) = (Duration::ZERO, 0);
    let mut faults: BTreeMap<&str, u64> = BTreeMap::new();
    let mut failed: Vec<(u64, Vec<String>)> = Vec::new();
    for seed in seeds.clone() {
        let outcome = scenario.run(&ground, seed, &[], false);
        simulated += outcome.simulated;
        acknowledged += outcome.acknowledged;
        for (kind, times) in outcome.faults {
            *faults.entry(kind).or_default() += times;
        }
        if !outcome.violations.is_empty() {
            failed.push((seed, outcome.violations.iter().map(ToString::to_string).collect()));
        }
    }
    let said = json!({
        "seeds": seeds.end - seeds.start, "simulated_s": simulated.as_secs_f64(), "acknowledged": acknowledged,
        "faults": faults, "failed": failed,
    });
    println!("{said}");
}

/// Prints the whole log of one, and what it broke.
fn replay(name: &str, seed: u64) {
    let outcome = scenario(name).run(&Scenario::ground(), seed, &[], true);
    print!("{}", outcome.log);
    for violation in &outcome.violations {
        println!("{violation}");
    }
    std::process::exit(i32::from(!outcome.violations.is_empty()));
}

fn main() {
    obey_arguments(USAGE, many, replay);
}
