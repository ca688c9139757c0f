//! Runs months one after the other. `bench/simulation/run.py` is how to use it.

use std::{collections::BTreeMap, ops::Range, time::Duration};

use mainstay_simulation::Scenario;
use mainstay_testkit::simulation::obey_arguments;
use serde_json::json;

const USAGE: &str = "month many SCENARIO FIRST COUNT | month replay SCENARIO SEED; scenarios: month, month-of-a-file, days, \
                     hours, hours-of-a-file";

fn scenario(name: &str) -> Scenario {
    match name {
        "month" => Scenario::month(),
        "month-of-a-file" => Scenario::month_of_a_file(),
        "days" => Scenario::days(),
        "hours" => Scenario::hours(),
        "hours-of-a-file" => Scenario::hours_of_a_file(),
        other => panic!("there is no scenario {other}; {USAGE}"),
    }
}

/// Prints one line of JSON about all of them.
fn many(name: &str, seeds: Range<u64>) {
    let (scenario, ground) = (scenario(name), Scenario::ground());
    let (mut simulated, mut probes, mut pages, mut outages, mut lines) = (Duration::ZERO, 0, 0, 0, 0);
    let mut faults: BTreeMap<&str, u64> = BTreeMap::new();
    let mut failed: Vec<(u64, Vec<String>)> = Vec::new();
    for seed in seeds.clone() {
        let outcome = scenario.run(&ground, seed, &[], false);
        simulated += outcome.simulated;
        probes += outcome.probes;
        pages += outcome.pages;
        outages += outcome.outages;
        lines += outcome.lines;
        for (kind, times) in outcome.faults {
            *faults.entry(kind).or_default() += times;
        }
        if !outcome.violations.is_empty() {
            failed.push((seed, outcome.violations.iter().map(ToString::to_string).collect()));
        }
    }
    let said = json!({
        "seeds": seeds.end - seeds.start, "simulated_s": simulated.as_secs_f64(), "probes": probes, "pages": pages,
        "outages": outages, "lines": lines, "faults": faults, "failed": failed,
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
    println!("digest {:016x}", outcome.digest);
    std::process::exit(i32::from(!outcome.violations.is_empty()));
}

fn main() {
    obey_arguments(USAGE, many, replay);
}
