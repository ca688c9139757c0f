//! A database server that a simulation owns: PostgreSQL's transactions, locks and notifications in simulated time, over a
//! SQLite database that knows what statements mean.
//!
//! What it keeps to: read committed, where each statement sees what was committed when it began; rows locked by changes and
//! by locking clauses until the transaction ends; snapshots, in which every statement sees the same moment; a waiting change that looks again at the newest row; a deadlock that ends
//! one of those in it; a failed statement that dooms its transaction; the limits for idle transactions and statements; and
//! notifications at the commit. What it does not know: repeatable read for transactions that write, and the old snapshot that PostgreSQL keeps for the
//! sub-queries of a change which waited.

mod clause;
mod engine;
mod journal;
mod link;
mod locks;
mod sabotage;
mod session;
mod state;
mod wire;

use std::{
    collections::BTreeSet,
    future::Future,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use mainstay_runtime::Tasks;
use mainstay_store::{Dialect, Presence, Row, Statement, StoreError, Value, Wakes};
use tokio::sync::{Notify, futures::Notified};

pub(super) use self::engine::Engine;
use self::{
    engine::{Answer, Want},
    locks::TxId,
    session::Kill,
    state::{Attempt, DISK, State},
};
pub use self::{
    journal::{Image, Written},
    link::Link,
    sabotage::Sabotage,
    wire::{Route, Way, Wire},
};
use super::{chance::Chance, log::Log};

/// How often a claim is confirmed, and made anew if it is lost.
const CLAIM_EVERY: Duration = Duration::from_secs(1);

/// The database. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Server {
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    dialect: Dialect,
    log: Log,
    tasks: Tasks,
    /// Rings when a transaction ends.
    ended: Notify,
    state: Mutex<State>,
}

impl Server {
    /// A server that behaves as `dialect`.
    pub(super) fn new(engine: Engine, dialect: Dialect, chance: Chance, log: Log, tasks: Tasks) -> Self {
        Self {
            shared: Arc::new(Shared {
                dialect,
                log,
                tasks,
                ended: Notify::new(),
                state: Mutex::new(State::new(engine, chance)),
            }),
        }
    }

    /// Which kind it behaves as.
    pub fn dialect(&self) -> Dialect {
        self.shared.dialect
    }

    /// Breaks it.
    pub fn sabotage(&self, how: Sabotage) {
        self.state().sabotage.push(how);
    }

    /// Writes down every committed change of these tables from now on.
    pub fn observe(&self, tables: &[&str]) {
        self.state().journal.observe(tables);
    }

    /// What was committed to the observed tables, in the order of the commits.
    pub fn written(&self) -> Vec<Written> {
        self.state().journal.written().to_vec()
    }

    /// The same, which is then forgotten: for runs too long to be kept.
    pub fn take_written(&self) -> Vec<Written> {
        self.state().journal.take()
    }

    /// What is committed, read from outside the simulation: it takes no time and always arrives.
    ///
    /// # Panics
    /// When the statement is wrong.
    pub fn look(&self, statement: &Statement) -> Vec<Row> {
        self.state()
            .engine()
            .read(statement)
            .unwrap_or_else(|error| panic!("{}: {error}", statement.text()))
    }

    /// How long commits take from now on, in milliseconds.
    pub fn slow_down(&self, least: u64, most: u64) {
        self.state().disk = (least, most);
    }

    /// Commits take as long as usual again.
    pub fn speed_up(&self) {
        self.state().disk = DISK;
    }

    /// Of every hundred commits, so many succeed without anybody hearing of it.
    pub fn lose_acknowledgements(&self, percent: u64) {
        self.state().lost_acknowledgements = percent;
    }

    /// Ends every connection; what was not committed is undone. When `silent`, clients are not told, as when the machine
    /// beneath loses power. Nobody can connect until [`Server::come_up`].
    pub fn go_down(&self, silent: bool) {
        let kills = {
            let mut state = self.state();
            state.up = false;
            state.present.clear();
            std::mem::take(&mut state.kills)
        };
        for kill in kills {
            if silent {
                kill.silent.cancel();
            } else {
                kill.reset.cancel();
            }
        }
    }

    /// Can be connected to again.
    pub fn come_up(&self) {
        self.state().up = true;
    }

