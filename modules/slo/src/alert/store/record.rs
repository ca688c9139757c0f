//! An alert as a row: what is kept of it, how it is shown, and how it is written and read back.

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};
use mainstay_catalog::ServiceName;
use mainstay_kernel::{Environment, OrganizationId, TypedId, to_micros};
use mainstay_store::{Row, StoreError, Transaction, Value};

use super::super::{
    fold::{OpenAlert, Phase},
    model::{Alert, Condition, FoldedUnder, Kind, Told, severity_of},
};
use crate::{
    delivery::model::WebhookId,
    model::SloId,
    signal::{AlertKey, AlertKind},
};

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
    /// The webhooks that its opening was handed to; `None` before that, and for alerts of a Mainstay that did not remember them.
    pub told: Option<Vec<WebhookId>>,
    /// How many of them have accepted it. Counted where deliveries are written down, never by [`save`].
    pub accepted: i64,
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
            delivered: self.accepted > 0,
            told: self
                .told
                .as_ref()
                .map(|webhooks| Told::of(webhooks.len(), self.accepted)),
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
            time(open.told_at),
            Value::Text(self.told.as_ref().and_then(|told| serde_json::to_string(told).ok())),
            text(phase),
            time(phase_at),
            Value::Uuid(root.map(TypedId::as_uuid)),
            Value::Text(root_service),
            Value::Text(path),
            time(root_gone_at),
        ]
    }

    pub(super) fn read(row: &Row) -> Result<Self, StoreError> {
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
                told_at: row.optional_time("told_at")?,
                phase,
            },
            title: row.get("title")?,
            summary: row.get("summary")?,
            values: serde_json::from_str(&values).map_err(StoreError::corrupt)?,
            resolved_at: row.optional_time("resolved_at")?,
            acknowledged_at: row.optional_time("acknowledged_at")?,
            acknowledged_by: row.get("acknowledged_by")?,
            told: row
                .get::<Option<String>>("told_webhooks")?
                .map(|text| serde_json::from_str(&text).map_err(StoreError::corrupt))
                .transpose()?,
            accepted: row.get("accepted")?,
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

pub(super) const COLUMNS: &str = "SELECT id, organization_id, environment, kind, rule_severity, severity, service, slo_id, title, \
    summary, alert_values, failing_since, memory_us, opened_at, resolved_at, acknowledged_at, acknowledged_by, \
    told_at, told_webhooks, accepted, phase, phase_at, folded_under, folded_service, folded_path, root_gone_at \
    FROM slo_alert";

/// Writes alerts as they are now.
pub(crate) async fn save(tx: &mut Transaction, records: &[Record]) -> Result<(), StoreError> {
    let rows: Vec<Vec<Value>> = records.iter().map(Record::row).collect();
    tx.insert_many(
        "INSERT INTO slo_alert (id, organization_id, environment, open_key, kind, rule_severity, severity, state, service, \
         slo_id, title, summary, alert_values, failing_since, memory_us, opened_at, resolved_at, acknowledged_at, \
         acknowledged_by, told_at, told_webhooks, phase, phase_at, folded_under, folded_service, folded_path, root_gone_at) VALUES",
        "ON CONFLICT (id) DO UPDATE SET open_key = excluded.open_key, severity = excluded.severity, \
         state = excluded.state, title = excluded.title, summary = excluded.summary, \
         alert_values = excluded.alert_values, resolved_at = excluded.resolved_at, \
         acknowledged_at = excluded.acknowledged_at, acknowledged_by = excluded.acknowledged_by, \
         told_at = excluded.told_at, told_webhooks = excluded.told_webhooks, phase = excluded.phase, phase_at = excluded.phase_at, \
         folded_under = excluded.folded_under, folded_service = excluded.folded_service, \
         folded_path = excluded.folded_path, root_gone_at = excluded.root_gone_at",
        rows,
    )
    .await?;
    Ok(())
}
