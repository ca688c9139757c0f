//! The rows of parked events: what a handler could not handle yet, and what waits behind that.

use jiff::Timestamp;
use mainstay_kernel::{Micros, World};
use mainstay_store::{Database, Dialect, Row, StoreError, Transaction, sql, sql_owned};

use super::event;
use crate::outbox::{ParkedEvent, ParkedFilter, ParkedPlace, ParkedState, event::Event};

/// The keys whose events must wait behind a parked one.
pub async fn parked_keys(tx: &mut Transaction, handler: &str) -> Result<Vec<String>, StoreError> {
    tx.fetch_all(
        sql("SELECT DISTINCT key FROM work_parked_event WHERE handler = $1 AND state = 'waiting'").bind(handler),
    )
    .await?
    .iter()
    .map(|row| row.get("key"))
    .collect()
}

/// Puts an event aside.
pub async fn park(
    tx: &mut Transaction,
    world: &World,
    handler: &str,
    event: &Event,
    attempts: i64,
    next_attempt_at: Micros,
    error: Option<&str>,
) -> Result<(), StoreError> {
    tx.execute(
        sql(
            "INSERT INTO work_parked_event (handler, position, key, state, attempts, next_attempt_at, last_error, parked_at) \
             VALUES ($1, $2, $3, 'waiting', $4, $5, $6, $7)",
        )
        .bind(handler)
        .bind(event.position)
        .bind(&event.key)
        .bind(attempts)
        .bind(next_attempt_at)
        .bind(error.map(ToOwned::to_owned))
        .bind(world.now()),
    )
    .await
    .map(drop)
}

/// A parked event that may be tried: where it stands, and how often it was tried.
#[derive(Debug, Clone, Copy)]
pub struct Due {
    pub position: i64,
    pub attempts: i64,
}

/// Parked events that are due, the first of each key only. One whose time lies further ahead than any wait is due too: the
/// clock was set back.
pub async fn due(
    database: &Database,
    handler: &str,
    now: Micros,
    longest_wait: Micros,
    limit: i64,
) -> Result<Vec<Due>, StoreError> {
    database
        .fetch_all(
            sql("SELECT position, attempts FROM work_parked_event AS parked \
                 WHERE handler = $1 AND state = 'waiting' AND (next_attempt_at <= $2 OR next_attempt_at > $3) \
                 AND NOT EXISTS (SELECT 1 FROM work_parked_event AS earlier WHERE earlier.handler = parked.handler \
                     AND earlier.key = parked.key AND earlier.state = 'waiting' AND earlier.position < parked.position) \
                 ORDER BY position LIMIT $4")
            .bind(handler)
            .bind(now)
            .bind(now.saturating_add(longest_wait))
            .bind(limit),
        )
        .await?
        .iter()
        .map(|row| {
            Ok(Due {
                position: row.get("position")?,
                attempts: row.get("attempts")?,
            })
        })
        .collect()
}

/// Whether an event is still parked and waiting.
pub async fn is_waiting(tx: &mut Transaction, handler: &str, position: i64) -> Result<bool, StoreError> {
    let row = tx
        .fetch_optional(
            sql(
                "SELECT 1 AS waiting FROM work_parked_event WHERE handler = $1 AND position = $2 AND state = 'waiting'",
            )
            .bind(handler)
            .bind(position),
        )
        .await?;
    Ok(row.is_some())
}

/// A parked event is handled or given up for good; answers whether it was parked.
pub async fn unpark(tx: &mut Transaction, handler: &str, position: i64) -> Result<bool, StoreError> {
    let touched = tx
        .execute(
            sql("DELETE FROM work_parked_event WHERE handler = $1 AND position = $2")
                .bind(handler)
                .bind(position),
        )
        .await?;
    Ok(touched == 1)
}

/// A parked event failed once more.
pub async fn postpone(
    tx: &mut Transaction,
    handler: &str,
    position: i64,
    attempts: i64,
    next_attempt_at: Option<Micros>,
    error: &str,
) -> Result<(), StoreError> {
    let state = if next_attempt_at.is_some() { "waiting" } else { "dead" };
    tx.execute(
        sql(
            "UPDATE work_parked_event SET state = $3, attempts = $4, next_attempt_at = $5, last_error = $6 \
             WHERE handler = $1 AND position = $2",
        )
        .bind(handler)
        .bind(position)
        .bind(state)
        .bind(attempts)
        .bind(next_attempt_at.unwrap_or_default())
        .bind(error),
    )
    .await
    .map(drop)
}

