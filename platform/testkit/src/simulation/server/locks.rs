//! Row locks: who holds which row until the end of its transaction, and who waits for whom.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

/// Names a transaction of a simulation.
pub type TxId = u64;

/// What is locked: a row by its primary key, or a value of a unique index.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Place {
    /// The table.
    pub table: Arc<str>,
    /// Its key as SQL literals, or the name of an index and its literals.
    pub key: String,
}

/// How a row is locked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Strength {
    /// Others may share the row and nobody may change it.
    Share,
    /// Nobody else may lock or change the row.
    Exclusive,
}

#[derive(Debug, Default)]
struct Hold {
    exclusive: Option<TxId>,
    shared: BTreeSet<TxId>,
}

/// Every lock.
#[derive(Debug, Default)]
pub struct Locks {
    held: BTreeMap<Place, Hold>,
    waits: BTreeMap<TxId, TxId>,
}

impl Locks {
    /// Whose end a transaction must wait for before it can have a row.
    pub fn blocker(&self, tx: TxId, place: &Place, strength: Strength) -> Option<TxId> {
        let hold = self.held.get(place)?;
        let exclusive = hold.exclusive.filter(|holder| *holder != tx);
        let shared = || hold.shared.iter().copied().find(|holder| *holder != tx);
        match strength {
            Strength::Share => exclusive,
            Strength::Exclusive => exclusive.or_else(shared),
        }
    }

    /// Gives a row to a transaction that nobody blocks.
    pub fn take(&mut self, tx: TxId, place: Place, strength: Strength) {
        let hold = self.held.entry(place).or_default();
        match strength {
            Strength::Share => drop(hold.shared.insert(tx)),
            Strength::Exclusive => hold.exclusive = Some(tx),
        }
    }

    /// A transaction has ended.
    pub fn release(&mut self, tx: TxId) {
        self.held.retain(|_, hold| {
            hold.exclusive.take_if(|holder| *holder == tx);
            hold.shared.remove(&tx);
            hold.exclusive.is_some() || !hold.shared.is_empty()
        });
        self.waits.remove(&tx);
    }

    /// The keys of a table's rows that others hold.
    pub fn held_by_others(&self, tx: TxId, table: &str) -> BTreeSet<String> {
        let from = Place {
            table: table.into(),
            key: String::new(),
        };
        self.held
            .range(from..)
            .take_while(|(place, _)| &*place.table == table)
            .filter(|(_, hold)| {
                hold.exclusive.is_some_and(|holder| holder != tx) || hold.shared.iter().any(|holder| *holder != tx)
            })
            .map(|(place, _)| place.key.clone())
            .collect()
    }

    /// Notes that a transaction waits for another; answers `false` when that one, through others, waits for it.
    pub fn wait(&mut self, tx: TxId, holder: TxId) -> bool {
        self.waits.insert(tx, holder);
        let mut next = Some(holder);
        while let Some(waiting) = next {
            if waiting == tx {
                self.waits.remove(&tx);
                return false;
            }
            next = self.waits.get(&waiting).copied();
        }
        true
    }

    /// A transaction waits no longer.
    pub fn wake(&mut self, tx: TxId) {
        self.waits.remove(&tx);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(key: &str) -> Place {
        Place {
            table: "boat".into(),
            key: key.to_owned(),
        }
    }

    #[test]
    fn readers_share_a_row_and_a_writer_wants_it_alone() {
        let mut locks = Locks::default();
        locks.take(1, row("a"), Strength::Share);
        assert_eq!(locks.blocker(2, &row("a"), Strength::Share), None);
        locks.take(2, row("a"), Strength::Share);
        assert_eq!(locks.blocker(3, &row("a"), Strength::Exclusive), Some(1));
        assert_eq!(locks.blocker(1, &row("a"), Strength::Exclusive), Some(2));
        locks.release(2);
        assert_eq!(locks.blocker(1, &row("a"), Strength::Exclusive), None);
        assert_eq!(locks.blocker(3, &row("b"), Strength::Exclusive), None);
    }

    #[test]
    fn what_others_hold_is_skipped() {
        let mut locks = Locks::default();
        locks.take(1, row("a"), Strength::Exclusive);
        locks.take(2, row("b"), Strength::Share);
        let held = |tx| locks.held_by_others(tx, "boat").into_iter().collect::<Vec<_>>();
        assert_eq!(held(1), ["b"]);
        assert_eq!(held(3), ["a", "b"]);
        assert!(locks.held_by_others(3, "harbour").is_empty());
    }

    #[test]
    fn two_who_wait_for_each_other_are_noticed() {
        let mut locks = Locks::default();
        assert!(locks.wait(1, 2));
        assert!(locks.wait(2, 3));
        assert!(!locks.wait(3, 1));
        locks.wake(2);
        assert!(locks.wait(3, 1));
    }
}
