//! Mainstay's own metrics in the Prometheus text format.

use metrics_exporter_prometheus::{BuildError, Matcher, PrometheusBuilder, PrometheusHandle};

/// Upper bounds of duration buckets in seconds, from a fast probe to a slow request.
const DURATIONS: [f64; 12] = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0];

/// Renders the metrics of this process.
#[derive(Clone)]
pub struct Metrics {
    handle: PrometheusHandle,
}

impl std::fmt::Debug for Metrics {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Metrics")
    }
}

/// Makes this the process's recorder of metrics.
///
/// # Errors
/// When one was installed before.
pub fn install() -> Result<Metrics, BuildError> {
    let handle = PrometheusBuilder::new()
        .set_buckets_for_metric(Matcher::Suffix("_seconds".to_owned()), &DURATIONS)?
        .install_recorder()?;
    metrics::describe_histogram!(
        "mainstay_http_request_duration_seconds",
        "How long Mainstay's own API took to answer."
    );
    Ok(Metrics { handle })
}

impl Metrics {
    /// All metrics in the Prometheus text exposition format 0.0.4, with the process's own memory and CPU time.
    pub fn render(&self) -> String {
        let mut text = self.handle.render();
        text.push_str(&process_metrics());
        text
    }

    /// Bounds the memory of histograms; to be called every few seconds.
    pub fn upkeep(&self) {
        self.handle.run_upkeep();
    }
}

/// Resident memory and CPU seconds from `/proc/self` (proc(5)); nothing where there is no such file.
fn process_metrics() -> String {
    use std::fmt::Write as _;
    let mut text = String::new();
    if let Some(pages) = std::fs::read_to_string("/proc/self/statm")
        .ok()
        .and_then(|statm| statm.split_whitespace().nth(1)?.parse::<u64>().ok())
    {
        text.push_str("# TYPE process_resident_memory_bytes gauge\n");
        // Writing to a string cannot fail.
        let _ = writeln!(text, "process_resident_memory_bytes {}", pages * 4096);
    }
    let ticks = std::fs::read_to_string("/proc/self/stat").ok().and_then(|stat| {
        // The second field is the command in parentheses and may hold spaces; utime and stime are fields 14 and 15.
        let rest = stat.rsplit_once(") ")?.1;
        let mut fields = rest.split_whitespace().skip(11);
        Some(fields.next()?.parse::<u64>().ok()? + fields.next()?.parse::<u64>().ok()?)
    });
    if let Some(ticks) = ticks {
        text.push_str("# TYPE process_cpu_seconds_total counter\n");
        // Writing to a string cannot fail.
        let _ = writeln!(text, "process_cpu_seconds_total {}.{:02}", ticks / 100, ticks % 100);
    }
    text
}
