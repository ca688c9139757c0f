//! What the operating system says about this process: CPU time, resident memory, open files, as the Prometheus client
//! libraries report them (`process_*` of their standard collectors), from `/proc` where there is one.

use std::fs;

/// Clock ticks a second in `/proc/PID/stat`: `USER_HZ`, 100 on every Linux architecture Rust's standard library has.
const TICKS_PER_SECOND: f64 = 100.0;
/// The page size `/proc/PID/statm` counts in, on the architectures the demo is built for.
const PAGE_BYTES: f64 = 4096.0;

/// Numbers of one process.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Usage {
    /// User and system time together, in seconds.
    pub cpu_seconds: f64,
    /// Memory that is in RAM, in bytes.
    pub resident_bytes: f64,
    /// File descriptors in use.
    pub open_files: usize,
}

/// Looks at this process; `None` where there is no `/proc`.
pub fn look() -> Option<Usage> {
    let stat = fs::read_to_string("/proc/self/stat").ok()?;
    let statm = fs::read_to_string("/proc/self/statm").ok()?;
    Some(Usage {
        cpu_seconds: cpu_seconds(&stat)?,
        resident_bytes: statm.split_whitespace().nth(1)?.parse::<f64>().ok()? * PAGE_BYTES,
        open_files: fs::read_dir("/proc/self/fd").ok()?.count(),
    })
}

/// Fields 14 and 15 of `proc_pid_stat(5)`; the name in field 2 may hold spaces and parentheses.
fn cpu_seconds(stat: &str) -> Option<f64> {
    let (_, after_name) = stat.rsplit_once(')')?;
    let mut fields = after_name.split_whitespace().skip(11);
    let user: f64 = fields.next()?.parse().ok()?;
    let system: f64 = fields.next()?.parse().ok()?;
    Some((user + system) / TICKS_PER_SECOND)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn processor_time_is_found_behind_a_name_with_parentheses() {
        let stat = "7 (a) b) S 1 7 7 0 -1 4194304 100 0 0 0 250 50 0 0 20 0 1 0";
        assert_eq!(cpu_seconds(stat), Some(3.0));
        assert_eq!(cpu_seconds("nothing"), None);
    }
}
