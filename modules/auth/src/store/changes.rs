//! The change log: rows are added and read, never changed.

use std::fmt::Write as _;

use jiff::Timestamp;
use mainstay_kernel::OrganizationId;
use mainstay_store::{Bind, Row, StoreError, Transaction, Value, sql, sql_owned};
use uuid::Uuid;

use super::{Store, hash};
use crate::model::{Entry, HASH_LENGTH, ORIGIN};

/// Where a log ends.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Head {
    pub(crate) position: i64,
    pub(crate) hash: [u8; HASH_LENGTH],
    pub(crate) seal: Vec<u8>,
}

/// Which entries are wanted. What is `None` does not matter.
#[derive(Debug, Clone, Default)]
pub struct ChangeFilter {
    /// Entries before this position.
    pub before: Option<i64>,
    /// Of this account.
    pub actor: Option<Uuid>,
    /// Such as `user.create`.
    pub action: Option<String>,
    /// Such as `user`.
    pub target_kind: Option<String>,
    /// The identifier of what was changed.
    pub target: Option<String>,
    /// Not before this time.
    pub from: Option<Timestamp>,
    /// Before this time.
    pub to: Option<Timestamp>,
}

impl Store {
    /// The end of the log; nobody else writes to it until the transaction ends.
    pub(crate) async fn lock_head(
        &self,
        tx: &mut Transaction,
        organization: OrganizationId,
    ) -> Result<Head, StoreError> {
        let row = tx
            .fetch_optional(
                sql(
                    "INSERT INTO auth_log_head (organization_id, position, hash, seal) VALUES ($1, 0, $2, $2) \
                     ON CONFLICT (organization_id) DO UPDATE SET position = auth_log_head.position \
                     RETURNING position, hash, seal",
                )
                .id(organization)
                .bind(ORIGIN.as_slice()),
            )
            .await?;
        head(&row.ok_or_else(|| StoreError::corrupt("the head of the change log is missing"))?)
    }

    /// The end of the log as it is; `None` before the first entry.
    pub(crate) async fn head(&self, organization: OrganizationId) -> Result<Option<Head>, StoreError> {
        let statement =
            sql("SELECT position, hash, seal FROM auth_log_head WHERE organization_id = $1").id(organization);
        let row = self.database.fetch_optional(statement).await?;
        row.as_ref().map(head).transpose()
    }

    /// Adds an entry and moves the end of the log on to it.
    pub(crate) async fn append(
        &self,
        tx: &mut Transaction,
        organization: OrganizationId,
        entry: &Entry,
        seal: &[u8],
    ) -> Result<(), StoreError> {
        tx.execute(
            sql("INSERT INTO auth_change (organization_id, position, at, actor_kind, actor_id, actor, action, target_kind, \
                 target_id, target, before, after, address, request_id, previous, hash) \
                 VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16)")
            .id(organization)
            .bind(entry.position)
            .bind(entry.at)
            .bind(entry.actor_kind.as_str())
            .bind(entry.actor_id)
            .bind(entry.actor.as_str())
            .bind(entry.action.as_str())
            .bind(entry.target_kind.as_str())
            .bind(entry.target_id.as_str())
            .bind(entry.target.as_str())
            .bind(entry.before.clone())
            .bind(entry.after.clone())
            .bind(entry.address.clone())
            .bind(entry.request_id.clone())
            .bind(entry.previous.as_slice())
            .bind(entry.hash.as_slice()),
        )
        .await?;
        tx.execute(
            sql("UPDATE auth_log_head SET position = $2, hash = $3, seal = $4 WHERE organization_id = $1")
                .id(organization)
                .bind(entry.position)
                .bind(entry.hash.as_slice())
                .bind(seal),
        )
        .await?;
        Ok(())
    }

    /// Entries behind a position, in their order.
    pub(crate) async fn entries_after(
        &self,
        organization: OrganizationId,
        position: i64,
        limit: i64,
    ) -> Result<Vec<Entry>, StoreError> {
        let statement =
            sql("SELECT * FROM auth_change WHERE organization_id = $1 AND position > $2 ORDER BY position LIMIT $3");
        let rows = self
            .database
            .fetch_all(statement.id(organization).bind(position).bind(limit))
            .await?;
        rows.iter().map(entry).collect()
    }

    /// Entries that fit a filter, the newest first.
    pub(crate) async fn entries(
        &self,
        organization: OrganizationId,
        filter: &ChangeFilter,
        limit: i64,
    ) -> Result<Vec<Entry>, StoreError> {
        // The text has few shapes: one for each set of conditions.
        let conditions: [(&str, Option<Value>); 7] = [
            ("position <", filter.before.map(Bind::into_value)),
            ("actor_id =", filter.actor.map(Bind::into_value)),
            ("action =", filter.action.clone().map(Bind::into_value)),
            ("target_kind =", filter.target_kind.clone().map(Bind::into_value)),
            ("target_id =", filter.target.clone().map(Bind::into_value)),
            ("at >=", filter.from.map(Bind::into_value)),
            ("at <", filter.to.map(Bind::into_value)),
        ];
        let mut text = "SELECT * FROM auth_change WHERE organization_id = $1".to_owned();
        let mut values = Vec::new();
        for (condition, value) in conditions {
            if let Some(value) = value {
                values.push(value);
                // Writing to a string cannot fail.
                let _ = write!(text, " AND {condition} ${}", values.len() + 1);
            }
        }
        let _ = write!(text, " ORDER BY position DESC LIMIT ${}", values.len() + 2);
        let mut statement = sql_owned(text).kept().id(organization);
        for value in values {
            statement = statement.bind(value);
        }
        let rows = self.database.fetch_all(statement.bind(limit)).await?;
        rows.iter().map(entry).collect()
    }
}

fn head(row: &Row) -> Result<Head, StoreError> {
    Ok(Head {
        position: row.get("position")?,
        hash: hash(row, "hash")?,
        seal: row.get("seal")?,
    })
}

fn entry(row: &Row) -> Result<Entry, StoreError> {
    Ok(Entry {
        position: row.get("position")?,
        at: row.time("at")?,
        actor_kind: row.get("actor_kind")?,
        actor_id: row.get("actor_id")?,
        actor: row.get("actor")?,
        action: row.get("action")?,
        target_kind: row.get("target_kind")?,
        target_id: row.get("target_id")?,
        target: row.get("target")?,
        before: row.get("before")?,
        after: row.get("after")?,
        address: row.get("address")?,
        request_id: row.get("request_id")?,
        previous: row.get("previous")?,
        hash: row.get("hash")?,
    })
}
