//! The command line of a program that runs seeds of a simulation; `bench/simulation/run.py` is how to use one.

use std::ops::Range;

/// Obeys the arguments of this process. `many SCENARIO FIRST COUNT` runs as many seeds from the first on; `replay SCENARIO
/// SEED` runs one. Anything else is answered with `usage`.
///
/// # Panics
/// When something that must be a number is none.
pub fn obey_arguments(usage: &str, many: impl FnOnce(&str, Range<u64>), replay: impl FnOnce(&str, u64)) {
    // Cargo adds its own to those of a benchmark.
    let arguments: Vec<String> = std::env::args()
        .skip(1)
        .filter(|argument| argument != "--bench")
        .collect();
    let number = |text: &str| {
        text.parse::<u64>()
            .unwrap_or_else(|_| panic!("{text} is no number; {usage}"))
    };
    match arguments.iter().map(String::as_str).collect::<Vec<_>>().as_slice() {
        ["replay", name, seed] => replay(name, number(seed)),
        ["many", name, first, count] => many(name, number(first)..number(first) + number(count)),
        _ => eprintln!("{usage}"),
    }
}
