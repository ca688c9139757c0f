//! Every SQL statement about alerts, their steps and silences.

mod silences;

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};
use mainstay_catalog::ServiceName;
use mainstay_kernel::{Cursor, Environment, OrganizationId, Page, PageRequest, Problem, Scope, TypedId, to_micros};
use mainstay_store::{Database, Row, Statement, StoreError, Transaction, Value, sql, sql_owned};

use super::{
    fold::{OpenAlert, Phase},
    model::{Alert, AlertId, Condition, FoldedUnder, Kind, TimelineEntry, What, severity_of},
};
use crate::{
    model::SloId,
    signal::{AlertKey, AlertKind, Severity},
};

pub(crate) use silences::{SilenceRow, add_silence, current_silences, delete_silence, list_silences};

/// An alert with all that is stored of it.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Record {
    pub organization: OrganizationId,
    pub open: OpenAlert,
    pub title: String,
    pub summary: String,
    pub values: BTreeMap<String, serde_json::Value>,
    pub resolved_at: Option<Timestamp>,
    pub acknowledged_at: Option<Timestamp>,
    pub acknowledged_by: Option<String>,
}

impl Record {
    /// The alert as it is shown; `silenced` is whether a silence matches it now.
    pub fn shown(&self, silenced: bool) -> Alert {
        let open = &self.open;
        Alert {
            id: open.id,
            kind: Kind::from(open.key.kind),
            severity: open.severity,
            state: if self.resolved_at.is_some() {
                Condition::Resolved
            } else {
                Condition::Open
            },
            service: open.key.service.clone(),
            slo_id: open.key.slo_id,
            title: self.title.clone(),
            summary: self.summary.clone(),
            opened_at: open.opened_at,
            resolved_at: self.resolved_at,
            acknowledged_at: self.acknowledged_at,
            acknowledged_by: self.acknowledged_by.clone(),
            silenced,
            folded_under: match &open.phase {
                Phase::Folded {
                    root,
                    root_service,
                    path,
                    ..
                } => Some(FoldedUnder {
                    alert_id: *root,
                    service: root_service.clone(),
                    path: path.clone(),
                }),
                _ => None,
            },
            delivered: open.delivered_at.is_some(),
            values: self.values.clone(),
        }
    }

    fn row(&self) -> Vec<Value> {
        let open = &self.open;
        let key = &open.key;
        let time = |at: Option<Timestamp>| Value::Int(at.map(to_micros));
        let text = |text: &str| Value::Text(Some(text.to_owned()));
        let (phase, phase_at) = match &open.phase {
            Phase::Held { until } => ("held", Some(*until)),
            Phase::Standing { since } => ("standing", Some(*since)),
            Phase::Silenced { until } => ("silenced", Some(*until)),
            Phase::Folded { .. } => ("folded", None),
        };
        let (root, root_service, path, root_gone_at) = match &open.phase {
            Phase::Folded {
                root,
                root_service,
                path,
                root_gone_at,
            } => (
                Some(*root),
                Some(root_service.to_string()),
                serde_json::to_string(path).ok(),
                *root_gone_at,
            ),
            _ => (None, None, None, None),
        };
        let rule_severity = match key.kind {
            AlertKind::BurnRate { severity } => Some(severity.as_str().to_owned()),
            _ => None,
        };
        vec![
            Value::id(open.id),
            Value::id(self.organization),
            text(key.environment.as_str()),
            Value::Text(self.resolved_at.is_none().then(|| key_text(key))),
            text(key.kind.as_str()),
            Value::Text(rule_severity),
            text(open.severity.as_str()),
            text(if self.resolved_at.is_some() { "resolved" } else { "open" }),
            text(key.service.as_str()),
            Value::Uuid(key.slo_id.map(TypedId::as_uuid)),
            text(&self.title),
            text(&self.summary),
            Value::Text(serde_json::to_string(&self.values).ok()),
            time(open.failing_since),
            Value::Int(Some(i64::try_from(open.memory.as_micros()).unwrap_or(i64::MAX))),
            time(Some(open.opened_at)),
            time(self.resolved_at),
            time(self.acknowledged_at),
            Value::Text(self.acknowledged_by.clone()),
            time(open.delivered_at),
            text(phase),
            time(phase_at),
            Value::Uuid(root.map(TypedId::as_uuid)),
            Value::Text(root_service),
            Value::Text(path),
            time(root_gone_at),
        ]
    }

