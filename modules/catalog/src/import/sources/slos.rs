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

/// Reads the objectives, and declares one availability SLO for each service. A latency without a percentage of requests
/// that must keep it is a threshold, not an objective.
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
    "each availability becomes an SLO over 30 days; a latency without a percentage is no objective, so latency, error rate \
     and throughput are kept as facts and compared"
        .clone_into(&mut content.note);
}

fn declare(objective: &Objective, content: &mut Content) {
    let availability = objective
        .numbers
        .get("availability")
        .filter(|number| number.value > 0.0 && number.value < 100.0);
    let Some(availability) = availability else {
        return;
    };
    let service = norm(&objective.service);
    let name = format!("{service}-availability");
    let body = json!({
        "name": name,
        "service": service,
        "sli": {"kind": "availability"},
        "objective": availability.value,
        "window": {"kind": "rolling", "seconds": MONTH_S},
    });
    content.declarations.push(Declared {
        kind: "slo".to_owned(),
        name,
        environment: None,
        body,
        service: Some(At::new(objective.service.clone(), objective.line)),
        line: availability.line,
    });
}
