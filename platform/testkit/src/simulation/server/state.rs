//! What the server knows at one instant, and what it does in one: open transactions, their locks, and what lies beneath.

use std::{
    borrow::Cow,
    collections::{BTreeMap, BTreeSet},
};

use mainstay_store::{Dialect, Presence, Statement, StoreError, Value, Wakes};

use super::{
    Route, Sabotage,
    clause::{Clause, KEY},
    engine::{Answer, Engine, Overlay, Want},
    journal::Journal,
    locks::{Locks, Place, Strength, TxId},
    session::Kill,
};
use crate::simulation::{chance::Chance, log::Log};

/// How long a commit takes on a disk without trouble, in milliseconds.
pub const DISK: (u64, u64) = (0, 3);

/// What came of an attempt to run a statement.
#[derive(Debug)]
pub enum Attempt {
    /// This.
    Done(Result<Answer, StoreError>),
    /// Another transaction must end first.
    Wait,
}

/// An open transaction.
#[derive(Debug)]
pub struct Open {
    pub owner: String,
    /// What it has changed; of a snapshot, what others have changed since it began, as it was before.
    pub overlay: Overlay,
    /// Whether it only reads, and sees what was committed when it began.
    pub snapshot: bool,
    /// A statement failed, so nothing more is done and nothing will be committed.
    pub doomed: bool,
    pub topics: Vec<String>,
}

#[derive(Debug)]
pub struct State {
    /// Absent once the simulation is over.
    pub engine: Option<Engine>,
    pub chance: Chance,
    pub last: TxId,
    pub open: BTreeMap<TxId, Open>,
    pub locks: Locks,
    pub kills: Vec<Kill>,
    /// The claims that processes hold.
    pub present: BTreeSet<Presence>,
    pub listeners: Vec<(Route, Wakes)>,
    pub up: bool,
    pub disk: (u64, u64),
    pub lost_acknowledgements: u64,
    pub sabotage: Vec<Sabotage>,
    pub journal: Journal,
}

impl State {
    /// A server that has just come up.
    pub fn new(engine: Engine, chance: Chance) -> Self {
        Self {
            engine: Some(engine),
            chance,
            last: 0,
            open: BTreeMap::new(),
            locks: Locks::default(),
            kills: Vec::new(),
            present: BTreeSet::new(),
            listeners: Vec::new(),
            up: true,
            disk: DISK,
            lost_acknowledgements: 0,
            sabotage: Vec::new(),
            journal: Journal::default(),
        }
    }

    /// What lies beneath.
    pub fn engine(&mut self) -> &mut Engine {
        self.engine.as_mut().unwrap_or_else(|| panic!("the simulation is over"))
    }

    /// Opens a transaction.
    pub fn begin(&mut self, owner: &str, snapshot: bool) -> TxId {
        self.last += 1;
        let open = Open {
            owner: owner.to_owned(),
            overlay: Overlay::new(),
            snapshot,
            doomed: false,
            topics: Vec::new(),
        };
        self.open.insert(self.last, open);
        self.last
    }

    /// Runs a statement in a transaction, unless another holds what it needs.
    pub fn attempt(&mut self, dialect: Dialect, tx: TxId, statement: &Statement, want: Want) -> Attempt {
        self.locks.wake(tx);
        let Some(mut open) = self.open.remove(&tx) else {
            return Attempt::Done(Err(StoreError::of_sqlstate(
                "25P01",
                "there is no transaction in progress",
            )));
        };
        let attempt = if open.doomed {
            Attempt::Done(Err(StoreError::of_sqlstate(
                "25P02",
                "current transaction is aborted, commands ignored until end of transaction block",
            )))
        } else if let Some(topic) = notified(statement) {
            open.topics.push(topic);
            Attempt::Done(Ok(match want {
                Want::Count => Answer::Count(1),
                Want::Rows => Answer::Rows(Vec::new()),
            }))
        } else if open.snapshot {
            Attempt::Done(self.look_back(tx, &open, statement, want))
        } else {
            let statement = self.sabotaged(statement);
            match dialect {
                Dialect::Sqlite => self.run_alone(tx, &mut open, &statement, want),
                Dialect::Postgres => self.run_among_others(tx, &mut open, &statement, want),
            }
        };
        if matches!(attempt, Attempt::Done(Err(_))) && dialect == Dialect::Postgres {
            open.doomed = true;
        }
        self.open.insert(tx, open);
        attempt
    }

