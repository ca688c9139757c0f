//! Group commit: small urgent writes of many callers share one transaction, and with it one wait for the disk.
//!
//! A caller hears back when its write is durable. While one group is being made durable the next one gathers, so the group
//! grows with the load and a single writer waits for nobody. The queue is bounded: when the database cannot keep up, callers
//! wait, and memory does not grow.

use std::{collections::BTreeMap, time::Duration};

use mainstay_runtime::{TaskContext, Tasks};
use metrics::{Counter, Histogram};
use tokio::sync::{mpsc, oneshot};

use crate::{Bind, Database, Statement, StoreError, StoreErrorKind, Transaction, Value, sql};

/// Writes that may wait for the database; a caller beyond them waits to be let in.
const QUEUE: usize = 4_096;
/// Writes in one transaction: beyond this the disk's part of the cost is already small.
const GROUP: usize = 1_024;
/// Groups between two reports of the task.
const REPORT_EVERY: Duration = Duration::from_secs(5);

/// A row that takes its number from a counter, so that rows are numbered in the order in which they commit. The rows of a group
/// are written together and last: from the counter to the commit nobody else can take a number.
#[derive(Debug, Clone)]
pub struct Numbered {
    /// Moves the counter by `$1` and answers its new value as `last`.
    pub counter: &'static str,
    /// `INSERT INTO table (columns) VALUES`, where the number is the first column.
    pub insert: &'static str,
    /// The other columns.
    pub values: Vec<Value>,
}

/// The statements of one caller: all of them happen, or none.
struct Write {
    statements: Vec<Statement>,
    numbered: Option<Numbered>,
    reply: oneshot::Sender<Result<Vec<u64>, StoreError>>,
}

/// A way to make small writes durable together with those of others. Cheap to clone.
#[derive(Debug, Clone)]
pub struct GroupCommit {
    queue: mpsc::Sender<Write>,
}

impl GroupCommit {
    /// Starts the task `store.group-commit`, which ends when every write it accepted has been answered.
    pub fn start(database: Database, tasks: &Tasks) -> Self {
        let (queue, inbox) = mpsc::channel(QUEUE);
        let committer = Committer {
            database,
            inbox,
            writes: metrics::counter!("mainstay_group_commit_writes_total"),
            groups: metrics::histogram!("mainstay_group_commit_size"),
        };
        tasks.spawn_keeper("store.group-commit", |context| committer.run(context));
        Self { queue }
    }

    /// Runs the statements in order, all or none; answers how many rows each touched, once they are durable. What need not be
    /// repeated ([`Statement::once`]) is run after the others and has no number.
    ///
    /// # Errors
    /// When the database refuses them; nothing of them happened then, except that a connection lost during the commit itself
    /// leaves the outcome unknown, as with [`crate::Transaction::commit`].
    pub async fn write(&self, statements: Vec<Statement>) -> Result<Vec<u64>, StoreError> {
        self.put(statements, None).await
    }

    /// The same together with a row that is numbered.
    ///
    /// # Errors
    /// As [`GroupCommit::write`].
    pub async fn write_numbered(&self, statements: Vec<Statement>, row: Numbered) -> Result<Vec<u64>, StoreError> {
        self.put(statements, Some(row)).await
    }

    async fn put(&self, statements: Vec<Statement>, numbered: Option<Numbered>) -> Result<Vec<u64>, StoreError> {
        let stopped = || {
            StoreError::new(
                StoreErrorKind::Unavailable,
                "Mainstay is stopping and takes no more writes",
            )
        };
        let (reply, answer) = oneshot::channel();
        self.queue
            .send(Write {
                statements,
                numbered,
                reply,
            })
            .await
            .map_err(|_| stopped())?;
        answer.await.map_err(|_| stopped())?
    }

    /// Like [`GroupCommit::write`] for a single statement.
    ///
    /// # Errors
    /// As there.
    pub async fn execute(&self, statement: Statement) -> Result<u64, StoreError> {
        let touched = self.write(vec![statement]).await?;
        Ok(touched.into_iter().sum())
    }
}

struct Committer {
    database: Database,
    inbox: mpsc::Receiver<Write>,
    writes: Counter,
    groups: Histogram,
}

