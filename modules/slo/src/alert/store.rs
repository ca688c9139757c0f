//! Every SQL statement about alerts, their steps and silences.

mod commands;
mod record;
mod silences;

use std::collections::BTreeMap;

use jiff::Timestamp;
use mainstay_catalog::ServiceName;
use mainstay_kernel::{Cursor, Environment, OrganizationId, Page, PageRequest, Problem, Scope, to_micros, uuid::Uuid};
use mainstay_store::{Database, Statement, StoreError, Transaction, Value, sql, sql_owned};

use super::model::{AlertId, Condition, Kind, TimelineEntry, What, severity_of};
use crate::signal::Severity;

pub(crate) use commands::{
    Command, CommandAnswer, CommandId, Order, answer_command, command_answer, forget_commands, insert_command,
    waiting_commands, withdraw_command,
};
use record::COLUMNS;
pub(crate) use record::{Record, save};
pub(crate) use silences::{
    SilenceRow, add_silence, change_silence, current_silences, declared_silences, delete_silence, list_silences,
};

/// A step about to be written.
#[derive(Debug, Clone)]
pub(crate) struct NewStep {
    pub alert: AlertId,
    pub organization: OrganizationId,
    pub position: i64,
    pub at: Timestamp,
    pub what: What,
    pub detail: Option<String>,
}

/// Adds steps to the timelines of alerts. Answers how many were not there before.
pub(crate) async fn add_steps(tx: &mut Transaction, steps: &[NewStep]) -> Result<u64, StoreError> {
    let rows = steps.iter().map(step_row).collect::<Vec<_>>();
    tx.insert_many(
        "INSERT INTO slo_alert_step (alert_id, position, organization_id, at, what, detail) VALUES",
        "ON CONFLICT (alert_id, position) DO NOTHING",
        rows,
    )
    .await
}

/// Adds to the timeline of an alert what became of a delivery. The engine numbers its own steps evenly and knows nothing of
/// this one, so it gets an odd number, the next that is free.
pub(crate) async fn add_outcome(tx: &mut Transaction, step: &NewStep) -> Result<(), StoreError> {
    let row = tx
        .fetch_optional(
            sql("SELECT COALESCE(MAX(position), 0) AS position FROM slo_alert_step WHERE alert_id = $1").id(step.alert),
        )
        .await?;
    let last: i64 = row.map_or(Ok(0), |row| row.get("position"))?;
    let mut step = NewStep {
        position: step.position.max(last + 1) | 1,
        ..step.clone()
    };
    // Another delivery of the same alert may take the number at the same moment.
    while add_steps(tx, std::slice::from_ref(&step)).await? == 0 {
        step.position += 2;
    }
    Ok(())
}

/// One more webhook has accepted the opening of an alert.
pub(crate) async fn count_acceptance(tx: &mut Transaction, alert: AlertId) -> Result<(), StoreError> {
    tx.execute(sql("UPDATE slo_alert SET accepted = accepted + 1 WHERE id = $1").id(alert))
        .await
        .map(drop)
}

fn step_row(step: &NewStep) -> Vec<Value> {
    vec![
        Value::id(step.alert),
        Value::Int(Some(step.position)),
        Value::id(step.organization),
        Value::Int(Some(to_micros(step.at))),
        Value::Text(Some(step.what.as_str().to_owned())),
        Value::Text(step.detail.clone()),
    ]
}

/// Every open alert of every environment, oldest first.
pub(crate) async fn all_open(db: &Database) -> Result<Vec<Record>, StoreError> {
    let rows = db
        .fetch_all(sql_owned(format!("{COLUMNS} WHERE open_key IS NOT NULL ORDER BY id")))
        .await?;
    rows.iter().map(Record::read).collect()
}

/// When services were last no longer down, as far as that was after `since`.
pub(crate) async fn down_resolved_since(
    db: &Database,
    since: Timestamp,
) -> Result<BTreeMap<(Environment, ServiceName), Timestamp>, StoreError> {
    let rows = db
        .fetch_all(
            sql(
                "SELECT environment, service, MAX(resolved_at) AS resolved_at FROM slo_alert \
                 WHERE resolved_at >= $1 AND kind = $2 GROUP BY environment, service",
            )
            .bind(since)
            .bind(Kind::ServiceDown.as_str()),
        )
        .await?;
    rows.iter()
        .map(|row| {
            Ok((
                (row.parse("environment")?, row.parse("service")?),
                row.time("resolved_at")?,
            ))
        })
        .collect()
}

/// The alerts with these identifiers, as far as there are any.
pub(crate) async fn by_ids(db: &Database, ids: &[Uuid]) -> Result<Vec<Record>, StoreError> {
    if ids.is_empty() {
        return Ok(Vec::new());
    }
    let mut statement = sql_owned(format!("{COLUMNS} WHERE id IN ({})", parameters(ids.len())));
    for id in ids {
        statement = statement.bind(*id);
    }
    let rows = db.fetch_all(statement).await?;
    rows.iter().map(Record::read).collect()
}

