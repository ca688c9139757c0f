//! A few dozen seeds, as a sample of the many that `bench/simulation` runs.

use crate::seed::Scenario;

fn kept(scenario: &Scenario, seeds: std::ops::Range<u64>) {
    let ground = Scenario::ground();
    for seed in seeds {
        let outcome = scenario.run(&ground, seed, &[], false);
        let said: Vec<String> = outcome.violations.iter().map(ToString::to_string).collect();
        assert!(said.is_empty(), "{}\nseed {seed}:\n{}", outcome.log, said.join("\n"));
        assert!(outcome.simulated >= scenario.lasts && !outcome.faults.is_empty());
    }
}

#[test]
fn replicas_on_a_server_keep_their_promises() {
    kept(&Scenario::server(), 0..10);
}

#[test]
fn a_process_on_a_file_keeps_its_promises() {
    kept(&Scenario::file(), 0..10);
}

#[test]
fn a_seed_repeats_itself() {
    for scenario in [Scenario::server(), Scenario::file()] {
        let (one, other) = (Scenario::ground(), Scenario::ground());
        let first = scenario.run(&one, 7, &[], false);
        // Whatever ran on the same ground before must not matter.
        scenario.run(&other, 8, &[], false);
        let second = scenario.run(&other, 7, &[], false);
        assert_eq!(first.digest, second.digest);
        assert!(first.acknowledged > 20, "clients were promised next to nothing");
    }
}