    /// A snapshot sees what others have committed since it began as it was before.
    fn look_back(&mut self, tx: TxId, open: &Open, statement: &Statement, want: Want) -> Result<Answer, StoreError> {
        let engine = self.engine();
        // More may have been committed since its last statement.
        engine.lift()?;
        let (answer, changes) = engine.run(tx, &open.overlay, statement, want, BTreeSet::new())?;
        assert!(changes.rows.is_empty(), "a snapshot only reads: {}", statement.text());
        engine.lift()?;
        Ok(answer)
    }

    /// Snapshots keep what a commit is about to change.
    fn keep_for_snapshots(&mut self, overlay: &Overlay) {
        if !self.open.values().any(|open| open.snapshot) {
            return;
        }
        let before = self.engine().before(overlay).unwrap_or_else(|error| defect(&error));
        for open in self.open.values_mut().filter(|open| open.snapshot) {
            for (place, change) in &before {
                open.overlay.entry(place.clone()).or_insert_with(|| change.clone());
            }
        }
    }

    /// On SQLite a transaction has the whole database.
    fn run_alone(&mut self, tx: TxId, open: &mut Open, statement: &Statement, want: Want) -> Attempt {
        Attempt::Done(
            self.engine()
                .run(tx, &open.overlay, statement, want, BTreeSet::new())
                .map(|(answer, changes)| {
                    open.overlay.extend(changes.rows);
                    answer
                }),
        )
    }

    fn run_among_others(&mut self, tx: TxId, open: &mut Open, statement: &Statement, want: Want) -> Attempt {
        let clause = Clause::of(statement.text());
        let (plain, held) = self.without_clause(tx, clause.as_ref(), statement);
        if self.escapes(statement) {
            return Attempt::Done(self.run_at_once(tx, &plain, want));
        }
        let (answer, changes) = match self.engine().run(tx, &open.overlay, &plain, want, held) {
            Ok(ran) => ran,
            Err(error) => return Attempt::Done(Err(error)),
        };
        let selected = clause.as_ref().filter(|clause| clause.outermost);
        let selected = selected
            .map(|clause| selected_rows(clause, &answer))
            .unwrap_or_default();
        let written = changes.rows.keys().chain(&changes.uniques);
        let written = written.map(|place| (place.clone(), Strength::Exclusive));
        let wanted: Vec<(Place, Strength)> = selected
            .into_iter()
            .chain(written)
            .filter(|(place, _)| !self.sabotage.iter().any(|how| how.leaves_unlocked(&place.table)))
            .collect();
        let blocker = wanted
            .iter()
            .find_map(|(place, strength)| self.locks.blocker(tx, place, *strength));
        if let Some(holder) = blocker {
            self.engine().lift().unwrap_or_else(|error| defect(&error));
            if self.locks.wait(tx, holder) {
                return Attempt::Wait;
            }
            return Attempt::Done(Err(StoreError::of_sqlstate("40P01", "deadlock detected")));
        }
        for (place, strength) in wanted {
            self.locks.take(tx, place, strength);
        }
        open.overlay.extend(changes.rows);
        Attempt::Done(Ok(answer))
    }