/// `$1, $2, ...`.
pub(crate) fn parameters(count: usize) -> String {
    let numbers: Vec<String> = (1..=count).map(|number| format!("${number}")).collect();
    numbers.join(", ")
}

/// The highest position any step or delivery has.
pub(crate) async fn last_position(db: &Database) -> Result<i64, StoreError> {
    let row = db
        .fetch_one(sql(
            "SELECT MAX(position) AS position FROM (SELECT COALESCE(MAX(position), 0) AS position FROM slo_alert_step \
             UNION ALL SELECT COALESCE(MAX(position), 0) AS position FROM slo_delivery) AS positions",
        ))
        .await?;
    row.get("position")
}

/// Which alerts a list shows.
#[derive(Debug, Clone, Default)]
pub(crate) struct AlertFilter {
    pub state: Option<Condition>,
    /// Only those that are folded.
    pub folded: bool,
    pub service: Option<ServiceName>,
}

/// Alerts, newest first.
pub(crate) async fn list(
    db: &Database,
    scope: &Scope,
    filter: &AlertFilter,
    page: &PageRequest,
) -> Result<Page<Record>, Problem> {
    let mut text = format!("{COLUMNS} WHERE organization_id = $1 AND environment = $2");
    let mut values = vec![
        Value::id(scope.organization),
        Value::Text(Some(scope.environment.to_string())),
    ];
    let mut and = |condition: &str, value: Value| {
        values.push(value);
        append(&mut text, format_args!(" AND {condition} ${}", values.len()));
    };
    if let Some(state) = filter.state {
        and("state =", Value::Text(Some(state.as_str().to_owned())));
    }
    if filter.folded {
        and("phase =", Value::Text(Some("folded".to_owned())));
    }
    if let Some(service) = &filter.service {
        and("service =", Value::Text(Some(service.to_string())));
    }
    if let Some(cursor) = &page.cursor {
        let before: AlertId = cursor
            .part(0)
            .map_err(|error| Problem::invalid("invalid-cursor", error.to_string()))?;
        and("id <", Value::id(before));
    }
    append(&mut text, format_args!(" ORDER BY id DESC LIMIT {}", page.overfetch()));
    let statement = values.into_iter().fold(sql_owned(text), Statement::bind);
    let rows = db.fetch_all(statement).await?;
    let items = rows.iter().map(Record::read).collect::<Result<Vec<_>, _>>()?;
    Ok(Page::from_overfetch(items, page.limit, |record| {
        Cursor::of(&record.open.id)
    }))
}

/// Adds to a statement's text.
pub(crate) fn append(text: &mut String, more: std::fmt::Arguments<'_>) {
    use std::fmt::Write as _;
    // Writing to a string cannot fail.
    let _ = text.write_fmt(more);
}

/// One alert.
pub(crate) async fn find(db: &Database, scope: &Scope, id: AlertId) -> Result<Option<Record>, StoreError> {
    let statement = sql_owned(format!(
        "{COLUMNS} WHERE organization_id = $1 AND environment = $2 AND id = $3"
    ));
    let row = db
        .fetch_optional(statement.id(scope.organization).bind(&scope.environment).id(id))
        .await?;
    row.as_ref().map(Record::read).transpose()
}

/// What happened to an alert, oldest first.
pub(crate) async fn timeline(db: &Database, id: AlertId) -> Result<Vec<TimelineEntry>, StoreError> {
    let rows = db
        .fetch_all(sql("SELECT at, what, detail FROM slo_alert_step WHERE alert_id = $1 ORDER BY position").id(id))
        .await?;
    rows.iter()
        .map(|row| {
            Ok(TimelineEntry {
                at: row.time("at")?,
                what: row.parse("what")?,
                detail: row.get("detail")?,
            })
        })
        .collect()
}

/// How many alerts are open in each severity.
pub(crate) async fn count_open(db: &Database) -> Result<BTreeMap<Severity, i64>, StoreError> {
    let rows = db
        .fetch_all(sql(
            "SELECT severity, COUNT(*) AS alerts FROM slo_alert WHERE open_key IS NOT NULL GROUP BY severity",
        ))
        .await?;
    rows.iter()
        .map(|row| {
            let severity = severity_of(&row.get::<String>("severity")?).map_err(StoreError::corrupt)?;
            Ok((severity, row.get("alerts")?))
        })
        .collect()
}

/// Deletes alerts resolved before `before`, at most `limit`, with their steps. Answers how many.
pub(crate) async fn delete_older_than(db: &Database, before: Timestamp, limit: i64) -> Result<u64, StoreError> {
    let mut tx = db.begin().await?;
    tx.execute(
        sql(
            "DELETE FROM slo_alert_step WHERE alert_id IN (SELECT id FROM slo_alert WHERE resolved_at < $1 \
             ORDER BY id LIMIT $2)",
        )
        .bind(before)
        .bind(limit),
    )
    .await?;
    let deleted = tx
        .execute(
            sql("DELETE FROM slo_alert WHERE id IN (SELECT id FROM slo_alert WHERE resolved_at < $1 ORDER BY id LIMIT $2)")
                .bind(before)
                .bind(limit),
        )
        .await?;
    tx.commit().await?;
    Ok(deleted)
}
