//! Reads everything back: through the API as people would, and past it from the tables.

use std::collections::{BTreeMap, HashMap};

use mainstay_kernel::uuid::Uuid;
use mainstay_store::{Database, Row, sql};
use serde_json::Value;

use super::{
    client::Client,
    record::{AlertKept, Counted, DeliveryKept, Happened, JobKept, Kept, ProbeKept},
};

/// What a check is called in the record, and in the database.
#[derive(Debug, Clone)]
pub struct Known {
    /// Ids of checks by their numbers.
    pub checks: Vec<String>,
    /// Ids of their promises.
    pub slos: Vec<String>,
    pub services: Vec<String>,
}

/// What is read while the replicas still run.
pub async fn through_the_api(client: &Client, bases: &[String], known: &Known, happened: &Happened, kept: &mut Kept) {
    for path in happened.writes.keys() {
        kept.objects.insert(path.clone(), client.read(path).await);
    }
    for silence in client.list("/api/v1/silences").await {
        let reason = silence["reason"].as_str().unwrap().to_owned();
        *kept.reasons.entry(reason).or_default() += 1;
    }
    for base in bases {
        let mut budgets = BTreeMap::new();
        for (check, slo) in known.slos.iter().enumerate() {
            budgets.insert(check, budget(client, base, slo).await);
        }
        kept.budgets.push(budgets);
    }
    for handler in client.list("/api/v1/admin/events/handlers").await {
        if handler["behind"] != 0 || handler["waiting"] != 0 || handler["dead"] != 0 {
            kept.behind.push(handler.to_string());
        }
    }
    let parked = client.list("/api/v1/admin/events/parked").await;
    kept.behind.extend(parked.iter().map(Value::to_string));
}

/// The budget as one replica tells it.
pub async fn budget(client: &Client, base: &str, slo: &str) -> Counted {
    let path = format!("/api/v1/slos/{slo}");
    match client.ask(base, "GET", &path, None, None).await {
        Some((200, slo)) if slo["budget"]["loaded"] == true => (
            slo["budget"]["total"].as_i64().unwrap(),
            slo["budget"]["bad"].as_i64().unwrap(),
        ),
        _ => (-1, -1),
    }
}

/// What is read when nobody works on the database any more.
pub async fn from_the_tables(database: &Database, known: &Known, kept: &mut Kept) {
    let keys = check_numbers(database, known).await;
    kept.probes = probes(database, &keys).await;
    kept.counts = counts(database, known).await;
    kept.minutes = minutes(database, &keys, &kept.probes).await;
    kept.alerts = alerts(database, known).await;
    let rows = all(
        database,
        "SELECT id, alert_id, event, status, attempts FROM slo_delivery WHERE alert_id IS NOT NULL",
    );
    kept.deliveries = rows
        .await
        .iter()
        .map(|row| DeliveryKept {
            id: uuid(row, "id"),
            alert: uuid(row, "alert_id"),
            event: row.get("event").unwrap(),
            status: row.get("status").unwrap(),
            attempts: row.get("attempts").unwrap(),
        })
        .collect();
    let rows = all(database, "SELECT id, state, attempt, last_error FROM work_job").await;
    kept.jobs = rows
        .iter()
        .map(|row| JobKept {
            id: uuid(row, "id"),
            state: row.get("state").unwrap(),
            attempt: row.get("attempt").unwrap(),
            last_error: row.get("last_error").unwrap(),
        })
        .collect();
    let rows = all(
        database,
        "SELECT position, payload FROM work_event WHERE topic = 'slo.alert' ORDER BY position",
    );
    for row in rows.await {
        let payload: Value = serde_json::from_str(&row.get::<String>("payload").unwrap()).unwrap();
        let text = |name: &str| payload[name].as_str().unwrap_or_default().to_owned();
        kept.events
            .push((row.get("position").unwrap(), text("alert"), text("change")));
    }
    let rows = all(database, "SELECT last_position FROM work_stream WHERE name = 'events'").await;
    kept.last_position = rows[0].get("last_position").unwrap();
    if !database.is_shared() {
        let rows = all(database, "PRAGMA integrity_check").await;
        kept.integrity = Some(rows[0].get("integrity_check").unwrap());
    }
}

