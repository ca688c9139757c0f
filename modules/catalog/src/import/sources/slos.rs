//! `slos.json`: `services.<name>` with availability, latency, error rate and budget in percent and milliseconds.

use serde_json::json;

use super::registry::located;
use crate::import::{
    content::{At, Content, Declared, Objective},
    names::norm,
    tree::Node,
};

/// 30 days, the window that the file's `monthly_downtime_minutes` means.
const MONTH_S: u64 = 30 * 24 * 3600;

/// Reads the objectives, and declares one availability and one latency SLO for each service.
pub(super) fn read(root: &Node, content: &mut Content) {
    content.version = located(root, "version");
    content.updated = located(root, "updated");
    let Some(services) = root.get("services") else {
        return;
    };
    for entry in services.entries() {
        let numbers = entry
            .value
            .entries()
            .iter()
            .filter_map(|number| Some((number.key.clone(), At::new(number.value.number()?, number.value.line))))
            .collect();
        let objective = Objective {
            service: entry.key.clone(),
            line: entry.line,
            environment: None,
            numbers,
        };
        declare(&objective, content);
        content.objectives.push(objective);
    }
    "availability and the 95th percentile become SLOs over 30 days; error rate and throughput are compared only"
        .clone_into(&mut content.note);
}

fn declare(objective: &Objective, content: &mut Content) {
    let service = norm(&objective.service);
    let availability = objective
        .numbers
        .get("availability")
        .filter(|number| number.value > 0.0 && number.value < 100.0);
    if let Some(availability) = availability {
        let name = format!("{service}-availability");
        let body = json!({
            "name": name,
            "service": service,
            "sli": {"kind": "availability"},
            "objective": availability.value,
            "window": {"kind": "rolling", "seconds": MONTH_S},
        });
        push(name, availability.line, body, content);
    }
    let latency = objective.numbers.get("latency_p95").filter(|number| number.value > 0.0);
    if let Some(latency) = latency {
        let name = format!("{service}-latency");
        let body = json!({
            "name": name,
            "service": service,
            "sli": {"kind": "latency", "threshold_ms": latency.value},
            "objective": 95.0,
            "window": {"kind": "rolling", "seconds": MONTH_S},
        });
        push(name, latency.line, body, content);
    }
}

fn push(name: String, line: usize, body: serde_json::Value, content: &mut Content) {
    content.declarations.push(Declared {
        kind: "slo".to_owned(),
        name,
        environment: None,
        body,
        line,
    });
}
