//! What an operator sees of the outbox and does about it: how far handlers have come, what they could not handle, another
//! try, and giving an event up for good.

use std::str::FromStr;

use jiff::Timestamp;
use mainstay_store::StoreError;

use super::{Outbox, TOPIC, event::Event, store};

/// Events are kept for a week after everybody has handled them, for those who ask what happened.
const KEEP: jiff::SignedDuration = jiff::SignedDuration::from_hours(7 * 24);
/// A cursor that has stood still for so long while events came belongs to nobody.
const ABANDONED: jiff::SignedDuration = jiff::SignedDuration::from_hours(30 * 24);
/// Events forgotten in one statement, so that none holds up other writers for long.
const FORGET_BATCH: i64 = 5_000;

/// How far a handler has come.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HandlerStatus {
    /// Its name.
    pub handler: String,
    /// Whether this process knows it; otherwise it belongs to another version of Mainstay, and perhaps to nobody any more.
    pub registered: bool,
    /// The last position it has handled or put aside.
    pub position: i64,
    /// Positions after that, of any topic.
    pub behind: i64,
    /// When the oldest event was written that it has not handled and not given up.
    pub oldest_at: Option<Timestamp>,
    /// Events handled since it was first registered.
    pub handled: i64,
    /// Events put aside and waiting for another attempt.
    pub waiting: i64,
    /// Events given up, until somebody replays them.
    pub dead: i64,
    /// When its cursor last moved.
    pub updated_at: Timestamp,
}

/// What becomes of a parked event.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ParkedState {
    /// It was given up.
    Dead,
    /// It will be tried again.
    Waiting,
}

impl ParkedState {
    /// Every state, in the order in which they are listed.
    pub const ALL: [Self; 2] = [Self::Dead, Self::Waiting];

    /// The word for it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Dead => "dead",
            Self::Waiting => "waiting",
        }
    }
}

/// A word that is no state.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is no state of a parked event; there are dead and waiting")]
pub struct UnknownParkedState(String);

impl FromStr for ParkedState {
    type Err = UnknownParkedState;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::ALL
            .into_iter()
            .find(|state| state.name() == text)
            .ok_or_else(|| UnknownParkedState(text.to_owned()))
    }
}

/// An event that a handler could not handle yet.
#[derive(Debug, Clone, PartialEq)]
pub struct ParkedEvent {
    /// Which handler.
    pub handler: String,
    /// Which event.
    pub event: Event,
    /// What becomes of it.
    pub state: ParkedState,
    /// How often it was tried; 0 when it only waits behind another of its key.
    pub attempts: i64,
    /// When it is tried again.
    pub next_attempt_at: Option<Timestamp>,
    /// Why it was not handled.
    pub last_error: Option<String>,
    /// When it was put aside.
    pub parked_at: Timestamp,
}

impl ParkedEvent {
    /// Its place in the list.
    pub fn place(&self) -> ParkedPlace {
        ParkedPlace {
            state: self.state,
            position: self.event.position,
            handler: self.handler.clone(),
        }
    }
}

/// Which parked events are wanted.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ParkedFilter {
    /// Only those of this handler.
    pub handler: Option<String>,
    /// Only those in this state.
    pub state: Option<ParkedState>,
}

/// A place in the list of parked events.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ParkedPlace {
    /// Dead ones come first,
    pub state: ParkedState,
    /// then the oldest,
    pub position: i64,
    /// then by the handler's name.
    pub handler: String,
}

impl Outbox {
    /// How far each handler has come.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub async fn statuses(&self) -> Result<Vec<HandlerStatus>, StoreError> {
        let handlers = self.inner.handlers();
        let registered: Vec<&str> = handlers.iter().map(|handler| handler.name()).collect();
        store::statuses(&self.inner.database, &registered).await
    }

    /// Events that were put aside, dead ones first, each state from the oldest on.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub async fn parked(
        &self,
        filter: &ParkedFilter,
        after: Option<&ParkedPlace>,
        limit: i64,
    ) -> Result<Vec<ParkedEvent>, StoreError> {
        store::parked(&self.inner.database, filter, after, limit).await
    }

    /// One event that a handler has put aside.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub async fn parked_at(&self, handler: &str, position: i64) -> Result<Option<ParkedEvent>, StoreError> {
        store::parked_at(&self.inner.database, handler, position).await
    }

    /// Has a dead letter, or an event that waits for its next attempt, tried at once; answers whether there was one.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn replay(&self, handler: &str, position: i64) -> Result<bool, StoreError> {
        let revived = store::revive(&self.inner.database, handler, position, self.inner.world.now()).await?;
        self.inner.wakes.ring(TOPIC);
        Ok(revived)
    }

    /// The same for everything that a handler has put aside; answers how many.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn replay_all(&self, handler: &str) -> Result<u64, StoreError> {
        let revived = store::revive_all(&self.inner.database, handler, self.inner.world.now()).await?;
        self.inner.wakes.ring(TOPIC);
        Ok(revived)
    }

    /// Gives a parked event up for good: its handler will never see it, and what waits behind it goes on. Answers what was
    /// discarded; `None` when there was nothing, as when it was handled in this moment.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn discard(&self, handler: &str, position: i64, by: &str) -> Result<Option<ParkedEvent>, StoreError> {
        let database = &self.inner.database;
        let Some(parked) = store::parked_at(database, handler, position).await? else {
            return Ok(None);
        };
        let mut tx = database.begin().await?;
        // An attempt that is under way ends first: what was handled must not be called discarded.
        store::hold_cursor(&mut tx, database.dialect(), handler).await?;
        if !store::unpark(&mut tx, handler, position).await? {
            return Ok(None);
        }
        tx.commit().await?;
        tracing::warn!(
            handler,
            event.position = position,
            event.id = %parked.event.id,
            event.topic = parked.event.topic,
            event.key = parked.event.key,
            by,
            last_error = parked.last_error,
            "a parked event was discarded; its handler will never see it"
        );
        self.inner.wakes.ring(TOPIC);
        Ok(Some(parked))
    }

    /// Forgets old events that everybody has handled; answers how many.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn forget(&self) -> Result<u64, StoreError> {
        self.forget_before(self.inner.world.now().checked_sub(KEEP).unwrap_or(Timestamp::MIN))
            .await
    }

    /// Forgets what was written before a certain time and handled by everybody; answers how much.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn forget_before(&self, before: Timestamp) -> Result<u64, StoreError> {
        let abandoned = self.inner.world.now().checked_sub(ABANDONED).unwrap_or(Timestamp::MIN);
        let mut forgotten = 0;
        loop {
            let now = store::forget(&self.inner.database, before, abandoned, FORGET_BATCH).await?;
            forgotten += now;
            if i64::try_from(now).is_ok_and(|now| now < FORGET_BATCH) {
                return Ok(forgotten);
            }
        }
    }
}
