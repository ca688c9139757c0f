//! How long a database is waited for.

use std::{future::Future, time::Duration};

use crate::{StoreError, StoreErrorKind};

/// How long a statement waits for another writer on SQLite, or for a free connection, before it fails.
pub const PATIENCE: Duration = Duration::from_secs(5);
/// How long PostgreSQL lets one statement take, waiting for locks included.
pub const STATEMENT_LIMIT: Duration = Duration::from_secs(30);
/// How long an answer of PostgreSQL is waited for. The server gives a statement up earlier; whoever has heard nothing by then
/// is connected to nobody, because the server's machine or the network went away without a word.
pub(crate) const ANSWER_LIMIT: Duration = STATEMENT_LIMIT.saturating_add(Duration::from_secs(5));
/// How long PostgreSQL waits for the next statement of an open transaction before it undoes it. A replica that lost its network or
/// was frozen in one holds locks until then, among them that of a lease that others are to take over.
pub const IDLE_LIMIT: Duration = Duration::from_secs(5);

/// What a server answers, unless it does not.
pub(crate) async fn answered<T, E>(
    patience: Duration,
    answer: impl Future<Output = Result<T, E>>,
) -> Result<T, StoreError>
where
    StoreError: From<E>,
{
    match tokio::time::timeout(patience, answer).await {
        Ok(answer) => Ok(answer?),
        Err(_) => Err(StoreError::new(
            StoreErrorKind::Unavailable,
            format!("the database cannot be reached (it has not answered for {patience:?})"),
        )),
    }
}
