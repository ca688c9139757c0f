//! Definitions: what is promised, who manages it, and which series its events are counted in.

use jiff::tz::TimeZone;
use mainstay_catalog::{ManagedBy, ServiceName, Source};
use mainstay_kernel::{Environment, OrganizationId, from_micros};
use mainstay_store::{Database, Row, Statement, StoreError, Transaction, sql, sql_owned};

use crate::{
    model::{CalendarUnit, CheckSelection, Definition, Objective, RuleName, SeriesId, Sli, SliKind, SloId, Window},
    objective::Promise,
};

const SELECT: &str =
    "SELECT id, environment, name, service, description, sli, checks, threshold_us, minimum_milli_per_s,
    objective_ppm, window_kind, window_s, window_unit, window_zone, rules, spent_alert_ppm, managed_by, source,
    series_id, series_since, version, created_at, updated_at, retired_at FROM slo_objective";

/// Every objective, retired ones included.
pub(crate) async fn all(db: &Database) -> Result<Vec<Promise>, StoreError> {
    let rows = db.fetch_all(select_all()).await?;
    rows.iter().map(promise).collect()
}

/// The same as a transaction sees it.
pub(crate) async fn all_in(tx: &mut Transaction) -> Result<Vec<Promise>, StoreError> {
    let rows = tx.fetch_all(select_all()).await?;
    rows.iter().map(promise).collect()
}

fn select_all() -> Statement {
    sql_owned(format!("{SELECT} WHERE organization_id = $1 ORDER BY id"))
        .kept()
        .id(OrganizationId::DEFAULT)
}

/// One objective that is not retired.
pub(crate) async fn find(tx: &mut Transaction, id: SloId) -> Result<Option<Promise>, StoreError> {
    let statement = sql_owned(format!("{SELECT} WHERE id = $1 AND retired_at IS NULL"));
    let row = tx.fetch_optional(statement.id(id)).await?;
    row.as_ref().map(promise).transpose()
}

/// Keeps a new objective.
pub(crate) async fn insert(tx: &mut Transaction, promise: &Promise) -> Result<(), StoreError> {
    let statement = sql(
        "INSERT INTO slo_objective (environment, name, service, description, sli, checks, threshold_us,
            minimum_milli_per_s, objective_ppm, window_kind, window_s, window_unit, window_zone, rules, spent_alert_ppm,
            managed_by, source, series_id, series_since, version, updated_at, retired_at, id, organization_id, created_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $21, $22, $23,
            $24, $25)",
    );
    let statement = bind(statement, promise)?
        .id(promise.id)
        .id(OrganizationId::DEFAULT)
        .bind(promise.created_at);
    tx.execute(statement).await.map(drop)
}

/// Replaces an objective, provided that its stored version is still the one before; answers whether it was.
pub(crate) async fn change(tx: &mut Transaction, promise: &Promise) -> Result<bool, StoreError> {
    let statement = sql(
        "UPDATE slo_objective SET environment = $1, name = $2, service = $3, description = $4, sli = $5, checks = $6,
            threshold_us = $7, minimum_milli_per_s = $8, objective_ppm = $9, window_kind = $10, window_s = $11,
            window_unit = $12, window_zone = $13, rules = $14, spent_alert_ppm = $15, managed_by = $16, source = $17,
            series_id = $18, series_since = $19, version = $20, updated_at = $21, retired_at = $22
         WHERE id = $23 AND version = $24",
    );
    let statement = bind(statement, promise)?.id(promise.id).bind(promise.version - 1);
    Ok(tx.execute(statement).await? == 1)
}

/// Hides an objective; its counts are kept for as long as its window needs them, in case it comes back.
pub(crate) async fn retire(tx: &mut Transaction, promise: &Promise) -> Result<(), StoreError> {
    tx.execute(
        sql("UPDATE slo_objective SET retired_at = $1, managed_by = $2 WHERE id = $3")
            .bind(promise.retired_at)
            .bind(promise.managed_by.as_str())
            .id(promise.id),
    )
    .await
    .map(drop)
}

/// Removes an objective for good.
pub(crate) async fn delete(tx: &mut Transaction, id: SloId) -> Result<(), StoreError> {
    tx.execute(sql("DELETE FROM slo_objective WHERE id = $1").id(id))
        .await
        .map(drop)
}