    /// The statement in words that SQLite knows, and the keys of rows that it passes over.
    fn without_clause<'s>(
        &self,
        tx: TxId,
        clause: Option<&Clause>,
        statement: &'s Statement,
    ) -> (Cow<'s, Statement>, BTreeSet<String>) {
        let (Some(clause), Some(engine)) = (clause, &self.engine) else {
            return (Cow::Borrowed(statement), BTreeSet::new());
        };
        let plain = clause.plain(&engine.table(clause.table).key_expression());
        let held = self.locks.held_by_others(tx, clause.table);
        (Cow::Owned(statement.clone().with_text(plain)), held)
    }

    /// What sabotage lets escape from its transaction.
    fn run_at_once(&mut self, tx: TxId, statement: &Statement, want: Want) -> Result<Answer, StoreError> {
        let engine = self.engine();
        engine.lift()?;
        let (answer, changes) = engine.run(tx, &Overlay::new(), statement, want, BTreeSet::new())?;
        engine.commit(tx, &changes.rows)?;
        Ok(answer)
    }

    /// Answers what to ring, who listens, and whether the client hears of the commit.
    pub fn commit(&mut self, tx: TxId, log: &Log) -> (Vec<String>, Vec<(Route, Wakes)>, bool) {
        let Some(mut open) = self.open.remove(&tx) else {
            return (Vec::new(), Vec::new(), true);
        };
        if self.tears() && open.overlay.len() > 1 {
            open.overlay.pop_last();
            self.engine().lift().unwrap_or_else(|error| defect(&error));
        }
        if open.snapshot {
            // There is nothing to commit.
            open.overlay.clear();
        }
        let nothing = open.overlay.is_empty();
        let dropped = self.sabotage.iter().any(|how| match how {
            Sabotage::DropCommits(one_of) => !nothing && self.chance.below(*one_of) == 0,
            _ => false,
        });
        if dropped {
            self.engine().forget(tx).unwrap_or_else(|error| defect(&error));
        } else {
            self.keep_for_snapshots(&open.overlay);
            self.engine()
                .commit(tx, &open.overlay)
                .unwrap_or_else(|error| defect(&error));
            let State { journal, engine, .. } = self;
            if let Some(engine) = engine {
                journal.add(tx, &open.owner, &open.overlay, |table| &engine.table(table).columns);
            }
        }
        self.locks.release(tx);
        let heard = nothing || !self.chance.percent(self.lost_acknowledgements);
        let unheard = if heard { "" } else { ", and nobody hears of it" };
        log.line(&format!(
            "{} tx {tx} commits {} rows{unheard}",
            open.owner,
            open.overlay.len()
        ));
        self.listeners.retain(|(route, _)| !route.is_lost());
        (open.topics, self.listeners.clone(), heard)
    }

    /// Undoes a transaction.
    pub fn rollback(&mut self, tx: TxId) {
        self.open.remove(&tx);
        self.locks.release(tx);
        if let Some(engine) = &mut self.engine {
            engine.forget(tx).unwrap_or_else(|error| defect(&error));
        }
    }

    /// The statement as sabotage has it.
    fn sabotaged<'s>(&self, statement: &'s Statement) -> Cow<'s, Statement> {
        let mut statement = Cow::Borrowed(statement);
        for how in &self.sabotage {
            if let Sabotage::Replace(from, to) = how
                && statement.text().contains(from)
            {
                let text = statement.text().replace(from, to);
                statement = Cow::Owned(statement.into_owned().with_text(text));
            }
        }
        statement
    }

    fn tears(&self) -> bool {
        self.sabotage.iter().any(|how| match how {
            Sabotage::TearCommits(one_of) => self.chance.below(*one_of) == 0,
            _ => false,
        })
    }

    fn escapes(&self, statement: &Statement) -> bool {
        self.sabotage.iter().any(|how| {
            matches!(how, Sabotage::NoTransaction(table) if statement.text().starts_with(&format!("UPDATE {table} ")))
        })
    }
}

/// The rows of an answer, which a clause locks.
fn selected_rows(clause: &Clause, answer: &Answer) -> Vec<(Place, Strength)> {
    let Answer::Rows(rows) = answer else {
        return Vec::new();
    };
    let places = rows.iter().map(|row| Place {
        table: clause.table.into(),
        key: row.get(KEY).unwrap_or_else(|error| defect(&error)),
    });
    places.map(|place| (place, clause.strength)).collect()
}

/// The topic that a statement notifies.
fn notified(statement: &Statement) -> Option<String> {
    if !statement.text().contains("pg_notify(") {
        return None;
    }
    match statement.values() {
        [Value::Text(Some(topic))] => Some(topic.clone()),
        _ => None,
    }
}

/// The double itself is wrong.
fn defect<T>(error: &StoreError) -> T {
    panic!("the simulated database: {error}")
}
