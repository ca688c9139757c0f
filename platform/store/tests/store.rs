//! The store on both databases: values, transactions, migrations, and what it refuses.

use mainstay_kernel::World;
use mainstay_store::{
    Bind, Claim, Database, DatabaseConfig, DatabaseUrl, Dialect, Migration, Presence, StoreErrorKind, Use, Value,
    migrate, sql,
};
use mainstay_testkit::{databases, world};

const FIRST: Migration = Migration {
    module: "demo",
    version: 1,
    name: "things",
    sql: "CREATE TABLE demo_thing (
    id UUID NOT NULL PRIMARY KEY,
    name TEXT NOT NULL,
    count BIGINT,
    ratio DOUBLE PRECISION,
    live BOOLEAN NOT NULL,
    data BYTEA,
    UNIQUE (name)
);
-- A comment between two statements; it holds a semicolon.
CREATE INDEX demo_thing_count ON demo_thing (count, name);
",
};
const SECOND: Migration = Migration {
    module: "demo",
    version: 2,
    name: "notes",
    sql: "ALTER TABLE demo_thing ADD COLUMN note TEXT;\n",
};

fn thing(world: &World, name: &str, count: Option<i64>) -> Vec<Value> {
    vec![
        Value::Uuid(Some(world.uuid())),
        name.into_value(),
        count.into_value(),
        0.5_f64.into_value(),
        true.into_value(),
        vec![0_u8, 255].into_value(),
    ]
}

const INSERT: &str = "INSERT INTO demo_thing (id, name, count, ratio, live, data) VALUES";

#[tokio::test]
async fn every_type_of_value_comes_back_as_it_went_in() {
    let (world, _) = world();
    for db in databases(&[FIRST]).await {
        let mut tx = db.begin().await.unwrap();
        let rows = vec![thing(&world, "full", Some(i64::MAX)), thing(&world, "empty", None)];
        assert_eq!(tx.insert_many(INSERT, "", rows.clone()).await.unwrap(), 2);
        tx.commit().await.unwrap();
        let row = db
            .fetch_one(sql("SELECT * FROM demo_thing WHERE name = $1").bind("full"))
            .await
            .unwrap();
        assert_eq!(Value::Uuid(Some(row.get("id").unwrap())), rows[0][0]);
        assert_eq!(row.get::<Option<i64>>("count").unwrap(), Some(i64::MAX));
        assert!((row.get::<f64>("ratio").unwrap() - 0.5).abs() < f64::EPSILON);
        assert!(row.get::<bool>("live").unwrap());
        assert_eq!(row.get::<Vec<u8>>("data").unwrap(), [0, 255]);
        let row = db
            .fetch_one(sql("SELECT * FROM demo_thing WHERE live = $1 AND count IS NULL").bind(true))
            .await
            .unwrap();
        assert_eq!(row.get::<Option<i64>>("count").unwrap(), None);
        assert_eq!(row.get::<i64>("name").unwrap_err().kind, StoreErrorKind::Corrupt);
    }
}

#[tokio::test]
async fn a_dropped_transaction_leaves_nothing_behind() {
    let (world, _) = world();
    for db in databases(&[FIRST]).await {
        let mut tx = db.begin().await.unwrap();
        tx.insert_many(INSERT, "", [thing(&world, "gone", None)]).await.unwrap();
        drop(tx);
        let count = db.fetch_one(sql("SELECT COUNT(*) AS n FROM demo_thing")).await.unwrap();
        assert_eq!(count.get::<i64>("n").unwrap(), 0);
    }
}

#[tokio::test]
async fn a_second_row_with_a_unique_key_is_a_conflict() {
    let (world, _) = world();
    for db in databases(&[FIRST]).await {
        let mut tx = db.begin().await.unwrap();
        tx.insert_many(INSERT, "", [thing(&world, "one", None)]).await.unwrap();
        let error = tx
            .insert_many(INSERT, "", [thing(&world, "one", None)])
            .await
            .unwrap_err();
        assert!(error.is_conflict(), "{error:?}");
    }
}

#[tokio::test]
async fn many_rows_are_split_into_statements_the_database_accepts() {
    let (world, _) = world();
    for db in databases(&[FIRST]).await {
        let mut tx = db.begin().await.unwrap();
        let rows = (0..3_001).map(|n| thing(&world, &format!("thing-{n}"), Some(n)));
        assert_eq!(
            tx.insert_many(INSERT, "ON CONFLICT (name) DO NOTHING", rows)
                .await
                .unwrap(),
            3_001
        );
        tx.commit().await.unwrap();
        let sum = db
            .fetch_one(sql("SELECT CAST(SUM(count) AS BIGINT) AS n FROM demo_thing"))
            .await
            .unwrap();
        assert_eq!(sum.get::<i64>("n").unwrap(), 3_000 * 3_001 / 2);
    }
}

#[tokio::test]
async fn a_reading_call_cannot_write() {
    for db in databases(&[FIRST]).await {
        if db.dialect() == Dialect::Sqlite {
            let error = db
                .fetch_all(sql("DELETE FROM demo_thing RETURNING id"))
                .await
                .unwrap_err();
            assert_eq!(error.kind, StoreErrorKind::ReadOnly);
        }
    }
}

