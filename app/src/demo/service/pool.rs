//! A bounded pool of connections to the service's database.
//!
//! Knows who holds a connection and since when, so that exhaustion can be explained. It must not know why a holder
//! keeps what it borrowed.

use std::{
    collections::BTreeMap,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    time::Duration,
};

use tokio::{
    sync::{OwnedSemaphorePermit, Semaphore},
    time::{Instant, timeout},
};

/// No connection could be had.
#[derive(Debug, Clone, thiserror::Error)]
#[error(
    "no database connection became free within {waited_ms} ms: {in_use} of {size} are in use, the oldest for {oldest_ms} ms by {oldest_by}"
)]
pub struct Exhausted {
    /// How long the request waited.
    pub waited_ms: u128,
    /// Connections lent out.
    pub in_use: usize,
    /// Connections there are.
    pub size: usize,
    /// Age of the oldest loan.
    pub oldest_ms: u128,
    /// Who holds it.
    pub oldest_by: String,
}

/// The pool; cheap to share behind an `Arc`.
#[derive(Debug)]
pub struct Pool {
    size: usize,
    patience: Duration,
    free: Arc<Semaphore>,
    loans: Mutex<BTreeMap<u64, Loan>>,
    next_loan: AtomicU64,
    transactions_stay_open: AtomicBool,
}

#[derive(Debug)]
struct Loan {
    by: String,
    since: Instant,
    stuck: bool,
}

/// A borrowed connection; it returns to the pool when dropped, unless its transaction was left open.
#[derive(Debug)]
pub struct Connection<'a> {
    pool: &'a Pool,
    loan: u64,
    permit: Option<OwnedSemaphorePermit>,
    ends_transaction: bool,
}

impl Pool {
    /// A pool of `size` connections for which a request waits at most `patience`.
    pub fn new(size: usize, patience: Duration) -> Self {
        Self {
            size,
            patience,
            free: Arc::new(Semaphore::new(size)),
            loans: Mutex::default(),
            next_loan: AtomicU64::new(0),
            transactions_stay_open: AtomicBool::new(false),
        }
    }

    /// Borrows a connection on behalf of `by`.
    ///
    /// # Errors
    /// [`Exhausted`] when none became free in time.
    pub async fn acquire(&self, by: &str) -> Result<Connection<'_>, Exhausted> {
        let Ok(Ok(permit)) = timeout(self.patience, Arc::clone(&self.free).acquire_owned()).await else {
            return Err(self.exhausted());
        };
        let loan = self.next_loan.fetch_add(1, Ordering::Relaxed);
        let entry = Loan {
            by: by.to_owned(),
            since: Instant::now(),
            stuck: false,
        };
        self.loans().insert(loan, entry);
        Ok(Connection {
            pool: self,
            loan,
            permit: Some(permit),
            ends_transaction: true,
        })
    }

    /// Connections lent out now.
    pub fn in_use(&self) -> usize {
        self.loans().len()
    }

    /// Connections there are.
    pub fn size(&self) -> usize {
        self.size
    }

    /// Whether statements run from now on forget to end their transaction, as a missing commit on an early return does.
    pub fn leave_transactions_open(&self, open: bool) {
        self.transactions_stay_open.store(open, Ordering::Relaxed);
    }

    /// Ends every session that is idle inside a transaction and takes its connection back, as a database's own
    /// idle-in-transaction timeout does. Answers how many there were.
    pub fn terminate_idle_transactions(&self) -> usize {
        let mut loans = self.loans();
        let before = loans.len();
        loans.retain(|_, loan| !loan.stuck);
        let freed = before - loans.len();
        self.free.add_permits(freed);
        freed
    }

    fn exhausted(&self) -> Exhausted {
        let loans = self.loans();
        let oldest = loans.values().min_by_key(|loan| loan.since);
        Exhausted {
            waited_ms: self.patience.as_millis(),
            in_use: loans.len(),
            size: self.size,
            oldest_ms: oldest.map_or(0, |loan| loan.since.elapsed().as_millis()),
            oldest_by: oldest.map_or_else(|| "nobody".to_owned(), |loan| loan.by.clone()),
        }
    }

    fn loans(&self) -> MutexGuard<'_, BTreeMap<u64, Loan>> {
        self.loans.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Connection<'_> {
    /// Opens a transaction; whether it is ended with the loan is decided by the statement that runs in it.
    pub fn begin(&mut self) {
        self.ends_transaction = !self.pool.transactions_stay_open.load(Ordering::Relaxed);
    }
}

impl Drop for Connection<'_> {
    fn drop(&mut self) {
        let mut loans = self.pool.loans();
        if self.ends_transaction {
            loans.remove(&self.loan);
        } else if let Some(loan) = loans.get_mut(&self.loan) {
            // The session still sits in its transaction: the pool may not hand it to anybody else.
            loan.stuck = true;
            if let Some(permit) = self.permit.take() {
                permit.forget();
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PATIENCE: Duration = Duration::from_millis(300);

    #[tokio::test(start_paused = true)]
    async fn a_dropped_connection_can_be_borrowed_again() {
        let pool = Pool::new(1, PATIENCE);
        for _ in 0..5 {
            let mut connection = pool.acquire("GET /a").await.unwrap();
            connection.begin();
        }
        assert_eq!(pool.in_use(), 0);
    }

    #[tokio::test(start_paused = true)]
    async fn open_transactions_exhaust_the_pool_and_name_their_opener() {
        let pool = Pool::new(2, PATIENCE);
        pool.leave_transactions_open(true);
        for _ in 0..2 {
            pool.acquire("GET /leaky").await.unwrap().begin();
        }
        let error = pool.acquire("GET /next").await.unwrap_err();
        assert_eq!((error.in_use, error.size), (2, 2));
        assert_eq!(error.oldest_by, "GET /leaky");
        assert!(error.oldest_ms >= 300);
    }

    #[tokio::test(start_paused = true)]
    async fn terminating_idle_transactions_returns_their_connections_once() {
        let pool = Pool::new(2, PATIENCE);
        pool.leave_transactions_open(true);
        for _ in 0..2 {
            pool.acquire("GET /leaky").await.unwrap().begin();
        }
        pool.leave_transactions_open(false);
        assert_eq!(pool.terminate_idle_transactions(), 2);
        assert_eq!(pool.terminate_idle_transactions(), 0);
        let _first = pool.acquire("a").await.unwrap();
        let _second = pool.acquire("b").await.unwrap();
        assert!(pool.acquire("c").await.is_err());
    }
}