    /// Ends the simulation: answers the database beneath, to be cleared.
    pub(super) fn close(&self) -> Option<Engine> {
        self.state().engine.take()
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.shared.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn log(&self) -> &Log {
        &self.shared.log
    }

    fn is_up(&self) -> bool {
        self.state().up
    }

    fn spawn(&self, session: impl Future<Output = ()> + Send + 'static) {
        self.shared.tasks.detached(session);
    }

    /// Ends the connections of a process whose database is a file: they end where the process does.
    pub(super) fn end_sessions_of(&self, owner: &str) {
        let state = self.state();
        for kill in state.kills.iter().filter(|kill| kill.owner == owner) {
            kill.silent.cancel();
        }
    }

    fn register(&self, owner: &str) -> Kill {
        let kill = Kill {
            owner: owner.to_owned(),
            ..Kill::default()
        };
        let mut state = self.state();
        state
            .kills
            .retain(|kill| !kill.reset.is_cancelled() && !kill.silent.is_cancelled());
        state.kills.push(kill.clone());
        kill
    }

    fn present(&self) -> BTreeSet<Presence> {
        self.state().present.clone()
    }

    /// A process's claim, made anew whenever the server has lost it, as long as the process lives.
    pub(super) async fn keep_claim(&self, route: &Route, presence: Presence) {
        loop {
            route.whole().await;
            route.cross(Way::There).await;
            if self.is_up() {
                self.state().present.insert(presence);
            }
            route.cross(Way::Back).await;
            tokio::time::sleep(CLAIM_EVERY).await;
        }
    }

    /// The server sees that a process is gone.
    pub(super) fn end_claim(&self, presence: Presence) {
        self.state().present.remove(&presence);
    }

    fn listen(&self, route: Route, wakes: Wakes) {
        self.state().listeners.push((route, wakes));
    }

    fn transaction_ended(&self) -> Notified<'_> {
        self.shared.ended.notified()
    }

    fn acknowledges_early(&self) -> bool {
        self.state().sabotage.contains(&Sabotage::AcknowledgeEarly)
    }

    /// Waits for the disk.
    async fn flush(&self) {
        let wait = {
            let state = self.state();
            state.chance.millis(state.disk.0, state.disk.1)
        };
        if wait > Duration::ZERO {
            tokio::time::sleep(wait).await;
        }
    }

    fn begin(&self, owner: &str, snapshot: bool) -> TxId {
        self.state().begin(owner, snapshot)
    }

    fn read(&self, owner: &str, statement: &Statement) -> Result<Vec<Row>, StoreError> {
        let line = describe(statement);
        let rows = self.state().engine().read(statement);
        self.log()
            .line(&format!("{owner} {line} -> {}", outcome(rows.as_ref().map(Vec::len))));
        rows
    }

    fn attempt(&self, tx: TxId, statement: &Statement, want: Want) -> Attempt {
        let (attempt, owner) = {
            let mut state = self.state();
            let attempt = state.attempt(self.shared.dialect, tx, statement, want);
            let owner = state.open.get(&tx).map(|open| open.owner.clone()).unwrap_or_default();
            (attempt, owner)
        };
        let said = match &attempt {
            Attempt::Done(Ok(Answer::Count(count))) => count.to_string(),
            Attempt::Done(Ok(Answer::Rows(rows))) => rows.len().to_string(),
            Attempt::Done(Err(error)) => format!("{:?}: {error}", error.kind),
            Attempt::Wait => "waits".to_owned(),
        };
        self.log()
            .line(&format!("{owner} tx {tx} {} -> {said}", describe(statement)));
        attempt
    }

    /// A statement took too long.
    fn cancel(&self, tx: TxId) -> StoreError {
        let mut state = self.state();
        state.locks.wake(tx);
        if let Some(open) = state.open.get_mut(&tx) {
            open.doomed = true;
        }
        self.log().line(&format!("tx {tx} waited for too long"));
        StoreError::of_sqlstate("57014", "canceling statement due to statement timeout")
    }

    fn rollback(&self, tx: TxId) {
        self.state().rollback(tx);
        self.log().line(&format!("tx {tx} is undone"));
        self.shared.ended.notify_waiters();
    }

    /// Answers whether the client hears of it. The commit of a doomed transaction undoes it, and says nothing of that.
    fn commit(&self, tx: TxId) -> bool {
        if self.state().open.get(&tx).is_none_or(|open| open.doomed) {
            self.rollback(tx);
            return true;
        }
        let (topics, listeners, heard) = self.state().commit(tx, self.log());
        self.shared.ended.notify_waiters();
        for topic in topics {
            for (route, wakes) in &listeners {
                let (topic, route, wakes) = (topic.clone(), route.clone(), wakes.clone());
                self.spawn(async move {
                    // A ring that meets a cut wire is lost; so are those of a connection that is made anew.
                    if route.is_heard() {
                        route.cross(Way::Back).await;
                        wakes.hear(&topic);
                    }
                });
            }
        }
        heard
    }
}

/// The statement in the log: enough to know it by, and every value.
fn describe(statement: &Statement) -> String {
    use std::fmt::Write as _;
    let mut text: String = statement.text().chars().take(70).collect();
    for value in statement.values() {
        // Writing to a string cannot fail.
        let _ = match value {
            Value::Bool(Some(value)) => write!(text, " {value}"),
            Value::Int(Some(value)) => write!(text, " {value}"),
            Value::Float(Some(value)) => write!(text, " {value}"),
            Value::Text(Some(value)) => write!(text, " '{value}'"),
            Value::Bytes(Some(value)) => write!(text, " {} bytes", value.len()),
            Value::Uuid(Some(value)) => write!(text, " {value}"),
            _ => write!(text, " NULL"),
        };
    }
    text
}

fn outcome(count: Result<usize, &StoreError>) -> String {
    match count {
        Ok(count) => count.to_string(),
        Err(error) => format!("{:?}: {error}", error.kind),
    }
}
