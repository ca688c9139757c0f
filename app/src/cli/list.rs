//! `mainstay services|checks|alerts`: what a running Mainstay knows, through its API.

use std::collections::HashMap;

use clap::Args;
use serde_json::{Value, json};

use super::{OK, Output, client::ServerUrl, output::table};

/// Flags of every list.
#[derive(Debug, Args)]
pub struct ListArgs {
    #[command(flatten)]
    server: ServerUrl,
    /// Environment that is meant
    #[arg(long, default_value = "production")]
    environment: String,
    #[command(flatten)]
    output: Output,
}

impl ListArgs {
    async fn list(&self, resource: &str) -> anyhow::Result<Vec<Value>> {
        self.server
            .list(&format!("/api/v1/{resource}?environment={}", self.environment))
            .await
    }
}

/// Services with their state, worst first.
pub async fn services(args: ListArgs) -> anyhow::Result<u8> {
    let services = args.list("services").await?;
    let states: HashMap<String, Value> = args
        .list("service-states")
        .await?
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
    args.output.print(&rows, |rows| {
        let lines = rows.iter().map(|row| {
            [
                text(&row["service"], "name"),
                text(&row["state"], "state"),
                text(&row["state"], "since"),
                text(&row["service"], "tier"),
                text(&row["service"], "owner"),
                text(&row["state"], "reason"),
            ]
        });
        or_hint(
            table(["SERVICE", "STATE", "SINCE", "TIER", "OWNER", "REASON"], lines),
            rows.is_empty(),
            "No services yet. Bring them in with `mainstay import PATH`.",
        )
    })?;
    Ok(OK)
}

/// Checks with their state.
pub async fn checks(args: ListArgs) -> anyhow::Result<u8> {
    let checks = args.list("checks").await?;
    args.output.print(&checks, |checks| {
        let lines = checks.iter().map(|check| {
            [
                text(check, "name"),
                text(check, "service"),
                text(check, "state"),
                text(check, "target"),
                check["last"]["duration_ms"]
                    .as_f64()
                    .map_or_else(String::new, |ms| format!("{ms:.1} ms")),
                text(&check["last"]["failure"], "message"),
            ]
        });
        or_hint(
            table(["CHECK", "SERVICE", "STATE", "TARGET", "LAST", "FAILURE"], lines),
            checks.is_empty(),
            "No checks yet. Services with a health URL get theirs by themselves.",
        )
    })?;
    Ok(OK)
}

/// Alerts, newest first.
pub async fn alerts(args: ListArgs) -> anyhow::Result<u8> {
    let alerts = args.list("alerts").await?;
    args.output.print(&alerts, |alerts| {
        let lines = alerts.iter().map(|alert| {
            let folded = alert["folded_under"]["service"].as_str();
            [
                text(alert, "opened_at"),
                text(alert, "state"),
                text(alert, "severity"),
                text(alert, "service"),
                text(alert, "title"),
                folded.map_or_else(String::new, |root| format!("under {root}")),
            ]
        });
        or_hint(
            table(["OPENED", "STATE", "SEVERITY", "SERVICE", "ALERT", "FOLDED"], lines),
            alerts.is_empty(),
            "No alerts. Nothing has broken a promise.",
        )
    })?;
    Ok(OK)
}

fn or_hint(table: String, empty: bool, hint: &str) -> String {
    if empty { hint.to_owned() } else { table }
}

fn text(value: &Value, key: &str) -> String {
    match &value[key] {
        Value::String(text) => text.clone(),
        Value::Null => String::new(),
        other => other.to_string(),
    }
}
