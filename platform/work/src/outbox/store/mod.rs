//! Every statement about the outbox; here those about events and cursors.

mod parked;

use jiff::Timestamp;
use mainstay_kernel::{OrganizationId, World};
use mainstay_store::{
    Bind, Database, Dialect, Numbered, Row, StoreError, Transaction, Value, insert_numbered, sql, sql_owned,
};

pub use self::parked::*;
use super::{
    HandlerStatus,
    event::{Event, EventId, NewEvent},
};

/// Writes events at the end of a transaction. The row that counts positions is locked from here to the commit, so whoever
/// sees a position sees every earlier one.
pub async fn append(tx: &mut Transaction, world: &World, events: &[NewEvent]) -> Result<(), StoreError> {
    let rows: Vec<_> = events.iter().map(|event| numbered(world, event)).collect();
    insert_numbered(tx, &rows).await
}

/// An event as a row that takes the next position.
pub fn numbered(world: &World, event: &NewEvent) -> Numbered {
    Numbered {
        counter: "UPDATE work_stream SET last_position = last_position + $1 WHERE name = 'events' \
                  RETURNING last_position AS last",
        insert: "INSERT INTO work_event (position, id, organization_id, topic, version, key, payload, created_at) VALUES",
        values: vec![
            world.uuid().into_value(),
            Value::id(event.organization),
            event.topic.into_value(),
            event.version.into_value(),
            (&event.key).into_value(),
            (&event.payload).into_value(),
            world.now().into_value(),
        ],
    }
}

/// Makes a handler's cursor. A handler that is new to an old stream hears from now on.
pub async fn register(database: &Database, world: &World, handler: &str) -> Result<(), StoreError> {
    database
        .execute(
            sql("INSERT INTO work_cursor (handler, position, handled, updated_at) \
                 VALUES ($1, (SELECT last_position FROM work_stream WHERE name = 'events'), 0, $2) ON CONFLICT (handler) DO NOTHING")
            .bind(handler)
            .bind(world.now()),
        )
        .await
        .map(drop)
}

/// A handler's position, kept from other replicas until the transaction ends; `None` when another has it.
pub async fn lock_cursor(tx: &mut Transaction, dialect: Dialect, handler: &str) -> Result<Option<i64>, StoreError> {
    let text = match dialect {
        Dialect::Sqlite => "SELECT position FROM work_cursor WHERE handler = $1",
        Dialect::Postgres => "SELECT position FROM work_cursor WHERE handler = $1 FOR UPDATE SKIP LOCKED",
    };
    let row = tx.fetch_optional(sql(text).bind(handler)).await?;
    row.map(|row| row.get("position")).transpose()
}

/// The last committed position.
pub async fn last_position(tx: &mut Transaction) -> Result<i64, StoreError> {
    tx.fetch_optional(sql("SELECT last_position FROM work_stream WHERE name = 'events'"))
        .await?
        .ok_or_else(|| StoreError::corrupt("the stream of events has no position"))?
        .get("last_position")
}

/// Events of some topics after one position and up to another.
pub async fn events_between(
    tx: &mut Transaction,
    topics: &[&str],
    after: i64,
    up_to: i64,
    limit: i64,
) -> Result<Vec<Event>, StoreError> {
    let places: Vec<String> = (0..topics.len()).map(|index| format!("${}", index + 4)).collect();
    let mut statement = sql_owned(format!(
        "SELECT position, id, organization_id, topic, version, key, payload, created_at FROM work_event \
         WHERE position > $1 AND position <= $2 AND topic IN ({}) ORDER BY position LIMIT $3",
        places.join(", ")
    ))
    .bind(after)
    .bind(up_to)
    .bind(limit);
    for topic in topics {
        statement = statement.bind(*topic);
    }
    tx.fetch_all(statement).await?.iter().map(event).collect()
}

/// One event.
pub async fn event_at(tx: &mut Transaction, position: i64) -> Result<Option<Event>, StoreError> {
    let row = tx
        .fetch_optional(
            sql(
                "SELECT position, id, organization_id, topic, version, key, payload, created_at FROM work_event \
                 WHERE position = $1",
            )
            .bind(position),
        )
        .await?;
    row.as_ref().map(event).transpose()
}

