//! A process's handle on the simulated database: a pool of connections, as the real driver has one.

use std::{
    collections::BTreeSet,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use async_trait::async_trait;
use mainstay_store::{
    Dialect, PATIENCE, Presence, Row, SimulatedDatabase, SimulatedTransaction, Statement, StoreError, StoreErrorKind,
    Wakes,
};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, mpsc, oneshot};

use super::{
    Server,
    engine::{Answer, Want},
    session::{Ask, Kill, Request, Session},
    wire::Route,
};

/// One connection as the client sees it.
#[derive(Debug)]
struct Connection {
    requests: mpsc::UnboundedSender<Request>,
    kill: Kill,
}

impl Connection {
    fn is_alive(&self) -> bool {
        !self.kill.reset.is_cancelled() && !self.kill.silent.is_cancelled()
    }
}

type Idle = Arc<Mutex<Vec<Connection>>>;

/// A connection on its way back to the pool.
#[derive(Debug)]
pub struct Rest {
    connection: Connection,
    permit: OwnedSemaphorePermit,
    idle: Idle,
    closed: Arc<AtomicBool>,
}

impl Rest {
    /// The connection is fit for the next who wants one.
    pub fn accept(self) {
        if !self.closed.load(Ordering::SeqCst) {
            self.idle
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
                .push(self.connection);
        }
        drop(self.permit);
    }
}

/// One process's pool.
#[derive(Debug)]
pub struct Link {
    server: Server,
    route: Route,
    owner: String,
    /// How many may be used at once: for everything on a server, for reading on SQLite.
    permits: Arc<Semaphore>,
    /// The one that writes on SQLite.
    writer: Arc<Semaphore>,
    idle: Idle,
    closed: Arc<AtomicBool>,
}

impl Link {
    /// An empty pool. `owner` names the process in the log.
    pub fn new(server: Server, route: Route, owner: String, connections: usize) -> Self {
        Self {
            server,
            route,
            owner,
            permits: Arc::new(Semaphore::new(connections)),
            writer: Arc::new(Semaphore::new(1)),
            idle: Idle::default(),
            closed: Arc::default(),
        }
    }

    /// Lets go of every connection that nobody uses, and of the others when they are done with.
    pub fn let_go(&self) {
        self.closed.store(true, Ordering::SeqCst);
        self.idle.lock().unwrap_or_else(PoisonError::into_inner).clear();
    }

    /// Ends every connection where it stands.
    pub fn end(&self) {
        self.server.end_sessions_of(&self.owner);
    }

    async fn take(&self, writes: bool) -> Result<Used, StoreError> {
        let alone = writes && self.server.dialect() == Dialect::Sqlite;
        let permits = if alone { &self.writer } else { &self.permits };
        let taken = tokio::time::timeout(PATIENCE, async {
            let permit = Arc::clone(permits).acquire_owned().await;
            // A connection is tried before it is used, and a new one is opened only where somebody answers.
            loop {
                self.route.whole().await;
                if self.server.is_up() {
                    return permit;
                }
                tokio::time::sleep(Duration::from_millis(100)).await;
            }
        });
        let Ok(Ok(permit)) = taken.await else {
            return Err(unreachable());
        };
        let idle = {
            let mut idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner);
            idle.retain(Connection::is_alive);
            idle.pop()
        };
        Ok(Used {
            connection: Some(idle.unwrap_or_else(|| self.connect())),
            permit: Some(permit),
            idle: Arc::clone(&self.idle),
            closed: Arc::clone(&self.closed),
        })
    }

    async fn open(&self, writes: bool, ask: Ask) -> Result<Box<dyn SimulatedTransaction>, StoreError> {
        let used = self.take(writes).await?;
        used.ask(ask).await?;
        let dialect = self.server.dialect();
        Ok(Box::new(Open { used, dialect }))
    }

    fn connect(&self) -> Connection {
        let (requests, inbox) = mpsc::unbounded_channel();
        let kill = self.server.register(&self.owner);
        let session = Session {
            server: self.server.clone(),
            route: self.route.clone(),
            owner: self.owner.clone(),
            inbox,
            kill: kill.clone(),
            tx: None,
            arriving: None,
            reply: None,
            answer: None,
        };
        self.server.spawn(session.serve());
        Connection { requests, kill }
    }
}

