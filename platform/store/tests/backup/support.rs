//! A schema with everything in it, rows for it, and the ways to save and restore that every test here uses.

use std::path::{Path, PathBuf};

use mainstay_kernel::World;
use mainstay_store::{
    Bind, Database, Dialect, Migration, Value,
    backup::{BackupError, BackupOptions, BackupSummary, CheckedBackup, Restored, Watcher, back_up},
    sql,
};
use mainstay_testkit::TestDatabase;
use uuid::Uuid;

/// Every type of column; tables that refer to each other against the order of their names; a row that the migration makes.
pub const FIRST: Migration = Migration {
    module: "demo",
    version: 1,
    name: "values",
    sql: "CREATE TABLE demo_value (
    number BIGINT NOT NULL PRIMARY KEY,
    words TEXT,
    flag BOOLEAN,
    ratio DOUBLE PRECISION,
    data BYTEA,
    mark UUID,
    amount BIGINT,
    \"order\" BIGINT
);
CREATE INDEX demo_value_amount ON demo_value (amount, mark);
CREATE TABLE demo_parent (
    id BIGINT NOT NULL PRIMARY KEY,
    parent BIGINT REFERENCES demo_parent (id)
);
CREATE TABLE demo_child (
    id BIGINT NOT NULL PRIMARY KEY,
    parent BIGINT NOT NULL REFERENCES demo_parent (id)
);
CREATE TABLE demo_counter (
    name TEXT NOT NULL PRIMARY KEY,
    next BIGINT NOT NULL
);
INSERT INTO demo_counter (name, next) VALUES ('thing', 1);
CREATE TABLE demo_session (
    id BIGINT NOT NULL PRIMARY KEY
);
",
};
pub const SECOND: Migration = Migration {
    module: "demo",
    version: 2,
    name: "notes",
    sql: "ALTER TABLE demo_value ADD COLUMN note TEXT;\nUPDATE demo_value SET note = 'older';\n",
};

/// One row of `demo_value`.
#[derive(Debug, Clone, PartialEq)]
pub struct Thing {
    pub number: i64,
    pub words: Option<String>,
    pub flag: Option<bool>,
    /// As bits, so that what is not a number can be compared.
    pub ratio: Option<u64>,
    pub data: Option<Vec<u8>>,
    pub mark: Option<u128>,
    pub amount: Option<i64>,
}

impl Thing {
    pub fn plain(number: i64) -> Self {
        Self {
            number,
            words: Some(format!("thing {number}")),
            flag: Some(number % 2 == 0),
            ratio: Some(0.25_f64.to_bits()),
            data: Some(vec![0, 255]),
            mark: None,
            amount: Some(-number),
        }
    }

    fn values(self) -> Vec<Value> {
        vec![
            self.number.into_value(),
            self.words.into_value(),
            self.flag.into_value(),
            self.ratio.map(f64::from_bits).into_value(),
            self.data.into_value(),
            self.mark.map(Uuid::from_u128).into_value(),
            self.amount.into_value(),
            Value::Int(None),
        ]
    }
}

pub async fn put(db: &Database, things: impl IntoIterator<Item = Thing>) {
    let mut tx = db.begin().await.unwrap();
    let insert = "INSERT INTO demo_value (number, words, flag, ratio, data, mark, amount, \"order\") VALUES";
    tx.insert_many(insert, "", things.into_iter().map(Thing::values))
        .await
        .unwrap();
    tx.commit().await.unwrap();
}

/// Rows that refer to rows that are stored after them, in the table after theirs or their own.
pub async fn put_family(db: &Database) {
    for text in [
        "INSERT INTO demo_parent (id, parent) VALUES (2, NULL)",
        "INSERT INTO demo_parent (id, parent) VALUES (1, 2)",
        "UPDATE demo_parent SET parent = 1 WHERE id = 2",
        "INSERT INTO demo_child (id, parent) VALUES (7, 2)",
        "UPDATE demo_counter SET next = 41 WHERE name = 'thing'",
    ] {
        db.execute(sql(text)).await.unwrap();
    }
}

pub async fn things(db: &Database) -> Vec<Thing> {
    let rows = db
        .fetch_all(sql("SELECT * FROM demo_value ORDER BY number"))
        .await
        .unwrap();
    let things = rows.iter().map(|row| Thing {
        number: row.get("number").unwrap(),
        words: row.get("words").unwrap(),
        flag: row.get("flag").unwrap(),
        ratio: row.get::<Option<f64>>("ratio").unwrap().map(f64::to_bits),
        data: row.get("data").unwrap(),
        mark: row.get::<Option<Uuid>>("mark").unwrap().map(|mark| mark.as_u128()),
        amount: row.get("amount").unwrap(),
    });
    things.collect()
}

pub async fn number(db: &Database, text: &'static str) -> i64 {
    db.fetch_one(sql(text)).await.unwrap().get("n").unwrap()
}

/// Everything in every table but the migrations' times, as text, for comparing databases of both kinds.
pub async fn everything(db: &Database) -> String {
    let parents = number(
        db,
        "SELECT CAST(COALESCE(SUM(id * 100 + COALESCE(parent, 0)), 0) AS BIGINT) AS n FROM demo_parent",
    );
    let children = number(
        db,
        "SELECT CAST(COALESCE(SUM(id * 100 + parent), 0) AS BIGINT) AS n FROM demo_child",
    );
    let counter = number(db, "SELECT next AS n FROM demo_counter");
    let migrations = number(db, "SELECT COUNT(*) AS n FROM store_migration");
    let applied = number(db, "SELECT CAST(SUM(applied_at) AS BIGINT) AS n FROM store_migration");
    format!(
        "{:?} {} {} {} {} {}",
        things(db).await,
        parents.await,
        children.await,
        counter.await,
        migrations.await,
        applied.await
    )
}

pub async fn save(db: &TestDatabase, migrations: &[Migration], file: &Path) -> Result<BackupSummary, BackupError> {
    let options = BackupOptions {
        migrations,
        left_out: &[],
        overwrite: false,
    };
    back_up(db.config(), &World::system(), options, file, &Watcher::silent()).await
}

pub async fn check(file: &Path, migrations: &[Migration]) -> Result<BackupSummary, BackupError> {
    let checked = CheckedBackup::read(file, &Watcher::silent()).await?;
    Ok(checked.restorable(migrations).await?.summary().clone())
}

/// Restores as a command does: nobody else has the database open.
pub async fn restore(db: &TestDatabase, migrations: &[Migration], file: &Path) -> Result<Restored, BackupError> {
    let watcher = Watcher::silent();
    let checked = CheckedBackup::read(file, &watcher).await?;
    let restorable = checked.restorable(migrations).await?;
    restorable.restore(db.config(), &World::system(), &watcher).await
}

/// The database as the next process sees it.
pub async fn reopened(db: &TestDatabase) -> Database {
    Database::open(db.config()).await.unwrap()
}

/// A folder for backups, and a name in it.
pub fn file() -> (tempfile::TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("mainstay.backup");
    (folder, file)
}

pub fn is_sqlite(db: &Database) -> bool {
    db.dialect() == Dialect::Sqlite
}