#[tokio::test]
async fn migrations_apply_once_in_order_and_both_schemas_are_equal() {
    let (world, _) = world();
    let mut schemas = Vec::new();
    for db in databases(&[FIRST]).await {
        let report = migrate(&db, &world, &[FIRST, SECOND]).await.unwrap();
        assert_eq!(report.applied, ["demo 2 notes"]);
        assert_eq!(report.copy.is_some(), db.dialect() == Dialect::Sqlite);
        assert!(migrate(&db, &world, &[FIRST, SECOND]).await.unwrap().applied.is_empty());
        schemas.push(db.schema().await.unwrap());
    }
    assert_eq!(schemas[0]["demo_thing"].columns.len(), 7);
    assert!(schemas.windows(2).all(|pair| pair[0] == pair[1]), "{schemas:#?}");
}

#[tokio::test]
async fn the_copy_taken_before_a_migration_is_the_old_database() {
    let (world, _) = world();
    let db = mainstay_testkit::sqlite(&[FIRST]).await;
    let mut tx = db.begin().await.unwrap();
    tx.insert_many(INSERT, "", [thing(&world, "kept", None)]).await.unwrap();
    tx.commit().await.unwrap();
    let copy = migrate(&db, &world, &[FIRST, SECOND]).await.unwrap().copy.unwrap();
    let old = Database::open(&DatabaseConfig::new(DatabaseUrl::Sqlite(copy)))
        .await
        .unwrap();
    let columns = &old.schema().await.unwrap()["demo_thing"].columns;
    assert!(!columns.contains_key("note"));
    let row = old.fetch_one(sql("SELECT name FROM demo_thing")).await.unwrap();
    assert_eq!(row.get::<String>("name").unwrap(), "kept");
}

#[tokio::test]
async fn a_newer_schema_is_refused_with_the_version_named_and_left_alone() {
    let (world, _) = world();
    for db in databases(&[FIRST, SECOND]).await {
        let before = db.schema().await.unwrap();
        let error = migrate(&db, &world, &[FIRST]).await.unwrap_err();
        assert_eq!(error.kind, StoreErrorKind::Schema);
        assert!(error.to_string().contains("demo 2 (notes)"), "{error}");
        assert_eq!(db.schema().await.unwrap(), before);
    }
}

#[tokio::test]
async fn a_migration_that_fails_half_way_changes_nothing() {
    let (world, _) = world();
    let broken = Migration {
        sql: "ALTER TABLE demo_thing ADD COLUMN extra TEXT;\nSELECT nonsense FROM nowhere;\n",
        ..SECOND
    };
    for db in databases(&[FIRST]).await {
        let error = migrate(&db, &world, &[FIRST, broken]).await.unwrap_err();
        assert!(error.to_string().contains("demo 2 notes"), "{error}");
        assert!(!db.schema().await.unwrap()["demo_thing"].columns.contains_key("extra"));
        migrate(&db, &world, &[FIRST, SECOND]).await.unwrap();
    }
}

#[tokio::test]
async fn replicas_share_a_postgresql_schema_and_keep_away_who_wants_it_alone() {
    let Some(db) = mainstay_testkit::postgres(&[]).await else {
        return;
    };
    let (world, _) = world();
    let presence = || Presence::new(&world);
    let (mine, other) = (presence(), presence());
    let first = Claim::take(db.config(), Use::Shared, mine).await.unwrap();
    let present = db.present().await.unwrap().unwrap();
    assert!(present.contains(&mine) && !present.contains(&other));
    let second = Claim::take(db.config(), Use::Shared, presence()).await.unwrap();
    let refusal = Claim::take(db.config(), Use::Sole, presence()).await.unwrap_err();
    assert_eq!(refusal.kind, StoreErrorKind::Busy);
    assert!(refusal.to_string().contains("Stop every replica first"), "{refusal}");
    drop((first, second));
    // The server notices the end of a session a moment later.
    let alone = tokio::time::timeout(std::time::Duration::from_secs(10), async {
        loop {
            if let Ok(claim) = Claim::take(db.config(), Use::Sole, presence()).await {
                return claim;
            }
        }
    });
    let alone = alone.await.unwrap();
    assert!(!db.present().await.unwrap().unwrap().contains(&mine));
    let refusal = Claim::take(db.config(), Use::Shared, presence()).await.unwrap_err();
    assert!(refusal.to_string().contains("a backup is being restored"), "{refusal}");
    drop(alone);
}

#[tokio::test]
async fn a_full_disk_is_named_undoes_the_transaction_and_is_forgotten_once_there_is_room() {
    let (world, _) = world();
    let db = mainstay_testkit::sqlite(&[FIRST]).await;
    // As if the disk ended here.
    db.execute(sql("PRAGMA max_page_count = 1")).await.unwrap();
    for _ in 0..3 {
        let mut tx = db.begin().await.unwrap();
        let error = loop {
            let rows = vec![thing(&world, &world.uuid().to_string(), None)];
            if let Err(error) = tx.insert_many(INSERT, "", rows).await {
                break error;
            }
        };
        assert_eq!(error.kind, StoreErrorKind::Full, "{error}");
        drop(tx);
        // A connection that was given up has no such limit any more.
        db.execute(sql("PRAGMA max_page_count = 1")).await.unwrap();
    }
    db.execute(sql("PRAGMA max_page_count = 1000000")).await.unwrap();
    let mut tx = db.begin().await.unwrap();
    tx.insert_many(INSERT, "", [thing(&world, "after", None)])
        .await
        .unwrap();
    tx.commit().await.unwrap();
    let left = db.fetch_all(sql("SELECT name FROM demo_thing")).await.unwrap();
    assert_eq!(left.len(), 1);
    assert_eq!(left[0].get::<String>("name").unwrap(), "after");
}
