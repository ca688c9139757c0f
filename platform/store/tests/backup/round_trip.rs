//! What goes in comes out: by chance, at the edges, from each kind of database to each.

use mainstay_store::{
    Database,
    backup::{BackupOptions, Watcher, back_up},
    sql,
};
use mainstay_testkit::{databases, world};
use proptest::{
    collection::vec,
    option,
    prelude::{Just, ProptestConfig, Strategy, any},
    prop_assert_eq, prop_oneof,
    test_runner::TestRunner,
};

use crate::support::{
    FIRST, Thing, check, everything, file, is_sqlite, number, put, put_family, reopened, restore, save, things,
};

/// What both databases can hold.
fn thing() -> impl Strategy<Value = Thing> {
    let ratio = prop_oneof![
        any::<f64>().prop_filter("SQLite has none", |ratio| !ratio.is_nan()),
        Just(f64::INFINITY),
        Just(f64::NEG_INFINITY),
        Just(f64::MIN_POSITIVE / 4.0),
    ];
    (
        any::<i64>(),
        option::of("[^\0]{0,40}"),
        any::<Option<bool>>(),
        option::of(ratio.prop_map(|ratio| if ratio == 0.0 { 0 } else { ratio.to_bits() })),
        option::of(vec(any::<u8>(), 0..40)),
        any::<Option<u128>>(),
        any::<Option<i64>>(),
    )
        .prop_map(|(number, words, flag, ratio, data, mark, amount)| Thing {
            number,
            words,
            flag,
            ratio,
            data,
            mark,
            amount,
        })
}

#[test]
fn any_rows_come_back_the_same_on_both_databases_and_across_them() {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let rows = vec(thing(), 0..60).prop_map(|mut rows| {
        rows.sort_by_key(|row| row.number);
        rows.dedup_by_key(|row| row.number);
        rows
    });
    let (sources, targets) = runtime.block_on(async {
        let targets = databases(&[FIRST]).await;
        for target in &targets {
            target.close().await;
        }
        let sources = databases(&[FIRST]).await;
        for source in &sources {
            put_family(source).await;
        }
        (sources, targets)
    });
    let property = |rows: Vec<Thing>| {
        runtime.block_on(async {
            for source in &sources {
                source.execute(sql("DELETE FROM demo_value")).await.unwrap();
                put(source, rows.clone()).await;
                let expected = everything(source).await;
                let (_folder, file) = file();
                let saved = save(source, &[FIRST], &file).await.unwrap();
                prop_assert_eq!(saved.rows_of("demo_value"), rows.len() as u64);
                prop_assert_eq!(&check(&file, &[FIRST]).await.unwrap(), &saved);
                for target in &targets {
                    restore(target, &[FIRST], &file).await.unwrap();
                    let found = reopened(target).await;
                    prop_assert_eq!(everything(&found).await, expected.clone());
                    found.close().await;
                }
            }
            Ok(())
        })
    };
    TestRunner::new(ProptestConfig::with_cases(8))
        .run(&rows, property)
        .unwrap();
}

#[tokio::test]
async fn there_and_back_again_is_the_same_to_the_byte() {
    let both = databases(&[FIRST]).await;
    let [small, large] = both.as_slice() else { return };
    put(small, (0..3_000).map(Thing::plain)).await;
    put_family(small).await;
    let (_folder, first) = file();
    let (_folder, second) = file();
    let there = save(small, &[FIRST], &first).await.unwrap();
    restore(large, &[FIRST], &first).await.unwrap();
    let back = save(large, &[FIRST], &second).await.unwrap();
    assert_eq!(there.raw_bytes, back.raw_bytes);
    assert_eq!(there.tables, back.tables);
    let before = everything(small).await;
    small.close().await;
    restore(small, &[FIRST], &second).await.unwrap();
    assert_eq!(everything(&reopened(small).await).await, before);
}

#[tokio::test]
async fn numbers_that_are_none_keep_their_bits_on_postgresql() {
    let Some(db) = mainstay_testkit::postgres(&[FIRST]).await else {
        return;
    };
    let strange = [
        0x7ff8_0000_0000_0001,
        0xfff0_0000_0000_0123,
        0x8000_0000_0000_0000,
        0x7ff0_0000_0000_0000,
    ];
    let rows = || {
        (0..).zip(strange).map(|(number, ratio)| Thing {
            ratio: Some(ratio),
            ..Thing::plain(number)
        })
    };
    put(&db, rows()).await;
    let (_folder, file) = file();
    save(&db, &[FIRST], &file).await.unwrap();
    db.execute(sql("DELETE FROM demo_value")).await.unwrap();
    restore(&db, &[FIRST], &file).await.unwrap();
    assert_eq!(things(&db).await, rows().collect::<Vec<_>>());
}

#[tokio::test]
async fn texts_with_nul_characters_come_back_on_sqlite() {
    let db = mainstay_testkit::sqlite(&[FIRST]).await;
    let row = Thing {
        words: Some("before\0after".to_owned()),
        ..Thing::plain(1)
    };
    put(&db, [row.clone()]).await;
    let (_folder, file) = file();
    save(&db, &[FIRST], &file).await.unwrap();
    db.close().await;
    restore(&db, &[FIRST], &file).await.unwrap();
    assert_eq!(things(&reopened(&db).await).await, [row]);
}

