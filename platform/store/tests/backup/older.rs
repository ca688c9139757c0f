//! Backups of other schemas than the newest: older ones are brought up to date, newer and different ones are refused.

use mainstay_kernel::World;
use mainstay_store::{Migration, backup::BackupError};
use mainstay_testkit::databases;

use crate::support::{
    FIRST, SECOND, Thing, check, file, is_sqlite, number, put, put_family, reopened, restore, save, things,
};

#[tokio::test]
async fn a_backup_of_an_older_schema_is_restored_and_brought_up_to_date() {
    let (_folder, file) = file();
    for source in databases(&[FIRST]).await {
        let _ = std::fs::remove_file(&file);
        put(&source, [Thing::plain(1), Thing::plain(2)]).await;
        put_family(&source).await;
        // The program is newer than the database, as on the day of an upgrade.
        save(&source, &[FIRST, SECOND], &file).await.unwrap();
        for target in databases(&[FIRST, SECOND]).await {
            put(&target, [Thing::plain(9)]).await;
            target.close().await;
            let restored = restore(&target, &[FIRST, SECOND], &file).await.unwrap();
            assert_eq!(restored.migrated, ["demo 2 notes"]);
            let found = reopened(&target).await;
            assert_eq!(things(&found).await, [Thing::plain(1), Thing::plain(2)]);
            assert_eq!(
                number(&found, "SELECT COUNT(*) AS n FROM demo_value WHERE note = 'older'").await,
                2
            );
            assert_eq!(number(&found, "SELECT next AS n FROM demo_counter").await, 41);
            assert_eq!(number(&found, "SELECT parent AS n FROM demo_child").await, 2);
            mainstay_store::migrate(&found, &World::system(), &[FIRST, SECOND])
                .await
                .unwrap();
        }
    }
}

#[tokio::test]
async fn a_backup_goes_into_a_database_that_was_never_used() {
    let (_folder, file) = file();
    let source = mainstay_testkit::sqlite(&[FIRST]).await;
    put(&source, [Thing::plain(1)]).await;
    save(&source, &[FIRST], &file).await.unwrap();
    for target in databases(&[]).await {
        target.close().await;
        restore(&target, &[FIRST], &file).await.unwrap();
        assert_eq!(things(&reopened(&target).await).await, [Thing::plain(1)]);
    }
}

#[tokio::test]
async fn a_backup_of_a_newer_or_a_different_schema_is_refused_in_words() {
    let (_folder, file) = file();
    let source = mainstay_testkit::sqlite(&[FIRST, SECOND]).await;
    save(&source, &[FIRST, SECOND], &file).await.unwrap();
    let error = check(&file, &[FIRST]).await.unwrap_err();
    assert!(matches!(error, BackupError::NewerSchema { newest: 1, .. }), "{error}");
    assert!(error.to_string().contains("demo 2 (notes)"), "{error}");
    let different = Migration {
        sql: "ALTER TABLE demo_value ADD COLUMN remark TEXT;\n",
        ..SECOND
    };
    let error = check(&file, &[FIRST, different]).await.unwrap_err();
    assert!(matches!(error, BackupError::OtherSchema { .. }), "{error}");
}

#[tokio::test]
async fn a_database_of_a_newer_mainstay_is_neither_saved_nor_overwritten_on_postgresql() {
    let (_folder, file) = file();
    let source = mainstay_testkit::sqlite(&[FIRST]).await;
    save(&source, &[FIRST], &file).await.unwrap();
    let (_other_folder, other) = crate::support::file();
    for newer in databases(&[FIRST, SECOND]).await {
        put(&newer, [Thing::plain(5)]).await;
        let error = save(&newer, &[FIRST], &other).await.unwrap_err();
        assert!(error.to_string().contains("demo 2 (notes)"), "{error}");
        if !is_sqlite(&newer) {
            let error = restore(&newer, &[FIRST], &file).await.unwrap_err();
            assert!(error.to_string().contains("demo 2 (notes)"), "{error}");
            assert_eq!(things(&newer).await, [Thing::plain(5)]);
        }
    }
}

#[tokio::test]
async fn going_back_to_an_older_mainstay_keeps_the_newer_sqlite_database_beside() {
    let (_folder, file) = file();
    let db = mainstay_testkit::sqlite(&[FIRST]).await;
    put(&db, [Thing::plain(1)]).await;
    save(&db, &[FIRST], &file).await.unwrap();
    mainstay_store::migrate(&db, &World::system(), &[FIRST, SECOND])
        .await
        .unwrap();
    db.close().await;
    let restored = restore(&db, &[FIRST], &file).await.unwrap();
    let found = reopened(&db).await;
    mainstay_store::migrate(&found, &World::system(), &[FIRST])
        .await
        .unwrap();
    assert_eq!(things(&found).await, [Thing::plain(1)]);
    assert!(restored.kept.unwrap().exists());
}
