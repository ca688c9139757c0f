//! What statements mean: a real SQLite database, in which one open transaction at a time is laid over what is committed.
//!
//! Everything of a simulation runs inside one real transaction that never commits, so that the next one finds the database
//! as it was. Triggers tell which rows a statement touches. That is how a transaction can be lifted off and laid over
//! something newer (as PostgreSQL's read-committed transactions see it), and how the double knows which rows to lock.

mod real;
mod table;

use std::collections::{BTreeMap, BTreeSet};

use mainstay_store::{Migration, Row, Statement, StoreError, Value, sql};

use self::real::{Note, Real};
pub use self::table::Table;
use super::locks::{Place, TxId};

/// Beyond every number that SQLite gives by itself before the first of ours.
const FIRST_NUMBER: i64 = 1 << 40;

/// A row as a transaction left it.
#[derive(Debug, Clone)]
pub struct Change {
    key: Vec<Value>,
    /// Its values in the order of the table's columns, or `None` when it is deleted.
    pub image: Option<Vec<Value>>,
}

/// What a transaction has changed and not committed.
pub type Overlay = BTreeMap<Place, Change>;

/// What is wanted of a statement.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Want {
    /// How many rows it touched.
    Count,
    /// Its rows.
    Rows,
}

/// What a statement came to.
#[derive(Debug)]
pub enum Answer {
    /// It touched so many rows.
    Count(u64),
    /// Its rows.
    Rows(Vec<Row>),
}

/// The rows a statement touched.
#[derive(Debug, Default)]
pub struct Changes {
    /// Each row as it is now.
    pub rows: Overlay,
    /// Values of unique indexes that were given or taken away.
    pub uniques: BTreeSet<Place>,
}

/// What lies over the committed state.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Over {
    /// Nothing.
    Nothing,
    /// A savepoint without changes, which any transaction without changes may use.
    Blank,
    /// The changes of a transaction.
    Changes(TxId),
}

/// The database beneath.
#[derive(Debug)]
pub struct Engine {
    real: Real,
    tables: Vec<Table>,
    numbers: BTreeMap<String, usize>,
    over: Over,
    /// The last number given to a row of a table without a key.
    numbered: i64,
}

impl Engine {
    /// An empty database with the tables of these migrations, and a simulation begun.
    ///
    /// # Errors
    /// When SQLite refuses.
    pub fn new(migrations: &[Migration]) -> Result<Self, StoreError> {
        let real = Real::open()?;
        for migration in migrations {
            real.script(migration.sql)?;
        }
        let mut engine = Self {
            real,
            tables: Vec::new(),
            numbers: BTreeMap::new(),
            over: Over::Nothing,
            numbered: FIRST_NUMBER,
        };
        for row in engine.rows(&sql(
            "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%' ORDER BY name",
        ))? {
            let name: String = row.get("name")?;
            let table = Table::learn(&engine.real, &name)?;
            let number = engine.tables.len();
            engine.real.script(&table.triggers(number))?;
            engine.tables.push(table);
            engine.numbers.insert(name, number);
        }
        engine.real.script("BEGIN")?;
        Ok(engine)
    }

    /// Undoes everything since the simulation began, and begins another.
    ///
    /// # Errors
    /// When SQLite refuses.
    pub fn clear(&mut self) -> Result<(), StoreError> {
        self.over = Over::Nothing;
        self.numbered = FIRST_NUMBER;
        self.real.script("ROLLBACK; BEGIN")
    }

    /// The shape of a table.
    ///
    /// # Panics
    /// When there is no such table, which is a defect of the test.
    pub fn table(&self, name: &str) -> &Table {
        match self.numbers.get(name) {
            Some(number) => &self.tables[*number],
            None => panic!("no table is called {name}"),
        }
    }

    /// Runs a statement on what is committed; it must not change anything.
    ///
    /// # Errors
    /// When the database refuses it.
    pub fn read(&mut self, statement: &Statement) -> Result<Vec<Row>, StoreError> {
        if matches!(self.over, Over::Changes(_)) {
            self.lift()?;
        }
        self.rows(statement)
    }

    /// Runs a statement in a transaction that has changed `overlay` so far; answers also what it changed, which is in place
    /// until [`Engine::lift`]. Rows with the keys `held` are passed over where the statement asks for that.
    ///
    /// # Errors
    /// When the database refuses it; then nothing of the statement happened.
    pub fn run(
        &mut self,
        tx: TxId,
        overlay: &Overlay,
        statement: &Statement,
        want: Want,
        held: BTreeSet<String>,
    ) -> Result<(Answer, Changes), StoreError> {
        let changes_nothing = want == Want::Rows && statement.text().starts_with("SELECT ");
        if changes_nothing && overlay.is_empty() {
            if matches!(self.over, Over::Changes(_)) {
                self.lift()?;
            }
        } else {
            self.lay(tx, overlay)?;
        }
        let (answer, mut notes) = self.real.noted(statement, want, held)?;
        self.number(&mut notes)?;
        let changes = self.changes(notes);
        if !changes.rows.is_empty() {
            self.over = Over::Changes(tx);
        }
        Ok((answer, changes))
    }