#[tokio::test]
async fn values_larger_than_a_piece_and_tables_of_many_pieces_come_back() {
    for db in databases(&[FIRST]).await {
        // As hard to compress as it gets.
        let (world, _) = world();
        let noise: Vec<u8> = (0..400_000).flat_map(|_| world.random().to_le_bytes()).collect();
        let large = Thing {
            words: Some("x".repeat(5_000_000)),
            data: Some(noise),
            ..Thing::plain(-1)
        };
        put(&db, [large]).await;
        let wordy = |number| Thing {
            words: Some("word ".repeat(30)),
            ..Thing::plain(number)
        };
        put(&db, (0..12_000).map(wordy)).await;
        let before = things(&db).await;
        let (_folder, file) = file();
        let saved = save(&db, &[FIRST], &file).await.unwrap();
        assert!(saved.raw_bytes > 9 * 1024 * 1024, "{saved:?}");
        assert_eq!(saved.bytes, std::fs::metadata(&file).unwrap().len());
        db.close().await;
        restore(&db, &[FIRST], &file).await.unwrap();
        assert!(things(&reopened(&db).await).await == before);
    }
}

#[tokio::test]
async fn a_backup_is_of_one_moment_while_others_write() {
    for db in databases(&[FIRST]).await {
        let pairs = |from: i64| [Thing::plain(from), Thing::plain(from + 1)];
        put(&db, (0..20_000).map(Thing::plain)).await;
        // Each transaction adds a child and a parent, so that a moment between them would be seen.
        let stop = std::sync::atomic::AtomicBool::new(false);
        let writing = async {
            let mut number = 100_000;
            while !stop.load(std::sync::atomic::Ordering::Relaxed) {
                let mut tx = db.begin().await.unwrap();
                let parent = sql("INSERT INTO demo_parent (id) VALUES ($1)").bind(number);
                tx.execute(parent).await.unwrap();
                let child = sql("INSERT INTO demo_child (id, parent) VALUES ($1, $1)").bind(number);
                tx.execute(child).await.unwrap();
                tx.commit().await.unwrap();
                put(&db, pairs(number)).await;
                number += 2;
            }
            number
        };
        let saving = async {
            let (folder, file) = file();
            let before = number(&db, "SELECT COUNT(*) AS n FROM demo_value").await;
            let saved = save(&db, &[FIRST], &file).await.unwrap();
            stop.store(true, std::sync::atomic::Ordering::Relaxed);
            (folder, file, before, saved)
        };
        let (_, (_folder, file, before, saved)) = tokio::join!(writing, saving);
        assert!(saved.rows_of("demo_value") >= before.unsigned_abs());
        assert_eq!(saved.rows_of("demo_value") % 2, 0, "half of a transaction was saved");
        assert!(saved.rows_of("demo_child").abs_diff(saved.rows_of("demo_parent")) == 0);
        db.close().await;
        restore(&db, &[FIRST], &file).await.unwrap();
        let found = reopened(&db).await;
        let orphans = "SELECT COUNT(*) AS n FROM demo_child WHERE parent NOT IN (SELECT id FROM demo_parent)";
        assert_eq!(number(&found, orphans).await, 0);
    }
}

#[tokio::test]
async fn tables_that_are_left_out_are_empty_afterwards_and_nothing_else_is() {
    for db in databases(&[FIRST]).await {
        put(&db, [Thing::plain(1)]).await;
        db.execute(sql("INSERT INTO demo_session (id) VALUES (1)"))
            .await
            .unwrap();
        let (_folder, file) = file();
        let options = BackupOptions {
            migrations: &[FIRST],
            left_out: &["demo_session"],
            overwrite: false,
        };
        let saved = back_up(db.config(), &world().0, options, &file, &Watcher::silent())
            .await
            .unwrap();
        assert_eq!(saved.header.left_out, ["demo_session"]);
        db.close().await;
        restore(&db, &[FIRST], &file).await.unwrap();
        let found = reopened(&db).await;
        assert_eq!(number(&found, "SELECT COUNT(*) AS n FROM demo_session").await, 0);
        assert_eq!(things(&found).await, [Thing::plain(1)]);
    }
}

#[tokio::test]
async fn what_is_not_mainstays_stays_out_and_stays_there() {
    async fn foreign(db: &Database) {
        db.execute(sql("CREATE TABLE demo_by_hand (id BIGINT)")).await.unwrap();
        db.execute(sql("CREATE TABLE theirs (id BIGINT)")).await.unwrap();
        db.execute(sql("INSERT INTO theirs (id) VALUES (1)")).await.unwrap();
    }
    for db in databases(&[FIRST]).await {
        foreign(&db).await;
        put(&db, [Thing::plain(1)]).await;
        let (_folder, file) = file();
        let saved = save(&db, &[FIRST], &file).await.unwrap();
        let tables: Vec<&str> = saved.tables.iter().map(|table| table.table.as_str()).collect();
        assert_eq!(
            tables,
            [
                "demo_child",
                "demo_counter",
                "demo_parent",
                "demo_session",
                "demo_value"
            ]
        );
        if !is_sqlite(&db) {
            restore(&db, &[FIRST], &file).await.unwrap();
            assert_eq!(number(&db, "SELECT COUNT(*) AS n FROM theirs").await, 1);
        }
    }
}
