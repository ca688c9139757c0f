//! Counts of one service in the Prometheus text format (exposition format 0.0.4).

use std::{
    collections::BTreeMap,
    fmt::Write,
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};

/// Upper bounds of the duration histogram, in seconds.
const BUCKETS: [f64; 11] = [0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0];

/// What is counted while the service runs.
#[derive(Debug, Default)]
pub struct Metrics {
    counts: Mutex<Counts>,
}

#[derive(Debug, Default)]
struct Counts {
    requests: BTreeMap<(String, String, u16), u64>,
    durations: BTreeMap<(String, String), Histogram>,
    calls: BTreeMap<(String, &'static str), u64>,
}

#[derive(Debug, Default)]
struct Histogram {
    buckets: [u64; BUCKETS.len()],
    count: u64,
    sum_s: f64,
}

/// A value that is read when somebody looks.
#[derive(Debug)]
pub struct Gauge {
    /// Name of the metric.
    pub name: &'static str,
    /// What it means.
    pub help: &'static str,
    /// The value.
    pub value: f64,
    /// Whether it only ever grows.
    pub counter: bool,
}

impl Metrics {
    /// Counts an answered request.
    pub fn answered(&self, method: &str, route: &str, status: u16, took: Duration) {
        let mut counts = self.counts();
        let key = (method.to_owned(), route.to_owned(), status);
        *counts.requests.entry(key).or_default() += 1;
        let key = (method.to_owned(), route.to_owned());
        counts.durations.entry(key).or_default().record(took.as_secs_f64());
    }

    /// Counts a call to another service.
    pub fn called(&self, dependency: &str, outcome: &'static str) {
        *self.counts().calls.entry((dependency.to_owned(), outcome)).or_default() += 1;
    }

    /// Everything as text; each series carries the label `service`.
    pub fn render(&self, service: &str, version: &str, gauges: &[Gauge]) -> String {
        let mut text = String::new();
        // Writing into a string cannot fail.
        let _infallible = self.write(&mut text, service, version, gauges);
        text
    }

    fn write(&self, out: &mut String, service: &str, version: &str, gauges: &[Gauge]) -> std::fmt::Result {
        let counts = self.counts();
        writeln!(out, "# HELP build_info What runs here.\n# TYPE build_info gauge")?;
        writeln!(out, "build_info{{service=\"{service}\",version=\"{version}\"}} 1")?;
        writeln!(
            out,
            "# HELP http_requests_total Requests answered.\n# TYPE http_requests_total counter"
        )?;
        for ((method, route, status), count) in &counts.requests {
            writeln!(
                out,
                "http_requests_total{{service=\"{service}\",method=\"{method}\",route=\"{route}\",status=\"{status}\"}} {count}"
            )?;
        }
        writeln!(
            out,
            "# HELP http_request_duration_seconds Time from request to answer.\n# TYPE http_request_duration_seconds histogram"
        )?;
        for ((method, route), histogram) in &counts.durations {
            let labels = format!("service=\"{service}\",method=\"{method}\",route=\"{route}\"");
            histogram.write(out, &labels)?;
        }
        writeln!(
            out,
            "# HELP dependency_calls_total Calls to other services.\n# TYPE dependency_calls_total counter"
        )?;
        for ((dependency, outcome), count) in &counts.calls {
            writeln!(
                out,
                "dependency_calls_total{{service=\"{service}\",dependency=\"{dependency}\",outcome=\"{outcome}\"}} {count}"
            )?;
        }
        for Gauge {
            name,
            help,
            value,
            counter,
        } in gauges
        {
            let kind = if *counter { "counter" } else { "gauge" };
            writeln!(
                out,
                "# HELP {name} {help}\n# TYPE {name} {kind}\n{name}{{service=\"{service}\"}} {value}"
            )?;
        }
        Ok(())
    }

    fn counts(&self) -> MutexGuard<'_, Counts> {
        self.counts.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Histogram {
    fn record(&mut self, seconds: f64) {
        self.count += 1;
        self.sum_s += seconds;
        for (bucket, bound) in self.buckets.iter_mut().zip(BUCKETS) {
            if seconds <= bound {
                *bucket += 1;
            }
        }
    }

    fn write(&self, out: &mut String, labels: &str) -> std::fmt::Result {
        for (count, bound) in self.buckets.iter().zip(BUCKETS) {
            writeln!(
                out,
                "http_request_duration_seconds_bucket{{{labels},le=\"{bound}\"}} {count}"
            )?;
        }
        writeln!(
            out,
            "http_request_duration_seconds_bucket{{{labels},le=\"+Inf\"}} {}",
            self.count
        )?;
        writeln!(out, "http_request_duration_seconds_sum{{{labels}}} {:.6}", self.sum_s)?;
        writeln!(out, "http_request_duration_seconds_count{{{labels}}} {}", self.count)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn buckets_are_cumulative_and_end_with_the_count() {
        let metrics = Metrics::default();
        metrics.answered("GET", "/quotes/{symbol}", 200, Duration::from_millis(3));
        metrics.answered("GET", "/quotes/{symbol}", 503, Duration::from_millis(700));
        let text = metrics.render("data", "1.0.0", &[]);
        let labels = r#"service="data",method="GET",route="/quotes/{symbol}""#;
        assert!(text.contains(&format!(r#"_bucket{{{labels},le="0.005"}} 1"#)), "{text}");
        assert!(text.contains(&format!(r#"_bucket{{{labels},le="1"}} 2"#)), "{text}");
        assert!(text.contains(&format!("_count{{{labels}}} 2")), "{text}");
        assert!(text.contains(r#"status="503"} 1"#), "{text}");
    }
}