    /// Commits a transaction.
    ///
    /// # Errors
    /// When the database refuses, which is a defect of this double.
    pub fn commit(&mut self, tx: TxId, overlay: &Overlay) -> Result<(), StoreError> {
        if overlay.is_empty() {
            return Ok(());
        }
        self.lay(tx, overlay)?;
        self.real.change("RELEASE sim", &[])?;
        self.over = Over::Nothing;
        Ok(())
    }

    /// Takes away what lies over the committed state.
    ///
    /// # Errors
    /// When the database refuses, which is a defect of this double.
    pub fn lift(&mut self) -> Result<(), StoreError> {
        if self.over != Over::Nothing {
            self.real.change("ROLLBACK TO sim", &[])?;
            self.real.change("RELEASE sim", &[])?;
            self.over = Over::Nothing;
        }
        Ok(())
    }

    /// Lifts what a transaction that ended has laid over.
    ///
    /// # Errors
    /// As [`Engine::lift`].
    pub fn forget(&mut self, tx: TxId) -> Result<(), StoreError> {
        if self.over == Over::Changes(tx) {
            self.lift()
        } else {
            Ok(())
        }
    }

    /// New rows of tables without a key get numbers that no other transaction gives: SQLite would give the same to the rows of
    /// two transactions, because it knows only one of them at a time.
    fn number(&mut self, notes: &mut [Note]) -> Result<(), StoreError> {
        for note in notes.iter_mut().filter(|note| note.old.is_empty()) {
            let Some(renumber) = self.tables[note.table].renumber() else {
                continue;
            };
            if let Some(last) = note.new.last_mut() {
                self.numbered += 1;
                let given = std::mem::replace(last, Value::Int(Some(self.numbered)));
                self.real.change(&renumber, &[last.clone(), given])?;
            }
        }
        Ok(())
    }

    /// What a snapshot must keep of a change that is about to be committed: the rows as they are without it.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn before(&mut self, overlay: &Overlay) -> Result<Overlay, StoreError> {
        self.lift()?;
        let mut before = Overlay::new();
        for (place, change) in overlay {
            let table = self.table(&place.table);
            let image = self.real.row(&table.select, &change.key)?;
            let key = change.key.clone();
            before.insert(place.clone(), Change { key, image });
        }
        Ok(before)
    }

    fn lay(&mut self, tx: TxId, overlay: &Overlay) -> Result<(), StoreError> {
        if self.over == Over::Changes(tx) || (self.over == Over::Blank && overlay.is_empty()) {
            return Ok(());
        }
        if matches!(self.over, Over::Changes(_)) {
            self.lift()?;
        }
        if self.over == Over::Nothing {
            self.real.change("SAVEPOINT sim", &[])?;
        }
        for (Place { table, .. }, change) in overlay {
            self.real.change(&self.table(table).delete, &change.key)?;
        }
        for (Place { table, .. }, change) in overlay {
            if let Some(image) = &change.image {
                self.real.change(&self.table(table).insert, image)?;
            }
        }
        self.over = if overlay.is_empty() {
            Over::Blank
        } else {
            Over::Changes(tx)
        };
        Ok(())
    }

    fn changes(&self, notes: Vec<Note>) -> Changes {
        let mut changes = Changes::default();
        for Note { table, old, new } in notes {
            let table = &self.tables[table];
            let place = |key: String| Place {
                table: table.name.clone(),
                key,
            };
            for row in [&old, &new] {
                if !row.is_empty() {
                    changes.uniques.extend(table.uniques(row).map(place));
                }
            }
            if !old.is_empty() {
                let gone = Change {
                    key: table.key(&old),
                    image: None,
                };
                changes.rows.insert(place(table.key_literals(&old)), gone);
            }
            if !new.is_empty() {
                let change = Change {
                    key: table.key(&new),
                    image: Some(new),
                };
                let key = change.image.as_deref().map(|row| table.key_literals(row));
                changes.rows.insert(place(key.unwrap_or_default()), change);
            }
        }
        changes
    }

    fn rows(&self, statement: &Statement) -> Result<Vec<Row>, StoreError> {
        match self.real.run(statement, Want::Rows)? {
            Answer::Rows(rows) => Ok(rows),
            Answer::Count(_) => Ok(Vec::new()),
        }
    }
}
