//! Versions of what every replica keeps a copy of. They count up in the transaction of each change, so that one cheap look
//! tells whether a copy is old.

use mainstay_store::{Database, Row, StoreError, Transaction, Wakes, sql};

/// What every replica keeps a copy of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kept {
    /// What is promised.
    Objectives,
    /// Who is told.
    Webhooks,
    /// What nobody is told of.
    Silences,
}

impl Kept {
    fn name(self) -> &'static str {
        match self {
            Self::Objectives => "objectives",
            Self::Webhooks => "webhooks",
            Self::Silences => "silences",
        }
    }

    /// What rings when it was changed.
    pub(crate) fn topic(self) -> &'static str {
        match self {
            Self::Objectives => "slo.objectives",
            Self::Webhooks => "slo.webhooks",
            Self::Silences => "slo.silences",
        }
    }
}

/// The version of each; 0 before the first look, which no stored one is.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Versions {
    pub(crate) objectives: i64,
    pub(crate) webhooks: i64,
    pub(crate) silences: i64,
}

/// Says within a transaction that it changes something. From here to its end no other transaction changes anything of the
/// kind, so what is read after this is what the change is made to.
pub(crate) async fn changing(tx: &mut Transaction, what: Kept) -> Result<(), StoreError> {
    tx.execute(sql("UPDATE slo_version SET version = version + 1 WHERE name = $1").bind(what.name()))
        .await?;
    Wakes::ring_on_commit(tx, what.topic()).await
}

/// The version of the objectives as a transaction sees it.
pub(crate) async fn objectives_version(tx: &mut Transaction) -> Result<i64, StoreError> {
    let row = tx
        .fetch_optional(sql("SELECT version FROM slo_version WHERE name = $1").bind(Kept::Objectives.name()))
        .await?;
    row.ok_or_else(|| StoreError::corrupt("the objectives have no version"))?
        .get("version")
}

/// The versions of everything.
pub(crate) async fn versions(db: &Database) -> Result<Versions, StoreError> {
    let rows = db.fetch_all(sql("SELECT name, version FROM slo_version")).await?;
    let mut versions = Versions::default();
    for row in &rows {
        let version = row.get("version")?;
        match name(row)?.as_str() {
            "objectives" => versions.objectives = version,
            "webhooks" => versions.webhooks = version,
            "silences" => versions.silences = version,
            _ => {}
        }
    }
    Ok(versions)
}

fn name(row: &Row) -> Result<String, StoreError> {
    row.get("name")
}