/// Lets a dead letter, or an event that waits for its next attempt, be tried now and with its attempts begun anew. Answers
/// whether there was one.
pub async fn revive(database: &Database, handler: &str, position: i64, now: Timestamp) -> Result<bool, StoreError> {
    let touched = database
        .execute(
            sql(
                "UPDATE work_parked_event SET state = 'waiting', attempts = 0, next_attempt_at = $3 \
                 WHERE handler = $1 AND position = $2 AND (state = 'dead' OR next_attempt_at > $3)",
            )
            .bind(handler)
            .bind(position)
            .bind(now),
        )
        .await?;
    Ok(touched == 1)
}

/// The same for everything that a handler has put aside; answers how many.
pub async fn revive_all(database: &Database, handler: &str, now: Timestamp) -> Result<u64, StoreError> {
    database
        .execute(
            sql(
                "UPDATE work_parked_event SET state = 'waiting', attempts = 0, next_attempt_at = $2 \
                 WHERE handler = $1 AND (state = 'dead' OR next_attempt_at > $2)",
            )
            .bind(handler)
            .bind(now),
        )
        .await
}

/// Waits until nobody handles events of a handler, and keeps it so until the transaction ends. Answers whether there is such
/// a handler.
pub async fn hold_cursor(tx: &mut Transaction, dialect: Dialect, handler: &str) -> Result<bool, StoreError> {
    let text = match dialect {
        // A transaction there has the whole database.
        Dialect::Sqlite => "SELECT position FROM work_cursor WHERE handler = $1",
        Dialect::Postgres => "SELECT position FROM work_cursor WHERE handler = $1 FOR UPDATE",
    };
    Ok(tx.fetch_optional(sql(text).bind(handler)).await?.is_some())
}

const SELECT: &str = "SELECT parked.handler, parked.state, parked.attempts, parked.next_attempt_at, parked.last_error, \
     parked.parked_at, event.position, event.id, event.organization_id, event.topic, event.version, event.key, event.payload, \
     event.created_at FROM work_parked_event AS parked JOIN work_event AS event ON event.position = parked.position";

/// Parked events, dead ones first, each state by position.
pub async fn parked(
    database: &Database,
    filter: &ParkedFilter,
    after: Option<&ParkedPlace>,
    limit: i64,
) -> Result<Vec<ParkedEvent>, StoreError> {
    let mut conditions = Vec::new();
    let mut place = 1..;
    let mut next = || place.next().unwrap_or_default();
    if filter.handler.is_some() {
        conditions.push(format!("parked.handler = ${}", next()));
    }
    if filter.state.is_some() {
        conditions.push(format!("parked.state = ${}", next()));
    }
    if after.is_some() {
        conditions.push(format!(
            "(parked.state, parked.position, parked.handler) > (${}, ${}, ${})",
            next(),
            next(),
            next()
        ));
    }
    let conditions = match conditions.as_slice() {
        [] => String::new(),
        some => format!(" WHERE {}", some.join(" AND ")),
    };
    let mut statement = sql_owned(format!(
        "{SELECT}{conditions} ORDER BY parked.state, parked.position, parked.handler LIMIT ${}",
        next()
    ));
    if let Some(handler) = &filter.handler {
        statement = statement.bind(handler);
    }
    if let Some(state) = filter.state {
        statement = statement.bind(state.name());
    }
    if let Some(after) = after {
        statement = statement
            .bind(after.state.name())
            .bind(after.position)
            .bind(&after.handler);
    }
    database
        .fetch_all(statement.bind(limit))
        .await?
        .iter()
        .map(view)
        .collect()
}

/// One parked event.
pub async fn parked_at(database: &Database, handler: &str, position: i64) -> Result<Option<ParkedEvent>, StoreError> {
    let statement = sql_owned(format!("{SELECT} WHERE parked.handler = $1 AND parked.position = $2"));
    let row = database.fetch_optional(statement.bind(handler).bind(position)).await?;
    row.as_ref().map(view).transpose()
}

fn view(row: &Row) -> Result<ParkedEvent, StoreError> {
    let state: ParkedState = row.parse("state")?;
    Ok(ParkedEvent {
        handler: row.get("handler")?,
        event: event(row)?,
        state,
        attempts: row.get("attempts")?,
        next_attempt_at: (state == ParkedState::Waiting)
            .then(|| row.time("next_attempt_at"))
            .transpose()?,
        last_error: row.get("last_error")?,
        parked_at: row.time("parked_at")?,
    })
}