/// A connection in use; dropping it undoes what was not committed and gives it back.
#[derive(Debug)]
struct Used {
    connection: Option<Connection>,
    permit: Option<OwnedSemaphorePermit>,
    idle: Idle,
    closed: Arc<AtomicBool>,
}

impl Used {
    async fn ask(&self, ask: Ask) -> Result<Answer, StoreError> {
        let (reply, answer) = oneshot::channel();
        let request = Request {
            ask,
            reply: Some(reply),
        };
        let connection = self.connection.as_ref().ok_or_else(unreachable)?;
        connection.requests.send(request).map_err(|_| unreachable())?;
        answer.await.map_err(|_| unreachable())?
    }
}

impl Drop for Used {
    fn drop(&mut self) {
        let used = self.connection.take().zip(self.permit.take());
        if let Some((connection, permit)) = used {
            let requests = connection.requests.clone();
            let rest = Rest {
                connection,
                permit,
                idle: Arc::clone(&self.idle),
                closed: Arc::clone(&self.closed),
            };
            // When the session is gone, so is the connection.
            drop(requests.send(Request {
                ask: Ask::Rest(rest),
                reply: None,
            }));
        }
    }
}

fn unreachable() -> StoreError {
    StoreError::new(
        StoreErrorKind::Unavailable,
        "the database cannot be reached (simulated)",
    )
}

fn count(answer: &Answer) -> Result<u64, StoreError> {
    match answer {
        Answer::Count(count) => Ok(*count),
        Answer::Rows(_) => Err(StoreError::corrupt("rows where a count was asked for")),
    }
}

fn rows(answer: Answer) -> Result<Vec<Row>, StoreError> {
    match answer {
        Answer::Rows(rows) => Ok(rows),
        Answer::Count(_) => Err(StoreError::corrupt("a count where rows were asked for")),
    }
}

#[async_trait]
impl SimulatedDatabase for Link {
    fn dialect(&self) -> Dialect {
        self.server.dialect()
    }

    async fn execute(&self, statement: Statement) -> Result<u64, StoreError> {
        count(&self.take(true).await?.ask(Ask::Alone(statement, Want::Count)).await?)
    }

    async fn fetch_all(&self, statement: Statement) -> Result<Vec<Row>, StoreError> {
        rows(self.take(false).await?.ask(Ask::Alone(statement, Want::Rows)).await?)
    }

    async fn begin(&self) -> Result<Box<dyn SimulatedTransaction>, StoreError> {
        self.open(true, Ask::Begin).await
    }

    async fn begin_snapshot(&self) -> Result<Box<dyn SimulatedTransaction>, StoreError> {
        self.open(false, Ask::Snapshot).await
    }

    async fn present(&self) -> Result<Option<BTreeSet<Presence>>, StoreError> {
        if self.server.dialect() == Dialect::Sqlite {
            return Ok(None);
        }
        self.take(false).await?.ask(Ask::Present).await?;
        Ok(Some(self.server.present()))
    }

    fn listen(&self, wakes: &Wakes) {
        self.server.listen(self.route.clone(), wakes.clone());
    }

    async fn close(&self) {
        self.let_go();
    }
}

/// A transaction as its owner sees it.
#[derive(Debug)]
struct Open {
    used: Used,
    dialect: Dialect,
}

#[async_trait]
impl SimulatedTransaction for Open {
    fn dialect(&self) -> Dialect {
        self.dialect
    }

    async fn execute(&mut self, statement: Statement) -> Result<u64, StoreError> {
        count(&self.used.ask(Ask::Run(statement, Want::Count)).await?)
    }

    async fn fetch_all(&mut self, statement: Statement) -> Result<Vec<Row>, StoreError> {
        rows(self.used.ask(Ask::Run(statement, Want::Rows)).await?)
    }

    async fn commit(self: Box<Self>) -> Result<(), StoreError> {
        self.used.ask(Ask::Commit).await.map(drop)
    }

    async fn rollback(self: Box<Self>) -> Result<(), StoreError> {
        self.used.ask(Ask::Rollback).await.map(drop)
    }
}
