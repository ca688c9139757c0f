//! The machine the fleet runs on: its processor time, load and memory, as Prometheus' node exporter names them; and
//! another program on it that takes processor time.

use std::{
    fmt::Write,
    fs,
    hint::black_box,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    thread,
};

/// Clock ticks a second in `/proc/stat` (`USER_HZ`).
const TICKS_PER_SECOND: f64 = 100.0;
/// The columns of `/proc/stat` (`proc_stat(5)`), by the names of the node exporter.
const MODES: [&str; 8] = ["user", "nice", "system", "idle", "iowait", "irq", "softirq", "steal"];
/// Rounds between two looks whether to go on.
const ROUNDS: u64 = 1 << 16;

/// The machine's metrics in the Prometheus text format; nothing where there is no `/proc`.
pub fn page() -> String {
    let read = |path| fs::read_to_string(path).unwrap_or_default();
    render(&read("/proc/stat"), &read("/proc/loadavg"), &read("/proc/meminfo"))
}

fn render(stat: &str, load: &str, memory: &str) -> String {
    let mut text = String::new();
    let cpu = stat.lines().find_map(|line| line.strip_prefix("cpu "));
    let ticks = cpu.into_iter().flat_map(str::split_whitespace).map(str::parse::<f64>);
    for (mode, ticks) in MODES.iter().zip(ticks.map_while(Result::ok)) {
        // Writing into a string cannot fail.
        let _infallible = writeln!(
            text,
            "node_cpu_seconds_total{{mode=\"{mode}\"}} {}",
            ticks / TICKS_PER_SECOND
        );
    }
    if let Some(load1) = load.split_whitespace().next() {
        let _infallible = writeln!(text, "node_load1 {load1}");
    }
    let available = memory.lines().find_map(|line| line.strip_prefix("MemAvailable:"));
    let kibibytes = available.and_then(|rest| rest.split_whitespace().next()?.parse::<u64>().ok());
    if let Some(kibibytes) = kibibytes {
        let _infallible = writeln!(
            text,
            "node_memory_MemAvailable_bytes {}",
            kibibytes.saturating_mul(1024)
        );
    }
    text
}

/// A program that computes on one processor until it is dropped.
#[derive(Debug)]
pub struct Neighbour(Arc<AtomicBool>);

impl Neighbour {
    /// Starts computing.
    pub fn arrive() -> Self {
        let here = Arc::new(AtomicBool::new(true));
        let goes_on = Arc::clone(&here);
        thread::spawn(move || {
            let mut number = 1_u64;
            while goes_on.load(Ordering::Relaxed) {
                for _round in 0..ROUNDS {
                    number = black_box(number.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1));
                }
            }
        });
        Self(here)
    }
}

impl Drop for Neighbour {
    fn drop(&mut self) {
        self.0.store(false, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn processor_time_load_and_memory_are_told_in_seconds_and_bytes() {
        let text = render(
            "cpu  200 0 50 1000 7 0 1 0 0 0\ncpu0 1",
            "1.25 1 1 2/3 4",
            "MemTotal: 9 kB\nMemAvailable:  4 kB\n",
        );
        assert!(text.contains("node_cpu_seconds_total{mode=\"user\"} 2\n"), "{text}");
        assert!(text.contains("node_cpu_seconds_total{mode=\"idle\"} 10\n"), "{text}");
        assert!(
            text.ends_with("node_load1 1.25\nnode_memory_MemAvailable_bytes 4096\n"),
            "{text}"
        );
        assert_eq!(render("", "", ""), "");
    }
}
