//! What statements mean: a real SQLite database, in which one open transaction at a time is laid over what is committed.
//!
//! Everything runs inside one real transaction that never commits, so that a run leaves nothing behind and costs no disk.
//! Triggers write down each row that a statement touches. That is how a transaction can be lifted off and laid over
//! something newer (as PostgreSQL's read-committed transactions see it), and how the double knows which rows to lock.

use std::collections::{BTreeMap, BTreeSet};

use mainstay_store::{Row, Statement, StoreError, Transaction, sql, sql_owned};

use super::locks::{Place, TxId};

/// What a transaction has changed and not committed: each row's newest image as SQL literals, or `None` when it is deleted.
pub type Overlay = BTreeMap<Place, Option<String>>;

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
    /// Each row's newest image.
    pub rows: Overlay,
    /// Values of unique indexes that were given or taken away.
    pub uniques: BTreeSet<Place>,
}

/// A table's shape.
#[derive(Debug)]
pub struct Table {
    /// Its columns in order.
    pub columns: Vec<String>,
    key: Vec<String>,
    uniques: Vec<Vec<String>>,
}

impl Table {
    /// The expression of a row's key.
    pub fn key_of(&self, row: &str) -> String {
        quoted(row, &self.key)
    }
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
    real: Transaction,
    tables: BTreeMap<String, Table>,
    over: Over,
    seen: i64,
}

