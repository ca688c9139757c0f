//! One row of a table for each item of the API. Times are told relative to now; programs read the exact ones as JSON.

use std::collections::HashMap;

use jiff::Timestamp;
use serde_json::{Value, json};

use crate::cli::when::relative;

/// Services joined with their states, worst first.
pub(super) fn with_states(services: Vec<Value>, states: Vec<Value>) -> Vec<Value> {
    let states: HashMap<String, Value> = states
        .into_iter()
        .map(|state| (text(&state, "service"), state))
        .collect();
    let mut rows: Vec<Value> = services
        .into_iter()
        .map(|service| {
            let state = states.get(&text(&service, "name")).cloned().unwrap_or(Value::Null);
            json!({ "service": service, "state": state })
        })
        .collect();
    rows.sort_by_key(|row| {
        let rank = match row["state"]["state"].as_str() {
            Some("down") => 0,
            Some("degraded") => 1,
            Some("unknown") | None => 2,
            Some("maintenance") => 3,
            Some(_) => 4,
        };
        (rank, text(&row["service"], "name"))
    });
    rows
}

pub(super) fn service(row: &Value, now: Timestamp) -> [String; 6] {
    [
        text(&row["service"], "name"),
        text(&row["state"], "state"),
        when(&row["state"], "since", now),
        text(&row["service"], "tier"),
        text(&row["service"], "owner"),
        text(&row["state"], "reason"),
    ]
}

pub(super) fn check(check: &Value, now: Timestamp) -> [String; 7] {
    [
        text(check, "name"),
        text(check, "service"),
        text(check, "state"),
        when(check, "since", now),
        text(check, "target"),
        check["last"]["duration_ms"]
            .as_f64()
            .map_or_else(String::new, |ms| format!("{ms:.1} ms")),
        text(&check["last"]["failure"], "message"),
    ]
}

pub(super) fn alert(alert: &Value, now: Timestamp) -> [String; 6] {
    [
        when(alert, "opened_at", now),
        text(alert, "state"),
        text(alert, "severity"),
        text(alert, "service"),
        text(alert, "title"),
        told(alert),
    ]
}

/// Who knows of an alert, or why nobody does.
fn told(alert: &Value) -> String {
    if let Some(root) = alert["folded_under"]["service"].as_str() {
        return format!("folded under {root}");
    }
    match (alert["told"]["webhooks"].as_u64(), alert["told"]["accepted"].as_u64()) {
        (Some(0), _) => "nobody: no webhook".to_owned(),
        (Some(webhooks), Some(accepted)) if alert["silenced"] == true => {
            format!("{accepted} of {webhooks} accepted, silenced now")
        }
        (Some(webhooks), Some(accepted)) => format!("{accepted} of {webhooks} accepted"),
        _ if alert["silenced"] == true => "silenced".to_owned(),
        _ => "not yet".to_owned(),
    }
}

pub(super) fn silence(silence: &Value, now: Timestamp) -> [String; 5] {
    let narrowed: Vec<String> = ["service", "kind", "slo_id"]
        .into_iter()
        .map(|field| text(silence, field))
        .filter(|text| !text.is_empty())
        .collect();
    [
        if narrowed.is_empty() {
            "every alert".to_owned()
        } else {
            narrowed.join(", ")
        },
        when(silence, "starts_at", now),
        when(silence, "ends_at", now),
        text(silence, "created_by"),
        text(silence, "reason"),
    ]
}

pub(super) fn window(window: &Value, now: Timestamp) -> [String; 4] {
    let service = text(window, "service");
    [
        if service.is_empty() {
            "every service".to_owned()
        } else {
            service
        },
        when(window, "starts_at", now),
        when(window, "ends_at", now),
        text(window, "reason"),
    ]
}

pub(super) fn webhook(webhook: &Value) -> [String; 7] {
    [
        text(webhook, "name"),
        text(webhook, "url"),
        text(webhook, "format"),
        yes_or_no(&webhook["secret_set"]),
        yes_or_no(&webhook["enabled"]),
        match webhook["source"].as_str() {
            Some(file) => file.to_owned(),
            None => text(webhook, "managed_by"),
        },
        text(webhook, "problem"),
    ]
}

/// A moment as people say it; what is no moment stays as it is.
fn when(value: &Value, key: &str, now: Timestamp) -> String {
    let text = text(value, key);
    text.parse().map_or(text, |at| relative(at, now))
}

fn yes_or_no(value: &Value) -> String {
    if value == true { "yes" } else { "no" }.to_owned()
}

fn text(value: &Value, key: &str) -> String {
    match &value[key] {
        Value::String(text) => text.clone(),
        Value::Null => String::new(),
        other => other.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn now() -> Timestamp {
        "2026-03-01T12:00:00Z".parse().unwrap()
    }

    #[test]
    fn services_are_listed_worst_first_with_relative_times() {
        let services = vec![
            json!({ "name": "api" }),
            json!({ "name": "data" }),
            json!({ "name": "web" }),
        ];
        let states = vec![
            json!({ "service": "api", "state": "up", "since": "2026-03-01T09:00:00Z" }),
            json!({ "service": "data", "state": "down", "since": "2026-03-01T11:56:30Z", "reason": "timed out" }),
        ];
        let rows: Vec<_> = with_states(services, states)
            .iter()
            .map(|row| service(row, now()))
            .collect();
        let shown: Vec<_> = rows.iter().map(|row| (row[0].as_str(), row[2].as_str())).collect();
        assert_eq!(shown, [("data", "3 min ago"), ("web", ""), ("api", "3 h ago")]);
    }

    #[test]
    fn an_alert_says_who_knows_of_it_or_why_nobody_does() {
        for (alert, said) in [
            (json!({ "folded_under": { "service": "data" } }), "folded under data"),
            (
                json!({ "told": { "webhooks": 0, "accepted": 0 } }),
                "nobody: no webhook",
            ),
            (json!({ "told": { "webhooks": 2, "accepted": 1 } }), "1 of 2 accepted"),
            (
                json!({ "told": { "webhooks": 2, "accepted": 2 }, "silenced": true }),
                "2 of 2 accepted, silenced now",
            ),
            (json!({ "told": null, "silenced": true }), "silenced"),
            (json!({ "told": null, "silenced": false }), "not yet"),
        ] {
            assert_eq!(told(&alert), said);
        }
    }

    #[test]
    fn a_silence_names_what_it_silences_and_when_it_ends() {
        let one = json!({
            "service": "data", "slo_id": null, "kind": null, "created_by": "ada", "reason": "new disks",
            "starts_at": "2026-03-01T11:59:30Z", "ends_at": "2026-03-01T13:00:00Z",
        });
        assert_eq!(
            silence(&one, now()),
            ["data", "30 s ago", "in 1 h", "ada", "new disks"].map(str::to_owned)
        );
        assert_eq!(silence(&json!({}), now())[0], "every alert");
    }
}
