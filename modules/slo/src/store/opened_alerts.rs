//! The alerts that explain a burn-down.

use jiff::Timestamp;
use mainstay_kernel::OrganizationId;
use mainstay_store::{Database, StoreError, sql};

use crate::{alert::model::AlertId, model::Period, objective::Promise};

/// More would not be told apart on a graph.
const MOST: i64 = 200;

/// An alert that was opened.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct OpenedAlert {
    pub(crate) id: AlertId,
    pub(crate) title: String,
    pub(crate) opened_at: Timestamp,
}

/// The newest alerts of an SLO, and of its service being down, that were opened in the period.
pub(crate) async fn alerts_between(
    db: &Database,
    promise: &Promise,
    period: Period,
) -> Result<Vec<OpenedAlert>, StoreError> {
    let definition = &promise.definition;
    let rows = db
        .fetch_all(
            sql("SELECT id, title, opened_at FROM slo_alert
                 WHERE organization_id = $1 AND environment = $2 AND service = $3
                    AND (slo_id = $4 OR slo_id IS NULL) AND opened_at >= $5 AND opened_at <= $6
                 ORDER BY id DESC LIMIT $7")
            .id(OrganizationId::DEFAULT)
            .bind(&definition.environment)
            .bind(definition.service.as_str())
            .id(promise.id)
            .bind(period.from)
            .bind(period.to)
            .bind(MOST),
        )
        .await?;
    rows.iter()
        .map(|row| {
            Ok(OpenedAlert {
                id: row.id("id")?,
                title: row.get("title")?,
                opened_at: row.time("opened_at")?,
            })
        })
        .collect()
}