impl Engine {
    /// Learns the shape of every table and sets its triggers. `real` is a transaction on a migrated SQLite database.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn new(real: Transaction) -> Result<Self, StoreError> {
        let mut engine = Self {
            real,
            tables: BTreeMap::new(),
            over: Over::Nothing,
            seen: 0,
        };
        let mut script =
            "CREATE TEMP TABLE sim_change (seq INTEGER PRIMARY KEY, place TEXT, key TEXT, image TEXT, uniques TEXT);"
                .to_owned();
        for row in engine.rows(sql(
            "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%' ORDER BY name",
        ))? {
            let name: String = row.get("name")?;
            let table = engine.shape(&name)?;
            script.push_str(&triggers(&name, &table));
            engine.tables.insert(name, table);
        }
        engine.script(script)?;
        Ok(engine)
    }

    /// Gives the real transaction back, to be undone.
    pub fn into_real(self) -> Transaction {
        self.real
    }

    /// The shape of a table.
    ///
    /// # Panics
    /// When there is no such table, which is a defect of the test.
    pub fn table(&self, name: &str) -> &Table {
        self.tables
            .get(name)
            .unwrap_or_else(|| panic!("no table is called {name}"))
    }

    /// Runs a statement on what is committed; it must not change anything.
    ///
    /// # Errors
    /// When the database refuses it.
    pub fn read(&mut self, statement: Statement) -> Result<Vec<Row>, StoreError> {
        if matches!(self.over, Over::Changes(_)) {
            self.lift()?;
        }
        self.rows(statement)
    }

    /// Runs a statement in a transaction that has changed `overlay` so far; answers also what it changed, which is in place
    /// until [`Engine::lift`].
    ///
    /// # Errors
    /// When the database refuses it; then nothing of the statement happened.
    pub fn run(
        &mut self,
        tx: TxId,
        overlay: &Overlay,
        statement: Statement,
        want: Want,
    ) -> Result<(Answer, Changes), StoreError> {
        let changes_nothing = want == Want::Rows && statement.text().starts_with("SELECT ");
        if changes_nothing && overlay.is_empty() {
            return Ok((Answer::Rows(self.read(statement)?), Changes::default()));
        }
        self.lay(tx, overlay)?;
        let answer = match want {
            Want::Count => Answer::Count(run(self.real.execute(statement))?),
            Want::Rows => Answer::Rows(self.rows(statement)?),
        };
        if changes_nothing {
            return Ok((answer, Changes::default()));
        }
        let changes = self.changes()?;
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
        self.script("RELEASE sim; DELETE FROM sim_change; SAVEPOINT sim;".to_owned())?;
        self.over = Over::Blank;
        self.seen = 0;
        Ok(())
    }

    /// Takes away what lies over the committed state.
    ///
    /// # Errors
    /// When the database refuses, which is a defect of this double.
    pub fn lift(&mut self) -> Result<(), StoreError> {
        if self.over != Over::Nothing {
            self.script("ROLLBACK TO sim; RELEASE sim;".to_owned())?;
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

    fn lay(&mut self, tx: TxId, overlay: &Overlay) -> Result<(), StoreError> {
        if self.over == Over::Changes(tx) || (self.over == Over::Blank && overlay.is_empty()) {
            return Ok(());
        }
        let mut script = String::new();
        if self.over != Over::Nothing {
            script.push_str("ROLLBACK TO sim; RELEASE sim;");
        }
        script.push_str("SAVEPOINT sim;");
        for Place { table, key } in overlay.keys() {
            let columns = self.table(table).key.join(", ");
            script.extend(["DELETE FROM ", table, " WHERE (", &columns, ") = (", key, ");"]);
        }
        for (Place { table, .. }, image) in overlay {
            if let Some(image) = image {
                script.extend(["INSERT INTO ", table, " VALUES (", image, ");"]);
            }
        }
        script.push_str("DELETE FROM sim_change;");
        self.script(script)?;
        self.over = if overlay.is_empty() {
            Over::Blank
        } else {
            Over::Changes(tx)
        };
        self.seen = 0;
        Ok(())
    }

    fn changes(&mut self) -> Result<Changes, StoreError> {
        let mut changes = Changes::default();
        let statement =
            sql("SELECT seq, place, key, image, uniques FROM sim_change WHERE seq > $1 ORDER BY seq").bind(self.seen);
        for row in self.rows(statement)? {
            self.seen = row.get("seq")?;
            let (table, key): (String, String) = (row.get("place")?, row.get("key")?);
            for unique in row
                .get::<String>("uniques")?
                .split('\n')
                .filter(|unique| !unique.is_empty())
            {
                changes.uniques.insert(Place {
                    table: table.clone(),
                    key: unique.to_owned(),
                });
            }
            changes.rows.insert(Place { table, key }, row.get("image")?);
        }
        Ok(changes)
    }

    fn shape(&mut self, name: &str) -> Result<Table, StoreError> {
        let text = |row: &Row| row.get::<String>("name");
        let about = |what: &str, of: &str| sql_owned(format!("SELECT * FROM pragma_{what}('{of}')"));
        let columns = self.rows(about("table_info", name))?;
        let mut key: Vec<(i64, String)> = Vec::new();
        for column in &columns {
            let place = column.get::<i64>("pk")?;
            if place > 0 {
                key.push((place, text(column)?));
            }
        }
        key.sort_unstable();
        assert!(
            !key.is_empty(),
            "the simulated database needs a primary key to tell the rows of {name} apart"
        );
        let mut uniques = Vec::new();
        for index in self.rows(about("index_list", name))? {
            if index.get::<i64>("unique")? == 1 && index.get::<String>("origin")? != "pk" {
                let columns = self.rows(about("index_info", &text(&index)?))?;
                uniques.push(columns.iter().map(text).collect::<Result<_, _>>()?);
            }
        }
        Ok(Table {
            columns: columns.iter().map(text).collect::<Result<_, _>>()?,
            key: key.into_iter().map(|(_, name)| name).collect(),
            uniques,
        })
    }

    fn rows(&mut self, statement: Statement) -> Result<Vec<Row>, StoreError> {
        run(self.real.fetch_all(statement))
    }

    fn script(&mut self, text: String) -> Result<(), StoreError> {
        run(self.real.execute(sql_owned(text))).map(drop)
    }
}

/// Runs a future of the real database to its end on this thread, so that its time is no part of the simulation.
fn run<T>(future: impl Future<Output = T>) -> T {
    futures::executor::block_on(future)
}

/// The literals of some columns of a row, with commas between.
fn quoted(row: &str, columns: &[String]) -> String {
    let literals: Vec<String> = columns
        .iter()
        .map(|column| {
            if row.is_empty() {
                format!("quote({column})")
            } else {
                format!("quote({row}.{column})")
            }
        })
        .collect();
    literals.join("||', '||")
}

fn triggers(name: &str, table: &Table) -> String {
    let note = |key: &str, image: &str, uniques: &str| {
        format!("INSERT INTO sim_change (place, key, image, uniques) SELECT '{name}', {key}, {image}, {uniques}")
    };
    let uniques = |row: &str| {
        let parts = table.uniques.iter().enumerate().map(|(number, columns)| {
            let literals = quoted(row, columns);
            let complete: Vec<String> = columns
                .iter()
                .map(|column| format!("{row}.{column} IS NOT NULL"))
                .collect();
            format!(
                "CASE WHEN {} THEN '{number}:'||{literals}||char(10) ELSE '' END",
                complete.join(" AND ")
            )
        });
        let parts: Vec<String> = parts.collect();
        if parts.is_empty() {
            "''".to_owned()
        } else {
            parts.join("||")
        }
    };
    let (old, new) = (table.key_of("OLD"), table.key_of("NEW"));
    let written = note(&new, &quoted("NEW", &table.columns), &uniques("NEW"));
    let gone = note(&old, "NULL", &uniques("OLD"));
    let moved = note(
        &new,
        &quoted("NEW", &table.columns),
        &format!("{}||{}", uniques("OLD"), uniques("NEW")),
    );
    format!(
        "CREATE TEMP TRIGGER sim_i_{name} AFTER INSERT ON main.{name} BEGIN {written}; END;\
         CREATE TEMP TRIGGER sim_d_{name} AFTER DELETE ON main.{name} BEGIN {gone}; END;\
         CREATE TEMP TRIGGER sim_u_{name} AFTER UPDATE ON main.{name} BEGIN {gone} WHERE {old} <> {new}; {moved}; END;"
    )
}
