//! Wakes whoever waits for something another transaction wrote: in this process at once, in other replicas through
//! PostgreSQL's `NOTIFY`. A wake-up may be lost; whoever waits looks by itself now and then.

use std::{
    collections::BTreeMap,
    convert::Infallible,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use mainstay_runtime::{Follower, Latest, TaskContext, Tasks};
use sqlx::postgres::{PgListener, PgPoolOptions};
use tokio::sync::broadcast;

use crate::{Database, Dialect, Statement, StoreError, Transaction, sql};

/// Messages that a slow reader may be behind by.
const MESSAGES: usize = 256;
const RETRY: Duration = Duration::from_secs(1);

/// The bell board of one process. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Wakes {
    topics: Arc<Mutex<BTreeMap<String, Latest<()>>>>,
    messages: broadcast::Sender<String>,
}

impl Default for Wakes {
    fn default() -> Self {
        Self {
            topics: Arc::default(),
            messages: broadcast::Sender::new(MESSAGES),
        }
    }
}

/// Short messages of one topic, from this process and others.
#[derive(Debug)]
pub struct Messages {
    prefix: String,
    messages: broadcast::Receiver<String>,
}

impl Messages {
    /// The next message; some are left out when they come faster than they are read.
    pub async fn next(&mut self) -> String {
        loop {
            match self.messages.recv().await {
                Ok(message) => {
                    if let Some(text) = message.strip_prefix(&self.prefix) {
                        return text.to_owned();
                    }
                }
                Err(broadcast::error::RecvError::Lagged(_)) => {}
                Err(broadcast::error::RecvError::Closed) => std::future::pending().await,
            }
        }
    }
}

/// What one waiter waits on. It remembers a ring that came while nobody waited.
#[derive(Debug, Clone)]
pub struct Bell(Follower<()>);

impl Bell {
    /// Resolves when the bell has rung since the last time.
    pub async fn rung(&mut self) {
        self.0.changed().await;
    }
}

impl Wakes {
    /// A board that hears only of this process until [`Wakes::listen`] is called.
    pub fn new() -> Self {
        Self::default()
    }

    /// What to wait on for a topic.
    pub fn bell(&self, topic: &str) -> Bell {
        let mut topics = self.topics.lock().unwrap_or_else(PoisonError::into_inner);
        Bell(topics.entry(topic.to_owned()).or_default().follow())
    }

    /// Wakes whoever waits for a topic in this process.
    pub fn ring(&self, topic: &str) {
        let topics = self.topics.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(topic) = topics.get(topic) {
            topic.set(());
        }
    }

    /// The messages of a topic from now on.
    pub fn messages(&self, topic: &str) -> Messages {
        Messages {
            prefix: format!("{topic}:"),
            messages: self.messages.subscribe(),
        }
    }

    /// Says something short to every process, this one included. It may be lost; at most a few thousand bytes.
    ///
    /// # Errors
    /// When the database cannot be reached; then only this process has heard it.
    pub async fn say(&self, database: &Database, topic: &str, text: &str) -> Result<(), StoreError> {
        let message = format!("{topic}:{text}");
        if let Some(statement) = Self::ring_statement(database, &message) {
            // It comes back to this process, too.
            return database.execute(statement).await.map(drop);
        }
        self.hear(&message);
        Ok(())
    }

    /// A message, or the ring of a bell, has come from another process.
    pub fn hear(&self, payload: &str) {
        if payload.contains(':') {
            // Nobody may be listening.
            drop(self.messages.send(payload.to_owned()));
        } else {
            self.ring(payload);
        }
    }

    /// Wakes whoever waits for a topic in other processes once the transaction has committed. On SQLite there are none.
    ///
    /// # Errors
    /// When the database refuses it.
    pub async fn ring_on_commit(tx: &mut Transaction, topic: &str) -> Result<(), StoreError> {
        if tx.dialect() == Dialect::Postgres {
            tx.execute(notify(topic)).await?;
        }
        Ok(())
    }

    /// The same as a statement, for a group of small writes; `None` on SQLite.
    pub fn ring_statement(database: &Database, topic: &str) -> Option<Statement> {
        (database.dialect() == Dialect::Postgres).then(|| notify(topic))
    }

    /// Starts the task `store.listen` on PostgreSQL, which rings here what other replicas wrote.
    pub fn listen(&self, database: &Database, tasks: &Tasks) {
        if let Some(simulated) = database.simulation() {
            simulated.listen(self);
            return;
        }
        let Some(pool) = database.postgres_pool() else { return };
        // A connection of its own: it is held for as long as the process runs, and the pool's are counted on for statements.
        let own = PgPoolOptions::new()
            .max_connections(1)
            .connect_lazy_with((*pool.connect_options()).clone());
        let (wakes, database) = (self.clone(), database.clone());
        tasks.spawn("store.listen", |context| async move {
            while !context.is_stopping() {
                if let Err(error) = wakes.follow(&own, &database, &context).await {
                    context.failed(error);
                    context.sleep(RETRY).await;
                }
            }
            Ok::<_, Infallible>(())
        });
    }

    async fn follow(&self, own: &sqlx::PgPool, database: &Database, context: &TaskContext) -> Result<(), StoreError> {
        debug_assert_eq!(database.dialect(), Dialect::Postgres);
        let row = database
            .fetch_one(sql("SELECT 'mainstay.' || current_schema() AS channel"))
            .await?;
        let channel: String = row.get("channel")?;
        let mut listener = PgListener::connect_with(own).await?;
        listener.listen(&channel).await?;
        context.ran("listening");
        // What was rung while nobody listened is looked for now.
        self.ring_all();
        loop {
            tokio::select! {
                notification = listener.try_recv() => match notification? {
                    Some(notification) => self.hear(notification.payload()),
                    // The connection was lost and made anew.
                    None => self.ring_all(),
                },
                () = context.stopping() => return Ok(()),
            }
        }
    }

    fn ring_all(&self) {
        let topics = self.topics.lock().unwrap_or_else(PoisonError::into_inner);
        for topic in topics.values() {
            topic.set(());
        }
    }
}

/// Schemas share a server's channels, so the channel names the schema.
fn notify(topic: &str) -> Statement {
    sql("SELECT 1 AS rung FROM (SELECT pg_notify('mainstay.' || current_schema(), $1)) AS notified")
        .bind(topic)
        .once()
}
