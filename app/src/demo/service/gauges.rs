//! What is read off a service when somebody asks for its metrics: what it has lent out and keeps, and what its process
//! takes.

use super::{chassis::Chassis, metrics::Gauge, usage};

/// Every gauge of the service, as it is now.
pub fn of(chassis: &Chassis) -> Vec<Gauge> {
    let mut gauges = vec![
        gauge(
            "database_connections_in_use",
            "Database connections lent out.",
            chassis.pool.in_use(),
        ),
        gauge(
            "database_connections_limit",
            "Database connections there are.",
            chassis.pool.size(),
        ),
        gauge(
            "document_cache_bytes",
            "Bytes taken by documents kept in memory.",
            chassis.documents.used(),
        ),
        gauge("requests_in_flight", "Requests being handled.", chassis.in_flight()),
    ];
    let Some(usage) = usage::look() else {
        return gauges;
    };
    gauges.push(Gauge {
        name: "process_cpu_seconds_total",
        help: "User and system time spent.",
        value: usage.cpu_seconds,
        counter: true,
    });
    gauges.push(Gauge {
        name: "process_resident_memory_bytes",
        help: "Memory in RAM.",
        value: usage.resident_bytes,
        counter: false,
    });
    gauges.push(gauge("process_open_fds", "File descriptors in use.", usage.open_files));
    gauges
}

#[expect(clippy::cast_precision_loss, reason = "no gauge here comes near 2^53")]
fn gauge(name: &'static str, help: &'static str, value: usize) -> Gauge {
    Gauge {
        name,
        help,
        value: value as f64,
        counter: false,
    }
}