async fn all(database: &Database, text: &'static str) -> Vec<Row> {
    database.fetch_all(sql(text)).await.unwrap()
}

fn uuid(row: &Row, column: &str) -> String {
    row.get::<Uuid>(column).unwrap().to_string()
}

/// The numbers of the record by those of the database.
async fn check_numbers(database: &Database, known: &Known) -> HashMap<i64, usize> {
    let rows = all(database, "SELECT id, check_key FROM watch_check").await;
    rows.iter()
        .filter_map(|row| {
            let id = uuid(row, "id");
            let check = known.checks.iter().position(|known| *known == id)?;
            Some((row.get("check_key").unwrap(), check))
        })
        .collect()
}

async fn probes(database: &Database, keys: &HashMap<i64, usize>) -> Vec<ProbeKept> {
    let rows = all(database, "SELECT check_key, at, flush, outcome FROM watch_probe").await;
    rows.iter()
        .filter_map(|row| {
            Some(ProbeKept {
                check: *keys.get(&row.get::<i64>("check_key").unwrap())?,
                at: row.get("at").unwrap(),
                flush: row.get("flush").unwrap(),
                ok: row.get::<i64>("outcome").unwrap() == 0,
            })
        })
        .collect()
}

async fn counts(database: &Database, known: &Known) -> BTreeMap<usize, Counted> {
    let rows = all(
        database,
        "SELECT o.id, CAST(COALESCE(SUM(b.total), 0) AS BIGINT) AS total, CAST(COALESCE(SUM(b.bad), 0) AS BIGINT) AS bad \
         FROM slo_objective o LEFT JOIN slo_bucket b ON b.series_id = o.series_id GROUP BY o.id",
    );
    rows.await
        .iter()
        .filter_map(|row| {
            let id = uuid(row, "id");
            let check = known.slos.iter().position(|known| *known == id)?;
            Some((check, (row.get("total").unwrap(), row.get("bad").unwrap())))
        })
        .collect()
}

async fn minutes(database: &Database, keys: &HashMap<i64, usize>, probes: &[ProbeKept]) -> BTreeMap<usize, (i64, i64)> {
    let marks = all(database, "SELECT value FROM watch_mark WHERE name = 'rollup'").await;
    let mark: i64 = marks.first().map_or(0, |row| row.get("value").unwrap());
    let rows = all(
        database,
        "SELECT check_key, CAST(SUM(total) AS BIGINT) AS total FROM watch_rollup WHERE resolution_s = 60 GROUP BY check_key",
    );
    let mut minutes: BTreeMap<usize, (i64, i64)> = keys.values().map(|check| (*check, (0, 0))).collect();
    for row in rows.await {
        if let Some(check) = keys.get(&row.get::<i64>("check_key").unwrap()) {
            minutes.entry(*check).or_default().0 = row.get("total").unwrap();
        }
    }
    for probe in probes.iter().filter(|probe| probe.flush <= mark) {
        minutes.entry(probe.check).or_default().1 += 1;
    }
    minutes
}

async fn alerts(database: &Database, known: &Known) -> Vec<AlertKept> {
    let rows = all(
        database,
        "SELECT id, kind, service, opened_at, resolved_at, acknowledged_by, told_at FROM slo_alert ORDER BY opened_at",
    );
    rows.await
        .iter()
        .map(|row| {
            let service: String = row.get("service").unwrap();
            AlertKept {
                id: uuid(row, "id"),
                check: known.services.iter().position(|known| *known == service),
                kind: row.get("kind").unwrap(),
                service,
                opened_at: row.get("opened_at").unwrap(),
                resolved_at: row.get("resolved_at").unwrap(),
                acknowledged_by: row.get("acknowledged_by").unwrap(),
                told: row.get::<Option<i64>>("told_at").unwrap().is_some(),
            }
        })
        .collect()
}
