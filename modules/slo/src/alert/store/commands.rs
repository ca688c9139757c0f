//! What was asked of alerts at replicas that do not decide them.

use jiff::Timestamp;
use mainstay_kernel::{Scope, typed_id};
use mainstay_store::{Database, Row, Statement, StoreError, Transaction, sql};

use crate::alert::model::{AlertId, words};

typed_id!(
    /// Identifies something that was asked.
    CommandId
);

words!(
    /// What became of it.
    CommandAnswer, "an answer" {
        /// It happened.
        Done = "done",
        /// The alert was over before.
        AlreadyResolved = "already-resolved",
        /// There is no such alert.
        NotFound = "not-found",
    }
);

/// What is asked of an alert.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Order {
    /// Somebody takes it on.
    Acknowledge { by: String, note: Option<String> },
    /// Somebody gives it back.
    Unacknowledge { by: String },
}

/// Something that was asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Command {
    pub id: CommandId,
    pub scope: Scope,
    pub alert: AlertId,
    pub order: Order,
    pub asked_at: Timestamp,
}

/// Most of what is waiting at a time; the rest is found at the next look.
const MOST: i64 = 256;

/// Writes down what is asked.
pub(crate) fn insert_command(command: &Command) -> Statement {
    let (what, by, note) = match &command.order {
        Order::Acknowledge { by, note } => ("acknowledge", by, note.clone()),
        Order::Unacknowledge { by } => ("unacknowledge", by, None),
    };
    sql(
        "INSERT INTO slo_alert_command (id, organization_id, environment, alert_id, what, asked_by, note, asked_at) \
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8)",
    )
    .id(command.id)
    .id(command.scope.organization)
    .bind(&command.scope.environment)
    .id(command.alert)
    .bind(what)
    .bind(by)
    .bind(note)
    .bind(command.asked_at)
}

/// What waits for an answer, in the order in which it was asked.
pub(crate) async fn waiting_commands(db: &Database) -> Result<Vec<Command>, StoreError> {
    let rows = db
        .fetch_all(
            sql(
                "SELECT id, organization_id, environment, alert_id, what, asked_by, note, asked_at \
                 FROM slo_alert_command WHERE answered_at IS NULL ORDER BY id LIMIT $1",
            )
            .bind(MOST),
        )
        .await?;
    rows.iter().map(command).collect()
}

fn command(row: &Row) -> Result<Command, StoreError> {
    let by = row.get("asked_by")?;
    let order = match row.get::<String>("what")?.as_str() {
        "acknowledge" => Order::Acknowledge {
            by,
            note: row.get("note")?,
        },
        "unacknowledge" => Order::Unacknowledge { by },
        other => return Err(StoreError::corrupt(format_args!("`{other}` is asked of an alert"))),
    };
    Ok(Command {
        id: row.id("id")?,
        scope: Scope {
            organization: row.id("organization_id")?,
            environment: row.parse("environment")?,
        },
        alert: row.id("alert_id")?,
        order,
        asked_at: row.time("asked_at")?,
    })
}

/// Answers, in the transaction in which it happens; `false` when it was taken back meanwhile.
pub(crate) async fn answer_command(
    tx: &mut Transaction,
    id: CommandId,
    answer: CommandAnswer,
    at: Timestamp,
) -> Result<bool, StoreError> {
    let answered = tx
        .execute(
            sql("UPDATE slo_alert_command SET answer = $2, answered_at = $3 WHERE id = $1 AND answered_at IS NULL")
                .id(id)
                .bind(answer.as_str())
                .bind(at),
        )
        .await?;
    Ok(answered == 1)
}

/// The answer, if there is one.
pub(crate) async fn command_answer(db: &Database, id: CommandId) -> Result<Option<CommandAnswer>, StoreError> {
    let row = db
        .fetch_optional(sql("SELECT answer FROM slo_alert_command WHERE id = $1 AND answered_at IS NOT NULL").id(id))
        .await?;
    row.map(|row| row.parse("answer")).transpose()
}

/// Takes back what has no answer yet; `false` when it has one.
pub(crate) async fn withdraw_command(db: &Database, id: CommandId) -> Result<bool, StoreError> {
    let deleted = db
        .execute(sql("DELETE FROM slo_alert_command WHERE id = $1 AND answered_at IS NULL").id(id))
        .await?;
    Ok(deleted == 1)
}

/// Forgets what was answered before `before`.
pub(crate) async fn forget_commands(db: &Database, before: Timestamp) -> Result<u64, StoreError> {
    db.execute(sql("DELETE FROM slo_alert_command WHERE answered_at < $1").bind(before))
        .await
}
