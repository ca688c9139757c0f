//! One connection as the database sees it: requests arrive, are answered one after the other, and the answers go back.
//!
//! The session lives on when whoever asked has lost interest, as a real one does: a request that was sent is carried out.

use std::time::Duration;

use mainstay_store::{IDLE_LIMIT, STATEMENT_LIMIT, Statement, StoreError};
use tokio::{
    sync::{mpsc, oneshot},
    time::{Instant, timeout, timeout_at},
};
use tokio_util::sync::CancellationToken;

use super::{
    Attempt, Server,
    engine::{Answer, Want},
    link::Rest,
    locks::TxId,
    wire::{Route, Way},
};

/// What a client wants.
#[derive(Debug)]
pub enum Ask {
    /// A transaction.
    Begin,
    /// One that only reads, and sees what was committed when it began.
    Snapshot,
    /// A statement in the open transaction.
    Run(Statement, Want),
    /// A statement that is a transaction of its own.
    Alone(Statement, Want),
    /// Nothing but an answer.
    Present,
    /// The end of the open transaction.
    Commit,
    /// Its undoing.
    Rollback,
    /// Nothing more: the connection goes back to its pool.
    Rest(Rest),
}

/// A request, and where its answer goes.
#[derive(Debug)]
pub struct Request {
    pub ask: Ask,
    pub reply: Option<oneshot::Sender<Result<Answer, StoreError>>>,
}

/// How a connection comes to its end.
#[derive(Debug, PartialEq, Eq)]
enum End {
    /// The client let go of it.
    Closed,
    /// The database ended it, and the client hears of that.
    Broken,
    /// The database ended, and nobody tells the client.
    Silent,
}

/// How to end a session from outside.
#[derive(Debug, Clone, Default)]
pub struct Kill {
    /// Whose it is.
    pub owner: String,
    /// Ends it; the client finds its connection reset.
    pub reset: CancellationToken,
    /// Ends it; the client waits for an answer that never comes.
    pub silent: CancellationToken,
}

/// One connection.
pub struct Session {
    pub server: Server,
    pub route: Route,
    /// Which process it belongs to, for the log.
    pub owner: String,
    pub inbox: mpsc::UnboundedReceiver<Request>,
    pub kill: Kill,
    pub tx: Option<TxId>,
    pub arriving: Option<Request>,
    pub reply: Option<oneshot::Sender<Result<Answer, StoreError>>>,
    pub answer: Option<Result<Answer, StoreError>>,
}

impl Session {
    /// Until the client lets go of the connection.
    pub async fn serve(mut self) {
        let kill = self.kill.clone();
        let end = tokio::select! {
            biased;
            () = kill.reset.cancelled() => End::Broken,
            () = kill.silent.cancelled() => End::Silent,
            end = self.converse() => end,
        };
        if let Some(tx) = self.tx.take() {
            self.server.rollback(tx);
        }
        if end == End::Closed {
            return;
        }
        self.kill.reset.cancel();
        if end == End::Broken {
            self.route.cross(Way::Back).await;
            self.reply = None;
        }
        // What was on its way finds nobody either.
        if let Some(request) = self.arriving.take() {
            self.route.cross(Way::There).await;
            drop(request);
        }
        // Each who still sends something learns that nobody is there, because its reply is dropped unanswered.
        while let Some(request) = self.inbox.recv().await {
            self.route.cross(Way::There).await;
            drop(request);
        }
    }

    async fn converse(&mut self) -> End {
        loop {
            let limit = if self.tx.is_some() { IDLE_LIMIT } else { Duration::MAX };
            let Ok(request) = timeout(limit, self.next()).await else {
                let line = format!("{} was idle in a transaction for too long", self.owner);
                self.server.log().line(&line);
                return End::Broken;
            };
            let Some(Request { ask, reply }) = request else {
                return End::Closed;
            };
            self.reply = reply;
            match self.carry_out(ask).await {
                Some(answer) => self.answer = Some(answer),
                None => return End::Broken,
            }
        }
    }

    /// Sends the last answer off, and waits for the next request to arrive.
    async fn next(&mut self) -> Option<Request> {
        if self.reply.is_some() {
            self.route.cross(Way::Back).await;
            if let (Some(reply), Some(answer)) = (self.reply.take(), self.answer.take()) {
                // Whoever asked may have left.
                drop(reply.send(answer));
            }
        }
        if self.arriving.is_none() {
            self.arriving = Some(self.inbox.recv().await?);
        }
        self.route.cross(Way::There).await;
        self.arriving.take()
    }

    /// `None` when the connection breaks before the answer is sent.
    async fn carry_out(&mut self, ask: Ask) -> Option<Result<Answer, StoreError>> {
        match ask {
            Ask::Begin => {
                self.tx = Some(self.server.begin(&self.owner, false));
                Some(Ok(Answer::Count(0)))
            }
            Ask::Snapshot => {
                self.tx = Some(self.server.begin(&self.owner, true));
                Some(Ok(Answer::Count(0)))
            }
            Ask::Run(statement, want) => {
                let Some(tx) = self.tx else {
                    return Some(Err(StoreError::of_sqlstate(
                        "25P01",
                        "there is no transaction in progress",
                    )));
                };
                Some(self.run(tx, &statement, want).await)
            }
            Ask::Alone(statement, Want::Rows) => Some(self.server.read(&self.owner, &statement).map(Answer::Rows)),
            Ask::Alone(statement, Want::Count) => {
                let tx = self.server.begin(&self.owner, false);
                self.tx = Some(tx);
                let answer = self.run(tx, &statement, Want::Count).await;
                match answer {
                    Ok(answer) => self.commit(Ok(answer)).await,
                    Err(error) => {
                        self.tx = None;
                        self.server.rollback(tx);
                        Some(Err(error))
                    }
                }
            }
            Ask::Present => Some(Ok(Answer::Count(0))),
            Ask::Commit => self.commit(Ok(Answer::Count(0))).await,
            Ask::Rollback => {
                if let Some(tx) = self.tx.take() {
                    self.server.rollback(tx);
                }
                Some(Ok(Answer::Count(0)))
            }
            Ask::Rest(rest) => {
                if let Some(tx) = self.tx.take() {
                    self.server.rollback(tx);
                }
                rest.accept();
                Some(Ok(Answer::Count(0)))
            }
        }
    }

    async fn run(&self, tx: TxId, statement: &Statement, want: Want) -> Result<Answer, StoreError> {
        let limit = Instant::now() + STATEMENT_LIMIT;
        loop {
            let ended = self.server.transaction_ended();
            match self.server.attempt(tx, statement, want) {
                Attempt::Done(answer) => return answer,
                Attempt::Wait => {
                    if timeout_at(limit, ended).await.is_err() {
                        return Err(self.server.cancel(tx));
                    }
                }
            }
        }
    }

    async fn commit(&mut self, answer: Result<Answer, StoreError>) -> Option<Result<Answer, StoreError>> {
        let tx = self.tx?;
        if self.server.acknowledges_early() {
            self.route.cross(Way::Back).await;
            if let Some(reply) = self.reply.take() {
                drop(reply.send(answer));
            }
            self.server.flush().await;
            self.tx = None;
            self.server.commit(tx);
            return Some(Ok(Answer::Count(0)));
        }
        self.server.flush().await;
        self.tx = None;
        let kept = self.server.commit(tx);
        kept.then_some(answer)
    }
}