impl Committer {
    async fn run(mut self, context: TaskContext) -> Result<(), std::convert::Infallible> {
        let mut group = Vec::with_capacity(GROUP);
        let (mut written, mut groups) = (0_usize, 0_usize);
        let mut report_at = tokio::time::Instant::now() + REPORT_EVERY;
        loop {
            let received = tokio::select! {
                biased;
                received = self.inbox.recv_many(&mut group, GROUP) => received,
                // What was accepted before is still written; nothing new is accepted.
                () = context.stopping(), if !self.inbox.is_closed() => {
                    self.inbox.close();
                    continue;
                }
            };
            if received == 0 {
                return Ok(());
            }
            self.commit(&mut group).await;
            written += received;
            groups += 1;
            #[expect(clippy::cast_precision_loss, reason = "a histogram of small counts")]
            self.groups.record(received as f64);
            self.writes.increment(received as u64);
            if tokio::time::Instant::now() >= report_at {
                report_at = tokio::time::Instant::now() + REPORT_EVERY;
                context.ran(format!("{written} writes in {groups} groups since the start"));
            }
        }
    }

    async fn commit(&self, group: &mut Vec<Write>) {
        match self.try_commit(group).await {
            Ok(touched) => {
                for (write, touched) in group.drain(..).zip(touched) {
                    // Whoever asked may have left.
                    drop(write.reply.send(Ok(touched)));
                }
            }
            Err(error) if group.len() == 1 || error.is_transient() => {
                for write in group.drain(..) {
                    drop(write.reply.send(Err(error.again())));
                }
            }
            // One of them is at fault; the others must not suffer for it.
            Err(_) => {
                for write in group.drain(..) {
                    let alone = std::slice::from_ref(&write);
                    let answer = self.try_commit(alone).await.map(|mut touched| touched.remove(0));
                    drop(write.reply.send(answer));
                }
            }
        }
    }

    async fn try_commit(&self, group: &[Write]) -> Result<Vec<Vec<u64>>, StoreError> {
        let mut tx = self.database.begin().await?;
        let mut answers = vec![Vec::new(); group.len()];
        // Nobody in a group has heard back yet, so no order among its writes is owed to anyone.
        for alike in by_texts(group) {
            let touched = tx.execute_alike(&alike.writes).await?;
            for (place, touched) in alike.places.into_iter().zip(touched) {
                answers[place] = touched;
            }
        }
        for statement in said_once(group) {
            tx.execute(statement.clone()).await?;
        }
        insert_numbered(&mut tx, group.iter().filter_map(|write| write.numbered.as_ref())).await?;
        tx.commit().await?;
        Ok(answers)
    }
}

/// Writes of the same texts, each with its place in the group.
#[derive(Default)]
struct Alike<'g> {
    places: Vec<usize>,
    writes: Vec<Vec<&'g Statement>>,
}

fn by_texts(group: &[Write]) -> impl Iterator<Item = Alike<'_>> {
    let mut by_texts: BTreeMap<Vec<&str>, Alike<'_>> = BTreeMap::new();
    for (place, write) in group.iter().enumerate() {
        let statements: Vec<&Statement> = write.statements.iter().filter(|statement| !statement.once).collect();
        if statements.is_empty() {
            continue;
        }
        let texts = statements.iter().map(|statement| statement.text()).collect();
        let alike = by_texts.entry(texts).or_default();
        alike.places.push(place);
        alike.writes.push(statements);
    }
    by_texts.into_values()
}

/// What need not be said again for each of them.
fn said_once(group: &[Write]) -> Vec<&Statement> {
    let mut said: Vec<&Statement> = Vec::new();
    for statement in group.iter().flat_map(|write| &write.statements) {
        if statement.once && !said.contains(&statement) {
            said.push(statement);
        }
    }
    said
}

/// Writes numbered rows at the end of a transaction, in their order.
///
/// # Errors
/// When the database refuses them, or there is no such counter.
pub async fn insert_numbered(
    tx: &mut Transaction,
    rows: impl IntoIterator<Item = &Numbered>,
) -> Result<(), StoreError> {
    let mut by_table: BTreeMap<(&str, &str), Vec<&Numbered>> = BTreeMap::new();
    for row in rows {
        by_table.entry((row.counter, row.insert)).or_default().push(row);
    }
    for rows in by_table.into_values() {
        let Some(Numbered { counter, insert, .. }) = rows.first() else {
            continue;
        };
        let count = i64::try_from(rows.len()).unwrap_or(i64::MAX);
        let last = tx
            .fetch_optional(sql(counter).bind(count))
            .await?
            .ok_or_else(|| StoreError::corrupt("a counter is missing"))?
            .get::<i64>("last")?;
        let numbers = last - count + 1..;
        let rows = rows.iter().zip(numbers).map(|(row, number)| {
            let mut values = Vec::with_capacity(row.values.len() + 1);
            values.push(number.into_value());
            values.extend_from_slice(&row.values);
            values
        });
        let rows: Vec<_> = rows.collect();
        tx.insert_many(insert, "", rows).await?;
    }
    Ok(())
}