    fn read(row: &Row) -> Result<Self, StoreError> {
        let severity = |column: &str| {
            let text: String = row.get(column)?;
            severity_of(&text).map_err(StoreError::corrupt)
        };
        let kind = match row.parse::<Kind>("kind")? {
            Kind::ServiceDown => AlertKind::ServiceDown,
            Kind::BudgetSpent => AlertKind::BudgetSpent,
            Kind::BurnRate => AlertKind::BurnRate {
                severity: severity("rule_severity")?,
            },
        };
        let opened_at = row.time("opened_at")?;
        let phase_at = row.optional_time("phase_at")?.unwrap_or(opened_at);
        let phase = match row.get::<String>("phase")?.as_str() {
            "held" => Phase::Held { until: phase_at },
            "standing" => Phase::Standing { since: phase_at },
            "silenced" => Phase::Silenced { until: phase_at },
            _ => {
                let path: Option<String> = row.get("folded_path")?;
                Phase::Folded {
                    root: row.id("folded_under")?,
                    root_service: row.parse("folded_service")?,
                    path: serde_json::from_str(path.as_deref().unwrap_or("[]")).map_err(StoreError::corrupt)?,
                    root_gone_at: row.optional_time("root_gone_at")?,
                }
            }
        };
        let values: String = row.get("alert_values")?;
        Ok(Self {
            organization: row.id("organization_id")?,
            open: OpenAlert {
                id: row.id("id")?,
                key: AlertKey {
                    kind,
                    environment: row.parse::<Environment>("environment")?,
                    service: row.parse::<ServiceName>("service")?,
                    slo_id: row.get::<Option<_>>("slo_id")?.map(SloId::from_uuid),
                },
                severity: severity("severity")?,
                failing_since: row.optional_time("failing_since")?,
                opened_at,
                memory: SignedDuration::from_micros(row.get("memory_us")?),
                delivered_at: row.optional_time("delivered_at")?,
                phase,
            },
            title: row.get("title")?,
            summary: row.get("summary")?,
            values: serde_json::from_str(&values).map_err(StoreError::corrupt)?,
            resolved_at: row.optional_time("resolved_at")?,
            acknowledged_at: row.optional_time("acknowledged_at")?,
            acknowledged_by: row.get("acknowledged_by")?,
        })
    }
}

/// The key as one text, for the unique index over open alerts.
fn key_text(key: &AlertKey) -> String {
    let kind = key.kind.as_str();
    let rule = match key.kind {
        AlertKind::BurnRate { severity } => severity.as_str(),
        _ => "",
    };
    let slo = key.slo_id.map(|id| id.to_string()).unwrap_or_default();
    format!("{}|{}|{kind}|{rule}|{slo}", key.environment, key.service)
}

const COLUMNS: &str = "SELECT id, organization_id, environment, kind, rule_severity, severity, service, slo_id, title, \
    summary, alert_values, failing_since, memory_us, opened_at, resolved_at, acknowledged_at, acknowledged_by, \
    delivered_at, phase, phase_at, folded_under, folded_service, folded_path, root_gone_at FROM slo_alert";

/// Writes alerts as they are now.
pub(crate) async fn save(tx: &mut Transaction, records: &[Record]) -> Result<(), StoreError> {
    let rows: Vec<Vec<Value>> = records.iter().map(Record::row).collect();
    tx.insert_many(
        "INSERT INTO slo_alert (id, organization_id, environment, open_key, kind, rule_severity, severity, state, service, \
         slo_id, title, summary, alert_values, failing_since, memory_us, opened_at, resolved_at, acknowledged_at, \
         acknowledged_by, delivered_at, phase, phase_at, folded_under, folded_service, folded_path, root_gone_at) VALUES",
        "ON CONFLICT (id) DO UPDATE SET open_key = excluded.open_key, severity = excluded.severity, \
         state = excluded.state, title = excluded.title, summary = excluded.summary, \
         alert_values = excluded.alert_values, resolved_at = excluded.resolved_at, \
         acknowledged_at = excluded.acknowledged_at, acknowledged_by = excluded.acknowledged_by, \
         delivered_at = excluded.delivered_at, phase = excluded.phase, phase_at = excluded.phase_at, \
         folded_under = excluded.folded_under, folded_service = excluded.folded_service, \
         folded_path = excluded.folded_path, root_gone_at = excluded.root_gone_at",
        rows,
    )
    .await?;
    Ok(())
}

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

/// Adds steps to the timelines of alerts.
pub(crate) async fn add_steps(tx: &mut Transaction, steps: &[NewStep]) -> Result<(), StoreError> {
    let rows = steps.iter().map(step_row).collect::<Vec<_>>();
    tx.insert_many(
        "INSERT INTO slo_alert_step (alert_id, position, organization_id, at, what, detail) VALUES",
        "ON CONFLICT (alert_id, position) DO NOTHING",
        rows,
    )
    .await?;
    Ok(())
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