/// Moves a cursor.
pub async fn move_cursor(
    tx: &mut Transaction,
    world: &World,
    handler: &str,
    position: i64,
    count: i64,
) -> Result<(), StoreError> {
    tx.execute(
        sql("UPDATE work_cursor SET position = $2, handled = handled + $3, updated_at = $4 WHERE handler = $1")
            .bind(handler)
            .bind(position)
            .bind(count)
            .bind(world.now()),
    )
    .await
    .map(drop)
}

/// How far each handler has come; `registered` names those of this process.
pub async fn statuses(database: &Database, registered: &[&str]) -> Result<Vec<HandlerStatus>, StoreError> {
    database
        .fetch_all(sql(
            "SELECT cursor.handler, cursor.position, cursor.handled, cursor.updated_at, stream.last_position, \
             (SELECT COUNT(*) FROM work_parked_event AS parked WHERE parked.handler = cursor.handler AND parked.state = 'waiting') \
                 AS waiting, \
             (SELECT COUNT(*) FROM work_parked_event AS parked WHERE parked.handler = cursor.handler AND parked.state = 'dead') \
                 AS dead, \
             (SELECT event.created_at FROM work_event AS event WHERE event.position > cursor.position \
                 ORDER BY event.position LIMIT 1) AS unread_at, \
             (SELECT MIN(event.created_at) FROM work_parked_event AS parked \
                 JOIN work_event AS event ON event.position = parked.position \
                 WHERE parked.handler = cursor.handler AND parked.state = 'waiting') AS waiting_at \
             FROM work_cursor AS cursor JOIN work_stream AS stream ON stream.name = 'events' ORDER BY cursor.handler",
        ))
        .await?
        .iter()
        .map(|row| {
            let position: i64 = row.get("position")?;
            let (unread, waiting) = (row.optional_time("unread_at")?, row.optional_time("waiting_at")?);
            let handler: String = row.get("handler")?;
            Ok(HandlerStatus {
                registered: registered.contains(&handler.as_str()),
                handler,
                position,
                behind: row.get::<i64>("last_position")? - position,
                oldest_at: unread.into_iter().chain(waiting).min(),
                handled: row.get("handled")?,
                waiting: row.get("waiting")?,
                dead: row.get("dead")?,
                updated_at: row.time("updated_at")?,
            })
        })
        .collect()
}

/// Forgets events that every handler has handled and that are older than `before`, at most `limit` of them; answers how many.
///
/// A cursor that has not moved since `abandoned`, while events came, belongs to a handler that no longer exists.
pub async fn forget(
    database: &Database,
    before: Timestamp,
    abandoned: Timestamp,
    limit: i64,
) -> Result<u64, StoreError> {
    database
        .execute(
            sql("DELETE FROM work_event WHERE position IN (SELECT position FROM work_event WHERE created_at < $1 \
                 AND position <= (SELECT COALESCE(MIN(position), 0) FROM work_cursor WHERE updated_at >= $2) \
                 AND NOT EXISTS (SELECT 1 FROM work_parked_event AS parked WHERE parked.position = work_event.position) \
                 ORDER BY position LIMIT $3)")
            .bind(before)
            .bind(abandoned)
            .bind(limit),
        )
        .await
}

fn event(row: &Row) -> Result<Event, StoreError> {
    let payload: String = row.get("payload")?;
    Ok(Event {
        position: row.get("position")?,
        id: row.id::<EventId>("id")?,
        organization: row.id::<OrganizationId>("organization_id")?,
        topic: row.get("topic")?,
        version: u32::try_from(row.get::<i64>("version")?)
            .map_err(|_| StoreError::corrupt("the version of an event"))?,
        key: row.get("key")?,
        payload: serde_json::from_str(&payload)
            .map_err(|error| StoreError::corrupt(format_args!("an event: {error}")))?,
        created_at: row.time("created_at")?,
    })
}