/// Makes room for a new objective whose name a retired one still holds.
pub(crate) async fn take_name(tx: &mut Transaction, definition: &Definition) -> Result<(), StoreError> {
    tx.execute(
        sql("DELETE FROM slo_objective
             WHERE organization_id = $1 AND environment = $2 AND name = $3 AND retired_at IS NOT NULL")
        .id(OrganizationId::DEFAULT)
        .bind(&definition.environment)
        .bind(&definition.name),
    )
    .await
    .map(drop)
}

/// Removes what left its file long ago. What a person deleted stays remembered, so that the file does not bring it back.
pub(crate) async fn forget_retired(tx: &mut Transaction, before: jiff::Timestamp) -> Result<u64, StoreError> {
    tx.execute(
        sql("DELETE FROM slo_objective WHERE retired_at < $1 AND managed_by <> $2")
            .bind(before)
            .bind(ManagedBy::Api.as_str()),
    )
    .await
}

fn bind(statement: Statement, promise: &Promise) -> Result<Statement, StoreError> {
    let Definition {
        name,
        service,
        environment,
        description,
        sli,
        objective,
        window,
        rules,
        spent_alert_ppm,
    } = &promise.definition;
    let checks = match &sli.checks {
        CheckSelection::OfTheService => None,
        CheckSelection::Named(words) => Some(json(words)?),
    };
    let (threshold, minimum) = match sli.kind {
        SliKind::Latency { threshold_us } => (Some(threshold_us), None),
        SliKind::Throughput { minimum_milli_per_s } => (None, Some(minimum_milli_per_s)),
        SliKind::Availability | SliKind::ErrorRate => (None, None),
    };
    let (kind, seconds, unit, zone) = match window {
        Window::Rolling { seconds } => ("rolling", Some(*seconds), None, None),
        Window::Calendar { unit, zone } => {
            let zone = zone.iana_name().unwrap_or("UTC").to_owned();
            ("calendar", None, Some(unit.as_str().to_owned()), Some(zone))
        }
    };
    let rules: Vec<_> = rules.iter().map(|rule| rule.as_str()).collect();
    let source = promise.source.as_ref().map(json).transpose()?;
    Ok(statement
        .bind(environment)
        .bind(name)
        .bind(service.as_str())
        .bind(description.clone())
        .bind(sli.kind.as_str())
        .bind(checks)
        .bind(threshold)
        .bind(minimum)
        .bind(objective.ppm())
        .bind(kind)
        .bind(seconds)
        .bind(unit)
        .bind(zone)
        .bind(json(&rules)?)
        .bind(*spent_alert_ppm)
        .bind(promise.managed_by.as_str())
        .bind(source)
        .id(promise.series)
        .bind(promise.series_since)
        .bind(promise.version)
        .bind(promise.updated_at)
        .bind(promise.retired_at))
}

fn json(value: &impl serde::Serialize) -> Result<String, StoreError> {
    serde_json::to_string(value).map_err(StoreError::corrupt)
}

fn from_json<T: serde::de::DeserializeOwned>(text: Option<String>) -> Result<Option<T>, StoreError> {
    text.map(|text| serde_json::from_str(&text).map_err(StoreError::corrupt))
        .transpose()
}

fn promise(row: &Row) -> Result<Promise, StoreError> {
    let rules: Vec<String> = from_json(Some(row.get("rules")?))?.unwrap_or_default();
    let checks: Option<Vec<String>> = from_json(row.get("checks")?)?;
    let ppm: i64 = row.get("objective_ppm")?;
    let spent: i64 = row.get("spent_alert_ppm")?;
    let definition = Definition {
        name: row.get("name")?,
        service: row.parse::<ServiceName>("service")?,
        environment: row.parse::<Environment>("environment")?,
        description: row.get("description")?,
        sli: Sli {
            kind: sli_kind(row)?,
            checks: checks.map_or(CheckSelection::OfTheService, CheckSelection::Named),
        },
        objective: Objective::from_ppm(u32::try_from(ppm).map_err(StoreError::corrupt)?)
            .map_err(StoreError::corrupt)?,
        window: window(row)?,
        rules: rules.iter().filter_map(|rule| RuleName::parse(rule)).collect(),
        spent_alert_ppm: u32::try_from(spent).map_err(StoreError::corrupt)?,
    };
    Ok(Promise {
        id: row.id("id")?,
        definition,
        managed_by: row.parse::<ManagedBy>("managed_by")?,
        source: from_json::<Source>(row.get("source")?)?,
        series: row.id::<SeriesId>("series_id")?,
        series_since: from_micros(row.get("series_since")?),
        version: row.get("version")?,
        created_at: row.time("created_at")?,
        updated_at: row.time("updated_at")?,
        retired_at: row.optional_time("retired_at")?,
    })
}

fn sli_kind(row: &Row) -> Result<SliKind, StoreError> {
    let word: String = row.get("sli")?;
    let missing = |what: &str| StoreError::corrupt(format_args!("an SLO of the kind {word} without {what}"));
    Ok(match word.as_str() {
        "availability" => SliKind::Availability,
        "error-rate" => SliKind::ErrorRate,
        "latency" => SliKind::Latency {
            threshold_us: row
                .get::<Option<i64>>("threshold_us")?
                .ok_or_else(|| missing("a threshold"))?,
        },
        "throughput" => SliKind::Throughput {
            minimum_milli_per_s: row
                .get::<Option<i64>>("minimum_milli_per_s")?
                .ok_or_else(|| missing("a minimum"))?,
        },
        _ => return Err(StoreError::corrupt(format_args!("`{word}` is not a kind of SLI"))),
    })
}

fn window(row: &Row) -> Result<Window, StoreError> {
    if let Some(seconds) = row.get::<Option<i64>>("window_s")? {
        return Ok(Window::Rolling { seconds });
    }
    let unit: Option<String> = row.get("window_unit")?;
    let zone: Option<String> = row.get("window_zone")?;
    let unit = unit
        .as_deref()
        .and_then(CalendarUnit::parse)
        .ok_or_else(|| StoreError::corrupt("an SLO without a window"))?;
    let zone = TimeZone::get(zone.as_deref().unwrap_or("UTC")).map_err(StoreError::corrupt)?;
    Ok(Window::Calendar { unit, zone })
}
