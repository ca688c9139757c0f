//! Silences in the database.

use jiff::Timestamp;
use mainstay_catalog::ServiceName;
use mainstay_kernel::{Cursor, Page, PageRequest, Problem, Scope, TypedId};
use mainstay_store::{Database, Row, StoreError, Transaction, sql, sql_owned};

use crate::{
    alert::model::{Silence, SilenceId},
    model::SloId,
};

/// A silence and whose it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct SilenceRow {
    pub scope: Scope,
    pub silence: Silence,
}

const SILENCE_COLUMNS: &str = "SELECT id, organization_id, environment, service, slo_id, kind, reason, created_by, \
    starts_at, ends_at, declared_as, source FROM slo_silence";

fn silence(row: &Row) -> Result<SilenceRow, StoreError> {
    let service: Option<String> = row.get("service")?;
    let kind: Option<String> = row.get("kind")?;
    Ok(SilenceRow {
        scope: Scope {
            organization: row.id("organization_id")?,
            environment: row.parse("environment")?,
        },
        silence: Silence {
            id: row.id("id")?,
            service: service
                .map(|text| ServiceName::parse(&text))
                .transpose()
                .map_err(StoreError::corrupt)?,
            slo_id: row.get::<Option<_>>("slo_id")?.map(SloId::from_uuid),
            kind: kind.map(|text| text.parse()).transpose().map_err(StoreError::corrupt)?,
            reason: row.get("reason")?,
            created_by: row.get("created_by")?,
            starts_at: row.time("starts_at")?,
            ends_at: row.time("ends_at")?,
            source: row.get("source")?,
            declared_as: row.get("declared_as")?,
        },
    })
}

/// Silences that are not over at `at`.
pub(crate) async fn current_silences(db: &Database, at: Timestamp) -> Result<Vec<SilenceRow>, StoreError> {
    let statement = sql_owned(format!("{SILENCE_COLUMNS} WHERE ends_at > $1 ORDER BY id"));
    let rows = db.fetch_all(statement.bind(at)).await?;
    rows.iter().map(silence).collect()
}

/// Silences, newest first, ended ones included.
pub(crate) async fn list_silences(db: &Database, scope: &Scope, page: &PageRequest) -> Result<Page<Silence>, Problem> {
    let before = match &page.cursor {
        Some(cursor) => cursor
            .part::<SilenceId>(0)
            .map_err(|error| Problem::invalid("invalid-cursor", error.to_string()))?
            .as_uuid(),
        None => mainstay_kernel::uuid::Uuid::max(),
    };
    let statement = sql_owned(format!(
        "{SILENCE_COLUMNS} WHERE organization_id = $1 AND environment = $2 AND id < $3 ORDER BY id DESC LIMIT $4"
    ));
    let rows = db
        .fetch_all(
            statement
                .id(scope.organization)
                .bind(&scope.environment)
                .bind(before)
                .bind(page.overfetch()),
        )
        .await?;
    let items = rows
        .iter()
        .map(|row| silence(row).map(|row| row.silence))
        .collect::<Result<Vec<_>, _>>()?;
    Ok(Page::from_overfetch(items, page.limit, |silence| {
        Cursor::of(&silence.id)
    }))
}

/// Writes a new silence.
pub(crate) async fn add_silence(tx: &mut Transaction, row: &SilenceRow) -> Result<(), StoreError> {
    let silence = &row.silence;
    tx.execute(
        sql(
            "INSERT INTO slo_silence (id, organization_id, environment, service, slo_id, kind, reason, created_by, \
             starts_at, ends_at, declared_as, source) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)",
        )
        .id(silence.id)
        .id(row.scope.organization)
        .bind(&row.scope.environment)
        .bind(silence.service.as_ref().map(ToString::to_string))
        .optional_id(silence.slo_id)
        .bind(silence.kind.map(|kind| kind.as_str().to_owned()))
        .bind(&silence.reason)
        .bind(&silence.created_by)
        .bind(silence.starts_at)
        .bind(silence.ends_at)
        .bind(silence.declared_as.clone())
        .bind(silence.source.clone()),
    )
    .await?;
    Ok(())
}

/// Every silence that a file declares or declared, ended ones included.
pub(crate) async fn declared_silences(db: &Database) -> Result<Vec<SilenceRow>, StoreError> {
    let statement = sql_owned(format!("{SILENCE_COLUMNS} WHERE declared_as IS NOT NULL ORDER BY id"));
    db.fetch_all(statement).await?.iter().map(silence).collect()
}

/// Makes a silence that a file declares what the file says now.
pub(crate) async fn change_silence(tx: &mut Transaction, row: &SilenceRow) -> Result<(), StoreError> {
    let silence = &row.silence;
    tx.execute(
        sql(
            "UPDATE slo_silence SET service = $3, kind = $4, reason = $5, created_by = $6, starts_at = $7, ends_at = $8, \
             source = $9 WHERE organization_id = $1 AND id = $2",
        )
        .id(row.scope.organization)
        .id(silence.id)
        .bind(silence.service.as_ref().map(ToString::to_string))
        .bind(silence.kind.map(|kind| kind.as_str().to_owned()))
        .bind(&silence.reason)
        .bind(&silence.created_by)
        .bind(silence.starts_at)
        .bind(silence.ends_at)
        .bind(silence.source.clone()),
    )
    .await?;
    Ok(())
}

/// Deletes a silence; `false` when there is none.
pub(crate) async fn delete_silence(tx: &mut Transaction, scope: &Scope, id: SilenceId) -> Result<bool, StoreError> {
    let deleted = tx
        .execute(
            sql("DELETE FROM slo_silence WHERE organization_id = $1 AND environment = $2 AND id = $3")
                .id(scope.organization)
                .bind(&scope.environment)
                .id(id),
        )
        .await?;
    Ok(deleted > 0)
}
