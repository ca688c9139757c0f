//! A value of which followers want the latest, and to hear when there is a new one.
//!
//! Like `tokio::sync::watch`, with one difference: who waits first is woken first. That one wakes in an order that its own
//! chance decides, which no seed replays.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::Notify;

/// The value, where it is set. Cheap to clone.
#[derive(Debug)]
pub struct Latest<T>(Arc<Shared<T>>);

#[derive(Debug, Default)]
struct Shared<T> {
    value: Mutex<Versioned<T>>,
    changed: Notify,
}

#[derive(Debug, Default)]
struct Versioned<T> {
    value: T,
    version: u64,
}

/// The value, where it is followed.
#[derive(Debug)]
pub struct Follower<T> {
    latest: Latest<T>,
    seen: u64,
}

impl<T> Clone for Latest<T> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

impl<T> Clone for Follower<T> {
    fn clone(&self) -> Self {
        Self {
            latest: self.latest.clone(),
            seen: self.seen,
        }
    }
}

impl<T: Default> Default for Latest<T> {
    fn default() -> Self {
        Self(Arc::default())
    }
}

impl<T> Latest<T> {
    /// Begins with a value that nobody has to hear of.
    pub fn new(value: T) -> Self {
        Self(Arc::new(Shared {
            value: Mutex::new(Versioned { value, version: 0 }),
            changed: Notify::new(),
        }))
    }

    fn versioned(&self) -> MutexGuard<'_, Versioned<T>> {
        self.0.value.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Follows it from now on.
    pub fn follow(&self) -> Follower<T> {
        Follower {
            seen: self.versioned().version,
            latest: self.clone(),
        }
    }

    /// Sets it, and tells the followers.
    pub fn set(&self, value: T) {
        {
            let mut versioned = self.versioned();
            versioned.value = value;
            versioned.version += 1;
        }
        self.0.changed.notify_waiters();
    }
}

impl<T: Clone> Latest<T> {
    /// The value.
    pub fn get(&self) -> T {
        self.versioned().value.clone()
    }
}

impl<T: PartialEq> Latest<T> {
    /// Sets it, unless that is what it is already.
    pub fn set_if_different(&self, value: T) {
        let same = self.versioned().value == value;
        if !same {
            self.set(value);
        }
    }
}

impl<T: Clone> Follower<T> {
    /// The value.
    pub fn get(&self) -> T {
        self.latest.get()
    }
}

impl<T> Follower<T> {
    /// Counts what is there now as seen.
    pub fn mark_seen(&mut self) {
        self.seen = self.latest.versioned().version;
    }

    /// Counts what is there now as not seen yet: the next wait for a change ends at once.
    pub fn mark_unseen(&mut self) {
        self.seen = self.latest.versioned().version.wrapping_sub(1);
    }

    /// Resolves when the value was set since the last time.
    pub async fn changed(&mut self) {
        loop {
            // Listens before it looks, so that nothing set in between is missed.
            let changed = self.latest.0.changed.notified();
            let version = self.latest.versioned().version;
            if version != self.seen {
                self.seen = version;
                return;
            }
            changed.await;
        }
    }
}

#[cfg(test)]
mod tests {
    use futures::FutureExt;

    use super::*;

    #[tokio::test]
    async fn a_value_set_while_nobody_waited_is_heard_of_once() {
        let latest = Latest::<u8>::default();
        let mut follower = latest.follow();
        assert!(follower.changed().now_or_never().is_none());
        latest.set(1);
        latest.set(2);
        follower.changed().await;
        assert_eq!(follower.get(), 2);
        assert!(follower.changed().now_or_never().is_none());
        latest.set_if_different(2);
        assert!(follower.changed().now_or_never().is_none());
        latest.set_if_different(3);
        follower.mark_seen();
        assert!(follower.changed().now_or_never().is_none());
        follower.mark_unseen();
        assert!(follower.changed().now_or_never().is_some());
    }

    #[tokio::test]
    async fn those_who_wait_are_woken_in_the_order_they_came() {
        let latest = Latest::<u8>::default();
        let order = Mutex::new(Vec::new());
        let wait = |number: u8| {
            let (mut follower, order) = (latest.follow(), &order);
            async move {
                follower.changed().await;
                order.lock().unwrap().push(number);
            }
        };
        let set = async {
            tokio::task::yield_now().await;
            latest.set(1);
        };
        futures::join!(wait(1), wait(2), wait(3), wait(4), set);
        assert_eq!(*order.lock().unwrap(), [1, 2, 3, 4]);
    }
}
